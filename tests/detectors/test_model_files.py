"""Model files are known by their bytes, whatever their names; look-alikes are not."""

import contextlib
import io
import json
import pickle
import struct
import zipfile
import zlib
from pathlib import PurePosixPath

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backstay.detectors.model_files import detect
from backstay.detectors.support.lfs import pointer
from backstay.model import Asset, Kind, Relationship
from backstay.plugin import Fact, File, UnreadableError


def file(path: str, data: bytes) -> File:
    return File(path, data, len(data), "0" * 64, "src")


def facts(path: str, data: bytes) -> list[Fact]:
    """What the detector says of a file, also of one that it cannot read wholly."""
    given: list[Fact] = []
    shown = file(path, data)
    accepts = detect.selector.accepts
    assert accepts is not None
    if accepts(shown):
        with contextlib.suppress(UnreadableError):
            for fact in detect.detect(shown):
                given.append(fact)
    return given


def found(path: str, data: bytes) -> tuple[str, object] | None:
    assets = [fact for fact in facts(path, data) if isinstance(fact, Asset) and fact.kind == Kind.MODEL_FILE]
    assert len(assets) <= 1
    if not assets:
        return None
    return str(assets[0].attributes["format"]), assets[0].attributes.get("unsafe_format", "unknown")


def archive(**members: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as zipped:
        for name, data in members.items():
            zipped.writestr(name, data)
    return out.getvalue()


def safetensors() -> bytes:
    header = json.dumps({"__metadata__": {"format": "pt"}, "w": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}})
    return struct.pack("<Q", len(header)) + header.encode() + b"\0" * 4


def numpy(descr: str, data: bytes) -> bytes:
    header = f"{{'descr': '{descr}', 'fortran_order': False, 'shape': (1,), }}".ljust(117) + "\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode() + data


STATE = {"layer.weight": [0.1, 0.2], "epoch": 3}
OBJECTS = pickle.dumps([complex(1, 2)], 4)
LEGACY = b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.\x80\x02M\xe9\x03."

# What the readers understand is tested with them; here is what the detector makes of it.
KNOWN: list[tuple[str, bytes, str, object]] = [
    ("model.safetensors", safetensors(), "safetensors", False),
    ("weights.dat", safetensors(), "safetensors", False),
    ("model.bin", pickle.dumps(STATE, 2), "pickle", True),
    ("model", pickle.dumps(STATE, 5), "pickle", True),
    ("model.joblib", zlib.compress(pickle.dumps(STATE, 4)), "pickle", True),
    ("old.pt", LEGACY + b"\0" * 16, "pytorch-legacy", True),
    ("model.pt", archive(**{"archive/data.pkl": b"\x80\x02}.", "archive/version": b"3\n"}), "pytorch", True),
    ("serve.mar", archive(**{"MAR-INF/MANIFEST.json": b"{}", "handler.py": b""}), "torch-model-archive", True),
    ("m.keras", archive(**{"config.json": b"{}", "metadata.json": b"{}", "model.weights.h5": b""}), "keras", "unknown"),
    ("x.npy", numpy("<f8", bytes(8)), "numpy", "unknown"),
    ("objects.npy", numpy("|O", OBJECTS), "numpy", True),
    ("two.zip", archive(**{"a.pkl": pickle.dumps(STATE), "b.safetensors": safetensors()}), "zip", True),
    ("unknown.safetensors", bytes(64), "unrecognised", "unknown"),
]


@pytest.mark.parametrize(("path", "data", "format", "unsafe"), KNOWN, ids=[f"{p}-{f}" for p, _, f, _ in KNOWN])
def test_known_formats(path: str, data: bytes, format: str, unsafe: object) -> None:
    assert found(path, data) == (format, unsafe)


OTHERS: list[tuple[str, bytes]] = [
    ("book.docx", archive(**{"[Content_Types].xml": b"", "word/document.xml": b""})),
    ("app.jar", archive(**{"META-INF/MANIFEST.MF": b"", "config.json": b""})),
    ("photo.png", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + b"\0" * 64),
    ("photo.jpg", b"\xff\xd8\xff\xe0\0\x10JFIF\0" + b"\0" * 64),
    ("descriptor.pb", b"\x0a\x0ftest/file.proto\x12\x04test\0"),
    ("event.pb", b"\x08\x01\x10\x02\x18\x03\0"),
    ("x.bin", b"\x80\x02\xff\xfe\xfd\0\0"),
    ("x.bin", b"\x80\x05\0\0\0\0\0\0\0\0"),
    ("program.exe", b"MZ\x90\0" + b"\0" * 64),
    ("lib.so", b"\x7fELF" + b"\0" * 64),
    ("note.sav", b"saved on monday"),
    ("a.json", b'{"learner": 1, "gradient": 2}'),
]


@pytest.mark.parametrize(("path", "data"), OTHERS, ids=[f"{p}-{n}" for n, (p, _) in enumerate(OTHERS)])
def test_other_files(path: str, data: bytes) -> None:
    assert found(path, data) is None


def test_a_pickle_that_would_run_code_is_only_read() -> None:
    # Loading this would exit the process.
    assert found("evil.pkl", b"\x80\x02cos\n_exit\nK\x01\x85R.") == ("pickle", True)


def test_lfs_pointer_gives_the_size_and_digest_of_the_file() -> None:
    text = f"version https://git-lfs.github.com/spec/v1\noid sha256:{'a' * 64}\nsize 123456789\n".encode()
    [asset] = [fact for fact in detect.detect(file("m.gguf", text)) if isinstance(fact, Asset)]
    assert asset.attributes["size"] == 123456789
    assert asset.attributes["sha256"] == "a" * 64


SUFFIXES = ["", *sorted({PurePosixPath(path).suffix for path, *_ in KNOWN})]


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from([data for _, data, _, _ in KNOWN]),
    st.sampled_from(SUFFIXES),
    st.lists(st.tuples(st.integers(0, 400), st.integers(0, 255)), max_size=6),
    st.integers(0, 400),
)
def test_damaged_files_are_answered(data: bytes, suffix: str, changes: list[tuple[int, int]], cut: int) -> None:
    damaged = bytearray(data)
    for at, value in changes:
        if at < len(damaged):
            damaged[at] = value
    found(f"m{suffix}", bytes(damaged))
    found(f"m{suffix}", bytes(damaged[:cut]))


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=600), st.sampled_from(SUFFIXES))
def test_any_bytes_are_answered(data: bytes, suffix: str) -> None:
    found(f"m{suffix}", data)


@given(st.text(max_size=200))
def test_any_text_is_no_pointer(text: str) -> None:
    assert pointer(text) is None


def test_what_was_not_read_is_said() -> None:
    with pytest.raises(UnreadableError, match="truncated"):
        list(detect.detect(file("m.safetensors", safetensors()[:-2])))
    [asset] = [fact for fact in facts("m.safetensors", safetensors()[:-2]) if isinstance(fact, Asset)]
    assert asset.attributes["verdict"] == "depends on unknown code"
    assert asset.attributes["coverage"] == "partial"
    assert asset.items("not_read")


def test_what_a_file_declares_is_joined() -> None:
    metadata = {"format": "pt", "modelspec.title": "Ranker", "base_model": "acme/base", "license": "apache-2.0"}
    header = json.dumps({"__metadata__": metadata, "w": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}})
    data = struct.pack("<Q", len(header)) + header.encode() + b"\0" * 4
    given = facts("m.safetensors", data)
    [asset] = [fact for fact in given if isinstance(fact, Asset) and fact.kind == Kind.MODEL_FILE]
    assert asset.attributes["declared_license"] == "apache-2.0"
    assert asset.attributes["parameters"] == 1
    edges = {(fact.kind.value, fact.target) for fact in given if isinstance(fact, Relationship)}
    assert ("derivedFrom", "pkg:huggingface/acme/base") in edges
