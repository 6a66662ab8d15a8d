"""Torch legacy: what `torch.save` wrote before version 1.6: five pickles and the storages behind them."""

from backstay.artifacts.content import Content
from backstay.artifacts.exam import Exam
from backstay.artifacts.format import Candidate, Format
from backstay.artifacts.pickles import legacy, streams, trial


def _matches(candidate: Candidate) -> bool:
    return trial.begins(candidate.head) and legacy.marked(candidate.head) and trial.recognised(candidate)


def _read(content: Content, exam: Exam) -> None:
    exam.fact("framework", "PyTorch")
    streams.read(content, exam)


FORMAT = Format("pytorch-legacy", _matches, _read, suffixes=(".pt", ".pth", ".ckpt"), executable=True)
