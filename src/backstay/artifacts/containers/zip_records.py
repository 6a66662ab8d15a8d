"""Zip records: the structures of a zip archive, as APPNOTE.TXT 6.3.10 of PKWARE gives them, from untrusted bytes."""

import struct
import zlib
from dataclasses import dataclass, field

LOCAL, CENTRAL, END = b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06"
END64, LOCATOR64, DESCRIPTOR = b"PK\x06\x06", b"PK\x06\x07", b"PK\x07\x08"
LOCAL_SIZE, CENTRAL_SIZE, END_SIZE, END64_SIZE, LOCATOR64_SIZE = 30, 46, 22, 56, 20

ENCRYPTED, DESCRIBED, PATCHED, STRONG, UTF8, MASKED = 0x1, 0x8, 0x20, 0x40, 0x800, 0x2000
_ANY16, _ANY32 = 0xFFFF, 0xFFFFFFFF  # "look in the ZIP64 field"
_LINK, _TYPE = 0o120000, 0o170000


@dataclass(frozen=True)
class Header:
    """What a central or a local header says of a member. `offset` is of the local header, in the archive's content."""

    raw: bytes = field(repr=False)
    flags: int
    method: int
    crc: int
    packed: int  # bytes in the archive
    size: int  # bytes of the member
    offset: int
    data: int = -1  # where the data begins; only a local header says it
    mode: int = 0  # of UNIX; 0 where the archive does not say
    other: str = ""  # a second name, of the Info-ZIP Unicode path field
    wide: bool = False  # its sizes stand in a ZIP64 field

    @property
    def name(self) -> str:
        return decoded(self.raw, self.flags)

    @property
    def is_link(self) -> bool:
        return self.mode & _TYPE == _LINK

    @property
    def is_encrypted(self) -> bool:
        return bool(self.flags & (ENCRYPTED | STRONG))

    @property
    def end(self) -> int:
        return self.data + self.packed


def decoded(raw: bytes, flags: int) -> str:
    """A member's name as text."""
    if raw.isascii():
        return raw.decode("ascii")
    return raw.decode("utf-8", "replace") if flags & UTF8 else raw.decode("cp437")


def central(data: bytes, at: int, shift: int) -> tuple[Header, int] | None:
    """The central header at `at`, and where the next one begins; None when there is none."""
    if data[at : at + 4] != CENTRAL or at + CENTRAL_SIZE > len(data):
        return None
    (
        made, _, flags, method, _, crc, packed, size, name, extra, comment, _, _, outside, offset,
    ) = struct.unpack_from("<HHHHIIIIHHHHHII", data, at + 4)  # fmt: skip
    start = at + CENTRAL_SIZE
    raw = data[start : start + name]
    if len(raw) < name:
        return None
    fields = _fields(data[start + name : start + name + extra])
    wide = fields.get(1, b"")
    places = iter(struct.unpack(f"<{min(3, len(wide) // 8)}Q", wide[: min(3, len(wide) // 8) * 8]))
    size = next(places, size) if size == _ANY32 else size
    packed = next(places, packed) if packed == _ANY32 else packed
    offset = next(places, offset) if offset == _ANY32 else offset
    mode = outside >> 16 if made >> 8 in (3, 19) else 0  # UNIX, macOS
    header = Header(
        raw, flags, method, crc, packed, size, offset + shift, mode=mode, other=_unicode(fields, raw), wide=bool(wide)
    )
    return header, start + name + extra + comment


def local(data: bytes, at: int) -> Header | None:
    """The local header that `data`, read at `at` of the archive, begins with; None when there is none, or less than
    all of it: `reach` says how much that is."""
    if len(data) < LOCAL_SIZE or data[:4] != LOCAL:
        return None
    _, flags, method, _, crc, packed, size, name, extra = struct.unpack_from("<HHHIIIIHH", data, 4)
    start = LOCAL_SIZE + name
    fields = _fields(data[start : start + extra])
    wide = fields.get(1, b"")
    if len(wide) >= 16 and _ANY32 in (size, packed):
        size, packed = struct.unpack_from("<QQ", wide)
    return Header(
        data[LOCAL_SIZE:start], flags, method, crc, packed, size, at, data=at + start + extra,
        other=_unicode(fields, data[LOCAL_SIZE:start]), wide=bool(wide),
    )  # fmt: skip


def reach(data: bytes) -> int:
    """How long the local header is that `data` begins with."""
    if len(data) < LOCAL_SIZE:
        return LOCAL_SIZE
    return LOCAL_SIZE + int.from_bytes(data[26:28], "little") + int.from_bytes(data[28:30], "little")


def _fields(extra: bytes) -> dict[int, bytes]:
    found: dict[int, bytes] = {}
    at = 0
    while at + 4 <= len(extra):
        kind, length = struct.unpack_from("<HH", extra, at)
        found.setdefault(kind, extra[at + 4 : at + 4 + length])
        at += 4 + length
    return found


def _unicode(fields: dict[int, bytes], raw: bytes) -> str:
    """The name of an Info-ZIP Unicode path field that is valid for the name it stands beside."""
    path = fields.get(0x7075, b"")
    if len(path) < 5 or path[0] != 1 or int.from_bytes(path[1:5], "little") != zlib.crc32(raw):
        return ""
    return path[5:].decode("utf-8", "replace")


@dataclass(frozen=True)
class End:
    """An end of central directory record, with what its ZIP64 record says where there is one."""

    at: int
    stop: int  # where its comment ends
    entries: int
    length: int  # of the directory
    offset: int  # of the directory, as written
    foot: int  # where the first of the end records stands: the directory ends there
    narrow: tuple[int, int, int]  # entries, length, offset of the record itself

    @property
    def disagrees(self) -> bool:
        """Whether the record and its ZIP64 record both say something, and not the same."""
        wide = (self.entries, self.length, self.offset)
        return any(
            one not in (most, other)
            for one, other, most in zip(self.narrow, wide, (_ANY16, _ANY32, _ANY32), strict=True)
        )


def end(data: bytes, at: int, base: int, far: bytes = b"", foot: int = -1) -> End | None:
    """The record at `at` of `data`, which was read at `base` of the archive; None when it is cut off. `far` is what
    stands where a ZIP64 locator points, and `foot` that place."""
    if at + END_SIZE > len(data):
        return None
    _, _, _, entries, length, offset, comment = struct.unpack_from("<HHHHIIH", data, at + 4)
    narrow = (entries, length, offset)
    if len(far) >= END64_SIZE and far[:4] == END64:
        entries, length, offset = struct.unpack_from("<QQQ", far, 32)
    else:
        foot = base + at
    return End(base + at, base + at + END_SIZE + comment, entries, length, offset, foot, narrow)


def locator(data: bytes, at: int) -> int:
    """Where the ZIP64 locator before the record at `at` points; -1 when there is none."""
    start = at - LOCATOR64_SIZE
    if start < 0 or data[start : start + 4] != LOCATOR64:
        return -1
    return int(struct.unpack_from("<Q", data, start + 8)[0])
