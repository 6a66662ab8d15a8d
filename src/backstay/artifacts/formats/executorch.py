"""ExecuTorch programs (`.pte`): a FlatBuffers program for a runtime that knows registered kernels only.

Source: `docs/source/pte-file-format.md` of ExecuTorch: magic `ET` and two digits at byte 4; an extended header at
byte 8 (`eh` and two digits, its length, the program's size, where segments begin, and in newer files their size).
"""

import re

from backstay.artifacts.containers import tail
from backstay.artifacts.content import Content
from backstay.artifacts.exam import Exam
from backstay.artifacts.format import Candidate, Format
from backstay.artifacts.report import Sign

_MAGIC = re.compile(rb"....ET\d\d", re.DOTALL)
_EXTENDED = re.compile(rb"eh\d\d")


def matches(candidate: Candidate) -> bool:
    """The magic bytes, and a root table within the file."""
    head = candidate.head[:64]
    return bool(_MAGIC.match(head)) and 8 <= int.from_bytes(head[:4], "little") < candidate.size


def read(content: Content, exam: Exam) -> None:
    """Compare the extents that the header gives with the file."""
    exam.fact("framework", "ExecuTorch")
    head = content.glance(0, 64)
    if not _EXTENDED.match(head, 8) or len(head) < 40:
        return
    length = int.from_bytes(head[12:16], "little")
    program, segments = int.from_bytes(head[16:24], "little"), int.from_bytes(head[24:32], "little")
    if program > content.size or segments > content.size:
        exam.note(
            Sign.INCOMPLETE, "program", f"{max(program, segments) - content.size} bytes are missing", content.size
        )
        exam.gap("truncated", "ExecuTorch program")
        return
    if not segments:
        tail.check(content, program, exam)
    elif length >= 32 and (size := int.from_bytes(head[32:40], "little")):
        tail.check(content, segments + size, exam)


FORMAT = Format("executorch", matches, read, (".pte",), executable=False)
