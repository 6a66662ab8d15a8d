"""Heaps: local heaps (names), global heap collections (texts of any length) and fractal heaps (many links or
attributes of one object)."""

from dataclasses import dataclass, field

from backstay.artifacts.exam import MalformedError, StopError
from backstay.artifacts.hdf5 import trees
from backstay.artifacts.hdf5.source import Fields, Source

_KEPT = 16 << 20  # bytes of heaps that are kept for the next look
_LONGEST = 1 << 16  # bytes of a name
_HUGE = frozenset({1, 2, 3, 4})


def local_segment(source: Source, address: int) -> bytes:
    """The data segment of the local heap at an address."""
    kept = source.segments.get(address)
    if kept is not None:
        return kept
    head = source.signed(address, 8 + 2 * source.lengths + source.offsets, b"HEAP")
    head.skip(4)
    size = head.length()
    head.skip(source.lengths)
    return _keep(source, address, source.read(head.offset(), size))


def local_text(source: Source, address: int, offset: int) -> bytes:
    """A text in a local heap."""
    segment = local_segment(source, address)
    end = segment.find(b"\x00", offset, offset + _LONGEST)
    if not 0 <= offset < len(segment) or end < 0:
        raise MalformedError("invalid HDF5 structure", f"no name at {offset} of the heap at {address}")
    return segment[offset:end]


def global_object(source: Source, address: int, index: int) -> bytes:
    """An object of the global heap collection at an address."""
    collection = source.segments.get(address)
    if collection is None:
        head = source.signed(address, 8 + source.lengths, b"GCOL")
        head.skip(4)
        collection = _keep(source, address, source.read(address, head.length()))
    places = source.collections.get(address)
    if places is None:
        places = source.collections[address] = _places(source, collection)
    at, size = places.get(index, (0, -1))
    if size < 0 or at + size > len(collection):
        raise MalformedError("invalid HDF5 structure", f"no object {index} in the collection at {address}")
    source.charge(size)
    return collection[at : at + size]


def _places(source: Source, collection: bytes) -> dict[int, tuple[int, int]]:
    """Where each object of a collection is, and its size."""
    found: dict[int, tuple[int, int]] = {}
    block = Fields(collection, source, 8 + source.lengths)
    while block.left >= 8 + source.lengths:
        source.exam.step()
        index = block.number(2)
        block.skip(6)
        size = block.length()
        if index == 0:
            break
        found.setdefault(index, (block.at, size))
        block.skip(min(block.left, -(-size // 8) * 8))
    return found


def _keep(source: Source, address: int, data: bytes) -> bytes:
    if sum(map(len, source.segments.values())) + len(data) > _KEPT:
        source.segments.clear()
        source.collections.clear()
    source.segments[address] = data
    return data


@dataclass
class FractalHeap:
    """A fractal heap: objects by the ids that trees hold."""

    source: Source
    id_length: int = 0
    filtered: bool = False
    huge_tree: int = 0
    width: int = 0
    start: int = 0
    largest: int = 0
    bits: int = 0
    root: int = 0
    rows: int = 0
    direct_head: int = 0
    offset_size: int = 0
    length_size: int = 0
    _blocks: dict[int, int] = field(default_factory=dict)  # place of a direct block in the heap -> its address
    _huge: dict[int, tuple[int, int]] | None = None

    @classmethod
    def read(cls, source: Source, address: int) -> "FractalHeap":
        size = 22 + 12 * source.lengths + 3 * source.offsets
        head = source.signed(address, min(size, source.size - address), b"FRHP")
        heap = cls(source)
        head.skip(1)
        heap.id_length, filters, flags, most = head.number(2), head.number(2), head.byte(), head.number(4)
        heap.filtered = filters > 0
        head.skip(source.lengths)
        heap.huge_tree = head.offset()
        head.skip(source.lengths + source.offsets + 8 * source.lengths)
        heap.width, heap.start, heap.largest, heap.bits = head.number(2), head.length(), head.length(), head.number(2)
        head.skip(2)
        heap.root, heap.rows = head.offset(), head.number(2)
        if not (0 < heap.width <= 1024 and 0 < heap.start <= heap.largest and 0 < heap.bits <= 64):
            raise MalformedError("invalid HDF5 structure", f"a fractal heap at {address}")
        heap.offset_size = -(-heap.bits // 8)
        heap.length_size = min(((heap.largest.bit_length() - 1) + 7) // 8, (max(1, most).bit_length() - 1) // 8 + 1)
        heap.direct_head = 5 + source.offsets + heap.offset_size + (4 if flags & 2 else 0)
        return heap

    def get(self, identifier: bytes) -> bytes:
        """The object of an id. Raises StopError for what is compressed."""
        fields = Fields(identifier, self.source)
        first = fields.byte()
        if self.filtered:
            raise StopError("not read", "a compressed fractal heap")
        match first >> 4 & 3:
            case 0:
                return self._managed(fields.number(self.offset_size), fields.number(self.length_size))
            case 1:
                return self._huge_object(fields)
            case 2:
                if self.id_length > 17:
                    return fields.take(((first & 15) << 8 | fields.byte()) + 1)
                return fields.take((first & 15) + 1)
        raise MalformedError("invalid HDF5 structure", "a heap id of an unknown type")

    def _huge_object(self, fields: Fields) -> bytes:
        source = self.source
        if self.id_length >= 1 + source.offsets + source.lengths:
            return source.read(fields.offset(), fields.length())
        if self._huge is None:
            self._huge = {}
            for record in trees.records(source, self.huge_tree, _HUGE):
                at, length = record.offset(), record.length()
                self._huge[record.number(source.lengths)] = (at, length)
        found = self._huge.get(fields.number(min(fields.left, source.lengths)))
        if found is None:
            raise MalformedError("invalid HDF5 structure", "a huge object that is not in its tree")
        return source.read(*found)

    def _managed(self, offset: int, length: int) -> bytes:
        """Bytes at a place of the heap's own address space, which runs through its blocks and their heads."""
        if self.rows == 0:
            return self.source.read(self._checked(self.root, 0, self.start, offset, length), length)
        at, base, rows = self.root, 0, self.rows
        for _ in range(64):
            self.source.exam.step()
            row, column, place, size = self._cell(offset - base, rows)
            child = self._child(at, rows, row, column)
            place += base
            if row < self.direct_rows:
                return self.source.read(self._checked(child, place, size, offset, length), length)
            at, base, rows = child, place, (size // (self.start * self.width)).bit_length()
        raise MalformedError("invalid HDF5 structure", "a fractal heap without end")

    def _checked(self, address: int, place: int, size: int, offset: int, length: int) -> int:
        if self.source.undefined(address) or offset < place or offset + length > place + size:
            raise MalformedError("invalid HDF5 structure", "an object outside its heap")
        if address not in self._blocks:
            self.source.signed(address, self.direct_head, b"FHDB")
            self._blocks[address] = place
        return address + offset - place

    @property
    def direct_rows(self) -> int:
        return self.largest.bit_length() - self.start.bit_length() + 2

    def _cell(self, offset: int, rows: int) -> tuple[int, int, int, int]:
        """Row, column, place and size of the block that holds an offset of an indirect block's space."""
        place = 0
        for row in range(rows):
            size = self.start << max(0, row - 1)
            if offset < place + size * self.width:
                column = (offset - place) // size
                return row, column, place + column * size, size
            place += size * self.width
        raise MalformedError("invalid HDF5 structure", "an object outside its heap")

    def _child(self, at: int, rows: int, row: int, column: int) -> int:
        source = self.source
        head = 5 + source.offsets + self.offset_size
        source.signed(at, 4, b"FHIB")
        del rows
        return source.block(at + head + (row * self.width + column) * source.offsets, source.offsets).offset()
