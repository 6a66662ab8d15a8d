"""Tail: judges what stands after the end that a format gives itself, where no loader of that format looks."""

import re

from backstay.artifacts.containers import payloads
from backstay.artifacts.content import Content
from backstay.artifacts.exam import Exam
from backstay.artifacts.report import Sign

_PADDING = 128 << 20  # zeros that are looked through
_SEARCHED = 1 << 20  # bytes that are searched for the beginning of a payload
_TRIES = 100  # places where a program may begin
_INSPECTED = 8  # and where something may that has to be looked at as a whole
# First bytes of what an attacker appends; each is then judged strictly.
_DATA = (b"PK\x03\x04", b"\x80\x04\x95")
_BEGINNINGS = (b"\x7fELF", b"MZ", b"#!", b"\xcf\xfa\xed\xfe", b"\xca\xfe\xba\xbe", *_DATA)
_TEXT = re.compile(rb"[\t\n\r -~\x80-\xff]*")


def check(content: Content, end: int, exam: Exam) -> None:
    """Judge the bytes of `content` from `end` on: zeros are padding, a program or anything that some reader would take
    for a file of its own is an accusation, the rest is only odd. What is recognised is inspected as well."""
    if end >= content.size:
        return
    at = _padded(content, max(0, end), exam)
    if at < 0:
        return
    if _payload(content, at, exam):
        return
    window = content.read(at, _SEARCHED)
    for start in _starts(window):
        if start and _payload(content, at + start, exam):
            return
    exam.note(Sign.IRREGULAR, "appended data", f"{content.size - at} bytes after the end of the format", at)


def _padded(content: Content, at: int, exam: Exam) -> int:
    """Where the first byte stands that is not zero; -1 when there is none, or none that was looked for."""
    last = at + _PADDING
    for piece in content.chunks(at):
        rest = piece.lstrip(b"\0")
        if rest:
            return at + len(piece) - len(rest)
        at += len(piece)
        exam.step(1 + len(piece) // 4096)
        if at >= last and at < content.size:
            exam.gap("too much padding", f"more than {_PADDING} bytes")
            return -1
    return -1


def _payload(content: Content, at: int, exam: Exam) -> bool:
    head = content.glance(at, 4096)
    program = payloads.kind(head)
    if program:
        exam.note(Sign.PROGRAM, program, "appended after the end of the format", at)
        return True
    found = exam.inspect(content.part(at, content.size - at), "appended data")
    if not found or _TEXT.fullmatch(head[:512]):  # a note or a signature may look like a configuration
        return False
    exam.note(Sign.DECEIVES, found, "appended after the end of the format: its readers see another file", at)
    return True


def _starts(window: bytes) -> list[int]:
    """Where programs begin, and archives and pickles may."""
    found: list[int] = []
    for beginning in _BEGINNINGS:
        here: list[int] = []
        at = window.find(beginning)
        while at >= 0 and len(here) < (_INSPECTED if beginning in _DATA else _TRIES):
            if beginning in _DATA or payloads.kind(window[at : at + 1024]):
                here.append(at)
            at = window.find(beginning, at + 1)
        found += here
    return sorted(found)
