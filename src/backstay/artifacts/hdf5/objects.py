"""Objects: walks the groups and datasets of an HDF5 file, each once, and tells what was found in it."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from backstay.artifacts.exam import MalformedError, StopError
from backstay.artifacts.hdf5 import attributes, links, storage, types
from backstay.artifacts.hdf5.attributes import Attribute
from backstay.artifacts.hdf5.headers import Kind, Message, messages
from backstay.artifacts.hdf5.links import Link, Way
from backstay.artifacts.hdf5.source import Fields, Source
from backstay.artifacts.hdf5.storage import Filter, Storage
from backstay.artifacts.hdf5.types import Dataspace, Datatype

_COST = 60  # steps of one object: its header, its messages and what is kept of it
_LINK_COST = 40  # steps of one link: what is kept of it until it is followed
_MAX_DEPTH = 200
_MAX_PATH = 2_000


@dataclass
class Thing:
    """One object: a group when it has no shape. `path` begins with "/" and has no slash at its end."""

    path: str
    address: int
    attributes: list[Attribute] = field(default_factory=list)
    links: list[Link] = field(default_factory=list)
    type: Datatype | None = None
    space: Dataspace | None = None
    storage: Storage | None = None
    filters: list[Filter] = field(default_factory=list)
    files: list[str] = field(default_factory=list)  # of its data, beside this one
    odd: list[Message] = field(default_factory=list)
    held: int = 0  # bytes of its attributes

    @property
    def dataset(self) -> bool:
        return self.storage is not None

    @property
    def size(self) -> int:
        """Bytes of its elements, uncompressed."""
        return self.space.elements * self.type.size if self.space and self.type else 0


@dataclass
class Walk:
    """A walk from the root group. `again` are the paths under which an object was met a second time, `cycles` those
    at which a group contains itself."""

    source: Source
    again: list[str] = field(default_factory=list)
    cycles: list[str] = field(default_factory=list)

    def things(self, root: int) -> Iterator[Thing]:
        """Every object, a group before its members. A broken object is a gap, and costs only itself."""
        seen: set[int] = set()
        # Path, address, and the addresses above: a tuple chain costs one cell a level.
        waiting: list[tuple[str, int, _Above | None]] = [("", root, None)]
        while waiting:
            path, address, above = waiting.pop()
            if address in seen:
                kept = self.cycles if _holds(above, address) else self.again
                if len(kept) < 100:
                    kept.append(path)
                continue
            seen.add(address)
            self.source.exam.step(_COST)
            thing = self._thing(path, address)
            yield thing
            inner = _Above(address, above, above.depth + 1 if above else 1)
            if inner.depth > _MAX_DEPTH and thing.links:
                raise StopError("nested too deeply", f"more than {_MAX_DEPTH} groups")
            for link in reversed(thing.links):
                if link.way is Way.HARD:
                    waiting.append((_joined(path, link.name), link.address, inner))

    def _thing(self, path: str, address: int) -> Thing:
        source, thing = self.source, Thing(path or "/", address)
        parts = messages(source, address)
        while True:
            try:
                message = next(parts, None)
                if message is None:
                    return thing
                self._read(thing, message)
            except MalformedError as error:
                source.exam.gap(error.reason, f"{thing.path}: {error.detail}")
                return self._rest(thing, parts)

    def _rest(self, thing: Thing, parts: Iterator[Message]) -> Thing:
        """After a message that could not be read: the others, of which any may be broken too."""
        try:
            for message in parts:
                try:
                    self._read(thing, message)
                except MalformedError as error:
                    self.source.exam.gap(error.reason, f"{thing.path}: {error.detail}")
        except MalformedError:
            pass  # the header itself ends here, and the gap is noted
        return thing

    def _read(self, thing: Thing, message: Message) -> None:
        source = self.source
        fields = Fields(message.body, source)
        match message.kind:
            case Kind.ATTRIBUTE | Kind.ATTRIBUTE_INFO:
                for attribute in attributes.attributes(source, message):
                    thing.held += len(attribute.data) + 200
                    if thing.held > source.exam.limits.text:
                        raise StopError("too large", f"the attributes of {thing.path}")
                    thing.attributes.append(attribute)
            case Kind.LINK | Kind.SYMBOLS | Kind.LINK_INFO:
                for link in links.links(source, message):
                    source.exam.step(_LINK_COST)
                    thing.links.append(link)
            case Kind.DATASPACE:
                thing.space = types.dataspace(Fields(attributes.body(source, message), source))
            case Kind.DATATYPE:
                thing.type = attributes.datatype_of(source, message)
            case Kind.LAYOUT:
                thing.storage = storage.layout(fields)
            case Kind.FILTERS:
                thing.filters = storage.filters(Fields(attributes.body(source, message), source))
            case Kind.EXTERNAL:
                thing.files.extend(storage.external(fields))
            case _ if not message.known:
                thing.odd.append(message)
        if thing.storage and thing.storage.way == "virtual" and message.kind == Kind.LAYOUT:
            thing.files.extend(file for file, _ in storage.virtual(source, thing.storage) if file != ".")


@dataclass(frozen=True)
class _Above:
    address: int
    above: "_Above | None"
    depth: int


def _holds(above: _Above | None, address: int) -> bool:
    while above is not None:
        if above.address == address:
            return True
        above = above.above
    return False


def _joined(path: str, name: str) -> str:
    joined = f"{path}/{name}"
    return joined if len(joined) <= _MAX_PATH else joined[: _MAX_PATH - 1] + "…"
