"""Content: the bytes of a file, or of a member of an archive, read at random and never held whole."""

import os
from collections.abc import Iterator

_WINDOW = 1 << 18  # bytes kept of an opened file: readers go forward in small steps
_CHUNK = 1 << 20


class Content:
    """Bytes that can be read anywhere. `size` is their number."""

    size: int

    def read(self, at: int, length: int) -> bytes:
        """Up to `length` bytes from `at`; fewer at the end, none beyond it or for negative numbers."""
        raise NotImplementedError

    def glance(self, at: int, length: int) -> bytes:
        """As `read`, of a few bytes in the middle of many that nobody will ask for."""
        return self.read(at, length)

    def part(self, at: int, length: int) -> "Content":
        """A stretch of this content as content of its own, cut off at the end of this one."""
        return _Part(self, at, length)

    def chunks(self, at: int = 0, end: int | None = None, size: int = _CHUNK) -> Iterator[bytes]:
        """All bytes from `at` to `end` in pieces."""
        end = self.size if end is None else min(end, self.size)
        while at < end:
            piece = self.read(at, min(size, end - at))
            if not piece:
                return
            yield piece
            at += len(piece)

    def find(self, needle: bytes, at: int = 0, end: int | None = None) -> int:
        """Where some bytes first stand at or after `at` and wholly before `end`; -1 when they do not."""
        end = self.size if end is None else min(end, self.size)
        before = b""
        for piece in self.chunks(at, end):
            seen = before + piece
            found = seen.find(needle)
            if found >= 0:
                return at - len(before) + found
            at += len(piece)
            before = seen[len(seen) - len(needle) + 1 :] if len(needle) > 1 else b""
        return -1


class Bytes(Content):
    """Bytes that are in memory anyway."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.size = len(data)

    def read(self, at: int, length: int) -> bytes:
        return self.data[at : at + length] if at >= 0 and length > 0 else b""

    def find(self, needle: bytes, at: int = 0, end: int | None = None) -> int:
        return self.data.find(needle, max(0, at), end)


class Opened(Content):
    """An open file, of which a window is kept in memory; whoever opened the descriptor closes it.

    `size` is what the file had when it was opened: bytes that are gone since are missing, never an error.
    """

    def __init__(self, descriptor: int, size: int | None = None) -> None:
        self._descriptor = descriptor
        self.size = os.fstat(descriptor).st_size if size is None else size
        self._from, self._window = 0, b""

    def read(self, at: int, length: int) -> bytes:
        length = min(length, self.size - at)
        if at < 0 or length <= 0:
            return b""
        start = at - self._from
        if start < 0 or start + length > len(self._window):
            if length >= _WINDOW:
                return self._pread(at, length)
            self._from, self._window = at, self._pread(at, min(_WINDOW, self.size - at))
            start = 0
        return self._window[start : start + length]

    def glance(self, at: int, length: int) -> bytes:
        length = min(length, self.size - at)
        return self._pread(at, length) if at >= 0 and length > 0 else b""

    def _pread(self, at: int, length: int) -> bytes:
        pieces, got = [], 0
        while got < length:
            piece = os.pread(self._descriptor, length - got, at + got)
            if not piece:
                break
            pieces.append(piece)
            got += len(piece)
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)


class _Part(Content):
    def __init__(self, whole: Content, at: int, length: int) -> None:
        self._whole, self._at = whole, max(0, at)
        self.size = max(0, min(length, whole.size - self._at))

    def read(self, at: int, length: int) -> bytes:
        return self._whole.read(self._at + at, min(length, self.size - at)) if at >= 0 else b""

    def glance(self, at: int, length: int) -> bytes:
        return self._whole.glance(self._at + at, min(length, self.size - at)) if at >= 0 else b""

    def part(self, at: int, length: int) -> Content:
        return _Part(self._whole, self._at + max(0, at), min(length, self.size - at))
