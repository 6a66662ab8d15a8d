"""Trees: both forms of HDF5's B-trees, walked once over each node."""

from collections.abc import Iterator
from dataclasses import dataclass

from backstay.artifacts.exam import MalformedError
from backstay.artifacts.hdf5.source import Fields, Source

_MAX_LEVELS = 64
_OVERHEAD = 10  # signature, version, type and checksum of a node of the second form


def children(source: Source, address: int, kind: int, key: int) -> Iterator[tuple[bytes, int]]:
    """The leaves of a tree of the first form (kind 0 groups, 1 chunks): the key before each and its address.

    `key` is the size of a key in bytes.
    """
    waiting: list[tuple[int, int]] = [(address, _MAX_LEVELS)]
    seen: set[int] = set()
    while waiting:
        at, above = waiting.pop()
        if at in seen:
            raise MalformedError("invalid HDF5 structure", f"a tree comes back to {at}")
        seen.add(at)
        source.exam.step()
        head = source.signed(at, 8 + 2 * source.offsets, b"TREE")
        found, level, used = head.byte(), head.byte(), head.number(2)
        if found != kind or level >= above:
            raise MalformedError("invalid HDF5 structure", f"a tree of kind {found} and level {level} at {at}")
        body = source.block(at + 8 + 2 * source.offsets, used * (key + source.offsets))
        entries = [(body.take(key), body.offset()) for _ in range(used)]
        source.exam.step(used)
        if level == 0:
            yield from entries
        else:
            waiting.extend((child, level) for _, child in reversed(entries))


@dataclass(frozen=True)
class _Header:
    kind: int
    node: int
    record: int
    depth: int
    root: int
    records: int


def records(source: Source, address: int, kinds: frozenset[int]) -> Iterator[Fields]:
    """The records of a tree of the second form, which has to be of one of some types."""
    head = source.signed(address, 22 + source.offsets + source.lengths, b"BTHD")
    head.skip(1)
    header = _Header(head.byte(), head.number(4), head.number(2), head.number(2), 0, 0)
    head.skip(2)
    root, number = head.offset(), head.number(2)
    if header.kind not in kinds or header.record < 1 or header.node < 32 or header.depth >= _MAX_LEVELS:
        raise MalformedError("invalid HDF5 structure", f"a tree of type {header.kind} at {address}")
    if source.undefined(root) or not number:
        return
    widths = _widths(header, source.offsets)
    waiting = [(root, number, header.depth)]
    seen: set[int] = set()
    while waiting:
        at, number, depth = waiting.pop()
        if at in seen:
            raise MalformedError("invalid HDF5 structure", f"a tree comes back to {at}")
        seen.add(at)
        source.exam.step(number + 1)
        if number * header.record + _OVERHEAD > header.node:
            raise MalformedError("invalid HDF5 structure", f"{number} records in a node of {header.node} bytes")
        block = source.signed(at, header.node, b"BTIN" if depth else b"BTLF")
        block.skip(2)
        for _ in range(number):
            yield Fields(block.take(header.record), source)
        if depth:
            count, total = widths[depth - 1]
            for _ in range(number + 1):
                waiting.append((block.offset(), block.number(count), depth - 1))
                block.skip(total)


def _widths(header: _Header, offsets: int) -> list[tuple[int, int]]:
    """For each depth from the leaves up, the bytes of the two counts that a pointer to such a node has."""
    most = (header.node - _OVERHEAD) // header.record
    count = _bytes(most)
    found, total, all_below = [(count, 0)], 0, most
    for _ in range(header.depth):
        pointer = offsets + count + total
        most = (header.node - _OVERHEAD - pointer) // (header.record + pointer)
        all_below = (most + 1) * all_below + most
        total = _bytes(all_below)
        found.append((count, total))
    return found


def _bytes(number: int) -> int:
    """How many bytes the format gives a count of at most this."""
    return max(1, (max(1, number).bit_length() - 1) // 8 + 1)
