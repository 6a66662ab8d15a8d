"""Archives: zip files whose every field can be wrong, tar files, and the PyTorch and NumPy files made of them."""

import io
import struct
import tarfile
import zlib
from dataclasses import dataclass

from corpus.opcodes import Ops, glob, many, named, pickled, value


@dataclass
class Entry:
    """A member of a zip file. What is None is as it should be."""

    name: str
    data: bytes
    method: int = 0
    flags: int = 0
    crc: int | None = None
    local_name: str | None = None
    local_size: int | None = None
    central_size: int | None = None
    mode: int = 0  # Unix mode, for links
    listed: bool = True  # in the central directory
    present: bool = True  # as a local entry
    align: int = 0


def zipped(
    *entries: Entry, before: bytes = b"", after: bytes = b"", comment: bytes = b"", count: int | None = None
) -> bytes:
    """A zip file of entries, in order (APPNOTE.TXT 6.3.10, sections 4.3.7, 4.3.12 and 4.3.16)."""
    out, central = bytearray(before), bytearray()
    for entry in entries:
        packed = entry.data
        if entry.method == 8:
            packer = zlib.compressobj(9, zlib.DEFLATED, -15)
            packed = packer.compress(entry.data) + packer.flush()
        crc = zlib.crc32(entry.data) if entry.crc is None else entry.crc
        name, local = entry.name.encode(), (entry.local_name or entry.name).encode()
        size = len(entry.data) if entry.central_size is None else entry.central_size
        local_size = len(entry.data) if entry.local_size is None else entry.local_size
        at = len(out)
        extra = b""
        if entry.align:
            room = -(at + 30 + len(local) + 4) % entry.align
            extra = b"FB" + struct.pack("<H", room) + b"Z" * room
        if entry.present:
            out += struct.pack(
                "<4sHHHHHIIIHH",
                b"PK\3\4",
                20,
                entry.flags,
                entry.method,
                0,
                33,
                crc,
                len(packed),
                local_size,
                len(local),
                len(extra),
            )
            out += local + extra + packed
        if entry.listed:
            central += (
                struct.pack(
                    "<4sHHHHHHIIIHHHHHII",
                    b"PK\1\2",
                    0x031E,
                    20,
                    entry.flags,
                    entry.method,
                    0,
                    33,
                    crc,
                    len(packed),
                    size,
                    len(name),
                    0,
                    0,
                    0,
                    0,
                    entry.mode << 16,
                    at,
                )
                + name
            )
    listed = sum(entry.listed for entry in entries) if count is None else count
    at = len(out)
    out += (
        central + struct.pack("<4sHHHHIIH", b"PK\5\6", 0, 0, listed, listed, len(central), at, len(comment)) + comment
    )
    return bytes(out + after)


def tarred(*members: tuple[str, bytes | str], links: tuple[tuple[str, str], ...] = (), mode: str = "w") -> bytes:
    """A tar file; `links` are symbolic links and their targets."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode=mode, format=tarfile.USTAR_FORMAT) as archive:  # type: ignore[call-overload]
        for name, target in links:
            info = tarfile.TarInfo(name)
            info.type, info.linkname = tarfile.SYMTYPE, target
            archive.addfile(info)
        for name, content in members:
            data = content if isinstance(content, bytes) else content.encode()
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


def storage(key: str, count: int, kind: str = "FloatStorage", device: str = "cpu") -> Ops:
    """BINPERSID of a storage as `torch.save` writes it."""
    return Ops(many("storage", glob("torch", kind), key, device, count) + b"Q")


def tensor(key: str, shape: tuple[int, ...], stride: tuple[int, ...], offset: int = 0, count: int = 4) -> Ops:
    """A tensor over a storage."""
    hooks = Ops(glob("collections", "OrderedDict") + b")R")
    return Ops(
        glob("torch._utils", "_rebuild_tensor_v2")
        + many(storage(key, count), offset, shape, stride, False, hooks)
        + b"R"
    )


def state_dict(**tensors: Ops) -> bytes:
    """The pickle of a PyTorch state dict."""
    body = glob("collections", "OrderedDict") + b")R"
    for name, one in tensors.items():
        body += value(name) + one + b"s"
    return b"\x80\x02" + body + b"."


HONEST = state_dict(weight=tensor("0", (2, 2), (2, 1)))


def torch_zip(
    data: bytes = HONEST,
    *others: Entry,
    root: str = "archive",
    pickle: Entry | None = None,
    storages: tuple[bytes, ...] = (b"\0" * 16,),
    before: bytes = b"",
    after: bytes = b"",
) -> bytes:
    """A PyTorch zip file around a pickle."""
    return zipped(
        pickle or Entry(f"{root}/data.pkl", data, align=64),
        Entry(f"{root}/byteorder", b"little", align=64),
        *(Entry(f"{root}/data/{number}", one, align=64) for number, one in enumerate(storages)),
        Entry(f"{root}/version", b"3\n", align=64),
        *others,
        before=before,
        after=after,
    )


LEGACY_MAGIC = 0x1950A86A20F9469CFC6C


def torch_legacy(
    data: bytes = HONEST, keys: bytes | None = None, system: bytes | None = None, after: bytes = b""
) -> bytes:
    """The five pickles of PyTorch before 1.6, with one storage."""
    honest = {"protocol_version": 1001, "little_endian": True, "type_sizes": {"short": 2, "int": 4, "long": 4}}
    return (
        pickled(LEGACY_MAGIC, protocol=2)
        + pickled(1001, protocol=2)
        + (system or pickled(honest, protocol=2))
        + data.replace(b"cpu", b"cpu")
        + (keys or pickled(["0"], protocol=2))
        + struct.pack("<q", 4)
        + b"\0" * 16
        + after
    )


def npy(descr: str, shape: str, body: bytes, version: int = 1, fortran: bool = False) -> bytes:
    """A NumPy array file (numpy.lib.format)."""
    text = f"{{'descr': {descr}, 'fortran_order': {fortran}, 'shape': {shape}, }}".encode()
    room = 10 if version == 1 else 12
    text += b" " * (-(room + len(text) + 1) % 64) + b"\n"
    return b"\x93NUMPY" + bytes([version, 0]) + struct.pack("<H" if version == 1 else "<I", len(text)) + text + body


def object_npy(data: bytes, version: int = 1) -> bytes:
    return npy("'|O'", "(1,)", data, version)


def wrapper(
    shape: tuple[int, ...], dtype: str = "f8", aligned: int | None = None, name: str = "NumpyArrayWrapper"
) -> Ops:
    """joblib's stand-in for an array whose bytes follow it in the stream."""
    kind = Ops(call_dtype(dtype))
    state = {
        "subclass": named("numpy", "ndarray"),
        "shape": shape,
        "order": "C",
        "dtype": kind,
        "allow_mmap": True,
    }
    if aligned is not None:
        state["numpy_array_alignment_bytes"] = aligned
    return Ops(named("joblib.numpy_pickle", name) + b")\x81" + value(state) + b"b")


def call_dtype(code: str) -> Ops:
    """A dtype as NumPy pickles it."""
    kind = Ops(named("numpy", "dtype") + many(code, False, True) + b"R")
    order = "|" if code.startswith(("O", "S")) else "<"
    filled = (3, order, None, None, None, -1, -1, 63 if code.startswith("O") else 0)
    return Ops(kind + value(filled) + b"b")
