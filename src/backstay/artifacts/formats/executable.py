"""Programs under the name of a model: executables, libraries, scripts and classes where weights are promised."""

import re

from backstay.artifacts.containers import payloads
from backstay.artifacts.content import Content
from backstay.artifacts.exam import Exam
from backstay.artifacts.format import Candidate, Format
from backstay.artifacts.report import Sign

# Ends of names that nothing but a model has; those of other programs' files are left out (`.bin`, `.model`, `.pb`).
_PROMISING = (
    ".safetensors", ".gguf", ".ggml", ".onnx", ".ort", ".pt", ".pth", ".pt2", ".ckpt", ".pkl", ".pickle", ".joblib",
    ".npy", ".npz", ".h5", ".hdf5", ".keras", ".tflite", ".mlmodel", ".pdparams", ".pdmodel", ".mar", ".nemo",
    ".msgpack", ".skops", ".torchscript", ".ptl", ".pte", ".cbm", ".ubj", ".dill", ".nb", ".engine", ".trt",
)  # fmt: skip
_STEMS = re.compile(
    r"(?:pytorch_|diffusion_pytorch_|adapter_|tf_|flax_|ggml[-_]|consolidated|model|weights|checkpoint)[\w.-]{0,200}"
    r"\.(?:bin|model|pb|data|dat|weights|params|onnx_data|data-\d+-of-\d+)"
)


def matches(candidate: Candidate) -> bool:
    """The beginning of a program, in a file whose name promises weights: any other program is none of our business."""
    if not payloads.kind(candidate.head[:4096]):
        return False
    return candidate.name.endswith(_PROMISING) or bool(_STEMS.fullmatch(candidate.name[:300]))


def read(content: Content, exam: Exam) -> None:
    """Say what it is."""
    kind = payloads.kind(content.glance(0, 4096))
    exam.note(Sign.PROGRAM, kind, "under the name of a model: there is nothing in it for a model's loader", 0)


FORMAT = Format("executable", matches, read, (), executable=True)
