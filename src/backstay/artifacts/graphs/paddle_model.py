"""PaddlePaddle model: the operations of a ProgramDesc, or of a program as Paddle 3 writes it in JSON.

Field numbers are those of paddle/fluid/framework/framework.proto.
"""

from math import prod
from typing import Any

from backstay.artifacts.exam import Exam
from backstay.artifacts.graphs import operations, paths
from backstay.artifacts.graphs.operations import When
from backstay.artifacts.report import Sign
from backstay.artifacts.wire.protobuf import Message

# Bytes of one element by VarType.Type, and the names of those types.
WIDTHS = {0: 1, 1: 2, 2: 4, 3: 8, 4: 2, 5: 4, 6: 8, 20: 1, 21: 1, 22: 2, 23: 8, 24: 16, 32: 1, 33: 1}
PRECISIONS = {
    2: "I32", 3: "I64", 4: "F16", 5: "F32", 6: "F64", 20: "U8", 21: "I8", 22: "BF16", 32: "F8_E4M3", 33: "F8_E5M2",
}  # fmt: skip
_MAX_NAMES = 100
_MAX_LIBRARIES = 50
_DEPTH = 64


class PaddleModel:
    """One program."""

    def __init__(self, exam: Exam) -> None:
        self.exam = exam
        self._table = operations.table("paddle")
        self._effects, self._known = self._table.effects(), self._table.names()
        self._unknown: set[str] = set()
        self._names: dict[str, list[str]] = {"feed": [], "fetch": []}
        self._parameters: dict[int, int] = {}
        self._tensors = 0

    def read(self, message: Message) -> None:
        """A ProgramDesc."""
        for one in message.fields((1, 4)):
            if one.number == 1:
                for part in one.message().fields((3, 4)):
                    if part.number == 3:
                        self._variable(part.message())
                    else:
                        self._operation(part.message(), part.at)
                continue
            version = one.message().first(1)
            if version is not None and version.value:
                self.exam.fact("framework_version", _version(version.value))
        self._facts()

    def read_json(self, root: dict[str, Any]) -> None:
        """A program of Paddle 3: an operation is an object whose "#" names it, "1.matmul" in a numbered dialect.

        Its names are not those of the registry of ProgramDescs, so it is not asked which of them nobody knows.
        """
        stack: list[tuple[Any, int]] = [(root.get("program"), 0)]
        while stack:
            value, depth = stack.pop()
            self.exam.step()
            if depth > _DEPTH:
                continue
            if isinstance(value, list):
                stack.extend((one, depth + 1) for one in value)
            elif isinstance(value, dict):
                name = value.get("#")
                if isinstance(name, str) and "A" in value and "I" in value:
                    plain = name.rpartition(".")[2].removesuffix("_")
                    self._judge(plain, _json_attributes(value["A"]), -1)
                stack.extend((one, depth + 1) for key, one in value.items() if key != "TT")
        self._facts()

    def _operation(self, message: Message, at: int) -> None:
        name = message.text(3, 256)
        values: dict[str, list[str]] = {}
        outputs: list[str] = []
        for one in message.fields((1, 2, 4)):
            if one.number == 4:
                attribute = one.message()
                texts = [part.text(4096) for part, _ in zip(attribute.fields((5, 8)), range(64), strict=False)]
                if texts:
                    values[attribute.text(1, 256)] = texts
            elif (name == "feed" and one.number == 2) or (name == "fetch" and one.number == 1):
                outputs += [part.text(256) for part in one.message().fields((2,))]
        if name in self._names and len(self._names[name]) < _MAX_NAMES:
            self._names[name].extend(outputs)
        self._judge(name, values, at)

    def _judge(self, name: str, values: dict[str, list[str]], at: int) -> None:
        effect = self._effects.get(name)
        if effect is not None:
            texts = [text for key in effect.attributes for text in values.get(key, ()) if text]
            leaving = [(text, why) for text in texts if (why := paths.outside(text))]
            if leaving:
                message = f"{effect.does}: {leaving[0][0]}, {leaving[0][1]}"
                self.exam.note(Sign.OPERATIONS, name, message, at)
            elif effect.when is When.ALWAYS:
                self.exam.note(Sign.OPERATIONS, name, effect.does + (f": {texts[0]}" if texts else ""), at)
        elif at >= 0 and name not in self._unknown and len(self._unknown) < _MAX_LIBRARIES:
            if self._table.owner(name):
                self.exam.note(Sign.NATIVE, name, f"a part for {self._table.owner(name)}: cannot be read", at)
                self._unknown.add(name)
            elif self._known and not _known(name, self._known):
                self.exam.note(Sign.NATIVE, name, "an operation of a custom native library", at)
                self._unknown.add(name)

    def _variable(self, message: Message) -> None:
        persistable = message.first(3)
        if persistable is None or not persistable.value or message.text(1, 256) in self._names:
            return
        for kind in message.fields((2,)):
            for dense in kind.message().fields((3,)):
                for tensor in dense.message().fields((1,)):
                    data_type, elements = described(tensor.message())
                    if elements > 0:
                        self._tensors += 1
                        self._parameters[data_type] = self._parameters.get(data_type, 0) + elements

    def _facts(self) -> None:
        exam = self.exam
        for name, fact in (("feed", "inputs"), ("fetch", "outputs")):
            if self._names[name]:
                exam.fact(fact, self._names[name][:_MAX_NAMES])
        if self._parameters:
            exam.fact("parameters", sum(self._parameters.values()))
            exam.fact("tensors", self._tensors)
            largest = max(self._parameters, key=lambda one: self._parameters[one])
            exam.fact("precision", PRECISIONS.get(largest, f"type {largest}"))


def described(message: Message) -> tuple[int, int]:
    """The type and number of elements of a TensorDesc; -1 elements when a dimension is open or impossible."""
    data_type, dims = 0, []
    for one in message.fields((1, 2)):
        if one.number == 1:
            data_type = one.value
        else:
            dims += [value - (1 << 64) if value >> 63 else value for value in one.numbers(64)]
    elements = prod(dims[:64])
    return data_type, elements if all(value >= 0 for value in dims) and elements < 1 << 56 else -1


def _version(number: int) -> str:
    """A version as Paddle packs it: millions, thousands, ones."""
    return f"{number // 1_000_000}.{number // 1_000 % 1_000}.{number % 1_000}" if number < 10**9 else "unknown"


def _known(name: str, names: frozenset[str]) -> bool:
    plain = name.removesuffix("_")
    while plain.endswith("_grad"):
        plain = plain.removesuffix("_grad")
    return plain in names or name in names


def _json_attributes(value: Any) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for one in value[:256] if isinstance(value, list) else ():
        if isinstance(one, dict) and isinstance(one.get("N"), str) and isinstance(one.get("AT"), dict):
            data = one["AT"].get("D")
            texts = [data] if isinstance(data, str) else data if isinstance(data, list) else []
            texts = [part.get("D") if isinstance(part, dict) else part for part in texts[:64]]
            found[one["N"]] = [part for part in texts if isinstance(part, str)]
    return found
