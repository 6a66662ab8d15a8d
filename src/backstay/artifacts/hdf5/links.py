"""Links: the members of a group, in every form that HDF5 stores them."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from backstay.artifacts.exam import MalformedError
from backstay.artifacts.hdf5 import heaps, trees
from backstay.artifacts.hdf5.headers import Kind, Message
from backstay.artifacts.hdf5.source import Fields, Source, shown

_NAME_TREE = frozenset({5})


class Way(Enum):
    """How a link leads to an object."""

    HARD = "hard"
    SOFT = "soft"
    EXTERNAL = "external"
    PLUGIN = "user-defined"


@dataclass(frozen=True)
class Link:
    """`address` is that of a hard link's object; `file` and `target` are what other links name. `at` is the address
    of the link itself."""

    name: str
    way: Way
    at: int
    address: int = -1
    file: str = ""
    target: str = ""


def links(source: Source, message: Message) -> Iterator[Link]:
    """The links that one message of a group's header stands for."""
    if message.kind == Kind.LINK:
        yield _link(Fields(message.body, source), message.at)
    elif message.kind == Kind.SYMBOLS:
        fields = Fields(message.body, source)
        yield from _symbols(source, fields.offset(), fields.offset())
    elif message.kind == Kind.LINK_INFO:
        yield from _dense(source, Fields(message.body, source), message.at)


def _link(fields: Fields, at: int) -> Link:
    version, flags = fields.byte(), fields.byte()
    if version != 1:
        raise MalformedError("unsupported version", "HDF5 link")
    kind = fields.byte() if flags & 8 else 0
    fields.skip((8 if flags & 4 else 0) + (1 if flags & 16 else 0))
    name = shown(fields.take(fields.number(1 << (flags & 3))).partition(b"\x00")[0])
    if kind == 0:
        return Link(name, Way.HARD, at, fields.offset())
    value = fields.take(fields.number(2))
    if kind == 1:
        return Link(name, Way.SOFT, at, target=shown(value))
    if kind == 64:
        file, _, target = value[1:].partition(b"\x00")
        return Link(name, Way.EXTERNAL, at, file=shown(file), target=shown(target.rstrip(b"\x00")))
    return Link(name, Way.PLUGIN, at, target=f"class {kind}")


def _symbols(source: Source, tree: int, heap: int) -> Iterator[Link]:
    """The older form: a tree of nodes of symbols, whose names are in a local heap."""
    size = 2 * source.offsets + 24
    seen: set[int] = set()
    for _, node in trees.children(source, tree, 0, source.lengths):
        if node in seen:
            raise MalformedError("invalid HDF5 structure", f"the node at {node} stands twice in a group")
        seen.add(node)
        head = source.signed(node, 8, b"SNOD")
        head.skip(2)
        number = head.number(2)
        source.exam.step(number)
        body = source.block(node + 8, number * size)
        for index in range(number):
            at = node + 8 + index * size
            name, address = shown(heaps.local_text(source, heap, body.offset())), body.offset()
            kind = body.number(4)
            body.skip(4)
            scratch = Fields(body.take(16), source)
            if kind == 2:
                yield Link(name, Way.SOFT, at, target=shown(heaps.local_text(source, heap, scratch.number(4))))
            else:
                yield Link(name, Way.HARD, at, address)


def _dense(source: Source, fields: Fields, at: int) -> Iterator[Link]:
    """The newer form of large groups: link messages in a fractal heap, found by a tree of their names."""
    fields.skip(1)
    if fields.byte() & 1:
        fields.skip(8)
    heap_address, tree = fields.offset(), fields.offset()
    if source.undefined(heap_address):
        return
    heap = heaps.FractalHeap.read(source, heap_address)
    for record in trees.records(source, tree, _NAME_TREE):
        record.skip(4)
        yield _link(Fields(heap.get(record.take(record.left)), source), at)
