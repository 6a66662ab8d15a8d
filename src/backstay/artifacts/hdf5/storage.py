"""Storage: where the data of a dataset is, by how much, through which filters, and in which other files."""

from collections.abc import Iterator
from dataclasses import dataclass

from backstay.artifacts.exam import MalformedError, StopError
from backstay.artifacts.hdf5 import heaps, trees
from backstay.artifacts.hdf5.source import Fields, Source, shown

_CHUNKS_BY_TREE = frozenset({10, 11})
# Filters of the library itself and of h5py, and the registered ones that need a plugin of their own.
BUILT_IN = {1: "deflate", 2: "shuffle", 3: "fletcher32", 4: "szip", 5: "nbit", 6: "scaleoffset", 32000: "lzf"}
REGISTERED = {
    305: "lzo", 307: "bzip2", 32001: "blosc", 32002: "mafisc", 32003: "snappy", 32004: "lz4", 32008: "bitshuffle",
    32011: "jpeg", 32012: "vbz", 32013: "zfp", 32014: "fpzip", 32015: "zstd", 32016: "b3d", 32017: "sz",
    32018: "fcidecomp",    32024: "sz3", 32026: "blosc2", 32028: "bitround", 32029: "delta",
}  # fmt: skip


@dataclass(frozen=True)
class Stretch:
    """Bytes of a dataset in the file."""

    at: int
    size: int


@dataclass
class Storage:
    """`way` is a word: "compact", "contiguous", "chunked", "virtual". `at` of -1: no data was ever written.

    `size` of -1: as much as its shape takes. `index` says how chunks are found, `chunk` their shape with the bytes of
    an element last. `heap` is where the sources of a virtual dataset are listed.
    """

    way: str
    at: int = -1
    size: int = 0
    index: str = ""
    chunk: tuple[int, ...] = ()
    heap: tuple[int, int] = (-1, 0)


@dataclass(frozen=True)
class Filter:
    id: int
    name: str


def layout(fields: Fields) -> Storage:
    """The data layout message, versions 1 to 5."""
    source = fields.source
    version = fields.byte()
    if version in {1, 2}:
        return _old_layout(fields)
    if version not in {3, 4, 5}:
        raise MalformedError("unsupported version", f"HDF5 layout {version}")
    way = fields.byte()
    match way:
        case 0:
            return Storage("compact", 0, fields.number(2))
        case 1:
            return Storage("contiguous", _address(fields), fields.length())
        case 2 if version == 3:
            rank = fields.byte()
            at = _address(fields)
            return Storage("chunked", at, index="tree", chunk=tuple(fields.number(4) for _ in range(rank)))
        case 2:
            return _new_chunks(fields)
        case 3:
            return Storage("virtual", heap=(fields.offset(), fields.number(4)))
    raise MalformedError("invalid HDF5 structure", f"layout {way} of a file of {source.size} bytes")


def _old_layout(fields: Fields) -> Storage:
    rank, way = fields.byte(), fields.byte()
    fields.skip(5)
    at = _address(fields) if way else 0
    dims = tuple(fields.number(4) for _ in range(rank))
    if way == 0:
        return Storage("compact", 0, fields.number(4))
    if way == 1:
        return Storage("contiguous", at, -1)  # its size is that of its shape
    return Storage("chunked", at, index="tree", chunk=dims)


def _new_chunks(fields: Fields) -> Storage:
    flags, rank, width = fields.byte(), fields.byte(), fields.byte()
    if not 1 <= width <= 8:
        raise MalformedError("invalid HDF5 structure", f"chunk sizes of {width} bytes")
    chunk = tuple(fields.number(width) for _ in range(rank))
    kind, size = fields.byte(), 0
    match kind:
        case 1:
            if flags & 2:
                size = fields.length()
                fields.skip(4)
            return Storage("chunked", _address(fields), size, "single", chunk)
        case 2:
            return Storage("chunked", _address(fields), 0, "implicit", chunk)
        case 3:
            fields.skip(1)
            return Storage("chunked", _address(fields), 0, "fixed array", chunk)
        case 4:
            fields.skip(5)
            return Storage("chunked", _address(fields), 0, "extensible array", chunk)
        case 5:
            fields.skip(6)
            return Storage("chunked", _address(fields), 0, "second tree", chunk)
    raise MalformedError("invalid HDF5 structure", f"chunks by an index of type {kind}")


def _address(fields: Fields) -> int:
    at = fields.offset()
    return -1 if fields.source.undefined(at) else at


def chunks(source: Source, storage: Storage, filtered: bool, element: int) -> Iterator[Stretch]:
    """Every chunk that is written, where the index is a tree; nothing for other indexes."""
    if storage.at < 0:
        return
    if storage.index == "tree":
        for key, at in trees.children(source, storage.at, 1, 8 + 8 * len(storage.chunk)):
            yield Stretch(at, int.from_bytes(key[:4], "little"))
    elif storage.index == "second tree":
        size = element
        for dim in storage.chunk[:-1]:
            size *= dim
        for record in trees.records(source, storage.at, _CHUNKS_BY_TREE):
            at = record.offset()
            width = record.left - 4 - 8 * (len(storage.chunk) - 1)
            yield Stretch(at, record.number(width) if filtered and 0 < width <= 8 else size)


def filters(fields: Fields) -> list[Filter]:
    """The filter pipeline message, versions 1 and 2."""
    version, number = fields.byte(), fields.byte()
    if version not in {1, 2}:
        raise MalformedError("unsupported version", "HDF5 filter pipeline")
    fields.skip(6 if version == 1 else 0)
    found = []
    for _ in range(number):
        kind = fields.number(2)
        length = fields.number(2) if version == 1 or kind >= 256 else 0
        fields.skip(2)
        values = fields.number(2)
        name = shown(fields.take(length).split(b"\x00")[0])
        fields.skip(4 * values + (4 if version == 1 and values % 2 else 0))
        found.append(Filter(kind, name))
    return found


def external(fields: Fields) -> Iterator[str]:
    """The names of the files that the external data files message lists."""
    source = fields.source
    fields.skip(4)
    fields.skip(2)
    used, heap = fields.number(2), fields.offset()
    for _ in range(used):
        source.exam.step()
        name = fields.length()
        fields.skip(2 * source.lengths)
        yield shown(heaps.local_text(source, heap, name))


def virtual(source: Source, storage: Storage) -> Iterator[tuple[str, str]]:
    """File and dataset of every source of a virtual dataset. Raises StopError for selections that are not read."""
    address, index = storage.heap
    if source.undefined(address) or not address:
        return
    fields = Fields(heaps.global_object(source, address, index), source)
    if fields.byte() > 0:
        raise StopError("not read", "sources of a virtual HDF5 dataset")
    for _ in range(fields.length()):
        source.exam.step()
        file, dataset = shown(fields.text()), shown(fields.text())
        yield file, dataset
        _selection(fields)
        _selection(fields)


def _selection(fields: Fields) -> None:
    """Pass over a selection of elements (section VII.B of the specification)."""
    kind, version = fields.number(4), fields.number(4)
    if version == 1:
        fields.skip(4)
        fields.skip(fields.number(4))
    elif kind == 2 and version == 2:
        fields.skip(1)
        fields.skip(fields.number(4))
    elif kind == 2 and version == 3:
        flags, width, rank = fields.byte(), fields.byte(), fields.number(4)
        fields.skip(4 * rank * width if flags & 1 else 2 * rank * width * fields.number(width))
    elif kind == 1 and version == 2:
        width, rank = fields.byte(), fields.number(4)
        fields.skip(rank * width * fields.number(width))
    elif kind in {0, 3}:
        fields.skip(8)
    else:
        raise StopError("not read", "sources of a virtual HDF5 dataset")
