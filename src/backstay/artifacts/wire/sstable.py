"""Sorted string tables: the keys and values of the table files of LevelDB, which TensorFlow's checkpoints are.

Facts from LevelDB's doc/table_format.md and Snappy's format_description.txt.
"""

from collections.abc import Iterator

from backstay.artifacts.content import Content
from backstay.artifacts.exam import Exam, MalformedError, StopError
from backstay.artifacts.wire.protobuf import varint

MAGIC = bytes.fromhex("57fb808b247547db")
FOOTER = 48
_MAX_BLOCK = 64 << 20
_MAX_KEY = 1 << 16


def entries(content: Content, exam: Exam) -> Iterator[tuple[bytes, bytes]]:
    """All keys and values in order. Raises MalformedError and StopError."""
    footer = content.read(content.size - FOOTER, FOOTER)
    if len(footer) < FOOTER or footer[-8:] != MAGIC:
        raise MalformedError("invalid table", "no footer")
    at = 0
    for _ in range(2):  # the handle of the index of other things
        _, at = _number(footer, at)
    start, at = _number(footer, at)
    size, at = _number(footer, at)
    for _, handle in _block(content, start, size, exam):
        first, where = _number(handle, 0)
        length, _ = _number(handle, where)
        yield from _block(content, first, length, exam)


def _block(content: Content, at: int, size: int, exam: Exam) -> Iterator[tuple[bytes, bytes]]:
    if size > _MAX_BLOCK:
        raise StopError("too large", f"a block of {size} bytes")
    data, kind = content.read(at, size), content.read(at + size, 1)
    if len(data) < size or kind == b"":
        raise MalformedError("cut short", f"a block at byte {at}")
    if kind == b"\1":
        data = _unpacked(data, exam)
    elif kind != b"\0":
        raise StopError("unsupported compression", f"kind {kind[0]}")
    restarts = int.from_bytes(data[-4:], "little")
    end = len(data) - 4 * (restarts + 1)
    if end < 0:
        raise MalformedError("invalid table", f"a block at byte {at}")
    key, place = b"", 0
    while place < end:
        exam.step(4)
        shared, place = _number(data, place)
        rest, place = _number(data, place)
        length, place = _number(data, place)
        if shared > len(key) or shared + rest > _MAX_KEY or place + rest + length > end:
            raise MalformedError("invalid table", f"a block at byte {at}")
        key = key[:shared] + data[place : place + rest]
        yield key, data[place + rest : place + rest + length]
        place += rest + length


def _number(data: bytes, at: int) -> tuple[int, int]:
    value, at = varint(data, at)
    if at < 0:
        raise MalformedError("invalid table", "a number")
    return value, at


def _unpacked(data: bytes, exam: Exam) -> bytes:
    """What Snappy packed."""
    size, at = _number(data, 0)
    if size > _MAX_BLOCK:
        raise StopError("too large", f"a block of {size} bytes")
    exam.expand(size)
    found = bytearray()
    while at < len(data) and len(found) <= size:
        exam.step()
        tag = data[at]
        at += 1
        if tag & 3 == 0:
            length = tag >> 2
            if length >= 60:
                width = length - 59
                length = int.from_bytes(data[at : at + width], "little")
                at += width
            found += data[at : at + length + 1]
            at += length + 1
            continue
        if tag & 3 == 1:
            length, offset = (tag >> 2 & 7) + 4, (tag >> 5) << 8 | int.from_bytes(data[at : at + 1], "little")
            at += 1
        else:
            width = 2 if tag & 3 == 2 else 4
            length, offset = (tag >> 2) + 1, int.from_bytes(data[at : at + width], "little")
            at += width
        if not 0 < offset <= len(found):
            raise MalformedError("invalid compression", "Snappy")
        piece = bytes(found[-offset:])[:length]
        found += (piece * (length // len(piece) + 1))[:length]
    if len(found) != size:
        raise MalformedError("invalid compression", "Snappy")
    return bytes(found)
