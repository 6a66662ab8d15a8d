"""HDF5: writes small files of groups, attributes, links and external data, after the HDF5 file format specification 3.0."""  # noqa: E501

import struct

from corpus.wires import lookup3

UNDEFINED = b"\xff" * 8


def _attribute(name: str, one: str | bytes) -> bytes:
    """An attribute message (version 1) of a fixed-length string on a scalar."""
    data = one.encode() if isinstance(one, str) else one
    label = name.encode() + b"\0"
    kind = struct.pack("<BBBBI", 0x13, 0, 0, 0, max(1, len(data)))  # class 3 (string), null-terminated
    space = struct.pack("<BBBBI", 1, 0, 0, 0, 0)
    body = struct.pack("<BBHHH", 1, 0, len(label), len(kind), len(space))
    return body + _eight(label) + _eight(kind) + _eight(space) + (data or b"\0")


def _eight(data: bytes) -> bytes:
    return data + b"\0" * (-len(data) % 8)


def old_file(attributes: dict[str, str | bytes]) -> bytes:
    """Superblock 0, as `h5py` writes by default: a root group without members and with attributes.

    A header message holds less than 64 KiB: so must each attribute.
    """
    heap_data = b"\0" * 8 + struct.pack("<QQ", 1, 80) + b"\0" * 72
    found = [_attribute(name, one) for name, one in attributes.items()]
    at = 96
    header_size = 16 + 8 + 16 + sum(8 + len(_eight(one)) for one in found)
    tree = at + header_size
    heap = tree + 24 + 33 * 8 + 32 * 8
    data = heap + 32
    end = data + len(heap_data)
    messages = [(0x11, struct.pack("<QQ", tree, heap)), *((0x0C, one) for one in found)]
    packed = b"".join(
        struct.pack("<HHBBBB", kind, len(_eight(body)), 0, 0, 0, 0) + _eight(body) for kind, body in messages
    )
    superblock = b"\x89HDF\r\n\x1a\n" + struct.pack("<BBBBBBBBHHI", 0, 0, 0, 0, 0, 8, 8, 0, 4, 16, 0)
    superblock += struct.pack("<Q", 0) + UNDEFINED + struct.pack("<Q", end) + UNDEFINED
    superblock += struct.pack("<QQII", 0, at, 1, 0) + struct.pack("<QQ", tree, heap)
    header = struct.pack("<BBHII4x", 1, 0, len(messages), 1, len(packed)) + packed
    node = b"TREE" + struct.pack("<BBH", 0, 0, 0) + UNDEFINED * 2
    node += b"\0" * (heap - tree - len(node))
    local = b"HEAP" + struct.pack("<B3xQQQ", 0, len(heap_data), 8, data)
    return superblock + header + node + local + heap_data


def _checked(data: bytes) -> bytes:
    return data + struct.pack("<I", lookup3(data))


def _header(messages: list[tuple[int, bytes]]) -> bytes:
    """A version 2 object header with a four-byte size."""
    body = b"".join(struct.pack("<BHB", kind, len(one), 0) + one for kind, one in messages)
    return _checked(b"OHDR" + struct.pack("<BBI", 2, 2, len(body)) + body)


def _link(name: str, kind: int, body: bytes) -> bytes:
    """A link message: 0 is hard, 1 soft, 64 external."""
    label = name.encode()
    return struct.pack("<BBBB", 1, 0x08, kind, len(label)) + label + body


def hard_link(name: str, address: int) -> tuple[int, bytes]:
    return 6, _link(name, 0, struct.pack("<Q", address))


def soft_link(name: str, target: str) -> tuple[int, bytes]:
    return 6, _link(name, 1, struct.pack("<H", len(target)) + target.encode())


def external_link(name: str, file: str, target: str) -> tuple[int, bytes]:
    body = b"\0" + file.encode() + b"\0" + target.encode() + b"\0"
    return 6, _link(name, 64, struct.pack("<H", len(body)) + body)


def attribute(name: str, one: str | bytes) -> tuple[int, bytes]:
    return 0x0C, _attribute(name, one)


FLOAT = struct.pack("<BBBBIHHBBBBI", 0x11, 0x20, 0x1F, 0, 4, 0, 32, 23, 8, 0, 23, 127)


def _dataset(shape: tuple[int, ...], messages: list[tuple[int, bytes]]) -> bytes:
    space = struct.pack("<BBBB", 2, len(shape), 0, 1) + struct.pack(f"<{len(shape)}Q", *shape)
    fill = struct.pack("<BB", 3, 0x0A)
    return _header([(1, space), (3, FLOAT), (5, fill), *messages])


def new_file(
    *messages: tuple[int, bytes], dataset: tuple[str, tuple[int, ...], str | None, int] | None = None
) -> bytes:
    """Superblock 3: a root group with these messages, and perhaps a data set (name, shape, external file or None,
    bytes of its data there or here)."""
    at, blocks, found = 48, b"", list(messages)
    found.append((2, struct.pack("<BB", 0, 0) + UNDEFINED * 2))  # link info: no fractal heap
    if dataset is not None:
        name, shape, file, size = dataset
        if file is None:
            layout = struct.pack("<BBQQ", 3, 1, at, size)
            block = b"\0" * min(size, 4096)
            body = _dataset(shape, [(8, layout)])
        else:
            heap_data = _eight(b"\0" * 8 + file.encode() + b"\0") + struct.pack("<QQ", 1, 16)
            heap = b"HEAP" + struct.pack("<B3xQQQ", 0, len(heap_data), len(heap_data) - 16, at + 32) + heap_data
            external = struct.pack("<B3xHHQ", 1, 1, 1, at) + struct.pack("<QQQ", 8, 0, size)
            layout = struct.pack("<BB", 3, 1) + UNDEFINED + struct.pack("<Q", size)
            block = heap
            body = _dataset(shape, [(7, external), (8, layout)])
        blocks = block + body
        found.append(hard_link(name, at + len(block)))
    root = at + len(blocks)
    blocks += _header(found)
    superblock = b"\x89HDF\r\n\x1a\n" + struct.pack("<BBBB", 3, 8, 8, 0) + struct.pack("<Q", 0) + UNDEFINED
    return _checked(superblock + struct.pack("<QQ", at + len(blocks), root)) + blocks
