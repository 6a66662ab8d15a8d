"""Streams: decompresses gzip, zlib, bz2, xz, lzma, lz4 and zstd piece by piece, whatever the pieces expand to."""

import bz2
import lzma
import zlib
from collections.abc import Callable, Generator, Iterator
from typing import Protocol

import zstandard
from lz4.frame import LZ4FrameDecompressor  # type: ignore[import-untyped]

from backstay.artifacts.containers.spool import Meter
from backstay.artifacts.content import Content
from backstay.artifacts.exam import MalformedError

PIECE = 1 << 18  # bytes that a decompressor gives at most at once
_TAKEN = 1 << 16
_WINDOW = 128 << 20  # of memory that a stream may ask of its decompressor: what `xz -9` and `zstd --long` need
_LOG = 27  # the same as a power of two
ERRORS = (zlib.error, lzma.LZMAError, zstandard.ZstdError, EOFError, OSError, ValueError, RuntimeError)


class Decoder(Protocol):
    """A decompressor of one stream, as `bz2.BZ2Decompressor` is one."""

    @property
    def eof(self) -> bool: ...
    @property
    def needs_input(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int = ..., /) -> bytes: ...


class Inflater:
    """zlib's decompressor with the ways of the others. `bits` is as for `zlib.decompressobj`."""

    def __init__(self, bits: int = -15) -> None:
        self._inner = zlib.decompressobj(bits)

    @property
    def eof(self) -> bool:
        return self._inner.eof

    @property
    def needs_input(self) -> bool:
        return not self._inner.eof and not self._inner.unconsumed_tail

    @property
    def unused_data(self) -> bytes:
        return self._inner.unused_data

    def decompress(self, data: bytes, max_length: int = PIECE, /) -> bytes:
        return self._inner.decompress(self._inner.unconsumed_tail + data, max_length)


class Unzstd:
    """zstandard's decompressor of one frame; it cannot be bounded, so that it is fed little at a time."""

    _FED = 512  # 512 bytes may hold 128 blocks of 128 KiB

    def __init__(self) -> None:
        self._inner = zstandard.ZstdDecompressor(max_window_size=1 << _LOG).decompressobj()
        self._waiting = b""
        self._given = bytearray()

    @property
    def eof(self) -> bool:
        return self._inner.eof and not self._given

    @property
    def needs_input(self) -> bool:
        return not self._waiting and not self._given and not self._inner.eof

    @property
    def unused_data(self) -> bytes:
        return self._inner.unused_data + self._waiting if self._inner.eof else b""

    def decompress(self, data: bytes, max_length: int = PIECE, /) -> bytes:
        self._waiting += data
        taken = 0
        while taken < len(self._waiting) and len(self._given) < max_length and not self._inner.eof:
            self._given += self._inner.decompress(self._waiting[taken : taken + self._FED])
            taken += self._FED
        self._waiting = self._waiting[taken:]
        given = bytes(self._given[:max_length])
        del self._given[:max_length]
        return given


def lzma_alone() -> Decoder:
    return lzma.LZMADecompressor(lzma.FORMAT_ALONE, memlimit=_WINDOW)


def xz() -> Decoder:
    return lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_WINDOW)


def lz4() -> Decoder:
    decoder: Decoder = LZ4FrameDecompressor()
    return decoder


DECODERS: dict[str, Callable[[], Decoder]] = {
    "gzip": lambda: Inflater(31),
    "zlib": lambda: Inflater(15),
    "bzip2": bz2.BZ2Decompressor,
    "xz": xz,
    "lzma": lzma_alone,
    "lz4": lz4,
    "zstd": Unzstd,
}


def one(source: Content, at: int, end: int, decoder: Decoder, meter: Meter) -> Generator[bytes, None, int]:
    """The pieces of one stream that begins at `at`; returns where it ends. Raises MalformedError when it is broken or
    cut off by `end`, and what the meter raises."""
    start, given = at, 0
    while not decoder.eof:
        data = b""
        if decoder.needs_input:
            data = source.read(at, min(_TAKEN, end - at))
            at += len(data)
            meter.take(len(data))
        is_last = not data and decoder.needs_input
        try:
            piece = decoder.decompress(data, PIECE)
        except EOFError:
            piece = b""
        except ERRORS as error:
            if isinstance(decoder, Inflater):
                yield from _unchecked(source.part(start, end - start), given, meter)
            raise MalformedError("broken stream", type(error).__name__) from None
        if is_last and not piece and not decoder.eof:
            raise MalformedError("truncated", "a compressed stream has no end")
        if piece:
            meter.give(len(piece))
            given += len(piece)
            yield piece
    return at - len(decoder.unused_data or b"")  # lz4 has None for nothing


def _unchecked(source: Content, known: int, meter: Meter) -> Iterator[bytes]:
    """What a gzip or zlib stream holds beyond its first `known` bytes, whatever its checksum says.

    Who reads a stream as it comes has acted on all of it before the checksum is looked at.
    """
    raw = Inflater()
    at = _body(source.read(0, _TAKEN))
    while not raw.eof:
        data = source.read(at, _TAKEN) if raw.needs_input else b""
        at += len(data)
        if raw.needs_input and not data:
            return
        try:
            piece = raw.decompress(data, PIECE)
        except ERRORS:
            return
        new = piece[max(0, known) :]
        known -= len(piece)
        if new:
            meter.give(len(new))
            yield new


def _body(head: bytes) -> int:
    """Where the deflated data of a gzip (RFC 1952) or zlib (RFC 1950) stream begins."""
    if not head.startswith(b"\x1f\x8b"):
        return 2
    flags, at = head[3] if len(head) > 3 else 0, 10
    if flags & 4:
        at += 2 + int.from_bytes(head[at : at + 2], "little")
    for flag in (8, 16):  # a name and a remark, each to a zero byte
        if flags & flag:
            at = head.find(b"\0", at) + 1 or len(head)
    return at + (2 if flags & 2 else 0)


class Streams:
    """Iterates over the pieces of streams that follow one another; `end` is where the last of them ended."""

    def __init__(
        self, source: Content, make: Callable[[], Decoder], begins: Callable[[bytes], bool], meter: Meter
    ) -> None:
        self._source, self._make, self._begins, self._meter = source, make, begins, meter
        self.end = 0
        self.count = 0

    def __iter__(self) -> Iterator[bytes]:
        while self.end < self._source.size:
            if self.count and not self._begins(self._source.glance(self.end, 64)):
                return
            self.count += 1
            self._meter.begin()
            self.end = yield from one(self._source, self.end, self._source.size, self._make(), self._meter)
