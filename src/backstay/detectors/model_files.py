"""Detector of model files, by their bytes and structure. Nothing is ever loaded."""

from collections.abc import Iterator

from backstay.detectors.support.facts import owner_edge
from backstay.detectors.support.lfs import pointer
from backstay.detectors.support.model_formats import Format, recognise, recognise_text
from backstay.model import Asset, Attributes, Kind, Level
from backstay.model import RelationshipKind as Edge
from backstay.plugin import Fact, File, Selector, detector

_ID = "model-files"

# What a file name promises when only an LFS pointer of the file is here.
_SUFFIXES = {
    ".safetensors": Format("safetensors", False),
    ".gguf": Format("gguf", False),
    ".ggml": Format("ggml", False),
    ".onnx": Format("onnx", False),
    ".tflite": Format("tflite", False),
    ".pt": Format("pytorch", True),
    ".pth": Format("pytorch", True),
    ".ckpt": Format("pytorch", True),
    ".pkl": Format("pickle", True),
    ".pickle": Format("pickle", True),
    ".joblib": Format("joblib", True),
    ".keras": Format("keras", None),
    ".h5": Format("keras-hdf5", None),
    ".mlmodel": Format("coreml", False),
    ".msgpack": Format("flax", False),
    ".nemo": Format("nemo", True),
    ".mar": Format("torch-model-archive", True),
    ".skops": Format("skops", False),
    ".llamafile": Format("llamafile", True),
}
_WEIGHTS = ("pytorch_model", "model", "diffusion_pytorch_model", "adapter_model", "training_args", "optimizer")

_SELECTOR = Selector(
    suffixes=(".pkl", ".pickle", ".sav", ".dill", ".pmml", ".lgb"),
    contains=(b"tree\nversion=v", b"<PMML", b"<net name=", b'"gradient_booster"', b"https://git-lfs.github.com/spec"),
    within=(".txt", ".xml", ".json", ".model", ".bst", ".bin", *_SUFFIXES),
    binary=True,
    whole=False,
)


@detector(_SELECTOR, Kind.MODEL_FILE)
def detect(file: File) -> Iterator[Fact]:
    name = file.name.lower()
    sha256, size, level = file.sha256, file.size, Level.OBSERVED
    pointed = None if file.binary else pointer(file.text[:2_000]) if file.size < 2_000 else None
    if pointed:
        sha256, size = pointed
        level = Level.DECLARED
        found = _promised(name)
    else:
        found = recognise(name, file.data, file.size)
        if found is None and not file.binary:
            found = recognise_text(name, file.text)
    if found is None:
        return
    attributes: Attributes = {"format": found.name, "size": size, "sha256": sha256, "path": file.path}
    if found.unsafe is not None:
        attributes["unsafe_format"] = found.unsafe
    seen = file.evidence(_ID, level=level)
    asset = Asset(file.urn(Kind.MODEL_FILE, file.path), Kind.MODEL_FILE, file.path, attributes, seen)
    yield asset
    yield owner_edge(Edge.CONTAINS, asset.key, seen)


def _promised(name: str) -> Format | None:
    if name.endswith(".bin"):
        return Format("pytorch", True) if name.startswith(_WEIGHTS) else None
    return next((found for suffix, found in _SUFFIXES.items() if name.endswith(suffix)), None)
