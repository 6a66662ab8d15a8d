"""Source: the bytes of an HDF5 file by its own addresses, and the fields of one block, both within bounds."""

from dataclasses import dataclass, field

from backstay.artifacts.content import Content
from backstay.artifacts.exam import Exam, MalformedError, StopError

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

    @property
    def size(self) -> int:
        """Bytes from the base to the end of the file."""
        return self.content.size - self.base

    def read(self, at: int, length: int) -> bytes:
        """Exactly `length` bytes. Raises MalformedError when the file does not have them."""
        if length > self.exam.limits.text:
            raise StopError("too large", f"a block of {length} bytes")
        found = self.content.read(self.base + at, length) if at >= 0 else b""
        if len(found) != length:
            raise MalformedError("invalid HDF5 structure", f"{length} bytes at {at} lie outside the file")
        return found

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
