"""Superblock: where an HDF5 file begins, how wide its numbers are, where it ends, and where its root group is."""

from dataclasses import dataclass

from backstay.artifacts.content import Content
from backstay.artifacts.exam import Exam, MalformedError
from backstay.artifacts.hdf5.source import SIGNATURE, Source

_WIDTHS = (2, 4, 8, 16, 32)


@dataclass(frozen=True)
class Superblock:
    """`end` is the address behind the last byte of the file as declared; `driver` whether a driver is named that
    spreads it over several files. Addresses count from the place of the superblock, whatever base it states: so
    libraries take them, and shift the declared end by the difference."""

    source: Source
    version: int
    end: int
    root: int
    extension: int | None = None
    driver: bool = False


def places(size: int) -> list[int]:
    """Where a superblock may stand: at the start, at byte 512, and at each double of that."""
    found, at = [0], 512
    while at + len(SIGNATURE) <= size:
        found.append(at)
        at *= 2
    return found


def find(content: Content) -> int:
    """Where the superblock is; -1 where there is none."""
    return next((at for at in places(content.size) if content.read(at, len(SIGNATURE)) == SIGNATURE), -1)


def read(content: Content, exam: Exam) -> Superblock:
    """Raises MalformedError when there is none, or one of an unknown version."""
    base = find(content)
    if base < 0:
        raise MalformedError("invalid HDF5 structure", "no superblock")
    source = Source(content, exam, base)
    head = source.block(0, min(128, source.size))
    head.skip(len(SIGNATURE))
    version = head.byte()
    if version > 3:
        raise MalformedError("unsupported version", f"HDF5 superblock {version}")
    if version >= 2:
        source.offsets, source.lengths = _width(head.byte()), _width(head.byte())
        head.skip(1)
        stated, extension, end, root = head.offset(), head.offset(), head.offset(), head.offset()
        return Superblock(source, version, end - stated, root, None if source.undefined(extension) else extension)
    head.skip(4)
    source.offsets, source.lengths = _width(head.byte()), _width(head.byte())
    head.skip(1 + 2 + 2 + 4 + (4 if version == 1 else 0))
    stated = head.offset()
    head.skip(source.offsets)
    end, driver = head.offset(), head.offset()
    head.skip(source.offsets)
    root = head.offset()
    return Superblock(source, version, end - stated, root, driver=not source.undefined(driver))


def _width(number: int) -> int:
    if number not in _WIDTHS:
        raise MalformedError("invalid HDF5 structure", f"numbers of {number} bytes")
    return number
