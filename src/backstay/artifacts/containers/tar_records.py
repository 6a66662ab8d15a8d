"""Tar records: the headers of tar archives (POSIX ustar and pax, GNU and old ones), from untrusted bytes."""

from dataclasses import dataclass, field

BLOCK = 512
_PLACES = (b"path", b"linkpath", b"size", b"GNU.sparse.name")
_ZEROS = bytes(BLOCK)


@dataclass(frozen=True)
class Header:
    """One header block. `type` is its letter; `sum` says whether its check sum is right."""

    name: str
    size: int
    type: str
    link: str
    sum: bool
    sparse: bool = field(default=False)


def header(block: bytes) -> Header | None:
    """What a header block says; None when it is none: shorter, empty, or numbers that are no numbers."""
    if len(block) < BLOCK or block == _ZEROS:
        return None
    size, said = number(block[124:136]), number(block[148:156])
    if size is None or said is None or size < 0:
        return None
    plain = sum(block) - sum(block[148:156]) + 8 * 32
    name = _text(block[:100])
    if block[257:263] == b"ustar\0" and block[345] and (prefix := _text(block[345:500])):
        name = f"{prefix}/{name}"
    kind = chr(block[156]) if block[156] else "0"
    return Header(name, size, kind, _text(block[157:257]), said in (plain, _signed(block)), kind == "S")


def is_header(block: bytes) -> bool:
    """Whether a block is a header, by its check sum: what tells a tar archive that has no magic bytes."""
    if len(block) < BLOCK or not (block[257:262] == b"ustar" or _old(block)):
        return False
    found = header(block)
    return found is not None and found.sum


def number(digits: bytes) -> int | None:
    """A number in octal digits, or in base 256 as GNU writes large ones."""
    if digits[:1] in (b"\x80", b"\xff"):
        value = int.from_bytes(digits[1:], "big")
        return value - (1 << 8 * (len(digits) - 1)) if digits[0] == 0xFF else value
    text = digits.split(b"\0")[0].strip()
    if not text:
        return 0
    return int(text, 8) if all(0x30 <= one <= 0x37 for one in text) else None


def pax(data: bytes) -> dict[str, str]:
    """The records of a pax header (`length key=value`) that say where a member is; the last of a key counts, and what
    is malformed ends it. Of the keys of sparse files one stands for all but the name."""
    found: dict[str, str] = {}
    at = 0
    while at < len(data):
        blank = data.find(b" ", at, at + 20)
        digits = data[at:blank] if blank > at else b""
        if not digits.isdigit():
            break
        stop = at + int(digits)
        key, equals, value = data[blank + 1 : stop - 1].partition(b"=")
        if stop <= blank or stop > len(data) or not equals:
            break
        if key in _PLACES:
            found[key.decode()] = value.decode("utf-8", "replace")
        elif key.startswith(b"GNU.sparse."):
            found["GNU.sparse"] = ""
        at = stop
    return found


def _signed(block: bytes) -> int:
    """The sum as some old programs made it, of signed bytes."""
    rest = block[:148] + b" " * 8 + block[156:]
    return sum(one - 256 if one > 127 else one for one in rest)


def _old(block: bytes) -> bool:
    """A header from before POSIX: no magic bytes, and zeros where those would stand."""
    return not block[257:BLOCK].strip(b"\0") and bool(block[0]) and block[99:100] == b"\0"


def _text(raw: bytes) -> str:
    return raw.split(b"\0")[0].decode("utf-8", "replace")
