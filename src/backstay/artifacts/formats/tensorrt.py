"""TensorRT and ExecuTorch: programs compiled for a device, of which only what stands around the code can be read."""

import re

from backstay.artifacts.content import Content
from backstay.artifacts.documents import parse_json
from backstay.artifacts.exam import Exam, MalformedError
from backstay.artifacts.format import Candidate, Format
from backstay.artifacts.report import Sign
from backstay.artifacts.wire.flatbuffers import Buffer

_ENGINE = b"ftrt"
_MAX_HEADER = 1 << 20
_DECLARED = ("author", "license", "version")
_OWN = ("aten::", "dim_order_ops::", "executorch_prim::", "quantized_decomposed::", "prim::")
_MAX_NAMES = 200


def _header(candidate: Candidate) -> int:
    """Where an engine begins: Ultralytics writes a length and a JSON text before it. -1 when there is none."""
    if candidate.head[:4] == _ENGINE:
        return 0
    size = int.from_bytes(candidate.head[:4], "little")
    if 2 <= size <= _MAX_HEADER and candidate.head[4:5] == b"{":
        return 4 + size if candidate.content.read(4 + size, 4) == _ENGINE else -1
    return -1


def _read_engine(content: Content, exam: Exam) -> None:
    exam.fact("framework", "tensorrt")
    start = _header(Candidate(content, exam.name))
    if start > 0:
        with exam.contained():
            described = parse_json(content.read(4, start - 4)).root
            if isinstance(described, dict):
                exam.fact("producer", "ultralytics")
                for name in _DECLARED:
                    if isinstance(described.get(name), str):
                        exam.declare(name, described[name])
                if isinstance(described.get("task"), str):
                    exam.declare("tags", [described["task"]])
    exam.note(Sign.NATIVE, "engine", "machine code for a GPU, and plugins by name: cannot be read", start)
    exam.gap("opaque format", "a compiled engine")


def _read_executorch(content: Content, exam: Exam) -> None:
    exam.fact("framework", "executorch")
    _segments(content, exam)
    names: dict[str, None] = {}
    delegates: dict[str, None] = {}
    program = Buffer(content, exam).root()
    exam.fact("framework_version", f"schema {program.number(0, 'I')}")
    for plan in program.tables(1):
        for one in plan.tables(6):
            if len(names) < _MAX_NAMES:
                names[one.text(0, 256)] = None
        for one in plan.tables(7):
            if len(delegates) < _MAX_NAMES:
                delegates[one.text(0, 256)] = None
    for name in names:
        if not name.startswith(_OWN):
            exam.note(Sign.NATIVE, name, "an operator of a custom native library")
    for name in delegates:
        exam.note(Sign.NATIVE, name, "a part compiled for a device: cannot be read")
    if delegates:
        exam.gap("opaque format", "parts that are compiled for a device")


def _segments(content: Content, exam: Exam) -> None:
    """The extended header says how long the program is and where data begins (runtime/executor/program.h)."""
    head = content.read(0, 64)
    if head[8:12] != b"eh00" or len(head) < 32:
        return
    program, base = int.from_bytes(head[16:24], "little"), int.from_bytes(head[24:32], "little")
    for name, value in (("the program", program), ("the data", base)):
        if value > content.size:
            exam.note(Sign.TENSORS, name, f"lies beyond the end of the file, at {value}", 8)
            raise MalformedError("cut short", name)


FORMAT = Format(
    id="tensorrt",
    matches=lambda candidate: _header(candidate) >= 0,
    read=_read_engine,
    suffixes=(".engine", ".plan", ".trt"),
    executable=True,
)
EXECUTORCH = Format(
    id="executorch",
    matches=lambda candidate: re.fullmatch(rb"ET\d\d", candidate.head[4:8]) is not None,
    read=_read_executorch,
    suffixes=(".pte",),
    executable=None,
)
