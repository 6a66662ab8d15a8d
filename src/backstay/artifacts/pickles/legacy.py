"""Legacy: the layout of PyTorch files before version 1.6: five pickles in a row, and the storages behind them.

Source: `torch/serialization.py`, `_legacy_load`: magic number, protocol, facts on the system, the object, the keys of
its storages; then for each key the number of its items in eight bytes, and the items.
"""

from backstay.artifacts.content import Content
from backstay.artifacts.exam import Exam
from backstay.artifacts.pickles import metadata, storages
from backstay.artifacts.pickles.constants import UnknownError
from backstay.artifacts.pickles.fold import literal
from backstay.artifacts.pickles.judge import Verdicts
from backstay.artifacts.pickles.machine import Machine, Outcome
from backstay.artifacts.report import Sign

MAGIC = 0x1950A86A20F9469CFC6C
_MAGIC_BYTES = MAGIC.to_bytes(10, "little")


def marked(head: bytes) -> bool:
    """Whether a file begins with the magic number in a pickle, of whatever protocol."""
    return _MAGIC_BYTES in head[:64] or str(MAGIC).encode() in head[:64]


def begins(outcome: Outcome, judge: Verdicts) -> bool:
    """Whether the first pickle is the magic number."""
    if outcome.result is None:
        return False
    try:
        return bool(literal(outcome.result, judge.constants) == MAGIC)
    except UnknownError:
        return False


def read(content: Content, exam: Exam, judge: Verdicts, outcome: Outcome) -> int:
    """Inspect the pickles after the magic number and step over the storages; gives where the last one ends."""
    for number in range(4):
        outcome = Machine(content, exam, judge, judge.constants, outcome.at).run()
        if outcome.reason:
            exam.gap(outcome.reason, f"at byte {outcome.at}")
            return content.size if outcome.reason == "truncated" else outcome.at + 1
        if number == 2:
            metadata.tell(judge, outcome.result)
    known = {one.key: one for one in storages.of(judge.persistent, judge.constants)}
    keys: list[object]
    try:
        keys = list(literal(outcome.result, judge.constants)) if outcome.result is not None else []
    except (UnknownError, TypeError):
        keys = [*sorted(known)]  # the order in which they are written
    return _storages(content, exam, outcome.at, keys, known)


def _storages(content: Content, exam: Exam, at: int, keys: list[object], known: dict[str, storages.Storage]) -> int:
    for key in keys:
        exam.step()
        storage = known.get(key) if isinstance(key, str) else None
        count = int.from_bytes(content.read(at, 8), "little")
        if storage is None or storage.size < 0:
            exam.gap("storage of unknown type", f"at byte {at}")
            return content.size
        width = storages.ITEMS[storage.type][0]
        if at + 8 + count * width > content.size:
            exam.note(Sign.INCOMPLETE, f"storage {key}", "ends beyond the end of the file", at)
            exam.gap("truncated", f"storage {key}")
            return content.size
        if count != storage.items:
            exam.note(Sign.TENSORS, f"storage {key}", f"has {count} items where the pickle says {storage.items}", at)
        at += 8 + count * width
    total = sum(one.items for one in known.values() if one.items > 0)
    if total:
        exam.fact("parameters", total)
    precision = storages.precision(list(known.values()))
    if precision:
        exam.fact("precision", precision)
    return at
