"""ONNX Runtime's own format (`.ort`): a FlatBuffer of a graph that was prepared for devices.

Positions of fields are those of onnxruntime/core/flatbuffers/schema/ort.fbs.
"""

from backstay.artifacts.content import Content
from backstay.artifacts.exam import Exam
from backstay.artifacts.format import Format
from backstay.artifacts.graphs import operations
from backstay.artifacts.graphs.operations import When
from backstay.artifacts.report import Sign
from backstay.artifacts.wire.flatbuffers import Buffer, OutsideError, Table

_MAX_LIBRARIES = 50
_COST = 20  # steps of a node


class _Reader:
    def __init__(self, exam: Exam) -> None:
        self.exam = exam
        table = operations.table("onnx")
        self._effects, self._known, self._domains = table.effects(), table.names(), frozenset(table.domains)
        self._used: set[tuple[str, str]] = set()
        self._seen: set[int] = set()
        self._noted = 0

    def graph(self, graph: Table) -> None:
        if graph.at in self._seen:
            return
        self._seen.add(graph.at)
        for node in graph.tables(2):
            if node.at in self._seen:
                continue
            self._seen.add(node.at)
            self.exam.step(_COST)
            domain, name = node.text(2, 256), node.text(5, 256)
            self._node("" if domain == "ai.onnx" else domain, name, node.at)
            for attribute in node.tables(10):
                inner = attribute.table(7)
                if inner is not None:
                    self.graph(inner)

    def _node(self, domain: str, name: str, at: int) -> None:
        if (domain, name) in self._used:
            return
        self._used.add((domain, name))
        subject = f"{domain}.{name}" if domain else name
        effect = self._effects.get(name)
        if effect is not None and effect.when is When.ALWAYS and (domain or name not in self._known):
            self.exam.note(Sign.OPERATIONS, subject, effect.does, at)
        elif self._foreign(domain, name) and self._noted < _MAX_LIBRARIES:
            self._noted += 1
            self.exam.note(Sign.NATIVE, subject, "an operation of a custom native library", at)

    def _foreign(self, domain: str, name: str) -> bool:
        return domain not in self._domains or (domain in ("", "ai.onnx.ml") and name not in self._known)


def _read(content: Content, exam: Exam) -> None:
    exam.fact("framework", "onnx")
    try:
        session = Buffer(content, exam).root()
        exam.fact("framework_version", f"ORT {session.text(0, 32)}")
        model = session.table(1)
        if model is None:
            return
        producer = f"{model.text(2, 256)} {model.text(3, 256)}".strip()
        if producer:
            exam.fact("producer", producer)
        graph = model.table(7)
        if graph is not None:
            _Reader(exam).graph(graph)
    except OutsideError as error:
        if error.forged:
            message = "an offset out of the file: a runtime that does not check it reads other memory"
            exam.note(Sign.TENSORS, "offset", message, error.at)
        raise


FORMAT = Format(
    id="onnx-runtime",
    matches=lambda candidate: candidate.head[4:8] == b"ORTM",
    read=_read,
    suffixes=(".ort",),
    executable=None,
)
