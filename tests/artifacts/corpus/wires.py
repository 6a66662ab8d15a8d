"""Wires: protocol buffers, flatbuffers, GGUF, safetensors and HDF5, written field by field."""

import json
import struct
from typing import Any


def varint(number: int) -> bytes:
    number &= (1 << 64) - 1
    out = bytearray()
    while True:
        out.append(number & 0x7F | (0x80 if number > 0x7F else 0))
        number >>= 7
        if not number:
            return bytes(out)


def proto(*fields: tuple[int, int | str | bytes]) -> bytes:
    """A protobuf message of (field number, value): numbers as varints, the rest by length."""
    out = b""
    for number, one in fields:
        if isinstance(one, int):
            out += varint(number << 3) + varint(one)
        else:
            data = one.encode() if isinstance(one, str) else one
            out += varint(number << 3 | 2) + varint(len(data)) + data
    return out


class Table:
    """A flatbuffers table: fields by index. Values: int (4 bytes), str, bytes (vector of ubyte), Table, or a list of
    Tables or strings; (int, width) for other widths."""

    def __init__(self, **fields: Any) -> None:
        self.fields = {int(name[1:]): one for name, one in fields.items()}


def flatbuffer(root: Table, identifier: bytes) -> bytes:
    """A flatbuffer with forward offsets only: each object is written after what points to it."""
    out = bytearray(struct.pack("<I", 0) + identifier)

    def align(width: int = 4) -> None:
        while len(out) % width:
            out.append(0)

    def put(one: Any) -> int:
        if isinstance(one, Table):
            return table(one)
        if isinstance(one, list):
            align()
            at = len(out)
            out.extend(struct.pack("<I", len(one)) + b"\0" * 4 * len(one))
            for number, each in enumerate(one):
                slot = at + 4 + 4 * number
                struct.pack_into("<I", out, slot, put(each) - slot)
            return at
        data = one.encode() if isinstance(one, str) else one
        align()
        at = len(out)
        out.extend(struct.pack("<I", len(data)) + data + (b"\0" if isinstance(one, str) else b""))
        return at

    def table(one: Table) -> int:
        count = max(one.fields, default=-1) + 1
        align()
        layout = out_at = len(out)
        size, slots = 4, [0] * count
        for index, each in one.fields.items():
            width = each[1] if isinstance(each, tuple) else 4
            size += -size % width
            slots[index] = size
            size += width
        size += -size % 4
        out.extend(struct.pack(f"<HH{count}H", 4 + 2 * count, size, *slots))
        align(8)
        at = len(out)
        out.extend(struct.pack("<i", at - layout) + b"\0" * (size - 4))
        for index, each in one.fields.items():
            slot = at + slots[index]
            if isinstance(each, tuple):
                out[slot : slot + each[1]] = each[0].to_bytes(each[1], "little", signed=each[0] < 0)
            elif isinstance(each, int):
                struct.pack_into("<i", out, slot, each)
            else:
                struct.pack_into("<I", out, slot, put(each) - slot)
        del out_at
        return at

    struct.pack_into("<I", out, 0, table(root))
    return bytes(out)


def gguf_text(one: str | bytes) -> bytes:
    data = one.encode() if isinstance(one, str) else one
    return struct.pack("<Q", len(data)) + data


def gguf_value(one: Any) -> bytes:
    """Type and value of a metadata entry: str (8), int (4, uint32), bool (7), float (6), list of str (9)."""
    match one:
        case bool():
            return struct.pack("<I?", 7, one)
        case int():
            return struct.pack("<II", 4, one)
        case float():
            return struct.pack("<If", 6, one)
        case list():
            return struct.pack("<IIQ", 9, 8, len(one)) + b"".join(gguf_text(each) for each in one)
        case bytes():
            return one
    return struct.pack("<I", 8) + gguf_text(one)


def gguf(
    metadata: dict[str, Any] | list[tuple[str, Any]],
    tensors: list[tuple[str, tuple[int, ...], int, int]],
    data: bytes = b"",
    version: int = 3,
    counts: tuple[int, int] | None = None,
) -> bytes:
    """A GGUF file; tensors are (name, dimensions, type, offset)."""
    pairs = list(metadata.items()) if isinstance(metadata, dict) else metadata
    tensor_count, pair_count = counts or (len(tensors), len(pairs))
    out = b"GGUF" + struct.pack("<IQQ", version, tensor_count, pair_count)
    for key, one in pairs:
        out += gguf_text(key) + gguf_value(one)
    for name, shape, kind, offset in tensors:
        out += gguf_text(name) + struct.pack("<I", len(shape)) + struct.pack(f"<{len(shape)}Q", *shape)
        out += struct.pack("<IQ", kind, offset)
    return out + b"\0" * (-len(out) % 32) + data


def safetensors(header: dict[str, Any] | bytes, data: bytes = b"", size: int | None = None) -> bytes:
    """A safetensors file; `size` is what its first eight bytes claim of the header."""
    text = header if isinstance(header, bytes) else json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text) if size is None else size) + text + data


def lookup3(data: bytes) -> int:
    """Jenkins' lookup3 hash, the checksum of HDF5 metadata (initial value 0)."""
    mask = 0xFFFFFFFF

    def rotate(number: int, by: int) -> int:
        return (number << by | number >> (32 - by)) & mask

    a = b = c = (0xDEADBEEF + len(data)) & mask
    at = 0
    while len(data) - at > 12:
        x, y, z = struct.unpack_from("<III", data, at)
        a, b, c = (a + x) & mask, (b + y) & mask, (c + z) & mask
        for turn in (4, 6, 8, 16, 19, 4):
            a = ((a - c) & mask) ^ rotate(c, turn)
            c = (c + b) & mask
            a, b, c = b, c, a
        at += 12
    rest = data[at:]
    if not rest:
        return c
    x, y, z = struct.unpack("<III", rest.ljust(12, b"\0"))
    a, b, c = (a + x) & mask, (b + y) & mask, (c + z) & mask
    c = ((c ^ b) - rotate(b, 14)) & mask
    a = ((a ^ c) - rotate(c, 11)) & mask
    b = ((b ^ a) - rotate(a, 25)) & mask
    c = ((c ^ b) - rotate(b, 16)) & mask
    a = ((a ^ c) - rotate(c, 4)) & mask
    b = ((b ^ a) - rotate(a, 14)) & mask
    return int(((c ^ b) - rotate(b, 24)) & mask)
