"""Zip member: the content of one member of a zip archive, checked against what its headers say."""

import bz2
import lzma
import zlib
from collections.abc import Callable, Iterator

from backstay.artifacts.containers import payloads, streams
from backstay.artifacts.containers.spool import Drawn, Meter, spooled
from backstay.artifacts.containers.zip_records import Header
from backstay.artifacts.containers.zip_survey import Entry
from backstay.artifacts.content import Content
from backstay.artifacts.exam import Exam, MalformedError, StopError
from backstay.artifacts.report import Sign

STORED, DEFLATED = 0, 8
_SUMMED = 64 << 20  # bytes of an allegedly encrypted member that are looked through
_PICKLE = (b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05")


def _zip_lzma(source: Content, header: Header, data: int) -> streams.Decoder:
    """LZMA as zip has it (APPNOTE 5.8.8): a version, the length of the properties, the properties, and no size."""
    head = source.glance(data, 9)
    if len(head) < 9 or head[2:4] != b"\x05\x00":
        raise MalformedError("broken stream", "LZMA properties")
    # The same with a size that says "until the end mark or the end" is LZMA alone.
    decoder = lzma.LZMADecompressor(lzma.FORMAT_ALONE, memlimit=128 << 20)
    decoder.decompress(head[4:9] + header.size.to_bytes(8, "little"))
    return decoder


_DECODERS: dict[int, tuple[int, Callable[[Content, Header, int], streams.Decoder]]] = {
    DEFLATED: (0, lambda source, header, data: streams.Inflater(-15)),
    12: (0, lambda source, header, data: bz2.BZ2Decompressor()),
    14: (9, _zip_lzma),
    93: (0, lambda source, header, data: streams.Unzstd()),
    95: (0, lambda source, header, data: streams.xz()),
}


def opened(archive: Content, entry: Entry, exam: Exam, misfits: Callable[[Entry], None]) -> Content:
    """The content of a member. Raises StopError for what cannot be read, MalformedError for what is not there.

    `misfits` is told of a member whose CRC is not that of its content, once all of that has been read.
    """
    header, local, name = entry.header, entry.local, entry.name
    if local is None:
        raise MalformedError("invalid member", f"{name}: no local header")
    data = local.data
    if data + header.packed > archive.size:
        exam.gap("truncated", f"{name}: {data + header.packed - archive.size} bytes are missing")
    if header.is_encrypted or local.is_encrypted:
        return _decrypted(archive, entry, exam)
    if header.method == STORED:
        return archive.part(data, header.packed)
    return _drawn(archive, entry, exam, misfits)


def _drawn(archive: Content, entry: Entry, exam: Exam, misfits: Callable[[Entry], None]) -> Content:
    header, name = entry.header, entry.name
    pieces = _pieces(archive, entry, header.method, exam)
    if header.packed > _longest(header):
        message = f"said to have {header.size} bytes, of {header.packed} compressed"
        exam.note(Sign.DECEIVES, name, message, header.offset)
        return spooled(pieces, exam)
    sum_ = _Sum()

    def ended(content: Drawn) -> None:
        if content.failed:
            return
        more = content.over or (header.method != 14 and _more(content.pieces))
        if more or content.drawn < content.size:
            word = "more" if more else "fewer"
            message = f"holds {word} than the {header.size} bytes it is said to have: readers disagree on its content"
            exam.note(Sign.DECEIVES, name, message, header.offset)
        elif sum_.value != header.crc:
            misfits(entry)

    return Drawn(header.size, sum_.over(pieces), exam, name, ended)


def _longest(header: Header) -> int:
    """How many bytes the compressed data can have at most of what it is said to hold."""
    if header.method == DEFLATED:  # five bytes for every block that is stored as it is
        return header.size + 5 * (header.size // 8192 + 1) + 8
    return header.size + header.size // 8 + 128


def _pieces(archive: Content, entry: Entry, method: int, exam: Exam) -> Iterator[bytes]:
    header, local = entry.header, entry.local
    if method not in _DECODERS or local is None:
        raise StopError("unsupported compression", f"{entry.name}: method {method}")
    skipped, make = _DECODERS[method]
    meter = Meter(exam, entry.name)
    decoder = make(archive, header, local.data)
    return streams.one(archive, local.data + skipped, local.data + header.packed, decoder, meter)


def _more(pieces: Iterator[bytes]) -> bool:
    try:
        return any(pieces)
    except (StopError, MalformedError):
        return False


class _Sum:
    """The CRC of what runs through."""

    def __init__(self) -> None:
        self.value = 0

    def over(self, pieces: Iterator[bytes]) -> Iterator[bytes]:
        for piece in pieces:
            self.value = zlib.crc32(piece, self.value)
            yield piece


def _decrypted(archive: Content, entry: Entry, exam: Exam) -> Content:
    """A member that is said to be encrypted: some loaders do not look at that, and it can be a lie."""
    header, local, name = entry.header, entry.local, entry.name
    if local is None or max(header.packed, header.size) > _SUMMED:
        raise StopError("encrypted", name)
    plain: Content = archive.part(local.data, header.packed)
    if header.method != STORED:
        if header.method not in _DECODERS:
            raise StopError("encrypted", name)
        try:
            data = b"".join(_pieces(archive, entry, header.method, exam))
        except MalformedError:
            raise StopError("encrypted", name) from None
        plain = spooled(iter([data]), exam)
    elif not _begins(plain.read(0, 4096)) and crc(plain) != header.crc:
        raise StopError("encrypted", name)
    message = "marked as encrypted and is not: some readers refuse it, and others load it"
    exam.note(Sign.DECEIVES, name, message, header.offset)
    return plain


def _begins(head: bytes) -> bool:
    """Whether these are the first bytes of something that a loader would take."""
    return head[:2] in _PICKLE or head[:4] == b"PK\x03\x04" or head[:6] == b"\x93NUMPY" or bool(payloads.kind(head))


def crc(content: Content) -> int:
    """The CRC-32 of all of a content."""
    value = 0
    for piece in content.chunks():
        value = zlib.crc32(piece, value)
    return value
