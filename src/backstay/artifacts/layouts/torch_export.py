"""Exported PyTorch programs (`.pt2`): a graph as JSON with its weights, and what AOTInductor compiled of it."""

import re
from collections.abc import Sequence

from backstay.artifacts.containers import torch_storages
from backstay.artifacts.exam import Exam
from backstay.artifacts.format import Layout, Member
from backstay.artifacts.report import Sign

# `torch/export/pt2_archive/constants.py`; before 2.7 the graph stood in a file of its own.
_WEIGHTS = re.compile(r"(?:[^/]+/)?data/(?:weights/weight_\d+|constants/tensor_\d+)(?:\.pt)?")
_GRAPH = re.compile(r"(?:[^/]+/)?(?:serialized_exported_program|models/[^/]+)\.json")
_COMPILED = (
    ".so",
    ".cpp",
    ".o",
    ".cubin",
    ".hsaco",
    ".ptx",
    ".spv",
    ".kernel.cpp",
    ".wrapper.cpp",
    ".dll",
    ".dylib",
    ".pyd",
)
_LONG = 1000


def matches(members: dict[str, Member]) -> bool:
    """The mark of a PT2 archive, or the graph of an older one."""
    short = [name for name in members if len(name) < _LONG]
    return any(name.rpartition("/")[2] == "archive_format" and name.count("/") <= 1 for name in short) or any(
        name.rpartition("/")[2] == "serialized_exported_program.json" for name in short
    )


def read(members: dict[str, Member], exam: Exam) -> Sequence[str]:
    """Look at the weights' first bytes and at what is compiled; pickled parts are left to their reader."""
    exam.fact("framework", "PyTorch")
    done: list[str] = []
    compiled: list[str] = []
    for name, member in members.items():
        exam.step()
        if len(name) >= _LONG:
            continue
        if _WEIGHTS.fullmatch(name) and not name.endswith(".pt"):
            done += [name] if torch_storages.is_plain(member, exam) else []
        elif "/data/aotinductor/" in f"/{name}" and name.lower().endswith(_COMPILED):
            compiled.append(name)
            done.append(name)
        elif _GRAPH.fullmatch(name):
            _operators(member, exam)
    if compiled:
        message = f"compiled code that running the model loads ({len(compiled)} files)"
        exam.note(Sign.CARRIES, compiled[0].rpartition("/")[2], message)
    return done


_TARGET = re.compile(rb'"target"\s*:\s*"(?:torch\.)?ops\.([A-Za-z_0-9]{1,60})\.([A-Za-z_0-9]{1,100})')
_KNOWN = {
    b"aten",
    b"prim",
    b"prims",
    b"higher_order",
    b"quantized_decomposed",
    b"quantized",
    b"torchvision",
    b"torchaudio",
    b"inductor",
    b"torchao",
    b"_c10d_functional",
}
_FILES = {(b"aten", b"from_file"), (b"aten", b"save"), (b"image", b"read_file"), (b"image", b"write_file")}


def _operators(member: Member, exam: Exam) -> None:
    """Note the operators of a graph that touch files, and those of libraries that torch does not bring."""
    with exam.contained():
        content = member.open()
        with exam.inside(member.name) as inside:
            if content.size > exam.limits.text:
                inside.gap("too large", f"a graph of {content.size} bytes")
                return
            inside.step(1 + content.size // 64)
            for space, name in sorted({found.groups() for found in _TARGET.finditer(content.read(0, content.size))}):
                subject = f"{space.decode()}::{name.decode()}"
                if (space, name) in _FILES:
                    inside.note(Sign.OPERATIONS, subject, "touches a file when the model runs")
                elif space not in _KNOWN:
                    inside.note(Sign.NATIVE, subject, "an operator that a library of its own must register")


LAYOUT = Layout("torch-export", matches, read, (".pt2",), None)
