"""TensorFlow graphs by themselves: a GraphDef (a frozen graph) or a MetaGraphDef (`.meta`), binary or as text."""

from backstay.artifacts.content import Bytes, Content
from backstay.artifacts.exam import Exam
from backstay.artifacts.format import Candidate, Format
from backstay.artifacts.graphs import tensorflow_model, tensorflow_shape, tensorflow_text
from backstay.artifacts.graphs.contents import check_end
from backstay.artifacts.graphs.tensorflow_judge import Judge
from backstay.artifacts.wire import protobuf


def _is_graph(candidate: Candidate) -> bool:
    return tensorflow_shape.is_graph(candidate) or tensorflow_text.kind(candidate.head) == "GraphDef"


def _is_meta_graph(candidate: Candidate) -> bool:
    return tensorflow_shape.is_meta_graph(candidate) or tensorflow_text.kind(candidate.head) == "MetaGraphDef"


def _read_graph(content: Content, exam: Exam) -> None:
    exam.fact("framework", "tensorflow")
    if tensorflow_shape.is_graph(Candidate(content, exam.name)):
        tensorflow_model.graph_def(protobuf.root(content, exam), Judge(exam))
        check_end(content, (1, 2, 4, 5), exam, numbers=(3,))
    else:
        data = Bytes(tensorflow_text.binary(content, "GraphDef", exam))
        tensorflow_model.graph_def(protobuf.root(data, exam), Judge(exam, placed=False))


def _read_meta_graph(content: Content, exam: Exam) -> None:
    exam.fact("framework", "tensorflow")
    if tensorflow_shape.is_meta_graph(Candidate(content, exam.name)):
        tensorflow_model.meta_graph(protobuf.root(content, exam), Judge(exam, training=True))
        check_end(content, range(1, 8), exam)
    else:
        data = Bytes(tensorflow_text.binary(content, "MetaGraphDef", exam))
        tensorflow_model.meta_graph(protobuf.root(data, exam), Judge(exam, training=True, placed=False))


FORMAT = Format(
    id="tensorflow-graph",
    matches=_is_graph,
    read=_read_graph,
    suffixes=(".pb", ".pbtxt", ".graphdef"),
    executable=None,
)
META_GRAPH = Format(
    id="tensorflow-meta-graph",
    matches=_is_meta_graph,
    read=_read_meta_graph,
    suffixes=(".meta",),
    executable=None,
)
