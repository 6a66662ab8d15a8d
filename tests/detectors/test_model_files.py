"""Model files are known by their bytes, whatever their names; look-alikes are not."""

import io
import json
import pickle
import struct
import tarfile
import zipfile
import zlib
from pathlib import PurePosixPath

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backstay.detectors.model_files import detect
from backstay.detectors.support.lfs import pointer
from backstay.detectors.support.zips import member_names
from backstay.model import Asset
from backstay.plugin import File


def file(path: str, data: bytes, size: int = 0) -> File:
    return File(path, data, size or len(data), "0" * 64, "src", truncated=bool(size))


def found(path: str, data: bytes, size: int = 0) -> tuple[str, object] | None:
    assets = [fact for fact in detect.detect(file(path, data, size)) if isinstance(fact, Asset)]
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


def tarred(**members: bytes) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return out.getvalue()


def safetensors() -> bytes:
    header = json.dumps({"__metadata__": {"format": "pt"}, "w": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}})
    return struct.pack("<Q", len(header)) + header.encode() + b"\0" * 4


def onnx() -> bytes:
    graph = b"\x0a\x04node\x12\x05graph"
    return b"\x08\x08\x12\x07pytorch\x1a\x052.6.0" + b"\x3a" + bytes([len(graph)]) + graph


def numpy(descr: str) -> bytes:
    header = f"{{'descr': '{descr}', 'fortran_order': False, 'shape': (1,), }}".ljust(117) + "\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode() + b"\0" * 8


STATE = {"layer.weight": [0.1, 0.2], "epoch": 3}
LEGACY = b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.\x80\x02M\xe9\x03."

KNOWN: list[tuple[str, bytes, str, object]] = [
    ("model.safetensors", safetensors(), "safetensors", False),
    ("weights.dat", safetensors(), "safetensors", False),
    ("llama.gguf", b"GGUF" + struct.pack("<IQQ", 3, 2, 1) + b"\0" * 32, "gguf", False),
    ("ggml-model.bin", b"lmgg" + b"\0" * 64, "ggml", False),
    ("model.bin", pickle.dumps(STATE, 2), "pickle", True),
    ("model", pickle.dumps(STATE, 5), "pickle", True),
    (
        "model.joblib",
        b"\x80\x03cjoblib.numpy_pickle\nNumpyArrayWrapper\nq\x00)\x81q\x01}q\x02(X\x01\x00\x00\x00aK\x01ub.",
        "joblib",
        True,
    ),
    ("model.joblib", zlib.compress(pickle.dumps(STATE, 4)), "joblib", True),
    ("old.pt", LEGACY + b"\0" * 16, "pytorch-legacy", True),
    ("model.pt", archive(**{"archive/data.pkl": b"\x80\x02}.", "archive/version": b"3\n"}), "pytorch", True),
    (
        "script.pt",
        archive(**{"s/data.pkl": b"\x80\x02}.", "s/code/a.py": b"", "s/constants.pkl": b""}),
        "torchscript",
        True,
    ),
    ("serve.mar", archive(**{"MAR-INF/MANIFEST.json": b"{}", "handler.py": b""}), "torch-model-archive", True),
    ("m.keras", archive(**{"config.json": b"{}", "metadata.json": b"{}", "model.weights.h5": b""}), "keras", "unknown"),
    ("m.skops", archive(**{"schema.json": b"{}", "1.npy": b""}), "skops", False),
    ("x.npz", archive(**{"a.npy": b"", "b.npy": b""}), "numpy-archive", "unknown"),
    ("x.npy", numpy("<f8"), "numpy", False),
    ("objects.npy", numpy("|O"), "numpy", True),
    ("m.h5", b"\x89HDF\r\n\x1a\n" + b"\0" * 64 + b"keras_version", "keras-hdf5", "unknown"),
    ("l.h5", b"\x89HDF\r\n\x1a\n\0model_config" + b'{"class_name": "Lambda"}', "keras-hdf5", True),
    ("net.onnx", onnx(), "onnx", False),
    ("net", onnx(), "onnx", False),
    ("m.tflite", b"\x1c\0\0\0TFL3" + b"\0" * 32, "tflite", False),
    ("export/saved_model.pb", b"\x08\x01\x12\x04meta\0", "tensorflow-saved-model", "unknown"),
    ("a.mlmodel", b"\x08\x04\x12\x00\0\0", "coreml", False),
    ("a.cbm", b"CBM1" + b"\0" * 32, "catboost", False),
    ("a.ubj", b"{L\0\0\0\0\0\0\0\x07learner{", "xgboost", False),
    ("a.nemo", tarred(**{"model_config.yaml": b"x", "model_weights.ckpt": b"y"}), "nemo", True),
    ("a.llamafile", b"MZqFpD" + b"\0" * 64, "llamafile", True),
    ("flax_model.msgpack", b"\x81\xa6params\x80\0", "flax", False),
    ("lid.176.ftz", b"\xba\x16\x4f\x2f" + b"\0" * 32, "fasttext", False),
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
    ("climate.h5", b"\x89HDF\r\n\x1a\n" + b"\0" * 64 + b"temperature"),
    ("x.bin", b"\x80\x02\xff\xfe\xfd\0\0"),
    ("x.bin", b"\x80\x05\0\0\0\0\0\0\0\0"),
    ("program.exe", b"MZ\x90\0" + b"\0" * 64),
    ("lib.so", b"\x7fELF" + b"\0" * 64),
    ("tiny.gguf", b"GGUF"),
    ("text.gguf", b"GGUF is a format\0"),
    ("data.bin", struct.pack("<Q", 20) + b'{"a": "no tensors"}\0'),
    ("note.sav", b"saved on monday"),
    ("a.json", b'{"learner": 1, "gradient": 2}'),
]


@pytest.mark.parametrize(("path", "data"), OTHERS, ids=[f"{p}-{n}" for n, (p, _) in enumerate(OTHERS)])
def test_other_files(path: str, data: bytes) -> None:
    assert found(path, data) is None


def test_head_of_a_large_archive_suffices() -> None:
    data = archive(**{"archive/data.pkl": b"\x80\x02}.", "archive/data/0": b"\0" * 5_000})
    assert found("big.pt", data[:400], size=len(data)) == ("pytorch", True)


def test_head_of_a_large_pickle_suffices() -> None:
    data = pickle.dumps({f"layer{n}": list(range(20)) for n in range(2_000)}, 4)
    assert found("big.pkl", data[:70_000], size=len(data)) == ("pickle", True)


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
    found(f"m{suffix}", bytes(damaged[:cut]), size=len(damaged) + 1)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=600), st.sampled_from(SUFFIXES))
def test_any_bytes_are_answered(data: bytes, suffix: str) -> None:
    found(f"m{suffix}", data)
    assert len(member_names(b"PK\x03\x04" + data, whole=True)) <= 600


@given(st.text(max_size=200))
def test_any_text_is_no_pointer(text: str) -> None:
    assert pointer(text) is None
