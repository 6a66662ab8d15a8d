"""Protocol Buffers: walks the fields of a message without its schema, and steps over what nobody asks for.

A message is read in blocks, so a field of a gigabyte costs nothing unless its bytes are asked for. Facts from the
encoding's specification (protobuf.dev/programming-guides/encoding) and the limits of its C++ parser.
"""

import re
import struct
from collections.abc import Collection, Iterator
from functools import cache

from backstay.artifacts.content import Content
from backstay.artifacts.exam import Exam, StopError
from backstay.artifacts.format import Candidate

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
_GROUP, _END_GROUP = 3, 4
MAX_DEPTH = 100  # messages in messages, as the C++ parser allows
MAX_TEXT = 1 << 16  # bytes of a text that are read
_SMALL, _LARGE = 1 << 12, 1 << 18  # bytes of a block: grows while a message is read in order
_COST = 4  # steps of a field
_ROOM = 32  # bytes that a tag and a number need at most, and some


class Walk:
    """What the messages of one file share: whom they tell of damage, and the steps they may take.

    Without an exam it is a probe: damage is remembered, and walking ends quietly when `steps` are spent.
    """

    def __init__(self, exam: Exam | None = None, steps: int = 2_000) -> None:
        self._exam, self._steps = exam, steps
        self.broken = False

    def step(self, number: int) -> None:
        if self._exam is not None:
            self._exam.step(number * _COST)
            return
        self._steps -= number
        if self._steps < 0:
            raise StopError("too many steps")

    def damage(self, reason: str, at: int) -> None:
        """Something is not as it must be: whoever parses this refuses the file or reads something else."""
        if self._exam is not None and not self.broken:
            self._exam.gap(reason, f"at byte {at}")
        self.broken = True


class Field:
    """One field: `value` is its number, or for bytes their length; `at` is where these stand in the content. `cut`
    says that its message ends before it does."""

    __slots__ = ("_data", "_message", "_origin", "at", "cut", "number", "value", "wire")

    def __init__(
        self,
        number: int,
        wire: int,
        value: int,
        at: int,
        message: "Message",
        data: bytes,
        origin: int,
        cut: bool = False,
    ):
        self.cut = cut
        self.number, self.wire, self.value, self.at = number, wire, value, at
        self._message, self._data, self._origin = message, data, origin

    @property
    def content(self) -> Content:
        """What it stands in."""
        return self._message.content

    def message(self) -> "Message":
        """The field as a message of its own. Empty when it holds a number."""
        of = self._message
        size = self.value if self.wire == BYTES else 0
        return Message(of.content, self.at, self.at + size, of.walk, of.depth + 1, self._data, self._origin)

    def bytes(self, limit: int = MAX_TEXT) -> bytes:
        """Its bytes, up to `limit` of them; none when it holds a number."""
        size = min(self.value, limit) if self.wire == BYTES else 0
        start = self.at - self._origin
        if start >= 0 and start + size <= len(self._data):
            return self._data[start : start + size]
        return self._message.content.read(self.at, size)

    def text(self, limit: int = MAX_TEXT) -> str:
        """Its bytes as text; what is no UTF-8 is replaced."""
        return self.bytes(limit).decode("utf-8", "replace")

    def numbers(self, limit: int = 1 << 16) -> list[int]:
        """The varints of a repeated field: this one's, or all of a packed one, up to `limit`."""
        if self.wire != BYTES:
            return [self.value]
        found: list[int] = []
        data, at = self.bytes(limit * 10), 0
        while at < len(data) and len(found) < limit:
            value, at = varint(data, at)
            if at < 0:
                break
            found.append(value)
        return found

    @property
    def signed(self) -> int:
        """Its number as int32 or int64, which are written as 64 bits of two's complement."""
        return signed(self.value)

    @property
    def real(self) -> float:
        """Its fixed bytes as a float or double."""
        if self.wire == FIXED32:
            return float(struct.unpack("<f", self.value.to_bytes(4, "little"))[0])
        return float(struct.unpack("<d", (self.value & (1 << 64) - 1).to_bytes(8, "little"))[0])


class Message:
    """A stretch of content that is a message. Its fields are gone through as often as one likes."""

    __slots__ = ("_data", "_origin", "content", "depth", "end", "start", "walk")

    def __init__(
        self, content: Content, start: int, end: int, walk: Walk, depth: int = 0, data: bytes = b"", origin: int = 0
    ):
        self.content, self.start, self.end, self.walk, self.depth = content, start, end, walk, depth
        self._data, self._origin = data, origin

    @property
    def size(self) -> int:
        return self.end - self.start

    def __iter__(self) -> Iterator[Field]:
        return self.fields()

    def fields(self, wanted: Collection[int] | None = None) -> Iterator[Field]:
        """Its fields in order, or those of the wanted numbers.

        The same field may come several times: parsers take the last of a number or text, and merge messages. A field
        that runs over the end of its message comes cut; with it the message ends. Groups are stepped over.
        """
        walk, data, origin, at, end = self.walk, self._data, self._origin, self.start, self.end
        if self.depth > MAX_DEPTH:
            walk.damage("nested too deeply", at)
            return
        groups, block, count = 0, _SMALL, 0
        while at < end:
            count += 1
            if not count & 63:
                walk.step(64)
            here = at - origin
            if here < 0 or (here + _ROOM > len(data) and origin + len(data) < end):
                block = min(block * 4, _LARGE) if 0 <= here <= len(data) else _SMALL
                look = self.content.glance if block == _SMALL else self.content.read
                data, origin, here = look(at, min(block, end - at)), at, 0
            try:
                tag, here = _varint(data, here)
                wire = tag & 7
                value, here = _value(wire, data, here)
            except IndexError:
                walk.damage("invalid protobuf", at)
                break
            if wire == _GROUP:
                groups += 1
            elif wire == _END_GROUP:
                groups -= 1
            number, start, at = tag >> 3, at, origin + here
            left = end - at
            if not 0 < number < 1 << 29 or left < 0 or groups < 0:
                walk.damage("invalid protobuf", start)
                break
            if wire == BYTES and value > left:
                walk.damage("cut short", start)
                if not groups and (wanted is None or number in wanted):
                    yield Field(number, wire, left, at, self, data, origin, cut=True)
                break
            if groups or wire == _END_GROUP:
                at += value if wire == BYTES else 0
            elif wanted is None or number in wanted:
                yield Field(number, wire, value, at, self, data, origin)
                at += value if wire == BYTES else 0
            elif wire == BYTES:
                at += value
            elif tag < 0x80:
                run = _run(tag).match(data, here, min(len(data), end - origin))
                if run is not None and run.end() > here:
                    walk.step((run.end() - here) >> 6)
                    at = origin + run.end()
        else:
            if groups:
                walk.damage("invalid protobuf", end)
        walk.step(count & 63)

    def first(self, number: int) -> Field | None:
        """The first field of a number."""
        return next(self.fields((number,)), None)

    def text(self, number: int, limit: int = MAX_TEXT) -> str:
        """The text of a field as parsers take it: the last of its number; empty when there is none."""
        found = ""
        for field in self.fields((number,)):
            found = field.text(limit)
        return found


def root(content: Content, exam: Exam) -> Message:
    """All of a file as a message."""
    return Message(content, 0, content.size, Walk(exam))


def probe(content: Content, steps: int = 2_000) -> Message:
    """The same for recognising it: damage is no gap, and StopError is raised after some steps."""
    return Message(content, 0, content.size, Walk(None, steps))


def may_be(candidate: Candidate, suffixes: tuple[str, ...]) -> bool:
    """Whether a candidate can be a message at all; a mere text can only where its name promises one."""
    return bool(candidate.head) and (candidate.binary or candidate.name.endswith(suffixes))


def varint(data: bytes, at: int) -> tuple[int, int]:
    """The number at a place, and the place after it; -1 for that when there is none."""
    try:
        return _varint(data, at)
    except IndexError:
        return 0, -1


def signed(value: int) -> int:
    """A varint's 64 bits as a signed number."""
    return value - (1 << 64) if value >= 1 << 63 else value


def _varint(data: bytes, at: int) -> tuple[int, int]:
    byte = data[at]
    at += 1
    if byte < 0x80:
        return byte, at
    value, shift = byte & 0x7F, 7
    while shift < 70:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value & (1 << 64) - 1, at
        shift += 7
    raise IndexError


def _value(wire: int, data: bytes, at: int) -> tuple[int, int]:
    """What follows a tag: a number, or the length of bytes. Raises IndexError where that is none."""
    if wire in (BYTES, VARINT):
        return _varint(data, at)
    if wire == FIXED32:
        return int.from_bytes(data[at : at + 4], "little"), at + 4
    if wire == FIXED64:
        return int.from_bytes(data[at : at + 8], "little"), at + 8
    if wire in (_GROUP, _END_GROUP):
        return 0, at
    raise IndexError


@cache
def _run(tag: int) -> re.Pattern[bytes]:
    """Numbers of one field that follow each other: a list that is not packed."""
    start = re.escape(bytes([tag]))
    value = {VARINT: rb"[\x80-\xff]{0,9}[\x00-\x7f]", FIXED32: rb".{4}", FIXED64: rb".{8}"}[tag & 7]
    return re.compile(rb"(?:" + start + value + rb")*+", re.DOTALL)
