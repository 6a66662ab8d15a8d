"""Contents: what else than weights may lie in a tensor, and what may lie behind a graph's own end."""

import re
from collections.abc import Collection

from backstay.artifacts.containers import payloads, tail
from backstay.artifacts.content import Content
from backstay.artifacts.exam import Exam
from backstay.artifacts.report import Sign
from backstay.artifacts.wire import protobuf
from backstay.artifacts.wire.protobuf import BYTES, VARINT, Field

# How an ELF file begins, whatever follows: eight bytes that no tensor begins with by chance.
_ELF = re.compile(rb"\x7fELF[\x01\x02][\x01\x02]\x01[\x00-\x12]")
_PICKLE = re.compile(rb"\x80[\x02-\x05][\x95cC}\](q\x8c\x8a]")
_ZIP = b"PK\x03\x04"
_LEAST = 16
_MAX_INSPECTED = 100


class Contents:
    """Looks at the first bytes of the tensors of one file; `inspected` counts those that are files of their own."""

    def __init__(self, exam: Exam) -> None:
        self._exam = exam
        self._inspected = self._programs = 0

    def look(self, content: Content, at: int, size: int, name: str, of_bytes: bool) -> None:
        """Judge a tensor's data. `of_bytes` says that its elements are bytes or texts, so that it may be a pickle."""
        if size < _LEAST or self._programs >= _MAX_INSPECTED:
            return
        head = content.glance(at, min(size, 1024))
        kind = payloads.kind(head) or ("ELF executable" if _ELF.match(head) else "")
        if kind:
            self._programs += 1
            self._exam.note(Sign.PROGRAM, kind, f"{kind} as the data of tensor {name}", at)
        elif of_bytes and (_PICKLE.match(head) or head.startswith(_ZIP)) and self._inspected < _MAX_INSPECTED:
            self._inspected += 1
            self._exam.inspect(content.part(at, size), f"tensor {name}")


def check_end(content: Content, own: Collection[int], exam: Exam, numbers: Collection[int] = ()) -> None:
    """Judge what follows the last of a message's own fields: parsers step over what they do not know or refuse it, and
    other readers see a file of their own there. A message that is merely cut short has nothing there.

    `own` are its fields of bytes, `numbers` those of varints.
    """
    message = protobuf.Message(content, 0, content.size, protobuf.Walk(None, exam.steps_left))
    end, last = 0, None
    for one in message:
        if one.number in (own if one.wire == BYTES else numbers if one.wire == VARINT else ()):
            end, last = _after(one), one
    if end < content.size and last is not None and not last.cut:
        tail.check(content, end, exam)


def _after(one: Field) -> int:
    return one.at + (one.value if one.wire == BYTES else 0)
