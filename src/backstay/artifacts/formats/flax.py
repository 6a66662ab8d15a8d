"""Flax: weights as MessagePack, with arrays as extensions (`flax/serialization.py`), and any other MessagePack that
is called a model.

Extension 1 is an array and 3 a scalar of NumPy, each a value of its own: shape, name of the type, bytes. Extension 2 is
a complex number. Nothing of it is executed by Flax; other readers unpickle what they find in it.
"""

import re
from collections.abc import Iterator
from math import prod
from typing import NamedTuple

from backstay.artifacts.containers import payloads, tail
from backstay.artifacts.content import Bytes, Content
from backstay.artifacts.exam import Exam, Limits, MalformedError, StopError
from backstay.artifacts.format import Candidate, Format
from backstay.artifacts.report import Sign
from backstay.artifacts.weights.layers import check_layers
from backstay.artifacts.weights.numbers import check_numbers
from backstay.artifacts.weights.tensors import Tensor, check_programs, summarise
from backstay.artifacts.wire.msgpack import CountError, Item, Kind, Skimmer

_SUFFIXES = (".msgpack", ".mpk")
_ARRAY, _COMPLEX, _SCALAR, _TIME = 1, 2, 3, -1
_PICKLE = re.compile(rb"\x80[\x01-\x05][^\x00]")
_TOLD = 20
_COST = 20  # steps of an array
_LOOKED = 2_000  # items of a head that are looked at
# Names of NumPy types, with those of ml_dtypes, by the name that weights have for them and the bytes of an element.
_TYPES = {
    "float16": ("F16", 2), "bfloat16": ("BF16", 2), "float32": ("F32", 4), "float64": ("F64", 8), "bool": ("BOOL", 1),
    "int8": ("I8", 1), "int16": ("I16", 2), "int32": ("I32", 4), "int64": ("I64", 8), "uint8": ("U8", 1),
    "uint16": ("U16", 2), "uint32": ("U32", 4), "uint64": ("U64", 8), "complex64": ("C64", 8),
    "complex128": ("C128", 16),
    "float8_e4m3fn": ("F8_E4M3", 1), "float8_e5m2": ("F8_E5M2", 1), "float8_e4m3fnuz": ("F8_E4M3FNUZ", 1),
    "float8_e5m2fnuz": ("F8_E5M2FNUZ", 1), "float8_e4m3b11fnuz": ("F8_E4M3", 1), "int4": ("I4", 1), "uint4": ("U4", 1),
}  # fmt: skip


class _Array(NamedTuple):
    shape: tuple[int, ...]
    type: str
    at: int
    size: int


def _matches(candidate: Candidate) -> bool:
    head = candidate.head
    if not head or not (0x81 <= head[0] <= 0x8F or head[0] in (0xDE, 0xDF)):
        return False
    named = candidate.name.endswith(_SUFFIXES)
    skimmer = Skimmer(_Long(head, candidate.size), Exam("", Limits(steps=_LOOKED)))
    texts = 0
    try:
        for number, item in enumerate(skimmer.items()):
            if number == 1 and (item.kind is not Kind.TEXT or not str(item.value).isprintable()):
                return False
            texts += item.kind is Kind.TEXT
            if item.kind is Kind.EXTENSION and item.code in (_ARRAY, _SCALAR):
                return head[item.at : item.at + 1] in (b"\x93", b"") or named
    except (StopError, MalformedError):
        pass
    return named and texts > 0


class _Long(Bytes):
    """The head of a file as if all of it were there: what is behind the head is passed over, not read."""

    def __init__(self, data: bytes, size: int) -> None:
        super().__init__(data)
        self.size = size


def _read(content: Content, exam: Exam) -> None:
    skimmer, reader = Skimmer(content, exam), _Reader(content, exam)
    try:
        for item in skimmer.items():
            reader.add(item)
    except StopError as error:
        if isinstance(error, CountError) or error.reason == "nested too deeply":
            message = f"{error.reason}, {error.detail}: a reader takes memory or stack for all of it"
            exam.note(Sign.EXHAUSTS, "value", message, skimmer.at)
        elif error.reason == "truncated":
            exam.note(Sign.INCOMPLETE, "end of file", f"the file ends within a value: {error.detail}", content.size)
        exam.gap(error.reason, error.detail)
    else:
        tail.check(content, skimmer.at, exam)
    reader.settle()


class _Reader:
    """Follows the items of a file by the keys they stand under."""

    def __init__(self, content: Content, exam: Exam) -> None:
        self.content, self.exam = content, exam
        self.tensors: list[Tensor] = []
        self.told = 0
        self._open: list[_Level] = []

    def add(self, item: Item) -> None:
        """One item; keys of maps name what follows them."""
        while self._open and self._open[-1].left == 0:
            self._open.pop()
        level = self._open[-1] if self._open else None
        if level is not None:
            level.left -= 1
            if level.map and level.key is None:
                level.key = str(item.value) if item.kind in (Kind.TEXT, Kind.NUMBER) else f"byte {item.at}"
                if item.kind is Kind.BYTES and item.size <= 64:
                    level.key = self.content.read(item.at, item.size).decode("utf-8", "backslashreplace")
                return
        name = self._name()
        if level is not None:
            self._member(level, item)
            level.key, level.number = None, level.number + 1
        if item.kind in (Kind.MAP, Kind.ARRAY):
            number = item.size * 2 if item.kind is Kind.MAP else item.size
            self._open.append(_Level(item.kind is Kind.MAP, number, name))
        elif item.kind is Kind.EXTENSION:
            self._extension(item, name)
        elif item.kind is Kind.BYTES or (item.kind is Kind.TEXT and item.size > 16):
            self._payload(item, name)

    def _name(self) -> str:
        if not self._open:
            return ""
        level = self._open[-1]
        own = level.key if level.map else str(level.number)
        name = f"{level.name}/{own}" if level.name else str(own)
        return name if len(name) <= 1000 else name[:999] + "…"

    def _member(self, level: "_Level", item: Item) -> None:
        """What msgpack-numpy makes of a map: an array of objects is a pickle that it loads."""
        if not level.map:
            return
        if level.key == "kind" and item.size == 1 and self.content.read(item.at, 1) == b"O":
            level.objects = True
        if level.key == "data" and item.kind is Kind.BYTES and level.objects:
            self.exam.note(Sign.CARRIES, level.name, "an array of objects, which msgpack-numpy unpickles", item.at)
            if not self.exam.inspect(self.content.part(item.at, item.size), f"{level.name}/data"):
                self.exam.gap("not recognised", f"the objects of {level.name}")

    def _extension(self, item: Item, name: str) -> None:
        if item.code in (_ARRAY, _SCALAR):
            try:
                self._array(_array(self.content.part(0, item.at + item.size), item.at, self.exam), item, name)
            except (MalformedError, StopError):
                self._tell(Sign.TENSORS, name, "an array that no reader can build", item.at)
        elif item.code not in (_COMPLEX, _TIME):
            self._tell(Sign.IRREGULAR, name, f"an extension of type {item.code}, which Flax does not know", item.at)
            self._payload(item, name)

    def _array(self, array: _Array, item: Item, name: str) -> None:
        kind, width = _TYPES.get(array.type, ("", 0))
        if not width:
            self._tell(Sign.IRREGULAR, name, f"an array of {array.type}", item.at)
        elif prod(array.shape) * width != array.size:
            message = f"its shape takes {prod(array.shape) * width} bytes and it has {array.size}"
            self._tell(Sign.TENSORS, name, message, item.at)
        self.tensors.append(Tensor(name, kind, array.shape, array.at, array.at + array.size))

    def _payload(self, item: Item, name: str) -> None:
        """Bytes that are no array: programs and pickles do not belong in weights."""
        head = self.content.glance(item.at, min(item.size, 4096))
        program = payloads.kind(head)
        if program:
            self._tell(Sign.PROGRAM, name, f"these bytes are a program: {program}", item.at)
        elif _PICKLE.match(head):
            self.exam.inspect(self.content.part(item.at, item.size), name or "value")

    def _tell(self, sign: Sign, name: str, message: str, at: int) -> None:
        self.told += 1
        if self.told <= _TOLD:
            self.exam.note(sign, name or "value", message, at)

    def settle(self) -> None:
        """Facts of all arrays together."""
        if not self.tensors:
            return
        self.exam.fact("framework", "Flax")
        tensors = _joined(self.tensors)
        summarise(tensors, self.exam)
        check_layers([one._replace(name=one.name.replace("/", ".")) for one in tensors], self.exam, self.exam.name)
        check_programs(self.tensors, self.content, self.exam)
        check_numbers(self.tensors, self.content, self.exam)


class _Level:
    """A container that is open: `left` counts what is still to come in it, keys too."""

    def __init__(self, is_map: bool, left: int, name: str) -> None:
        self.map, self.left, self.name = is_map, left, name
        self.key: str | None = None
        self.number = 0
        self.objects = False


def _array(content: Content, at: int, exam: Exam) -> _Array:
    """The value within an extension: shape, name of the type, bytes."""
    exam.step(_COST)
    items = Skimmer(content, exam, at).items()
    if _next(items).kind is not Kind.ARRAY:
        raise MalformedError("invalid array")
    shape = _next(items)
    if shape.kind is not Kind.ARRAY or shape.size > 64:
        raise MalformedError("invalid array")
    dims = []
    for _ in range(shape.size):
        value = _next(items).value
        if type(value) is not int or value < 0:
            raise MalformedError("invalid array")
        dims.append(value)
    kind, data = _next(items), _next(items)
    if kind.kind not in (Kind.TEXT, Kind.BYTES) or data.kind is not Kind.BYTES:
        raise MalformedError("invalid array")
    name = content.read(kind.at, min(kind.size, 64)).decode("utf-8", "backslashreplace")
    return _Array(tuple(dims), name, data.at, data.size)


def _next(items: Iterator[Item]) -> Item:
    item = next(items, None)
    if item is None:
        raise MalformedError("invalid array")
    return item


def _joined(tensors: list[Tensor]) -> list[Tensor]:
    """Arrays, with the chunks of large ones as one: Flax cuts those of more than a gigabyte."""
    found: dict[str, Tensor] = {}
    for one in tensors:
        whole, chunk, _ = one.name.rpartition("/chunks/")
        if not chunk:
            found[one.name] = one
        elif whole in found:
            before = found[whole]
            found[whole] = before._replace(shape=(before.elements + one.elements,), end=before.end)
        else:
            found[whole] = one._replace(name=whole, shape=(one.elements,))
    return list(found.values())


FORMAT = Format("flax", _matches, _read, (".msgpack",))
