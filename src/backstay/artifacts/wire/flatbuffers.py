"""FlatBuffers: tables, vectors and texts read by offsets that are all checked against the content.

Facts from the format's internals (flatbuffers.dev/internals): little-endian; an offset is 32 bits and counts from
where it stands; a table begins with a signed offset back to its list of fields (vtable).
"""

import struct
from collections.abc import Iterator

from backstay.artifacts.content import Content
from backstay.artifacts.exam import Exam, MalformedError

MAX_TEXT = 1 << 16
_LARGEST = 1 << 31  # bytes of the largest FlatBuffer
_WIDTHS = {"b": 1, "B": 1, "h": 2, "H": 2, "i": 4, "I": 4, "q": 8, "Q": 8, "f": 4, "d": 8}


class OutsideError(MalformedError):
    """An offset leads out of the buffer. `forged` says that no buffer has such a one, however much of it is lost."""

    def __init__(self, at: int) -> None:
        super().__init__("invalid offset", f"at byte {at}")
        self.at, self.forged = at, not 0 <= at < _LARGEST


class Buffer:
    """A FlatBuffer. Every read outside of it raises OutsideError: an unchecked runtime would read other memory."""

    def __init__(self, content: Content, exam: Exam | None = None) -> None:
        self.content, self._exam = content, exam

    def number(self, at: int, code: str = "I") -> int:
        """An integer of a `struct` code at a place."""
        if self._exam is not None:
            self._exam.step()
        data = self.content.read(at, _WIDTHS[code]) if at >= 0 else b""
        if len(data) < _WIDTHS[code]:
            raise OutsideError(at)
        return int(struct.unpack("<" + code, data)[0])

    def root(self) -> "Table":
        """The table that the buffer is."""
        return Table(self, self.number(0))


class Table:
    """A table: fields by their position in the schema, from 0."""

    __slots__ = ("_buffer", "_fields", "at")

    def __init__(self, buffer: Buffer, at: int) -> None:
        self._buffer, self.at = buffer, at
        fields = at - buffer.number(at, "i")
        size = buffer.number(fields, "H")
        data = buffer.content.read(fields + 4, min(size, 1024) - 4) if size > 4 else b""
        if size < 4 or size & 1 or len(data) < min(size, 1024) - 4:
            raise MalformedError("invalid table", f"at byte {at}")
        self._fields = struct.unpack(f"<{len(data) // 2}H", data)

    def place(self, position: int) -> int:
        """Where a field stands; -1 when the table has none of that position."""
        offset = self._fields[position] if position < len(self._fields) else 0
        return self.at + offset if offset else -1

    def number(self, position: int, code: str = "i", default: int = 0) -> int:
        """A scalar."""
        at = self.place(position)
        return default if at < 0 else self._buffer.number(at, code)

    def _target(self, position: int) -> int:
        at = self.place(position)
        return -1 if at < 0 else at + self._buffer.number(at)

    def table(self, position: int) -> "Table | None":
        """A table within this one."""
        at = self._target(position)
        return None if at < 0 else Table(self._buffer, at)

    def vector(self, position: int) -> tuple[int, int]:
        """Where a vector's elements begin, and how many it says it has; (-1, 0) when there is none."""
        at = self._target(position)
        return (-1, 0) if at < 0 else (at + 4, self._buffer.number(at))

    def numbers(self, position: int, code: str = "i", limit: int = 1 << 16) -> list[int]:
        """The scalars of a vector, up to `limit`."""
        at, count = self.vector(position)
        count = min(count, limit)
        width = _WIDTHS[code]
        data = self._buffer.content.read(at, count * width) if count else b""
        if len(data) < count * width:
            raise OutsideError(at + count * width)
        return list(struct.unpack(f"<{count}{code}", data))

    def tables(self, position: int) -> Iterator["Table"]:
        """The tables of a vector."""
        at, count = self.vector(position)
        if count and at + 4 * count > self._buffer.content.size:
            raise OutsideError(at + 4 * count)
        for one in range(count):
            place = at + 4 * one
            yield Table(self._buffer, place + self._buffer.number(place))

    def text(self, position: int, limit: int = MAX_TEXT) -> str:
        """A text."""
        at, size = self.vector(position)
        data = self._buffer.content.read(at, min(size, limit)) if size else b""
        if len(data) < min(size, limit):
            raise OutsideError(at + size)
        return data.decode("utf-8", "replace")
