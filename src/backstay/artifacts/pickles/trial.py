"""Trial: tells by a short run whether bytes are a pickle, where no magic number says so."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from backstay.artifacts.content import Bytes, Content
from backstay.artifacts.exam import Exam, Limits, StopError
from backstay.artifacts.format import HEAD, Candidate
from backstay.artifacts.pickles import opcodes
from backstay.artifacts.pickles.constants import Constants
from backstay.artifacts.pickles.judge import Verdicts
from backstay.artifacts.pickles.machine import Machine, Outcome
from backstay.artifacts.pickles.policy import Standing
from backstay.artifacts.pickles.terms import Global

_STEPS = 200_000
_SHORT_STEPS = 20_000
_LONG_STEPS = 20_000_000
_TRIES = 2_000
_SEARCHED = 64 << 20  # bytes behind a stream that are searched for another one

_STARTS = frozenset(
    {opcodes.MARK, *opcodes.FIXED, *opcodes.COUNTED, *opcodes.LINES, opcodes.PROTO, opcodes.FRAME}
    | set(b")]}ci") | {0x8F, 0x82, 0x83, 0x84, 0x97}
)  # fmt: skip
# A name that ends so belongs to a pickle, unless its content is something else.
NAMED = (
    ".pkl",
    ".pickle",
    ".pck",
    ".pcl",
    ".p",
    ".joblib",
    ".jbl",
    ".dill",
    ".cloudpickle",
    ".sav",
    ".pt",
    ".pth",
    ".ckpt",
)

_NAME = rb"[A-Za-z_][\w.]{0,80}"
_BEGINNING = re.compile(
    rb"\x80[\x00-\x05][\x95(c}\]N)KMJX\x8c\x8aGU\x88\x89.]"
    rb"|[(]*[ci]" + _NAME + rb"\n" + _NAME + rb"\n"
    rb"|[(]*\x8c[\x01-\x50]" + _NAME + rb"[\x94q]?.?\x8c[\x01-\x50]" + _NAME
)


class Tried(NamedTuple):
    """How a short run ended. `spent` says that it was cut off for its length, `hides` that it may hold others."""

    outcome: Outcome
    globals: list[Global]
    calls: int
    spent: bool
    steps: int
    hides: bool

    @property
    def known(self) -> bool:
        """Whether it reached a global that there is, rather than any two words."""
        return any(one.entry.standing is not Standing.UNKNOWN for one in self.globals)


def run(content: Content, at: int, steps: int = _STEPS) -> Tried:
    """Run a stream for a number of steps, with nobody listening."""
    exam = Exam("", Limits(steps=steps))
    judge = Verdicts(content, exam, Constants(content, exam))
    spent = False
    outcome = Outcome(at)
    try:
        outcome = Machine(content, exam, judge, judge.constants, at).run()
    except StopError:
        spent = True
    return Tried(
        outcome, list(judge.globals.values()), judge.calls, spent, steps - exam.steps_left, bool(judge.candidates)
    )


def begins(head: bytes) -> bool:
    """Whether some bytes can begin a pickle at all: most files are known by that not to be one."""
    return len(head) >= 2 and head[0] in _STARTS


def recognised(candidate: Candidate) -> bool:
    """Whether a file is a pickle: by its first bytes, and by what a machine makes of them."""
    head = candidate.head
    if not begins(head):
        return False
    named = candidate.name.endswith(NAMED)
    if head[0] == opcodes.PROTO:
        if head[1] > opcodes.HIGHEST_PROTOCOL:
            return False
        if named or (len(head) > 10 and head[2] == opcodes.FRAME and not any(head[8:11])):
            return True
    tried = run(Bytes(head), 0)
    if tried.outcome.reason == "truncated" and candidate.size > len(head):
        if head[0] == opcodes.PROTO or tried.known or named:
            return True
        if head.count(b"\n") > 16 and not tried.globals:
            return False  # lines of text, each of which begins with a letter that pushes a constant
        tried = run(candidate.content, 0, _LONG_STEPS)
    if tried.spent:
        return True  # nothing else is made of so many opcodes
    if not tried.outcome.reason:
        return _whole(tried, candidate, head[0] == opcodes.PROTO or named)
    if head[0] == opcodes.PROTO:
        return tried.outcome.at > 8 or tried.known
    return (bool(tried.calls) or named) and tried.known


def _whole(tried: Tried, candidate: Candidate, expected: bool) -> bool:
    """Whether a stream that ran to STOP is one, and not a text that happens to."""
    if expected:
        return True
    if not tried.globals:
        return False
    if tried.calls:
        return tried.known or tried.outcome.at > 12
    rest = candidate.content.read(tried.outcome.at, 64)
    return tried.known and not rest.strip(b"\0\r\n\t ")


def convincing(tried: Tried) -> bool:
    """Whether bytes in the midst of others are a pickle that reaches something."""
    return tried.known and (bool(tried.calls) or not tried.outcome.reason)


def next_stream(content: Content, exam: Exam, at: int, adjacent: bool) -> int:
    """Where the next pickle begins at or after a position; -1 when there is none. Directly behind another one
    (`adjacent`) a pickle need not reach anything to be one."""
    head = content.read(at, 2)
    if adjacent and len(head) == 2:
        if head[0] == opcodes.PROTO and head[1] <= opcodes.HIGHEST_PROTOCOL:
            return at
        if head[0] in _STARTS and not run(content, at).outcome.reason:
            return at
    for tries, start in enumerate(_beginnings(content, at, exam)):
        if tries >= _TRIES:
            exam.gap("too many candidates", "bytes behind a pickle")
            return -1
        tried = run(content, start, _SHORT_STEPS)
        exam.step(50 + tried.steps)
        if convincing(tried):
            return start
    return -1


def _beginnings(content: Content, at: int, exam: Exam) -> Iterator[int]:
    end = min(content.size, at + _SEARCHED)
    last = -1
    while at < end:
        piece = content.read(at, HEAD * 4)
        exam.step(1 + len(piece) // 256)
        for match in _BEGINNING.finditer(piece):
            if at + match.start() > last:
                last = at + match.start()
                yield last
        if len(piece) < HEAD * 4:
            return
        at += len(piece) - 256


def reaches(content: Content, exam: Exam) -> bool:
    """Whether bytes are a pickle that reaches something, or may hold one that does."""
    head = content.read(0, 1)
    if not head or head[0] not in _STARTS:
        return False
    tried = run(content, 0, _SHORT_STEPS)
    exam.step(50 + tried.steps)
    return convincing(tried) or (tried.hides and not tried.outcome.reason)
