"""ONNX tensors: checks what a TensorProto holds against what it says, and where its data lies outside of the model.

Field numbers are those of onnx/onnx.proto; external data is described in onnx/docs/ExternalData.md.
"""

from dataclasses import dataclass, field

from backstay.artifacts.exam import Exam
from backstay.artifacts.graphs import paths
from backstay.artifacts.graphs.contents import Contents
from backstay.artifacts.report import Sign
from backstay.artifacts.wire.protobuf import BYTES, Field, Message

# Bits of one element by TensorProto.DataType; texts (8) have none.
BITS = {
    1: 32, 2: 8, 3: 8, 4: 16, 5: 16, 6: 32, 7: 64, 9: 8, 10: 16, 11: 64, 12: 32, 13: 64, 14: 64, 15: 128, 16: 16,
    17: 8, 18: 8, 19: 8, 20: 8, 21: 4, 22: 4, 23: 4, 24: 8, 25: 2, 26: 2,
}  # fmt: skip
PRECISIONS = {
    1: "F32", 2: "U8", 3: "I8", 4: "U16", 5: "I16", 6: "I32", 7: "I64", 10: "F16", 11: "F64", 16: "BF16", 17: "F8_E4M3",
    18: "F8_E4M3", 19: "F8_E5M2", 20: "F8_E5M2", 21: "U4", 22: "I4", 23: "F4",
}  # fmt: skip
_MEMORY = "_ORT_MEM_ADDR_"  # ONNX Runtime's own mark for data at an address of its process
_SMALL = 1 << 16  # bytes of a constant that are read to see whether it is the same throughout
_MAX_RANGES = 1_000_000
_MAX_NAMES = 2_000
_ELEMENTS = 1 << 56
_COST = 64  # steps of a tensor
_WHOLE = 64  # numbers of a constant that are kept


@dataclass(slots=True)
class Constant:
    """What is known of a tensor: `uniform` says whether all its elements are the same (None: not known), `integers`
    are those of a short list of int64."""

    name: str = ""
    elements: int = 1
    uniform: bool | None = None
    integers: list[int] | None = None
    data_type: int = 0


@dataclass
class Tensors:
    """Checks the tensors of one file and adds up what they are."""

    exam: Exam
    contents: Contents
    parameters: int = 0
    count: int = 0
    precision: dict[int, int] = field(default_factory=dict)  # elements by data type
    _ranges: dict[str, list[tuple[int, int, str, int]]] = field(default_factory=dict)
    _kept: int = 0

    def read(self, message: Message, at: int, weight: bool = False) -> Constant:
        """Check a TensorProto. `weight` says that it is an initializer, whose elements are parameters."""
        found, data_type, dims = Constant(), 0, []
        raw: Field | None = None
        external: list[Field] = []
        outside = False
        typed = 0
        for one in message.fields((1, 2, 5, 7, 8, 9, 13, 14)):
            match one.number:
                case 1:
                    dims += [value - (1 << 64) if value >> 63 else value for value in one.numbers(256)]
                case 2:
                    data_type = one.value
                case 8:
                    found.name = one.text(1024)
                case 9:
                    raw = one
                case 13:
                    external.append(one)
                case 14:
                    outside = one.value == 1
                case 5 | 7 if typed < _WHOLE:
                    values = one.numbers(_WHOLE + 1)
                    typed += len(values)
                    found.integers = (found.integers or []) + values
        self.count += 1
        self.exam.step(_COST)
        found.elements = self._elements(dims, found.name, at)
        found.data_type = data_type
        if weight:
            self.weigh(found)
        if external:
            self._external(external, found, data_type, outside, at)
        elif raw is not None:
            self._raw(raw, found, data_type)
        elif found.integers is not None:
            found.integers = [value - (1 << 64) if value >> 63 else value for value in found.integers]
            found.uniform = len(set(found.integers)) <= 1
            if typed != found.elements or typed > _WHOLE:
                found.integers = None
        elif found.elements <= _WHOLE:
            found.uniform = _same_typed(message)
        return found

    def weigh(self, constant: Constant) -> None:
        """Count a tensor's elements as parameters."""
        if constant.elements > 0:
            self.precision[constant.data_type] = self.precision.get(constant.data_type, 0) + constant.elements
            self.parameters += constant.elements

    def _elements(self, dims: list[int], name: str, at: int) -> int:
        elements = 1
        for one in dims:
            if one < 0 or elements * one > _ELEMENTS:
                self.exam.note(Sign.TENSORS, name, f"the shape {dims[:8]} is none that a tensor can have", at)
                return -1
            elements *= one
        return elements

    def _raw(self, raw: Field, found: Constant, data_type: int) -> None:
        bits = BITS.get(data_type)
        if bits is not None and found.elements >= 0 and raw.wire == BYTES and not raw.cut:
            needed = (found.elements * bits + 7) // 8
            if needed != raw.value:
                message = f"its shape needs {needed} bytes, and it holds {raw.value}"
                self.exam.note(Sign.TENSORS, found.name, message, raw.at)
        if raw.value <= _SMALL:
            data = raw.bytes(_SMALL)
            width = max(1, (bits or 8) // 8)
            found.uniform = data == data[:width] * (len(data) // width)
            if data_type == 7 and len(data) <= 8 * _WHOLE:
                found.integers = [
                    int.from_bytes(data[one : one + 8], "little", signed=True) for one in range(0, len(data) - 7, 8)
                ]
        self.contents.look(raw.content, raw.at, raw.value, found.name, data_type in (2, 3, 8))

    def _external(self, entries: list[Field], found: Constant, data_type: int, outside: bool, at: int) -> None:
        values: dict[str, str] = {}
        for one in entries[:64]:
            entry = one.message()
            values[entry.text(1, 256)] = entry.text(2, 4096)
        location = values.get("location", "")
        if _MEMORY in location:
            message = "its data lies at an address of the process that loads it"
            self.exam.note(Sign.ESCAPES, found.name, message, at)
            return
        why = paths.outside(location)
        if why:
            message = f"its data lies in {location}: {why}"
            self.exam.note(Sign.ESCAPES, found.name, message, at)
        elif not location.strip("./\\ "):
            self.exam.note(Sign.IRREGULAR, found.name, "its data lies outside, in a file without a name", at)
        offset, length = self._number(values, "offset", found.name, at), self._number(values, "length", found.name, at)
        bits = BITS.get(data_type)
        needed = (found.elements * bits + 7) // 8 if bits is not None and found.elements >= 0 else None
        if length is not None and needed is not None and length != needed and outside:
            message = f"its shape needs {needed} bytes, and {length} are given to it"
            self.exam.note(Sign.TENSORS, found.name, message, at)
        size = length if length is not None else needed if needed is not None else 0
        if self._kept < _MAX_RANGES:
            self._kept += 1
            self._ranges.setdefault(location, []).append((offset or 0, (offset or 0) + size, found.name, at))

    def _number(self, values: dict[str, str], key: str, name: str, at: int) -> int | None:
        text = values.get(key)
        if text is None or text == "":
            return None
        if not text.isascii() or not text.isdecimal() or len(text) > 18:
            self.exam.note(Sign.TENSORS, name, f"the {key} of its data outside is {text}", at)
            return None
        return int(text)

    def close(self) -> None:
        """Judge what only all tensors together show, and give the facts."""
        for location, ranges in self._ranges.items():
            ranges.sort()
            end, name, start = -1, "", -1
            for first, last, other, at in ranges:
                self.exam.step()
                if first < end and (first, last) != (start, end) and last > first:
                    self.exam.note(Sign.TENSORS, other, f"its data overlaps that of {name} in {location}", at)
                    break
                if last > end:
                    start, end, name = first, last, other
        if self._ranges:
            names = sorted(self._ranges)[:_MAX_NAMES]
            self.exam.fact("external", names)
            self.exam.fact("external_bytes", [str(max(last for _, last, _, _ in self._ranges[one])) for one in names])
        if self.parameters:
            self.exam.fact("parameters", self.parameters)
            self.exam.fact("tensors", self.count)
            largest = max(self.precision, key=lambda one: self.precision[one])
            self.exam.fact("precision", PRECISIONS.get(largest, f"type {largest}"))


def _same_typed(message: Message) -> bool | None:
    """Whether the numbers of a short constant that is written as a list are all the same."""
    seen: set[bytes] = set()
    for one in message.fields((4, 10, 11)):
        if one.wire != BYTES:
            seen.add(str(one.value).encode())
            continue
        width = 4 if one.number == 4 else 8
        data = one.bytes(_WHOLE * 8)
        seen.update(data[at : at + width] for at in range(0, len(data), width))
    return len(seen) <= 1 if seen else None
