"""Attributes: the named values of an object, small ones in its header and many or large ones in a heap."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from backstay.artifacts.exam import MalformedError, StopError
from backstay.artifacts.hdf5 import heaps, trees, types
from backstay.artifacts.hdf5.headers import Kind, Message, messages, shared_address
from backstay.artifacts.hdf5.source import Fields, Source, shown
from backstay.artifacts.hdf5.types import Dataspace, Datatype

_NAME_TREE = frozenset({8})
_MAX_TEXTS = 100_000


@dataclass(frozen=True)
class Attribute:
    """A value: `at` is the address of its message."""

    name: str
    type: Datatype
    space: Dataspace
    data: bytes = field(repr=False)
    at: int
    source: Source = field(repr=False)

    def values(self) -> Iterator[bytes]:
        """Its elements as bytes: texts without their padding, and what variable-length elements refer to.

        Raises MalformedError and StopError."""
        number = min(self.space.elements, _MAX_TEXTS)
        fields = Fields(self.data, self.source)
        for _ in range(number):
            self.source.exam.step()
            if self.type.kind in {"vlen-string", "vlen"}:
                length, address, index = fields.number(4), fields.offset(), fields.number(4)
                data = heaps.global_object(self.source, address, index) if length and address else b""
                yield data[: length * (self.type.base.size if self.type.base else 1)]
            else:
                yield fields.take(self.type.size).rstrip(b"\x00")

    def text(self) -> bytes:
        """The first of its values."""
        return next(iter(self.values()), b"")


def attributes(source: Source, message: Message) -> Iterator[Attribute]:
    """The attributes that one message of an object's header stands for."""
    if message.kind == Kind.ATTRIBUTE:
        yield _attribute(Fields(body(source, message), source), message.at)
    elif message.kind == Kind.ATTRIBUTE_INFO:
        yield from _dense(source, Fields(message.body, source), message.at)


def datatype_of(source: Source, message: Message) -> Datatype:
    """The type in a datatype message, or the named type that it stands for."""
    return types.datatype(Fields(body(source, message), source))


def body(source: Source, message: Message) -> bytes:
    """The body of a message, or of the one that it stands for when it is shared."""
    if not message.shared:
        return message.body
    for found in messages(source, shared_address(message, source)):
        if found.kind == message.kind and not found.shared:
            return found.body
    raise MalformedError("invalid HDF5 structure", "a shared message that is not there")


def _dense(source: Source, fields: Fields, at: int) -> Iterator[Attribute]:
    fields.skip(1)
    if fields.byte() & 1:
        fields.skip(2)
    heap_address, tree = fields.offset(), fields.offset()
    if source.undefined(heap_address):
        return
    heap = heaps.FractalHeap.read(source, heap_address)
    for record in trees.records(source, tree, _NAME_TREE):
        identifier = record.take(8)
        if record.byte() & 2:
            raise StopError("not read", "the HDF5 table of shared messages")
        yield _attribute(Fields(heap.get(identifier), source), at)


def _attribute(fields: Fields, at: int) -> Attribute:
    source = fields.source
    version, flags = fields.byte(), fields.byte()
    if version not in {1, 2, 3}:
        raise MalformedError("unsupported version", "HDF5 attribute")
    sizes = [fields.number(2) for _ in range(3)]
    if version == 3:
        fields.skip(1)
    parts = []
    for size in sizes:
        parts.append(fields.take(size))
        if version == 1:
            fields.skip(min(fields.left, -size % 8))
    name = shown(parts[0].partition(b"\x00")[0])  # libraries take names as C does
    shared = version > 1 and flags & 1
    kind = datatype_of(source, Message(Kind.DATATYPE, parts[1], at, bool(shared)))
    space = types.dataspace(Fields(parts[2], source))
    return Attribute(name, kind, space, fields.take(fields.left), at, source)
