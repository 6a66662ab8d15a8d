"""Joblib: a pickle with the raw bytes of NumPy arrays between its opcodes, as `joblib.dump` writes it.

Compressed ones are unpacked by the formats of their compression before they get here.
"""

from backstay.artifacts.content import Content
from backstay.artifacts.exam import Exam
from backstay.artifacts.format import Candidate, Format
from backstay.artifacts.pickles import streams, trial


def wraps(head: bytes) -> bool:
    """Whether a head names the wrapper that joblib puts in place of an array."""
    return b"joblib.numpy_pickle" in head


def _matches(candidate: Candidate) -> bool:
    return wraps(candidate.head) and trial.recognised(candidate)


def _read(content: Content, exam: Exam) -> None:
    exam.fact("producer", "joblib")
    streams.read(content, exam)


FORMAT = Format("joblib", _matches, _read, suffixes=(".joblib", ".jbl"), executable=True)
