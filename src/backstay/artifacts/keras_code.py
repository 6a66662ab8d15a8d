"""Keras code: judges the code of a Lambda layer, which Keras stores as bytecode and others write as text."""

import re

from backstay.artifacts.exam import Exam
from backstay.artifacts.keras_names import words
from backstay.artifacts.programs import marshalled
from backstay.artifacts.report import Sign

_MOST = 4 << 20  # bytes of one function; honest ones have hundreds
_TOLD = 10
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def judge(data: bytes, exam: Exam, subject: str, at: int = -1) -> None:
    """Note that code is carried, and the names by which it leaves the model: commands, files, the network."""
    exam.step(1 + len(data) // 64)
    if len(data) > _MOST:
        exam.gap("too large", f"a function of {len(data)} bytes")
        data = data[:_MOST]
    if not _is_text(data):
        marshalled.judge(data, exam, subject, at)
        return
    exam.note(Sign.CARRIES, subject, "source code in place of a function", at)
    found = sorted(set(_WORD.findall(data.decode("ascii"))) & words("code"))
    if found:
        names = ", ".join(found[:_TOLD])
        exam.note(Sign.EXECUTES, subject, f"its code refers to {names}: calling the model runs it", at)


def _is_text(data: bytes) -> bool:
    return data.isascii() and all(one >= 32 or one in b"\t\n\r" for one in data)
