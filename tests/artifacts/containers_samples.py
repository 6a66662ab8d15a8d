"""Archives made byte by byte, so that they can lie, and the inspection of bytes."""

import io
import struct
import tarfile
import zipfile
import zlib
from dataclasses import dataclass, field

from backstay.artifacts.content import Bytes
from backstay.artifacts.exam import Limits
from backstay.artifacts.inspection import inspect
from backstay.artifacts.report import Inspection, Sign

# A pickle that would run `true`, and one that is an empty dictionary.
EVIL = b"\x80\x04\x8c\x05posix\x8c\x06system\x93\x8c\x04true\x85R."
GOOD = b"\x80\x04}\x94."
ELF = b"\x7fELF\x02\x01\x01" + bytes(9) + struct.pack("<HHI", 3, 62, 1) + bytes(40)
PE = b"MZ" + bytes(58) + struct.pack("<I", 64) + b"PE\0\0" + bytes(40)
SCRIPT = b"#!/bin/sh\ntrue\n"


def inspected(data: bytes, name: str = "model.pt", limits: Limits | None = None) -> Inspection:
    return inspect(Bytes(data), name, limits)


def signs(report: Inspection) -> set[Sign]:
    return {one.sign for one in report.observations}


def subjects(report: Inspection, sign: Sign) -> list[str]:
    return [one.subject for one in report.observations if one.sign is sign]


def gaps(report: Inspection) -> set[str]:
    return {one.reason for one in report.gaps}


@dataclass
class Part:
    """A member of a zip archive: what the headers say may differ from what is true, and from each other."""

    name: str
    data: bytes = b""
    method: int = 0
    flags: int = 0
    local: dict[str, int | str] = field(default_factory=dict)
    central: dict[str, int | str] = field(default_factory=dict)
    mode: int = 0
    extra: bytes = b""
    listed: bool = True
    packed: bytes | None = None
    describe: bytes = b""

    @property
    def body(self) -> bytes:
        if self.packed is not None:
            return self.packed
        if self.method != 8:
            return self.data
        packer = zlib.compressobj(9, zlib.DEFLATED, -15)
        return packer.compress(self.data) + packer.flush()


def zip_of(
    *parts: Part, before: bytes = b"", shift: bool = True, comment: bytes = b"", count: int | None = None
) -> bytes:
    """A zip archive. `shift` says that its offsets count the bytes before it."""
    out = bytearray(before)
    base = 0 if shift else len(before)
    central = bytearray()
    for one in parts:
        offset = len(out) - base
        facts: dict[str, int | str] = {
            "name": one.name, "flags": one.flags, "method": one.method, "crc": zlib.crc32(one.data),
            "packed": len(one.body), "size": len(one.data), "offset": offset,
        }  # fmt: skip
        here, there = facts | one.local, facts | one.central
        out += b"PK\x03\x04" + _middle(here, 20) + struct.pack("<HH", len(_raw(here)), len(one.extra))
        out += _raw(here) + one.extra + one.body + one.describe
        if one.listed:
            central += b"PK\x01\x02" + struct.pack("<H", 3 << 8 | 20) + _middle(there, 20)
            central += struct.pack("<HHHHHII", len(_raw(there)), 0, 0, 0, 0, one.mode << 16, int(there["offset"]))
            central += _raw(there)
    start = len(out)
    number = sum(one.listed for one in parts) if count is None else count
    end = struct.pack("<HHHHIIH", 0, 0, number, number, len(central), start - base, len(comment))
    return bytes(out + central + b"PK\x05\x06" + end + comment)


def _middle(facts: dict[str, int | str], version: int) -> bytes:
    numbers = (int(facts[key]) for key in ("flags", "method"))
    sizes = (int(facts[key]) for key in ("crc", "packed", "size"))
    return struct.pack("<HHHHHIII", version, *numbers, 0, 0x21, *sizes)


def _raw(facts: dict[str, int | str]) -> bytes:
    return str(facts["name"]).encode()


def torch_zip(pickle: bytes = GOOD, **pickle_part: object) -> list[Part]:
    """The members of what `torch.save` writes, with one storage of four floats that nothing refers to."""
    return [
        Part("archive/data.pkl", pickle, **pickle_part),  # type: ignore[arg-type]
        Part("archive/byteorder", b"little"),
        Part("archive/version", b"3\n"),
    ]


def honest_zip(files: dict[str, bytes], method: int = zipfile.ZIP_STORED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return out.getvalue()


def tar_of(files: dict[str, bytes], format: int = tarfile.GNU_FORMAT, links: dict[str, str] | None = None) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=format) as archive:
        for name, target in (links or {}).items():
            link = tarfile.TarInfo(name)
            link.type, link.linkname = tarfile.SYMTYPE, target
            archive.addfile(link)
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


def storage(key: str = "0", items: int = 4, kind: str = "FloatStorage") -> bytes:
    """A pickle of a persistent id as torch writes it for a storage."""
    text = b"\x80\x02(X" + struct.pack("<I", 7) + b"storage" + b"ctorch\n" + kind.encode() + b"\n"
    text += b"X" + struct.pack("<I", len(key)) + key.encode() + b"X" + struct.pack("<I", 3) + b"cpu"
    return text + b"J" + struct.pack("<i", items) + b"tQ."


def npy(descr: str, shape: str, data: bytes, version: int = 1) -> bytes:
    text = f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}".encode()
    length = struct.pack("<H" if version == 1 else "<I", len(text) + 1)
    return b"\x93NUMPY" + bytes([version, 0]) + length + text + b"\n" + data
