"""TensorRT: an engine compiled for a GPU, of which only what exporters write before it can be read."""

from backstay.artifacts.content import Content
from backstay.artifacts.documents import parse_json
from backstay.artifacts.exam import Exam
from backstay.artifacts.format import Candidate, Format
from backstay.artifacts.report import Sign

_ENGINE = b"ftrt"
_MAX_HEADER = 1 << 20
_DECLARED = ("author", "license", "version")


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


FORMAT = Format(
    id="tensorrt",
    matches=lambda candidate: _header(candidate) >= 0,
    read=_read_engine,
    suffixes=(".engine", ".plan", ".trt"),
    executable=True,
)
