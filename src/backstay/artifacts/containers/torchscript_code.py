"""TorchScript code: which operations the source in a TorchScript archive calls that touch more than tensors.

The source looks like Python and is none: its interpreter knows tensors, control flow and registered operators, so that
only an operator can reach a file, the network or native code. Names: `torch/csrc/jit/serialization/python_print.cpp`.
"""

import re

from backstay.artifacts.exam import Exam
from backstay.artifacts.report import Sign

_TEXT = re.compile(rb'"(?:[^"\\\n]|\\.)*"' + rb"|'(?:[^'\\\n]|\\.)*'|#[^\n]*")
_CALL = re.compile(rb"\b(?:torch|ops\.aten)\.([a-z_0-9]{1,60})\s*\(")
_OPERATOR = re.compile(rb"\bops\.([A-Za-z_0-9]{1,60})\.([A-Za-z_0-9]{1,100})")
_CLASS = re.compile(rb"__torch__\.torch\.classes\.([A-Za-z_0-9]{1,60})\.([A-Za-z_0-9]{1,100})")

_TEXTS = re.compile(rb"X([\x04-\xff])\0\0\0")  # the opcode of a short text
_NAMED = re.compile(rb"[A-Za-z_][A-Za-z_0-9]*::[A-Za-z_][A-Za-z_0-9]*")
# Old archives import the other files of their own; Python's modules are out of reach.
_IMPORT = re.compile(rb"^(?:import|from)[ \t]+(?!__torch__)([A-Za-z_][\w.]{0,80})", re.MULTILINE)

# Operators of torch itself that read or write files, by namespace and name.
_FILES = {
    "aten.save": "writes a file",
    "aten.from_file": "maps a file into memory",
    "aten.load": "reads a file",
    "image.read_file": "reads a file",
    "image.write_file": "writes a file",
    "video_reader.read_video_from_file": "reads a file",
    "video_reader.probe_video_from_file": "reads a file",
    "torchaudio.sox_io_load_audio_file": "reads a file",
    "torchaudio.sox_io_save_audio_file": "writes a file",
    "torchaudio.sox_io_get_info": "reads a file",
    "torchaudio.sox_effects_apply_effects_file": "reads a file",
    "prim.rpc_async": "calls a function in another process, by its name",
    "prim.rpc_sync": "calls a function in another process, by its name",
    "prim.rpc_remote": "calls a function in another process, by its name",
}
# Namespaces that torch and the libraries of its project register.
_KNOWN = {
    "aten", "prim", "prims", "prepacked", "quantized", "_quantized", "quantized_decomposed", "sparse", "mkldnn",
    "onednn", "mkl", "xnnpack", "nnapi", "profiler", "cuda", "inductor", "rngprims", "torch_vulkan", "vulkan_prepack",
    "metal_prepack", "torchvision", "image", "torchaudio", "torchtext", "fbgemm", "static_runtime", "_test",
    "_c10d_functional", "c10d", "c10d_functional", "higher_order", "rnn", "torchao", "symm_mem", "dist_rpc",
    "debugprims", "_caffe2",
}  # fmt: skip
_CLASSES = {
    "quantized",
    "rnn",
    "xnnpack",
    "nnapi",
    "sparse",
    "torchaudio",
    "torchtext",
    "c10d",
    "aten",
    "mkldnn",
    "vulkan",
    "metal",
}
_MOST = 2_000


def judge(source: bytes, exam: Exam) -> None:
    """Note the operators that touch files, and those of libraries that torch does not bring."""
    exam.step(1 + len(source) // 64)
    plain = _TEXT.sub(lambda found: b" " * len(found.group()), source)
    seen: set[str] = set()
    for found in _IMPORT.finditer(plain):
        name = found.group(1).decode()
        if name not in seen and len(seen) < _MOST:
            seen.add(name)
            message = "imported in the place of TorchScript, which has no imports: Python would run it"
            exam.note(Sign.EXECUTES, name, message, found.start())
    for found in _CALL.finditer(plain):
        _operator(f"aten.{found.group(1).decode()}", found.start(), seen, exam)
    for found in _OPERATOR.finditer(plain):
        _operator(f"{found.group(1).decode()}.{found.group(2).decode()}", found.start(), seen, exam)
    for found in _CLASS.finditer(plain):
        space, name = found.group(1).decode(), found.group(2).decode()
        if space not in _CLASSES and f"class {space}.{name}" not in seen:
            seen.add(f"class {space}.{name}")
            message = "a class that a native library must register before this can be loaded"
            exam.note(Sign.NATIVE, f"{space}.{name}", message, found.start())


def judge_bytecode(pickle: bytes, exam: Exam) -> None:
    """The same of the table of operators that the pickle for the mobile interpreter holds as texts."""
    exam.step(1 + len(pickle) // 64)
    seen: set[str] = set()
    for found in _TEXTS.finditer(pickle):
        text = pickle[found.end() : found.end() + found.group(1)[0]]
        if _NAMED.fullmatch(text):
            _operator(text.decode().replace("::", "."), found.start(), seen, exam)


def _operator(name: str, at: int, seen: set[str], exam: Exam) -> None:
    if name in seen or len(seen) > _MOST:
        return
    seen.add(name)
    if name in _FILES:
        exam.note(Sign.OPERATIONS, name.replace(".", "::"), f"{_FILES[name]} when the model runs", at)
    elif name.partition(".")[0] not in _KNOWN:
        message = "an operator that a native library must register before this can be loaded"
        exam.note(Sign.NATIVE, name.replace(".", "::"), message, at)
