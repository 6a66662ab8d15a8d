"""Source: the bytes of an HDF5 file by its own addresses, and the fields of one block, both within bounds."""

from dataclasses import dataclass, field

from backstay.artifacts.content import Content
from backstay.artifacts.exam import Exam, MalformedError, StopError

_FREE = 16 << 20
_WINDOW = 4096
SIGNATURE = b"\x89HDF\r\n\x1a\n"


@dataclass
class Source:
    """A file whose addresses count from `base`, with addresses of `offsets` and sizes of `lengths` bytes."""

    content: Content
    exam: Exam
    base: int = 0
    offsets: int = 8
    lengths: int = 8
    segments: dict[int, bytes] = field(default_factory=dict)  # local heaps and collections read last
    collections: dict[int, dict[int, tuple[int, int]]] = field(default_factory=dict)  # what is where in those
    _spent: int = 0
    _window_at: int = 0
    _window: bytes = b""

    @property
    def size(self) -> int:
        """Bytes from the base to the end of the file."""
        return self.content.size - self.base

    def read(self, at: int, length: int) -> bytes:
        """Exactly `length` bytes. Raises MalformedError when the file does not have them."""
        if length > self.exam.limits.text:
            raise StopError("too large", f"a block of {length} bytes")
        self.charge(length)
        found = self._look(at, length) if at >= 0 else b""
        if len(found) != length:
            raise MalformedError("invalid HDF5 structure", f"{length} bytes at {at} lie outside the file")
        return found

    def _look(self, at: int, length: int) -> bytes:
        """Bytes out of a small window: objects are spread over the file, and each is read in a few pieces."""
        start = at - self._window_at
        if start < 0 or start + length > len(self._window):
            self._window_at, start = at, 0
            self._window = self.content.glance(self.base + at, max(length, _WINDOW))
        return self._window[start : start + length]

    def charge(self, length: int) -> None:
        """Count bytes that are read or copied. Raises StopError when they are many times those of the file: it then
        refers to the same bytes again and again."""
        self._spent += length
        if self._spent > 4 * self.content.size + _FREE:
            raise StopError("too much structure", f"more than {self._spent} bytes")

    def block(self, at: int, length: int) -> "Fields":
        return Fields(self.read(at, length), self)

    def signed(self, at: int, length: int, signature: bytes) -> "Fields":
        """A block that begins with a signature, after it."""
        fields = self.block(at, length)
        if fields.take(len(signature)) != signature:
            raise MalformedError("invalid HDF5 structure", f"no {signature.decode('ascii')} at {at}")
        return fields

    def undefined(self, address: int) -> bool:
        """Whether an address stands for "none": all bits set."""
        return address == (1 << (8 * self.offsets)) - 1

    def inside(self, at: int, length: int) -> bool:
        return at >= 0 and length >= 0 and at + length <= self.size


class Fields:
    """A block that is read from front to back; little-endian throughout. Raises MalformedError beyond its end."""

    def __init__(self, data: bytes, source: Source, at: int = 0) -> None:
        self.data, self.source, self.at = data, source, at

    def take(self, length: int) -> bytes:
        end = self.at + length
        if length < 0 or end > len(self.data):
            raise MalformedError("invalid HDF5 structure", "a block ends within a field")
        found = self.data[self.at : end]
        self.at = end
        return found

    def number(self, length: int) -> int:
        return int.from_bytes(self.take(length), "little")

    def byte(self) -> int:
        return self.number(1)

    def offset(self) -> int:
        return self.number(self.source.offsets)

    def length(self) -> int:
        return self.number(self.source.lengths)

    def skip(self, length: int) -> None:
        self.take(length)

    def align(self, to: int, start: int = 0) -> None:
        """Go to the next multiple of `to` from `start`; a block may end before it."""
        self.at = min(len(self.data), start + -(-(self.at - start) // to) * to)

    def text(self) -> bytes:
        """Bytes up to a NUL, which is passed over."""
        end = self.data.find(b"\x00", self.at)
        if end < 0:
            raise MalformedError("invalid HDF5 structure", "a text without end")
        found = self.data[self.at : end]
        self.at = end + 1
        return found

    @property
    def left(self) -> int:
        return len(self.data) - self.at


def shown(name: bytes) -> str:
    """A name of the file as text."""
    return name.decode("utf-8", "backslashreplace")
