"""Streams: reads every pickle of a content, one after another, and what stands between and behind them."""

from dataclasses import dataclass, field

from backstay.artifacts.content import Content
from backstay.artifacts.exam import Exam
from backstay.artifacts.pickles import hidden, legacy, metadata, storages, trial
from backstay.artifacts.pickles.constants import Constants
from backstay.artifacts.pickles.judge import Verdicts
from backstay.artifacts.pickles.machine import Machine, Outcome
from backstay.artifacts.pickles.storages import Storage


@dataclass
class Streams:
    """What the pickles of a content ask for: `persistent` are the ids as plain tuples (a global in one has `module`
    and `name`, None stands for what is not known), `storages` the PyTorch storages among them. `end` is where the last
    stream ends, -1 when one is broken."""

    persistent: list[object] = field(default_factory=list)
    storages: list[Storage] = field(default_factory=list)
    count: int = 0
    end: int = 0


def read(content: Content, exam: Exam, level: int = 0) -> Streams:
    """Inspect all pickles in a content. Raises StopError when the exam's budget is spent."""
    constants = Constants(content, exam)
    judge = Verdicts(content, exam, constants)
    found = Streams()
    try:
        _run(content, exam, judge, found, level)
    finally:
        judge.findings.write()
        hidden.inspect(judge, level)
    if judge.tensors:
        exam.fact("tensors", judge.tensors)
    found.persistent = [storages.plain(one.id, constants) for one in judge.persistent]
    found.storages = storages.of(judge.persistent, constants)
    return found


def _run(content: Content, exam: Exam, judge: Verdicts, found: Streams, level: int) -> None:
    at = 0
    while at < content.size:
        outcome = Machine(content, exam, judge, judge.constants, at).run()
        found.count += 1
        if found.count == 1 and not level:
            metadata.tell(judge, outcome.result)
        if not outcome.reason and found.count == 1 and legacy.begins(outcome, judge):
            at = found.end = legacy.read(content, exam, judge, outcome)
        else:
            at = _ended(exam, found, outcome)
        if at >= content.size:
            return
        exam.step(10)
        following = trial.next_stream(content, exam, at, adjacent=not outcome.reason)
        if following < 0:
            break
        at = following
    if found.end >= 0:
        hidden.behind(content, exam, found.end)


def _ended(exam: Exam, found: Streams, outcome: Outcome) -> int:
    if outcome.reason:
        exam.gap(outcome.reason, f"at byte {outcome.at}")
        found.end = -1
        return outcome.at + 1
    found.end = outcome.at
    return outcome.at
