"""Findings: gathers what a judge has to say, once for each thing, and writes it to the exam at the end."""

from backstay.artifacts.exam import Exam
from backstay.artifacts.report import STATES, Sign

_DISTINCT = 2_000


class Findings:
    """Observations by what they are of. A call says more than a mere reference, so it takes its place."""

    def __init__(self, exam: Exam) -> None:
        self._exam = exam
        self._said: dict[tuple[Sign, str], tuple[str, int]] = {}

    def __len__(self) -> int:
        return len(self._said)

    def add(self, sign: Sign, subject: str, message: str, reason: str = "", at: int = -1) -> None:
        """Say something; `message` is what the stream does with the subject, `reason` why that matters."""
        key = sign, subject
        before = self._said.get(key)
        if before is not None and not before[0].startswith("refers to it"):
            return
        if before is not None and message == "refers to it":
            return
        if before is None and len(self._said) >= _DISTINCT:
            self._exam.note(sign, subject, message, at)  # counts for the verdict, whether it is kept or not
            return
        self._said[key] = f"{message}: {reason}" if reason else message, at

    @property
    def worst(self) -> int:
        """The worst state that anything said here gives."""
        return max((STATES[sign] for sign, _ in self._said), default=0)

    def write(self) -> None:
        """Write all of it to the exam, in the order in which it was seen."""
        for (sign, subject), (message, at) in self._said.items():
            self._exam.note(sign, subject, message, at)
        self._said.clear()
