"""7z coders: unpacks a folder of a 7z archive by those of its methods that Python's own libraries know."""

import bz2
import lzma
from collections.abc import Callable, Iterator
from typing import Any

from backstay.artifacts.containers import streams
from backstay.artifacts.containers.sevenzip_header import Coder, Folder
from backstay.artifacts.containers.sevenzip_header import Streams as Packed
from backstay.artifacts.containers.spool import Meter
from backstay.artifacts.content import Content
from backstay.artifacts.exam import MalformedError, StopError

_LZMA1, _LZMA2, _COPY, _AES = b"\x03\x01\x01", b"\x21", b"\x00", b"\x06\xf1\x07\x01"
_FILTERS = {
    b"\x03": lzma.FILTER_DELTA,
    b"\x04": lzma.FILTER_X86, b"\x03\x03\x01\x03": lzma.FILTER_X86,
    b"\x05": lzma.FILTER_POWERPC, b"\x03\x03\x02\x05": lzma.FILTER_POWERPC,
    b"\x06": lzma.FILTER_IA64, b"\x03\x03\x04\x01": lzma.FILTER_IA64,
    b"\x07": lzma.FILTER_ARM, b"\x03\x03\x05\x01": lzma.FILTER_ARM,
    b"\x08": lzma.FILTER_ARMTHUMB, b"\x03\x03\x07\x01": lzma.FILTER_ARMTHUMB,
    b"\x09": lzma.FILTER_SPARC, b"\x03\x03\x08\x05": lzma.FILTER_SPARC,
}  # fmt: skip
_PLAIN: dict[bytes, Callable[[], streams.Decoder]] = {
    b"\x04\x01\x08": lambda: streams.Inflater(-15),
    b"\x04\x02\x02": bz2.BZ2Decompressor,
    b"\x04\xf7\x11\x01": streams.Unzstd,
    b"\x04\xf7\x11\x04": streams.lz4,
}
_MEMORY = 128 << 20
_TAKEN = 1 << 16


def unpacked(archive: Content, packed: Packed, number: int, meter: Meter) -> Iterator[bytes]:
    """The bytes of a folder in pieces. Raises StopError for methods that are not known, MalformedError for broken
    streams, and what the meter raises."""
    folder = packed.folders[number]
    chain = _chain(folder)
    if folder.first >= len(packed.packed):
        raise MalformedError("invalid header", "a 7z folder without packed stream")
    at, length = packed.packed[folder.first]
    if at + length > archive.size:
        raise MalformedError("truncated", f"{at + length - archive.size} bytes of a 7z archive are missing")
    pieces = _taken(archive, at, length, meter)
    while chain:
        coder, size = chain[0]
        filters = [one for one, _ in _while_filter(chain[1:])] if coder.method in (_LZMA1, _LZMA2) else []
        size = chain[len(filters)][1]
        chain = chain[1 + len(filters) :]
        if coder.method != _COPY:
            pieces = _decoded(pieces, _decoder(coder, filters), size)
    given = 0
    for piece in pieces:
        meter.give(len(piece))
        given += len(piece)
        yield piece
    if given < folder.size:
        raise MalformedError("truncated", f"{folder.size - given} bytes of a 7z stream are missing")


def _chain(folder: Folder) -> list[tuple[Coder, int]]:
    """Coders from the packed stream to the output, each with the size of what it gives."""
    if any(one.method == _AES for one in folder.coders):
        raise StopError("encrypted", "7z")
    if any(one.takes != 1 or one.gives != 1 for one in folder.coders) or len(folder.packed) != 1:
        raise StopError("unsupported compression", "7z coders with several streams")
    if len(folder.sizes) != len(folder.coders):
        raise MalformedError("invalid header", "7z sizes")
    takers = {given: taker for taker, given in folder.bonds.items()}
    found: list[tuple[Coder, int]] = []
    at: int | None = folder.packed[0]
    while at is not None:
        if not 0 <= at < len(folder.coders) or len(found) == len(folder.coders):
            raise MalformedError("invalid header", "7z coders")
        found.append((folder.coders[at], folder.sizes[at]))
        at = takers.get(at)
    return found


def _while_filter(chain: list[tuple[Coder, int]]) -> list[tuple[Coder, int]]:
    count = next((at for at, one in enumerate(chain) if one[0].method not in _FILTERS), len(chain))
    return chain[:count]


def _decoder(coder: Coder, filters: list[Coder]) -> streams.Decoder:
    if coder.method in _PLAIN:
        return _PLAIN[coder.method]()
    if coder.method not in (_LZMA1, _LZMA2):
        raise StopError("unsupported compression", f"7z method {coder.method.hex()}")
    chain: list[dict[str, Any]] = [_filter(one) for one in reversed(filters)]
    chain.append(_lzma(coder))
    if chain[-1]["dict_size"] > _MEMORY:
        raise StopError("too large", f"a 7z dictionary of {chain[-1]['dict_size']} bytes")
    try:
        return lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=chain)
    except (lzma.LZMAError, ValueError, OverflowError):
        raise MalformedError("invalid header", "7z coder properties") from None


def _filter(coder: Coder) -> dict[str, Any]:
    kind = _FILTERS[coder.method]
    if kind == lzma.FILTER_DELTA:
        return {"id": kind, "dist": (coder.properties[0] if coder.properties else 0) + 1}
    return {"id": kind}


def _lzma(coder: Coder) -> dict[str, Any]:
    said = coder.properties
    if coder.method == _LZMA2:
        if len(said) != 1 or said[0] > 40:
            raise MalformedError("invalid header", "LZMA2 properties")
        size = 0xFFFFFFFF if said[0] == 40 else (2 | said[0] & 1) << (said[0] // 2 + 11)
        return {"id": lzma.FILTER_LZMA2, "dict_size": size}
    if len(said) != 5 or said[0] >= 225:
        raise MalformedError("invalid header", "LZMA properties")
    rest, lc = divmod(said[0], 9)
    pb, lp = divmod(rest, 5)
    size = max(4096, int.from_bytes(said[1:], "little"))
    return {"id": lzma.FILTER_LZMA1, "dict_size": size, "lc": lc, "lp": lp, "pb": pb}


def _taken(archive: Content, at: int, length: int, meter: Meter) -> Iterator[bytes]:
    for piece in archive.chunks(at, at + length, _TAKEN):
        meter.take(len(piece))
        yield piece


def _decoded(pieces: Iterator[bytes], decoder: streams.Decoder, size: int) -> Iterator[bytes]:
    """What a decoder makes of pieces, up to a size: raw LZMA does not say where it ends."""
    given = 0
    for data in pieces:
        waiting = data
        while given < size and not decoder.eof:
            try:
                piece = decoder.decompress(waiting, min(streams.PIECE, size - given))
            except streams.ERRORS as error:
                raise MalformedError("broken stream", type(error).__name__) from None
            waiting = b""
            given += len(piece)
            if piece:
                yield piece
            if decoder.needs_input or not piece:
                break
        if given >= size or decoder.eof:
            return
