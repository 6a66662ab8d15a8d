"""TensorFlow Lite (LiteRT): a FlatBuffer of subgraphs; files that are appended as a zip are read by that format."""

from backstay.artifacts.content import Content
from backstay.artifacts.exam import Exam
from backstay.artifacts.format import Format
from backstay.artifacts.graphs.tflite_model import TfliteModel


def _read(content: Content, exam: Exam) -> None:
    exam.fact("framework", "tflite")
    TfliteModel(content, exam).read()


FORMAT = Format(
    id="tflite",
    matches=lambda candidate: candidate.head[4:8] == b"TFL3",
    read=_read,
    suffixes=(".tflite", ".lite"),
    executable=None,
)
