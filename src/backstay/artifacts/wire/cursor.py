"""Cursor: reads numbers and counted strings one after the other, holding one stretch of the content at a time."""

import struct
from collections.abc import Iterator

from backstay.artifacts.content import Content
from backstay.artifacts.exam import StopError

_WINDOW = 1 << 20


class Cursor:
    """A place in content that moves on with every read. `order` is "<" or ">", as of `struct`.

    Every read raises StopError("truncated") when the content ends before it.
    """

    def __init__(self, content: Content, at: int = 0, order: str = "<") -> None:
        self.content, self.order = content, order
        self._from, self._window, self._pos = at, b"", 0

    @property
    def at(self) -> int:
        return self._from + self._pos

    @at.setter
    def at(self, place: int) -> None:
        if not self._from <= place <= self._from + len(self._window):
            self._from, self._window = place, b""
        self._pos = place - self._from

    @property
    def left(self) -> int:
        """Bytes from here to the end."""
        return max(0, self.content.size - self.at)

    def take(self, length: int) -> bytes:
        """The next bytes."""
        self._hold(length)
        self._pos += length
        return self._window[self._pos - length : self._pos]

    def skip(self, length: int) -> None:
        if length > self.left:
            raise StopError("truncated", f"at byte {self.at}")
        self.at += length

    def number(self, code: str) -> int:
        """One integer by its letter of `struct` ("I", "Q", "i" ...)."""
        size = struct.calcsize(self.order + code)
        self._hold(size)
        (value,) = struct.unpack_from(self.order + code, self._window, self._pos)
        self._pos += size
        return int(value)

    def real(self, code: str) -> float:
        """One floating point number ("f" or "d")."""
        return float(struct.unpack(self.order + code, self.take(struct.calcsize(code)))[0])

    def strings(self, number: int, code: str = "Q", longest: int = 1 << 26) -> Iterator[bytes]:
        """Strings, each after its length. Raises StopError("too large") for one of more than `longest` bytes."""
        unpack = struct.Struct(self.order + code).unpack_from
        width = struct.calcsize(self.order + code)
        for _ in range(number):
            if self._pos + width > len(self._window):
                self._hold(width)
            (length,) = unpack(self._window, self._pos)
            start = self._pos + width
            if start + length > len(self._window):
                if length > longest:
                    raise StopError("too large", f"a text of {length} bytes")
                self._pos = start
                self._hold(length)
                start = self._pos
            self._pos = start + length
            yield self._window[start : self._pos]

    def _hold(self, length: int) -> None:
        """Have that many bytes from here on in the window."""
        if self._pos + length <= len(self._window):
            return
        if length > self.left:
            raise StopError("truncated", f"at byte {self.at}")
        self._from, self._window, self._pos = self.at, self.content.read(self.at, max(length, _WINDOW)), 0
        if len(self._window) < length:
            raise StopError("truncated", f"at byte {self.at}")
