"""Pickle: the format of Python's `pickle`, dill and cloudpickle, of every protocol and under any name."""

from backstay.artifacts.content import Content
from backstay.artifacts.exam import Exam
from backstay.artifacts.format import Candidate, Format
from backstay.artifacts.formats import joblib
from backstay.artifacts.pickles import legacy, streams, trial


def _matches(candidate: Candidate) -> bool:
    head = candidate.head
    return trial.begins(head) and not legacy.marked(head) and not joblib.wraps(head) and trial.recognised(candidate)


def _read(content: Content, exam: Exam) -> None:
    streams.read(content, exam)


FORMAT = Format(
    "pickle",
    _matches,
    _read,
    suffixes=(".pkl", ".pickle", ".pck", ".pcl", ".dill", ".cloudpickle"),
    executable=True,
)
