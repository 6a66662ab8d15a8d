"""Recognising formats of model files by their first bytes and structure. Nothing is ever loaded or extracted."""

import io
import json
import pickletools
import re
import struct
from dataclasses import dataclass
from typing import Literal

from backstay.detectors.support.zips import member_names


@dataclass(frozen=True)
class Format:
    """A format of model files. `unsafe`: loading one may execute code; None where that depends on what is in it."""

    name: str
    unsafe: bool | None


SAFETENSORS = Format("safetensors", False)
PICKLE = Format("pickle", True)
JOBLIB = Format("joblib", True)
PYTORCH = Format("pytorch", True)
TORCHSCRIPT = Format("torchscript", True)
KERAS = Format("keras", None)
ONNX = Format("onnx", False)

# Formats that their first bytes settle.
_MAGIC = (
    (b"lmgg", Format("ggml", False)),
    (b"fmgg", Format("ggml", False)),
    (b"tjgg", Format("ggml", False)),
    (b"CBM1", Format("catboost", False)),
    (b"binf", Format("xgboost", False)),
    (b"\xba\x16\x4f\x2f", Format("fasttext", False)),
    (b"ftrt", Format("tensorrt", None)),
    (b"ptrt", Format("tensorrt", None)),
)
_TORCH_LEGACY = b"\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."  # the magic number that torch.save wrote first, as a pickle
_COMPRESSED = (
    b"\x78\x01",
    b"\x78\x5e",
    b"\x78\x9c",
    b"\x78\xda",
    b"\x1f\x8b",
    b"BZh",
    b"\xfd7zXZ",
    b"\x04\x22\x4d\x18",
)
_PICKLE_SUFFIXES = (".pkl", ".pickle", ".joblib", ".pck", ".dill", ".sav")


def recognise(name: str, data: bytes, size: int) -> Format | None:
    """The format of a file by its content; its name (in lower case) only settles what content leaves open."""
    for magic, found in _MAGIC:
        if data.startswith(magic):
            return found if len(data) >= 16 else None
    if data.startswith(b"GGUF"):
        return Format("gguf", False) if _gguf(data) else None
    if data.startswith(b"PK\x03\x04"):
        return _zip(name, data, whole=len(data) == size)
    if data.startswith(b"\x89HDF\r\n\x1a\n"):
        # HDF5 holds any data; Keras leaves its attributes by name.
        keras = any(mark in data for mark in (b"keras_version", b"model_config", b"layer_names", b"model_weights"))
        return Format("keras-hdf5", True if b'"class_name": "Lambda"' in data else None) if keras else None
    if data.startswith(b"\x93NUMPY"):
        return Format("numpy", b"'|O'" in data[:1024]) if data[6:7] in (b"\x01", b"\x02", b"\x03") else None
    if data[4:8] == b"TFL3":
        return Format("tflite", False)
    if data.startswith(b"MZqFpD") and (name.endswith(".llamafile") or b"llamafile" in data[:65_536]):
        return Format("llamafile", True)
    if data.startswith(b"\x80"):
        return _pickle(data)
    if name.endswith(".joblib") and data.startswith(_COMPRESSED):
        return JOBLIB
    if name.endswith(_PICKLE_SUFFIXES) and _plausible_pickle(data):
        return PICKLE
    return _safetensors(data, size) or _protobuf(name, data, size) or _other(name, data)


_ORDERS: tuple[Literal["little", "big"], ...] = ("little", "big")


def _gguf(data: bytes) -> bool:
    if len(data) < 24:
        return False
    return any(1 <= int.from_bytes(data[4:8], order) <= 3 for order in _ORDERS)


def _safetensors(data: bytes, size: int) -> Format | None:
    if len(data) < 10 or data[8:9] != b"{":
        return None
    length = struct.unpack_from("<Q", data)[0]
    if not 2 <= length <= min(size - 8, 100_000_000):
        return None
    header = data[8 : 8 + length]
    if len(header) == length and length < 8_000_000:
        try:
            entries = json.loads(header)
        except (ValueError, RecursionError):
            return None
        tensors = (
            [one for key, one in entries.items() if key != "__metadata__"] if isinstance(entries, dict) else [None]
        )
        return SAFETENSORS if all(isinstance(one, dict) and "dtype" in one for one in tensors) else None
    return SAFETENSORS if re.match(rb'\{\s*"[^"\\]{1,500}"\s*:\s*\{', header) else None


def _pickle(data: bytes) -> Format | None:
    if data[1:2] not in (b"\x02", b"\x03", b"\x04", b"\x05") or not _plausible_pickle(data):
        return None
    head = data[:65_536]
    if head[2:].startswith(_TORCH_LEGACY):
        return Format("pytorch-legacy", True)
    return JOBLIB if b"joblib.numpy_pickle" in head else PICKLE


def _plausible_pickle(data: bytes) -> bool:
    """Whether the bytes start like a pickle: some opcodes in a row make sense, and they build something."""
    count = 0
    try:
        # genops only reads opcodes and their arguments; nothing is built or imported.
        for opcode, _, _ in pickletools.genops(io.BytesIO(data[:65_536])):
            count += 1
            if opcode.name == "STOP":
                return count > 1
            if count >= 24:
                return True
    except Exception:  # a malformed pickle makes genops raise nearly anything
        return count >= 4 and len(data) > 65_536
    return False


def _zip(name: str, data: bytes, *, whole: bool) -> Format | None:
    names = member_names(data, whole=whole)
    if not names:
        return None
    inner = {one.partition("/")[2] or one for one in names} | set(names)
    if "data.pkl" in inner:
        script = "constants.pkl" in inner or any(one.startswith("code/") for one in inner)
        return TORCHSCRIPT if script else PYTORCH
    if "MAR-INF/MANIFEST.json" in inner:
        return Format("torch-model-archive", True)
    if {"config.json", "metadata.json"} <= inner and any(one.endswith(".weights.h5") for one in inner):
        return KERAS
    if "schema.json" in inner and (
        name.endswith(".skops") or all(one.endswith((".npy", ".npz", ".json")) for one in names)
    ):
        return Format("skops", False)
    if all(one.endswith(".npy") for one in names):
        return Format("numpy-archive", None)
    return None


# Fields of ONNX's ModelProto, by tag byte: number and wire type.
_ONNX_TAGS = frozenset(b"\x08\x12\x1a\x22\x28\x32\x3a\x42\x72\xa2\xca")


def _protobuf(name: str, data: bytes, size: int) -> Format | None:
    if name == "saved_model.pb" and data[:1] in (b"\x08", b"\x12"):
        return Format("tensorflow-saved-model", None)
    if name.endswith(".mlmodel") and data[:1] == b"\x08":
        return Format("coreml", False)
    return ONNX if data[:1] == b"\x08" and len(data) > 8 and 1 <= data[1] <= 20 and _onnx(data, size) else None


def _onnx(data: bytes, size: int) -> bool:
    """Whether the fields of a message are those of an ONNX model, up to and including its graph."""
    at, seen = 0, set[int]()
    for _ in range(64):
        if at + 1 >= len(data) or data[at] not in _ONNX_TAGS:
            return False
        tag = data[at]
        at += 2 if tag in (0xA2, 0xCA) else 1
        value, at = _varint(data, at)
        if value < 0:
            return False
        if tag == 0x3A:  # the graph: it has nodes or a name, and lies within the file
            return 0 < value <= size - at and data[at : at + 1] in (b"\x0a", b"\x12") and len(seen) >= 1
        seen.add(tag)
        if tag & 7 == 2:
            if tag in (0x12, 0x1A) and not data[at : at + min(value, 100)].isascii():
                return False
            at += value
    return False


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 63, 7):
        if at >= len(data):
            return -1, at
        value |= (data[at] & 0x7F) << shift
        at += 1
        if not data[at - 1] & 0x80:
            return value, at
    return -1, at


# UBJSON: an object whose first key, after its length as a signed integer of some width, is "learner".
_UBJSON_LEARNER = re.compile(rb"\{(?:[iU].|I..|l.{4}|L.{8})learner", re.DOTALL)


def _other(name: str, data: bytes) -> Format | None:
    if _UBJSON_LEARNER.match(data):
        return Format("xgboost", False)
    if name.endswith(".nemo") and (data[257:262] == b"ustar" or data.startswith(b"\x1f\x8b")):
        return Format("nemo", True)
    if name.endswith(".msgpack") and data[:1] and (0x81 <= data[0] <= 0x8F or data[0] in (0xDE, 0xDF)):
        return Format("flax", False) if name == "flax_model.msgpack" or b"params" in data[:64] else None
    return None


def recognise_text(name: str, text: str) -> Format | None:
    """The format of a model that is kept as text."""
    head = text[:4_096]
    if head.startswith("tree\n") and re.match(r"tree\r?\nversion=v\d", head):
        return Format("lightgbm", False)
    if "<PMML" in head and "dmg.org/PMML" in head:
        return Format("pmml", False)
    if re.search(r"<net\s[^>]{0,300}version=\"1[01]\"", head) and "<layers>" in head:
        return Format("openvino", False)
    if (
        name.endswith(".json")
        and head.lstrip().startswith("{")
        and '"learner"' in head
        and '"gradient_booster"' in text
    ):
        return Format("xgboost", False)
    if name.endswith(_PICKLE_SUFFIXES) and _plausible_pickle(text[:65_536].encode("latin-1", "replace")):
        return PICKLE
    return None
