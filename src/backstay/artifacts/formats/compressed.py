"""Compressed files: gzip, zlib, bzip2, xz, lzma, lz4 and zstd, decompressed within the budget and read as what they
hold."""

import re
from collections.abc import Callable

from backstay.artifacts.containers import streams, tail
from backstay.artifacts.containers.spool import Meter, Spool
from backstay.artifacts.content import Content
from backstay.artifacts.exam import Exam
from backstay.artifacts.format import Candidate, Format, Role

_ZLIB = {0x01, 0x5E, 0x9C, 0xDA}  # the second byte after 0x78, by level
_SKIPPABLE = range(0x184D2A50, 0x184D2A60)
_FIRST = 512  # bytes that a weak beginning must decompress to
# What a weakly marked stream must hold to be taken for one: a pickle, an array, an archive, a JSON text.
_KNOWN = (
    b"\x80\x02",
    b"\x80\x03",
    b"\x80\x04",
    b"\x80\x05",
    b"\x93NUMPY",
    b"PK\x03\x04",
    b"\x89HDF",
    b"GGUF",
)
# A JSON object, or a pickle of protocol 0 or 1: a global, or a container that is put into the memo.
_TEXTUAL = re.compile(
    rb"""\s*\{\s*"[^"]*"\s*:|[(\]})]{0,4}(?:[ci][A-Za-z_][\w.]{0,80}\n[A-Za-z_]\w{0,80}\n|[dl]p\d{1,9}\n|q\0)"""
)


def _gzip(head: bytes) -> bool:
    return head[:3] == b"\x1f\x8b\x08" and len(head) >= 18 and not head[3] & 0xE0


def _bzip2(head: bytes) -> bool:
    return head[:3] == b"BZh" and head[3:4].isdigit() and head[4:10] in (b"1AY&SY", b"\x17rE8P\x90")


def _xz(head: bytes) -> bool:
    return head[:6] == b"\xfd7zXZ\0"


def _lz4(head: bytes) -> bool:
    return head[:4] == b"\x04\x22\x4d\x18" or _skippable(head)


def _zstd(head: bytes) -> bool:
    return head[:4] == b"\x28\xb5\x2f\xfd" or _skippable(head)


def _skippable(head: bytes) -> bool:
    return len(head) >= 8 and int.from_bytes(head[:4], "little") in _SKIPPABLE


def _zlib(head: bytes) -> bool:
    return len(head) > 8 and head[0] == 0x78 and head[1] in _ZLIB and _holds(head, "zlib")


def _lzma(head: bytes) -> bool:
    """LZMA alone has no magic bytes: properties, the dictionary's size (a power of two, or 1.5 times one), a size."""
    if len(head) < 24 or head[0] >= 225 or head[13] != 0:
        return False
    dictionary, size = int.from_bytes(head[1:5], "little"), int.from_bytes(head[5:13], "little")
    odd = dictionary >> ((dictionary & -dictionary).bit_length() - 1) if dictionary else 0
    return odd in (1, 3) and (size == 0xFFFFFFFFFFFFFFFF or size < 1 << 40) and _holds(head, "lzma")


def _holds(head: bytes, kind: str) -> bool:
    """Whether the beginning decompresses to that of something that can be a model."""
    decoder = streams.DECODERS[kind]()
    try:
        begins = decoder.decompress(head[:4096], _FIRST)
    except streams.ERRORS:
        return False
    return begins.startswith(_KNOWN) or begins[257:262] == b"ustar" or _TEXTUAL.match(begins) is not None


def _begins(kind: str, test: Callable[[bytes], bool]) -> Callable[[Candidate], bool]:
    if kind in ("lz4", "zstd"):  # frames to be skipped may stand before those of either
        return lambda candidate: test(candidate.head[:16]) and _first_frame(candidate.content) == kind
    return lambda candidate: test(candidate.head)


def _first_frame(content: Content) -> str:
    at = 0
    for _ in range(64):
        head = content.glance(at, 8)
        if head[:4] == b"\x04\x22\x4d\x18":
            return "lz4"
        if head[:4] == b"\x28\xb5\x2f\xfd":
            return "zstd"
        if not _skippable(head):
            return ""
        at += 8 + int.from_bytes(head[4:8], "little")
    return ""


def _reader(kind: str, test: Callable[[bytes], bool]) -> Callable[[Content, Exam], None]:
    def read(content: Content, exam: Exam) -> None:
        """Decompress as far as that goes, and read the result as a file of its own."""
        meter = Meter(exam, kind)
        source = streams.Streams(content, streams.DECODERS[kind], lambda head: test(head) or _skippable(head), meter)
        spool = Spool()
        complete = False
        with exam.contained():
            for piece in source:
                spool.append(piece)
            complete = True
        exam.enter()
        if spool.size:
            exam.inspect(spool, _inner(exam, kind))
        if complete:
            tail.check(content, source.end, exam)

    return read


_ENDS = (".gz", ".gzip", ".bz2", ".xz", ".lzma", ".lz4", ".zst", ".zstd", ".z", ".zlib")


def _inner(exam: Exam, kind: str) -> str:
    """What the decompressed file is called: the name without the end that says how it is compressed."""
    name = (exam.member or exam.name).rpartition("!")[2].rpartition("/")[2].lower()
    for end in _ENDS:
        if name.endswith(end):
            return name[: -len(end)]
    if name.endswith((".tgz", ".tbz2", ".txz")):
        return name.rpartition(".")[0] + ".tar"
    return name or kind


def _format(kind: str, test: Callable[[bytes], bool], *suffixes: str) -> Format:
    return Format(kind, _begins(kind, test), _reader(kind, test), suffixes, executable=None, role=Role.ARCHIVE)


FORMATS = (
    _format("gzip", _gzip, ".gz", ".tgz"),
    _format("bzip2", _bzip2, ".bz2"),
    _format("xz", _xz, ".xz"),
    _format("lz4", _lz4, ".lz4"),
    _format("zstd", _zstd, ".zst"),
    _format("zlib", _zlib, ".z"),
    _format("lzma", _lzma, ".lzma"),
)
