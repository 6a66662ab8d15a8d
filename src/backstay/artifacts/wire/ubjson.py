"""UBJSON: Universal Binary JSON, draft 12, with its optimised containers, read into plain values within bounds."""

import struct
from typing import Any

from backstay.artifacts.content import Content
from backstay.artifacts.exam import Exam, MalformedError, StopError
from backstay.artifacts.report import Sign
from backstay.artifacts.wire.cursor import Cursor

_DEEPEST = 100
_LONGEST = 16 << 20  # bytes of a string
_MOST = 16_000_000  # values of a document
_IMPOSSIBLE = 1 << 40  # elements or bytes that no file has
_NUMBERS = {"i": "b", "U": "B", "I": "h", "l": "i", "L": "q", "d": "f", "D": "d"}
_CONSTANTS = {"Z": None, "T": True, "F": False}


class Value:
    """What was read: the value, the keys that stand in an object twice, and where it ends."""

    def __init__(self, root: Any, duplicates: list[str], end: int) -> None:
        self.root, self.duplicates, self.end = root, duplicates, end


def read_ubjson(content: Content, exam: Exam) -> Value:
    """Read one value. Raises MalformedError when it is none and StopError when it is truncated or too large."""
    reader = _Reader(content, exam)
    root = reader.value(reader.marker(), 0)
    return Value(root, reader.duplicates, reader.cursor.at)


class _Reader:
    def __init__(self, content: Content, exam: Exam) -> None:
        self.cursor = Cursor(content, 0, ">")
        self.exam = exam
        self.duplicates: list[str] = []
        self._values = 0

    def marker(self) -> str:
        """The next type marker; no-ops are stepped over."""
        while True:
            marker = chr(self.cursor.number("B"))
            if marker != "N":
                return marker
            self.exam.step()

    def value(self, marker: str, depth: int) -> Any:
        self._count(1)
        code = _NUMBERS.get(marker)
        if code is not None:
            return self.cursor.real(code) if code in "fd" else self.cursor.number(code)
        if marker in _CONSTANTS:
            return _CONSTANTS[marker]
        if marker in "SH":
            return self._text()
        if marker == "C":
            return chr(self.cursor.number("B"))
        if marker in "[{":
            if depth >= _DEEPEST:
                raise StopError("nested too deeply", f"more than {_DEEPEST} levels")
            return self._array(depth) if marker == "[" else self._object(depth)
        raise MalformedError("invalid UBJSON", f"marker {ord(marker)} at byte {self.cursor.at - 1}")

    def _count(self, number: int) -> None:
        self._values += number
        self.exam.step(1 + number // 8)
        if self._values > _MOST:
            raise StopError("too large", f"more than {_MOST} values")

    def _length(self) -> int:
        code = _NUMBERS.get(chr(self.cursor.number("B")), "f")
        if code in "fd":
            raise MalformedError("invalid UBJSON", f"length at byte {self.cursor.at - 1}")
        length = self.cursor.number(code)
        if length > _IMPOSSIBLE:
            message = f"claims {length} elements or bytes: a loader allocates for them"
            self.exam.note(Sign.EXHAUSTS, "UBJSON", message, self.cursor.at)
            raise StopError("too large", f"{length} elements")
        if length < 0:
            raise MalformedError("invalid UBJSON", f"negative length at byte {self.cursor.at}")
        return length

    def _text(self) -> str:
        length = self._length()
        if length > _LONGEST:
            raise StopError("too large", f"a text of {length} bytes")
        return self.cursor.take(length).decode("utf-8", "replace")

    def _container(self) -> tuple[str, int, str]:
        """The type and number of an optimised container, where it has them, and the next marker, where it has not."""
        marker, kind = self.marker(), ""
        if marker == "$":
            kind = self.marker()
            marker = self.marker()
            if marker != "#":
                raise MalformedError("invalid UBJSON", f"type without number at byte {self.cursor.at}")
        return (kind, self._length(), "") if marker == "#" else ("", -1, marker)

    def _array(self, depth: int) -> list[Any]:
        kind, number, marker = self._container()
        code = _NUMBERS.get(kind)
        if code is not None:
            size = struct.calcsize(">" + code)
            if number * size > self.cursor.left:
                raise StopError("truncated", f"at byte {self.cursor.at}")
            self._count(number)
            return list(struct.unpack(f">{number}{code}", self.cursor.take(number * size)))
        found: list[Any] = []
        if number >= 0:
            for _ in range(number):
                found.append(self.value(kind or self.marker(), depth + 1))
            return found
        while marker != "]":
            found.append(self.value(marker, depth + 1))
            marker = self.marker()
        return found

    def _object(self, depth: int) -> dict[str, Any]:
        kind, number, marker = self._container()
        found: dict[str, Any] = {}
        if number < 0 and marker == "}":
            return found
        if number < 0:
            self.cursor.at -= 1  # the marker was that of the first key's length
        left = number
        while left != 0:
            if number < 0 and self._ends():
                break
            key = self._text()
            value = self.value(kind or self.marker(), depth + 1)
            if key in found and len(self.duplicates) < 100:
                self.duplicates.append(key)
            found[key] = value
            left -= 1
        return found

    def _ends(self) -> bool:
        if self.marker() == "}":
            return True
        self.cursor.at -= 1
        return False
