"""Joblib: a pickle with the raw bytes of NumPy arrays between its opcodes, as `joblib.dump` writes it.

Compressed ones are unpacked by the formats of their compression before they get here.
"""

import re

from backstay.artifacts.content import Content
from backstay.artifacts.exam import Exam
from backstay.artifacts.format import Candidate, Format
from backstay.artifacts.pickles import streams, trial


def wraps(head: bytes) -> bool:
    """Whether a head names the wrapper that joblib puts in place of an array."""
    return b"joblib.numpy_pickle" in head


def _matches(candidate: Candidate) -> bool:
    return trial.begins(candidate.head) and wraps(candidate.head) and trial.recognised(candidate)


def _read(content: Content, exam: Exam) -> None:
    exam.fact("producer", "joblib")
    streams.read(content, exam)


_ZFILE = re.compile(rb"ZF0x[0-9a-f]{1,16} {1,18}[\x08\x18\x28\x38\x48\x58\x68\x78]")


def _folded(candidate: Candidate) -> bool:
    return _ZFILE.match(candidate.head) is not None


def _unfold(content: Content, exam: Exam) -> None:
    """The zlib stream behind a header of 21 characters, and one blank more in what Python 2 wrote. It holds a pickle,
    or the bare items of an array that a pickle beside it names."""
    start = 22 if content.read(21, 1) == b" " else 21
    exam.inspect(content.part(start, content.size - start), "content")


# What joblib compressed with before version 0.10. Source: `read_zfile` in `joblib/numpy_pickle_compat.py`.
COMPRESSED = Format("joblib-zfile", _folded, _unfold, executable=True)
FORMAT = Format("joblib", _matches, _read, suffixes=(".joblib", ".jbl"), executable=True)
