"""GGUF: reads metadata and tensor table of llama.cpp's format, versions 1 to 3 in both byte orders.

From ggml/docs/gguf.md and the loader's own checks (ggml/src/gguf.cpp): whatever it refuses is a file that older loaders
wrote beyond their memory with.
"""

import struct
from typing import Any

from backstay.artifacts.containers import tail
from backstay.artifacts.content import Content
from backstay.artifacts.exam import Exam, StopError
from backstay.artifacts.format import Candidate, Format
from backstay.artifacts.report import Sign
from backstay.artifacts.weights.ggml import LAST_TYPE, REMOVED, TYPES, tensor_bytes
from backstay.artifacts.weights.gguf_metadata import describe, judge_texts
from backstay.artifacts.weights.gguf_tokens import check_tokens
from backstay.artifacts.weights.layers import check_layers
from backstay.artifacts.weights.numbers import check_numbers
from backstay.artifacts.weights.tensors import (
    Tensor,
    check_extents,
    check_programs,
    product,
    summarise,
)
from backstay.artifacts.wire.cursor import Cursor

_MOST_TENSORS = 200_000  # no model has so many; loaders compare each name with all others
_MOST_PAIRS = 100_000
_MOST_ELEMENTS = 1 << 26  # of an array: 67 million
_LONGEST = 64 << 20  # bytes of a string
_DIMENSIONS = 4
_LONGEST_NAME = 64  # with the zero at its end
_KEPT = 1 << 20  # elements of an array that are kept
_KEPT_TEXT = 96 << 20  # bytes of memory for the strings of an array
_LONGEST_TOKEN = 1024  # bytes of a string of an array that are kept
_COARSEST = 1 << 20  # alignment
_DEEPEST = 4
_TOLD = 20
_LARGEST = (1 << 63) - 1

_CODES = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
_STRING, _ARRAY = 8, 9


def _matches(candidate: Candidate) -> bool:
    head = candidate.head
    if head[:4] != b"GGUF" or len(head) < 12:
        return False
    return any(1 <= int.from_bytes(head[4:8], order) <= 64 for order in ("little", "big"))


def _read(content: Content, exam: Exam) -> None:
    order = "<" if int.from_bytes(content.read(4, 4), "little") & 0xFFFF else ">"
    reader = _Reader(Cursor(content, 4, order), exam)
    failure: StopError | None = None
    try:
        reader.header()
        reader.pairs()
        reader.infos()
    except StopError as error:
        failure = error
    with exam.contained():
        judge_texts(reader.metadata, reader.places, exam)
    check_tokens(reader.metadata, exam)
    describe(reader.metadata, reader.tensors, exam)
    summarise(reader.tensors, exam)
    if failure is not None:
        if failure.reason == "truncated":
            exam.note(Sign.INCOMPLETE, "header", "the file ends within its metadata or table of tensors", content.size)
        raise failure
    _check_data(reader, content, exam)


def _check_data(reader: "_Reader", content: Content, exam: Exam) -> None:
    alignment = reader.alignment
    begin = (reader.cursor.at + alignment - 1) // alignment * alignment
    tensors = [one._replace(start=one.start + begin, end=one.end + begin) for one in reader.tensors]
    # A vocabulary alone has no tensors, so nothing that its end would be padded for.
    if tensors and check_extents(tensors, begin, content, exam, alignment):
        exam.note(Sign.IRREGULAR, "hole", "bytes between tensors belong to none")
    end = max((one.end for one in tensors), default=reader.cursor.at)
    tail.check(content, (end + alignment - 1) // alignment * alignment if tensors else end, exam)
    check_programs(tensors, content, exam)
    check_layers(tensors, exam, exam.name)
    if reader.cursor.order == "<":
        check_numbers(tensors, content, exam)


class _Reader:
    """The parts of a file in their order."""

    def __init__(self, cursor: Cursor, exam: Exam) -> None:
        self.cursor, self.exam = cursor, exam
        self.metadata: dict[str, Any] = {}
        self.places: dict[str, int] = {}
        self.tensors: list[Tensor] = []  # with offsets as the table has them
        self.alignment = 32
        self._count = "Q"
        self._tensors = self._pairs = 0
        self._told = 0

    def _accuse(self, subject: str, message: str, at: int = -1) -> None:
        self._told += 1
        if self._told <= _TOLD:
            self.exam.note(Sign.TENSORS, subject, message, at)

    def header(self) -> None:
        version = self.cursor.number("I")
        if version not in (1, 2, 3):
            raise StopError("unknown version", str(version))
        self._count = "I" if version == 1 else "Q"
        self._tensors, self._pairs = self.cursor.number(self._count), self.cursor.number(self._count)
        left = self.cursor.left
        # A tensor takes 24 bytes of the table and more, a pair 13.
        for what, number, most, least in (
            ("tensor count", self._tensors, _MOST_TENSORS, 20),
            ("metadata count", self._pairs, _MOST_PAIRS, 9),
        ):
            if number > most:
                if number * least > left:
                    message = f"claims {number} of them in a file of {self.cursor.content.size} bytes"
                    self._accuse(what, f"{message}: a loader's own sizes overflow", 8)
                    raise StopError("invalid header", what)
                self.exam.note(Sign.EXHAUSTS, what, f"{number}: loaders compare each name with all others", 8)
                raise StopError("too many tensors" if most == _MOST_TENSORS else "too much metadata", str(number))

    def pairs(self) -> None:
        for _ in range(self._pairs):
            self.exam.step()
            at = self.cursor.at
            key = self._text("key")
            kind = self.cursor.number("I")
            value = self._value(key, kind, 0)
            if key in self.metadata:
                self.exam.note(
                    Sign.DECEIVES, key, "stands in the metadata twice: readers take the first or the last", at
                )
                continue
            if not key:
                self.exam.note(Sign.IRREGULAR, "metadata", "a key without a name", at)
            self.metadata[key], self.places[key] = value, at
        alignment = self.metadata.get("general.alignment", 32)
        if type(alignment) is not int or alignment <= 0 or alignment & (alignment - 1) or alignment > _COARSEST:
            self._accuse("general.alignment", f"{alignment!r} is no usable power of two: a loader divides by it")
            raise StopError("invalid header", "alignment")
        self.alignment = alignment

    def _text(self, what: str) -> str:
        return self._bytes(what).decode("utf-8", "replace")

    def _bytes(self, what: str) -> bytes:
        at = self.cursor.at
        length = self.cursor.number(self._count)
        if length > _LONGEST:
            if length > self.cursor.left:
                self._accuse(what, f"claims {length} bytes: a loader's own size overflows or it reads on", at)
            raise StopError("too large", f"a text of {length} bytes")
        if length > self.cursor.left:
            raise StopError("truncated", f"at byte {at}")
        return self.cursor.take(length)

    def _value(self, key: str, kind: int, depth: int) -> Any:
        if kind == _STRING:
            return self._text(key)
        if kind == _ARRAY:
            return self._array(key, depth)
        code = _CODES.get(kind)
        if code is None:
            self._accuse(key, f"a value of type {kind}, which does not exist", self.cursor.at)
            raise StopError("invalid metadata", f"type {kind}")
        if code in "fd":
            return self.cursor.real(code)
        value = self.cursor.number("b" if code == "?" else code)
        return value != 0 if code == "?" else value

    def _array(self, key: str, depth: int) -> list[Any]:
        if depth >= _DEEPEST:
            self.exam.note(
                Sign.EXHAUSTS, key, "arrays in arrays in arrays: loaders that follow them overflow", self.cursor.at
            )
            raise StopError("nested too deeply", "arrays in arrays")
        kind, number = self.cursor.number("I"), self.cursor.number(self._count)
        at = self.cursor.at
        code = _CODES.get(kind, "Q" if kind == _STRING else "I")
        if kind not in _CODES and kind not in (_STRING, _ARRAY):
            self._accuse(key, f"an array of type {kind}, which does not exist", at)
            raise StopError("invalid metadata", f"type {kind}")
        width = struct.calcsize(self.cursor.order + code)
        if number * width > self.cursor.left:
            if number > _MOST_ELEMENTS:
                self._accuse(key, f"an array of {number} elements: a loader's own size overflows", at)
                raise StopError("invalid metadata", f"an array of {number} elements")
            raise StopError("truncated", f"at byte {at}")
        if kind == _STRING:
            return self._strings(number)
        if kind == _ARRAY:
            if depth == 0:
                self.exam.note(Sign.IRREGULAR, key, "an array of arrays, which llama.cpp refuses", at)
            return [self._nested(key, depth) for _ in range(number)]
        kept = min(number, _KEPT)
        values = struct.unpack(f"{self.cursor.order}{kept}{code}", self.cursor.take(kept * width))
        self.cursor.skip((number - kept) * width)
        return list(values)

    def _nested(self, key: str, depth: int) -> list[Any]:
        self.exam.step()
        return self._array(key, depth + 1)

    def _strings(self, number: int) -> list[bytes]:
        """The strings of an array, cut, as many as are kept; all are stepped over."""
        self.exam.step(1 + number // 4)
        kept: list[bytes] = []
        size = 0
        for one in self.cursor.strings(number, self._count, _LONGEST):
            if size < _KEPT_TEXT and len(kept) < _KEPT:
                kept.append(one[:_LONGEST_TOKEN])
                size += 64 + len(kept[-1])
        return kept

    def infos(self) -> None:
        seen: set[str] = set()
        for _ in range(self._tensors):
            self.exam.step()
            at = self.cursor.at
            name = self._text("tensor name")
            if len(name) >= _LONGEST_NAME:
                self.exam.note(Sign.IRREGULAR, name, f"a name of {len(name)} characters: llama.cpp keeps 63", at)
            if name in seen:
                self.exam.note(Sign.DECEIVES, name, "two tensors of this name: readers take the first or the last", at)
            seen.add(name)
            dimensions = self.cursor.number("I")
            if dimensions > _DIMENSIONS:
                message = f"claims {dimensions} dimensions: loaders keep {_DIMENSIONS}, older ones write beyond them"
                self._accuse(name, message, at)
                if dimensions > 64:
                    raise StopError("invalid tensor table", f"{dimensions} dimensions")
            shape = tuple(self.cursor.number(self._count) for _ in range(dimensions))
            kind, offset = self.cursor.number("I"), self.cursor.number("Q")
            self._info(name, shape, kind, offset, at)

    def _info(self, name: str, shape: tuple[int, ...], kind: int, offset: int, at: int) -> None:
        if max(shape, default=0) > _LARGEST or product(shape) >= _LARGEST:
            self._accuse(
                name, f"the product of its dimensions {list(shape)} overflows: a loader allocates too little", at
            )
            return
        if kind not in TYPES:
            if kind in REMOVED or kind <= LAST_TYPE:
                self.exam.gap("unknown tensor type", REMOVED.get(kind, str(kind)))
            else:
                self._accuse(name, f"is of type {kind}, which does not exist", at)
            return
        size = tensor_bytes(kind, shape)
        if size < 0:
            self._accuse(name, f"rows of {shape[0]} elements are no whole blocks of {TYPES[kind][0]}", at)
            return
        if offset % self.alignment:
            self._accuse(name, f"begins at byte {offset} of the data, which is no multiple of {self.alignment}", at)
        if offset + size > _LARGEST:
            self._accuse(name, f"{size} bytes at byte {offset} of the data: their sum overflows", at)
            return
        self.tensors.append(Tensor(name, TYPES[kind][0], shape, offset, offset + size))


FORMAT = Format("gguf", _matches, _read, suffixes=(".gguf",), executable=None)
