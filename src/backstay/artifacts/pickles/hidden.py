"""Hidden: pickles within the texts and bytes of a pickle, bare or encoded, and what stands behind the last stream."""

import base64
import binascii
import re
import zlib

from backstay.artifacts.containers import tail
from backstay.artifacts.content import Bytes, Content
from backstay.artifacts.exam import Exam
from backstay.artifacts.pickles import streams, trial
from backstay.artifacts.pickles.judge import Verdicts

_LEVELS = 3
_LONGEST = 4 << 20  # bytes of an encoded text that are decoded
_BASE64 = re.compile(rb"[A-Za-z0-9+/_\-\s]+=*\s*\Z")
_HEX = re.compile(rb"(?:[0-9a-fA-F]{2})+\Z")


def inspect(judge: Verdicts, level: int) -> None:
    """Look into everything that the judge put aside."""
    if level >= _LEVELS:
        return
    for at, content in judge.candidates:
        judge.exam.step(20)
        for found in _decoded(content, judge.exam, 0):
            with judge.exam.inside(f"bytes at {at}") as deeper:
                streams.read(found, deeper, level + 1)
    judge.candidates.clear()
    for at, content in judge.loaded:
        if not judge.exam.inspect(content, f"bytes at {at}"):
            judge.exam.gap("not recognised", f"what is loaded at byte {at}")
    judge.loaded.clear()


def _decoded(content: Content, exam: Exam, depth: int) -> list[Content]:
    """The content itself when it is a pickle that reaches something, or what it decodes to when that is one."""
    head = content.read(0, 64)
    if trial.reaches(content, exam):
        return [content]
    if depth >= _LEVELS or content.size > _LONGEST:
        return []
    data = _plain(content, head, exam)
    return _decoded(Bytes(data), exam, depth + 1) if data else []


def _plain(content: Content, head: bytes, exam: Exam) -> bytes:
    try:
        if head[:1] == b"x" or head[:2] == b"\x1f\x8b":
            data = zlib.decompressobj(wbits=47).decompress(content.read(0, content.size), _LONGEST)
            exam.expand(len(data))
            return data
        if _HEX.match(head[: len(head) // 2 * 2]):
            return binascii.unhexlify(content.read(0, content.size).strip())
        if _BASE64.match(head):
            text = content.read(0, content.size).translate(bytes.maketrans(b"-_", b"+/"), b"\r\n\t ")
            return base64.b64decode(text + b"=" * (-len(text) % 4))
    except (ValueError, zlib.error):
        return b""
    return b""


def behind(content: Content, exam: Exam, end: int) -> None:
    """Judge the bytes behind the last stream, where no loader looks."""
    tail.check(content, end, exam)
