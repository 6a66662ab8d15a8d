"""Headers: the messages of an object (a group, a dataset, a named type), in both forms of object header."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum

from backstay.artifacts.exam import MalformedError, StopError
from backstay.artifacts.hdf5.source import Fields, Source

_MAX_BLOCKS = 10_000  # continuation blocks of one object
_SHARED = 0x02


class Kind(IntEnum):
    """Types of messages (section IV.A.2 of the specification)."""

    DATASPACE = 0x01
    LINK_INFO = 0x02
    DATATYPE = 0x03
    LINK = 0x06
    EXTERNAL = 0x07
    LAYOUT = 0x08
    FILTERS = 0x0B
    ATTRIBUTE = 0x0C
    CONTINUATION = 0x10
    SYMBOLS = 0x11
    DRIVER = 0x14
    ATTRIBUTE_INFO = 0x15


_KNOWN = frozenset(range(0x19))


@dataclass(frozen=True)
class Message:
    """One message: `at` is the address of its body. `kind` is a number that need not be known."""

    kind: int
    body: bytes
    at: int
    shared: bool = False

    @property
    def known(self) -> bool:
        return self.kind in _KNOWN


def messages(source: Source, address: int) -> Iterator[Message]:
    """All messages of the object at an address, in the order of the file. Raises MalformedError and StopError."""
    first = source.read(address, 4)
    if first == b"OHDR":
        yield from _second(source, address)
    elif first[0] == 1:
        yield from _first(source, address)
    else:
        raise MalformedError("invalid HDF5 structure", f"no object at {address}")


def _first(source: Source, address: int) -> Iterator[Message]:
    head = source.block(address, 16)
    head.skip(8)
    blocks = [(address + 16, head.number(4))]
    seen: set[int] = set()
    while blocks:
        start, size = blocks.pop(0)
        _once(start, seen)
        block = source.block(start, size)
        while block.left >= 8:  # whatever number of messages the header claims
            source.exam.step()
            kind, length, flags = block.number(2), block.number(2), block.byte()
            block.skip(3)
            at = start + block.at
            body = block.take(length)
            if kind == Kind.CONTINUATION:
                blocks.append(_target(Fields(body, source)))
            elif kind:
                yield Message(kind, body, at, bool(flags & _SHARED))


def _second(source: Source, address: int) -> Iterator[Message]:
    head = source.block(address, min(64, source.size - address))
    head.skip(4)
    if head.byte() != 2:
        raise MalformedError("unsupported version", "HDF5 object header")
    flags = head.byte()
    head.skip((16 if flags & 0x20 else 0) + (4 if flags & 0x10 else 0))
    size = head.number(1 << (flags & 3))
    ordered = bool(flags & 4)
    blocks = [(address + head.at, size)]
    seen: set[int] = set()
    while blocks:
        start, size = blocks.pop(0)
        _once(start, seen)
        block = source.block(start, size)
        if len(seen) > 1:  # a continuation has a signature of its own, and a checksum within its size
            if block.left < 8 or block.take(4) != b"OCHK":
                raise MalformedError("invalid HDF5 structure", f"no OCHK at {start}")
            block.data = block.data[:-4]
        least = 6 if ordered else 4
        while block.left >= least:
            source.exam.step()
            kind, length, marks = block.byte(), block.number(2), block.byte()
            if ordered:
                block.skip(2)
            at = start + block.at
            body = block.take(length)
            if kind == Kind.CONTINUATION:
                blocks.append(_target(Fields(body, source)))
            elif kind:
                yield Message(kind, body, at, bool(marks & _SHARED))


def _target(fields: Fields) -> tuple[int, int]:
    return fields.offset(), fields.length()


def _once(start: int, seen: set[int]) -> None:
    if start in seen:
        raise MalformedError("invalid HDF5 structure", f"the block at {start} continues itself")
    if len(seen) >= _MAX_BLOCKS:
        raise StopError("too many blocks", "of one HDF5 object")
    seen.add(start)


def shared_address(message: Message, source: Source) -> int:
    """Where the message that a shared one stands for is. Raises StopError when it is in the file's table of shared
    messages, which is not read."""
    fields = Fields(message.body, source)
    version, kind = fields.byte(), fields.byte()
    if version == 1:
        fields.skip(6)
    elif version == 3 and kind == 1:
        raise StopError("not read", "the HDF5 table of shared messages")
    return fields.offset()
