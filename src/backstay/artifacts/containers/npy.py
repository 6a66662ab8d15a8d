"""Npy: the header of a NumPy array file (numpy.lib.format, versions 1.0 to 3.0), parsed without evaluating it."""

import re
from dataclasses import dataclass
from math import prod

from backstay.artifacts.content import Content
from backstay.artifacts.exam import Exam, MalformedError
from backstay.artifacts.report import Sign

MAGIC = b"\x93NUMPY"
USUAL = 10_000  # characters of a header that numpy takes without asking
_MOST = 1 << 20
_DEEP = 40
_ADDRESSABLE = 1 << 62
_TOKEN = re.compile(r"""\s*(?:(['"])((?:[^'"\\\n]|\\.)*)\1|(-?[0-9]{1,20})L?|([A-Za-z]+)|([\[\](){},:]))""")
_TYPE = re.compile(r"[<>=|]?([?bhilqpnBHILQPNefdgFDGSUVOMmcaui])(\d{0,9})(?:\[[^\]]{0,20}\])?")
_WORDS = {"True": True, "False": False, "None": None}
# Bytes of the kinds that are written without a number, and of the names that NumPy knows.
_SIZES = {
    "?": 1, "b": 1, "B": 1, "h": 2, "H": 2, "i": 4, "I": 4, "l": 8, "L": 8, "q": 8, "Q": 8, "p": 8, "P": 8, "n": 8,
    "N": 8, "e": 2, "f": 4, "d": 8, "g": 16, "F": 8, "D": 16, "G": 32, "S": 0, "a": 0, "U": 0, "V": 0, "c": 1, "M": 8,
    "m": 8, "u": 4, "O": 8,
}  # fmt: skip
_NAMED = {
    "bool": 1, "int8": 1, "uint8": 1, "int16": 2, "uint16": 2, "int32": 4, "uint32": 4, "int64": 8, "uint64": 8,
    "float16": 2, "float32": 4, "float64": 8, "complex64": 8, "complex128": 16, "int": 8, "float": 8, "complex": 16,
}  # fmt: skip
_PRECISION = {"f2": "F16", "f4": "F32", "f8": "F64", "i1": "I8", "i2": "I16", "i4": "I32", "i8": "I64", "u1": "U8"}

Literal = str | int | bool | None | list["Literal"] | tuple["Literal", ...] | dict[str, "Literal"]


@dataclass(frozen=True)
class Array:
    """What a header says. `itemsize` is in bytes, -1 where nobody can tell; `data` is where the elements begin."""

    shape: tuple[int, ...]
    itemsize: int
    has_objects: bool
    precision: str
    data: int

    @property
    def is_possible(self) -> bool:
        """Whether memory could hold an array of this shape."""
        return all(one >= 0 for one in self.shape) and self.count * max(1, self.itemsize) < _ADDRESSABLE

    @property
    def count(self) -> int:
        return prod(self.shape)


def header(content: Content, exam: Exam) -> Array:
    """The header of an array file. Raises MalformedError when it is none or cannot be parsed."""
    head = content.glance(0, 12)
    if head[:6] != MAGIC or len(head) < 10 or head[6] not in (1, 2, 3):
        raise MalformedError("invalid header", "NumPy version")
    start = 10 if head[6] == 1 else 12
    length = int.from_bytes(head[8:start], "little")
    if start + length > content.size:
        raise MalformedError("truncated", f"a NumPy header of {length} bytes")
    if length > USUAL:
        exam.note(Sign.IRREGULAR, "NumPy header", f"{length} bytes: numpy refuses more than {USUAL}", 8)
    if length > _MOST:
        raise MalformedError("invalid header", f"a NumPy header of {length} bytes")
    text = content.read(start, length).decode("utf-8" if head[6] == 3 else "latin-1", "replace")
    said = parse(text, exam)
    sides = said.get("shape") if isinstance(said, dict) else None
    if not isinstance(said, dict) or not isinstance(sides, tuple) or len(sides) > 64:
        raise MalformedError("invalid header", "no NumPy dictionary")
    shape = [one for one in sides if isinstance(one, int)]
    word = said.get("descr")
    size, objects = _type(word, 0)
    precision = _PRECISION.get(word.lstrip("<>=|"), "") if isinstance(word, str) else ""
    return Array(tuple(shape), size, objects, precision, start + length)


def parse(text: str, exam: Exam) -> Literal:
    """The Python literal that a header is: strings, numbers, tuples, lists and dictionaries. Raises MalformedError."""
    value, at = _value(text, 0, 0, exam)
    if text[at:].strip(" \n\0"):
        raise MalformedError("invalid header", "more than a NumPy dictionary")
    return value


def _value(text: str, at: int, depth: int, exam: Exam) -> tuple[Literal, int]:
    exam.step()
    if depth > _DEEP:
        exam.note(Sign.EXHAUSTS, "NumPy header", "nested so deeply that parsing it can end the process", at)
        raise MalformedError("nested too deeply", "NumPy header")
    found = _TOKEN.match(text, at)
    if found is None:
        raise MalformedError("invalid header", f"at character {at}")
    at = found.end()
    _, string, number, word, mark = found.groups()
    if string is not None:
        return string, at
    if number is not None:
        return int(number), at
    if word is not None:
        if word in _WORDS:
            return _WORDS[word], at
        raise MalformedError("invalid header", word[:40])
    if mark in ("(", "["):
        items, at, commas = _items(text, at, ")" if mark == "(" else "]", depth, exam)
        if mark == "[":
            return items, at
        return (items[0] if len(items) == 1 and not commas else tuple(items)), at
    if mark == "{":
        return _dictionary(text, at, depth, exam)
    raise MalformedError("invalid header", f"at character {at}")


def _items(text: str, at: int, close: str, depth: int, exam: Exam) -> tuple[list[Literal], int, int]:
    items: list[Literal] = []
    commas = 0
    while True:
        after = _mark(text, at, close)
        if after >= 0:
            return items, after, commas
        value, at = _value(text, at, depth + 1, exam)
        items.append(value)
        after = _mark(text, at, ",")
        if after >= 0:
            at, commas = after, commas + 1
        elif _mark(text, at, close) < 0:
            raise MalformedError("invalid header", f"at character {at}")


def _dictionary(text: str, at: int, depth: int, exam: Exam) -> tuple[Literal, int]:
    found: dict[str, Literal] = {}
    while (after := _mark(text, at, "}")) < 0:
        key, at = _value(text, at, depth + 1, exam)
        colon = _mark(text, at, ":")
        if not isinstance(key, str) or colon < 0:
            raise MalformedError("invalid header", f"at character {at}")
        if key in found:
            exam.note(Sign.DECEIVES, "NumPy header", f"{key} stands twice: readers take one or the other")
        found[key], at = _value(text, colon, depth + 1, exam)
        comma = _mark(text, at, ",")
        if comma >= 0:
            at = comma
        elif _mark(text, at, "}") < 0:
            raise MalformedError("invalid header", f"at character {at}")
    return found, after


def _mark(text: str, at: int, mark: str) -> int:
    """Where the text goes on behind a mark that stands next; -1 when another thing does."""
    found = _TOKEN.match(text, at)
    return found.end() if found is not None and found.group(5) == mark else -1


def _type(said: Literal, depth: int) -> tuple[int, bool]:
    """Bytes of one element (-1: unknown) and whether it holds objects, of a `descr`."""
    if isinstance(said, str):
        if said in _NAMED:
            return _NAMED[said], False
        found = _TYPE.fullmatch(said)
        if found is None:
            return -1, "O" in said or "object" in said
        kind, number = found.groups()
        size = int(number) if number else _SIZES[kind]
        return (size * 4 if kind == "U" else size), kind == "O"
    if isinstance(said, tuple) and len(said) == 2 and depth:  # an element type and a shape
        size, objects = _type(said[0], depth + 1)
        return _times(size, said[1]), objects
    if not isinstance(said, list):
        return -1, True  # what nobody understands may be objects
    total, any_objects = 0, False
    for one in said:
        if not isinstance(one, tuple) or not 2 <= len(one) <= 3:
            return -1, True
        size, objects = _type(one[1], depth + 1)
        any_objects |= objects
        size = _times(size, one[2]) if len(one) == 3 else size
        total = -1 if size < 0 or total < 0 else total + size
    return total, any_objects


def _times(size: int, shape: Literal) -> int:
    sides = shape if isinstance(shape, tuple) else (shape,)
    for one in sides:
        if not isinstance(one, int):
            return -1
        size *= one if size >= 0 else 1
    return size
