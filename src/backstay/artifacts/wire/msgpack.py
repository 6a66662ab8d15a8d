"""MessagePack: goes through a value item by item, without building it and without reading the bytes it holds.

The encoding is that of github.com/msgpack/msgpack/blob/master/spec.md.
"""

import struct
from collections.abc import Iterator
from enum import Enum, auto
from typing import NamedTuple

from backstay.artifacts.content import Content
from backstay.artifacts.exam import Exam, MalformedError, StopError

MAX_TEXT = 4096  # bytes of a text that are read
_MAX_DEPTH = 512
_WINDOW = 1 << 16
_ALLOCATED = 1 << 20  # members that may be claimed by a file that was cut off


class CountError(StopError):
    """A container claims far more members than the file has bytes: readers that believe it take memory for them."""


class Kind(Enum):
    """What an item is. An array's or map's members follow it."""

    NOTHING = auto()
    BOOLEAN = auto()
    NUMBER = auto()
    TEXT = auto()
    BYTES = auto()
    EXTENSION = auto()
    ARRAY = auto()
    MAP = auto()


class Item(NamedTuple):
    """`at` is where its payload starts, `size` the bytes of it, or the number of members (of pairs, in a map).

    `value` is that of a scalar, and a text's first `MAX_TEXT` bytes. `code` is an extension's type, -128 to 127.
    """

    kind: Kind
    at: int
    size: int
    value: int | float | bool | str | None = None
    code: int = 0


class Skimmer:
    """Reads one value from `at` on. `at` then stands behind it."""

    def __init__(self, content: Content, exam: Exam, at: int = 0) -> None:
        self.content, self.exam, self.at = content, exam, at
        self._from, self._window = 0, b""

    def items(self) -> Iterator[Item]:
        """Every item of the value, in the order of the file, a container before its members.

        Raises StopError when the file ends within the value or a budget is spent, MalformedError for what no value
        begins with."""
        left = [1]  # values still to come, in each container that is open
        while left:
            if left[-1] == 0:
                left.pop()
                continue
            left[-1] -= 1
            self.exam.step()
            item = self._item()
            yield item
            if item.kind in (Kind.ARRAY, Kind.MAP):
                if len(left) > _MAX_DEPTH:
                    raise StopError("nested too deeply", f"more than {_MAX_DEPTH} levels")
                left.append(item.size * 2 if item.kind is Kind.MAP else item.size)

    def _item(self) -> Item:
        first = self._take(1)[0]
        if first <= 0x7F:
            return Item(Kind.NUMBER, self.at - 1, 1, first)
        if first >= 0xE0:
            return Item(Kind.NUMBER, self.at - 1, 1, first - 256)
        if first <= 0x8F:
            return self._container(Kind.MAP, first & 15)
        if first <= 0x9F:
            return self._container(Kind.ARRAY, first & 15)
        if first <= 0xBF:
            return self._text(first & 31)
        match first:
            case 0xC0:
                return Item(Kind.NOTHING, self.at, 0)
            case 0xC2 | 0xC3:
                return Item(Kind.BOOLEAN, self.at, 0, first == 0xC3)
            case 0xC4 | 0xC5 | 0xC6:
                return self._bytes(self._number(1 << first - 0xC4))
            case 0xC7 | 0xC8 | 0xC9:
                return self._extension(self._number(1 << first - 0xC7))
            case 0xCA | 0xCB:
                size = 4 if first == 0xCA else 8
                at = self.at
                return Item(Kind.NUMBER, at, size, struct.unpack(">f" if size == 4 else ">d", self._take(size))[0])
            case 0xCC | 0xCD | 0xCE | 0xCF:
                size = 1 << first - 0xCC
                return Item(Kind.NUMBER, self.at, size, self._number(size))
            case 0xD0 | 0xD1 | 0xD2 | 0xD3:
                size = 1 << first - 0xD0
                return Item(Kind.NUMBER, self.at, size, int.from_bytes(self._take(size), "big", signed=True))
            case 0xD4 | 0xD5 | 0xD6 | 0xD7 | 0xD8:
                return self._extension(1 << first - 0xD4)
            case 0xD9 | 0xDA | 0xDB:
                return self._text(self._number(1 << first - 0xD9))
            case 0xDC | 0xDD:
                return self._container(Kind.ARRAY, self._number(2 << first - 0xDC))
            case 0xDE | 0xDF:
                return self._container(Kind.MAP, self._number(2 << first - 0xDE))
        raise MalformedError("invalid MessagePack", f"byte {first:#04x} at {self.at - 1}")

    def _container(self, kind: Kind, size: int) -> Item:
        if size > self.content.size - self.at:  # each member takes a byte at least
            raise (CountError if size > _ALLOCATED else StopError)("truncated", f"{size} members at {self.at}")
        return Item(kind, self.at, size)

    def _text(self, size: int) -> Item:
        at = self.at
        self._skip(size)
        raw = self._peek(at, min(size, MAX_TEXT))
        return Item(Kind.TEXT, at, size, raw.decode("utf-8", "backslashreplace"))

    def _bytes(self, size: int) -> Item:
        at = self.at
        self._skip(size)
        return Item(Kind.BYTES, at, size)

    def _extension(self, size: int) -> Item:
        code = int.from_bytes(self._take(1), "big", signed=True)
        at = self.at
        self._skip(size)
        return Item(Kind.EXTENSION, at, size, code=code)

    def _number(self, size: int) -> int:
        return int.from_bytes(self._take(size), "big")

    def _skip(self, size: int) -> None:
        if size > self.content.size - self.at:
            raise StopError("truncated", f"{size} bytes at {self.at}")
        self.at += size

    def _take(self, size: int) -> bytes:
        found = self._peek(self.at, size)
        if len(found) != size:
            raise StopError("truncated", f"at byte {self.at}")
        self.at += size
        return found

    def _peek(self, at: int, size: int) -> bytes:
        start = at - self._from
        if start < 0 or start + size > len(self._window):
            self._from, self._window = at, self.content.read(at, max(_WINDOW, size))
            start = 0
        return self._window[start : start + size]
