"""Bombs: small files that ask for endless time or memory end within the limits, with a reason or an accusation."""

import bz2
import gzip
import io
import json
import lzma
import os
import resource
import struct
import tarfile
import time
import zlib
from pathlib import Path
from typing import Protocol

import pytest
from corpus.archives import Entry, tarred, torch_zip, zipped
from corpus.opcodes import payload, pickled
from corpus.wires import gguf, proto, safetensors

from backstay.artifacts.content import Bytes, Opened
from backstay.artifacts.exam import Limits
from backstay.artifacts.inspection import inspect
from backstay.artifacts.report import Inspection, State


class Packer(Protocol):
    def compress(self, data: bytes, /) -> bytes: ...
    def flush(self) -> bytes: ...


BOMB = 300 << 20  # bytes of zeros: beyond the ratio and the free part of it that `Limits` allows
SECONDS = 20.0  # of CPU: the machines that run this are slow
GROWTH = 200 << 10  # KiB that the process may grow by


def ended(data: bytes, name: str, limits: Limits | None = None, seconds: float = SECONDS) -> Inspection:
    """The inspection of a bomb: over in time and within memory, and not called clean."""
    before, start = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
    found = inspect(Bytes(data), name, limits)
    spent = time.process_time() - start
    assert spent < seconds, f"{spent:.1f} s"
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < GROWTH
    assert found.state is not State.CLEAN
    assert found.gaps or found.state is State.MALICIOUS
    return found


def packed(size: int, pack: Packer) -> bytes:
    """A pickle of one huge string of zeros and a command behind it, compressed."""
    piece = bytes(1 << 20)
    start = pack.compress(b"\x80\x04\x8e" + struct.pack("<Q", size))
    middle = b"".join(pack.compress(piece) for _ in range(size >> 20))
    return start + middle + pack.compress(b"0" + payload()[2:]) + pack.flush()


@pytest.mark.parametrize("name", ["gzip", "zlib", "bz2", "xz", "lzma"])
def test_compressed(name: str) -> None:
    """What decompresses a thousandfold, before a command."""
    packers: dict[str, Packer] = {
        "gzip": zlib.compressobj(9, zlib.DEFLATED, 31),
        "zlib": zlib.compressobj(9),
        "bz2": bz2.BZ2Compressor(),
        "xz": lzma.LZMACompressor(),
        "lzma": lzma.LZMACompressor(lzma.FORMAT_ALONE),
    }
    ended(packed(BOMB, packers[name]), f"model.pkl.{name}")


def test_zip_member() -> None:
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    data = packed(BOMB, packer)
    size = struct.pack("<II", len(data), BOMB)
    head = (
        b"PK\3\4" + struct.pack("<HHHHHI", 20, 0, 8, 0, 33, 0) + size + struct.pack("<HH", 16, 0) + b"archive/data.pkl"
    )
    central = b"PK\1\2" + struct.pack("<HHHHHHI", 20, 20, 0, 8, 0, 33, 0) + size
    central += struct.pack("<HHHHHII", 16, 0, 0, 0, 0, 0, 0) + b"archive/data.pkl"
    end = b"PK\5\6" + struct.pack("<HHHHIIH", 0, 0, 1, 1, len(central), len(head) + len(data), 0)
    ended(head + data + central + end, "model.pt")


def test_quine_of_archives() -> None:
    """An archive in an archive in an archive ..., with a payload deeper than anybody looks."""
    data = zipped(Entry("model.pkl", payload()))
    for level in range(60):
        data = zipped(Entry(f"{level}.zip", data, method=8)) if level % 2 else gzip.compress(data, mtime=0)
    ended(data, "model.zip")


def test_many_members() -> None:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for number in range(3_000):
            info = tarfile.TarInfo(f"{number}.pkl")
            info.size = 4
            archive.addfile(info, io.BytesIO(b"\x80\x04N."))
    ended(out.getvalue(), "model.tar", Limits(members=1_000))


def test_overlapping_members() -> None:
    """Three hundred central headers for one compressed member (a "better zip bomb")."""
    one = Entry("x", bytes(2 << 20), method=8)
    whole = zipped(one)
    at = whole.index(b"PK\1\2")
    header = whole[at : whole.index(b"PK\5\6")]
    central = b"".join(header[:-1] + bytes([number % 26 + 97]) for number in range(300))
    end = b"PK\5\6" + struct.pack("<HHHHIIH", 0, 0, 300, 300, len(central), at, 0)
    ended(whole[:at] + central + end, "weights.npz")


def test_six_million_opcodes() -> None:
    """Nothing, six million times, and a command: found within five seconds."""
    found = ended(b"\x80\x04" + b"N0" * 3_000_000 + payload()[2:], "model.pkl", seconds=5.0)
    assert found.state is State.MALICIOUS


def test_billion_opcodes() -> None:
    """A gigabyte of opcodes in a file: the limit is met and said."""
    limits = Limits(steps=5_000_000)
    found = ended(b"\x80\x04" + b"N0" * 20_000_000 + payload()[2:], "model.pkl", limits)
    assert any("steps" in gap.reason for gap in found.gaps) or found.state is State.MALICIOUS


@pytest.mark.parametrize(
    "body",
    [b"(" * 600_000, b"]" * 600_000, b"}" * 600_000, b"N" + b"\x85" * 600_000, b"N2" * 600_000],
)
def test_deep_stacks(body: bytes) -> None:
    """Marks, lists, tuples and duplicates, millions deep."""
    ended(b"\x80\x04" + body + payload()[2:], "model.pkl", Limits(steps=3_000_000))


def test_exponential_values() -> None:
    """Each value holds the one before thrice: writing it out would never end."""
    body = b"N\x94" + b"".join(b"0" + (b"h" + bytes([level])) * 3 + b"\x87\x94" for level in range(250))
    ended(b"\x80\x04" + body + b"0cposix\nsystem\nh\xf0\x85R.", "model.pkl")


def test_huge_memo_index() -> None:
    ended(b"\x80\x04N" + b"".join(b"r" + struct.pack("<I", 1 << bit) for bit in range(20, 32)) + b".", "model.pkl")


def test_huge_integer() -> None:
    ended(b"\x80\x04I" + b"9" * 5_000_000 + b"\n0" + payload()[2:], "model.pkl")
    ended(b"\x80\x04\x8b" + struct.pack("<I", 5_000_000) + b"\x7f" * 5_000_000 + b"0" + payload()[2:], "model.pkl")


def test_ten_million_tensors() -> None:
    """A GGUF file that claims, and in part has, more tensors than anybody needs."""
    one = struct.pack("<Q", 1) + b"w" + struct.pack("<IQIQ", 1, 1, 0, 0)
    head = gguf({"general.architecture": "llama"}, [], counts=(10_000_000, 1)).rstrip(b"\0")
    ended(head + one * 1_000_000, "model.gguf", Limits(steps=500_000))


def test_many_safetensors() -> None:
    header = {f"t{number}": {"dtype": "F32", "shape": [], "data_offsets": [0, 4]} for number in range(200_000)}
    ended(safetensors(header, bytes(4)), "model.safetensors", Limits(steps=50_000))


def test_deep_json() -> None:
    """What no parser without care survives."""
    deep = b"[" * 5_000_000 + b"]" * 5_000_000
    ended(safetensors(b'{"a":' + deep + b"}", bytes(4)), "model.safetensors")
    ended(zipped(Entry("config.json", b'{"class_name":' + deep + b"}"), Entry("metadata.json", b"{}")), "model.keras")


def test_deep_messages() -> None:
    """Protobuf messages in messages: a graph in a branch of a branch ..."""
    inner = b""
    for _ in range(3_000):
        inner = proto((1, proto((4, "If"), (5, proto((1, "then_branch"), (6, inner))))))
    start = time.process_time()
    found = inspect(Bytes(proto((1, 9), (7, inner), (8, proto((2, 18))))), "model.onnx")
    assert time.process_time() - start < SECONDS
    assert found.state is not State.CLEAN or found.gaps or not found.format


def test_entities() -> None:
    entities = "".join(f'<!ENTITY e{level + 1} "{f"&e{level};" * 10}">' for level in range(30))
    text = f'<!DOCTYPE PMML [<!ENTITY e0 "x">{entities}]><PMML version="4.4"><Header>&e30;</Header></PMML>'
    assert ended(text.encode(), "model.pmml").state is State.MALICIOUS


def test_template_that_never_ends() -> None:
    """Templates are parsed and never rendered."""
    loops = "{% for a in range(9999999) %}" * 30 + "{{ a }}" + "{% endfor %}" * 30
    config = json.dumps({"tokenizer_class": "X", "chat_template": loops})
    start = time.process_time()
    inspect(Bytes(config.encode()), "tokenizer_config.json")
    assert time.process_time() - start < SECONDS


def test_large_file_is_never_held(tmp_path: Path) -> None:
    """A sparse file of 3 GB: read in pieces."""
    path = tmp_path / "model.pt"
    with path.open("wb") as file:
        file.write(torch_zip())
        file.truncate(3 << 30)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    descriptor = os.open(path, os.O_RDONLY)
    try:
        start = time.process_time()
        found = inspect(Opened(descriptor), path.name)
        assert time.process_time() - start < SECONDS
    finally:
        os.close(descriptor)
    assert found.size == 3 << 30
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < GROWTH


def test_same_archive_twice_in_itself() -> None:
    """Links of a tar file that lead to each other."""
    data = tarred(("model.pkl", pickled([1])), links=(("a", "b"), ("b", "a"), ("c", "c")))
    start = time.process_time()
    inspect(Bytes(data), "model.tar")
    assert time.process_time() - start < 1.0
