"""Keras code: judges the code of a Lambda layer by the names in it, whether it is bytecode or text.

Bytecode is a marshalled code object of whatever Python: its names stand in it as texts after their lengths. None of it
is unmarshalled.
"""

import re

from backstay.artifacts.exam import Exam
from backstay.artifacts.keras_names import words
from backstay.artifacts.report import Sign

_MOST = 4 << 20  # bytes of one function; honest ones have hundreds
_TOLD = 10


def judge(data: bytes, exam: Exam, subject: str, at: int = -1) -> None:
    """Note the names by which code leaves the model: commands, files, the network, other code."""
    exam.step(1 + len(data) // 64)
    if len(data) > _MOST:
        exam.gap("too large", f"a function of {len(data)} bytes")
        data = data[:_MOST]
    found = _of_text(data.decode("ascii")) if _is_text(data) else _of_bytecode(data)
    if found:
        names = ", ".join(sorted(found)[:_TOLD])
        exam.note(Sign.EXECUTES, subject, f"its code refers to {names}: calling the model runs it", at)


def _is_text(data: bytes) -> bool:
    return data.isascii() and all(one >= 32 or one in b"\t\n\r" for one in data)


def _of_text(text: str) -> set[str]:
    """Source code, which no Keras writes there."""
    return set(re.findall(r"[A-Za-z_][A-Za-z0-9_]*", text)) & words("code")


def _of_bytecode(data: bytes) -> set[str]:
    """Names after their lengths, as one byte or four; and what a constant text says that is itself a program."""
    found = set()
    for word in words("code"):
        name = word.encode()
        at = data.find(name)
        while at > 0:
            short = data[at - 1] == len(name)
            if short or data[max(0, at - 4) : at] == len(name).to_bytes(4, "little"):
                found.add(word)
                break
            at = data.find(name, at + 1)
    return found
