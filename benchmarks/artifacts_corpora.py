"""Corpora of model files: the generated one, the honest files of real libraries, and folders that are kept apart."""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1] / "tests" / "artifacts"

LABELS = ("malicious", "benign", "code", "unknown")


@dataclass(frozen=True)
class Case:
    """A file, what it is (one of `LABELS`), and its technique or where it comes from."""

    path: Path
    label: str
    technique: str


def load(corpus: str, scratch: Path) -> list[Case]:
    """The cases of a corpus: "own" is made anew below `scratch` and joined by the committed honest files; anything else
    is a folder with one folder a label, in which a folder is a technique (files of other folders are left out)."""
    return list(_own(scratch) if corpus == "own" else _folder(Path(corpus)))


def _own(scratch: Path) -> Iterator[Case]:
    sys.path.insert(0, str(TESTS))
    from corpus import make  # noqa: PLC0415
    from corpus.real import real  # noqa: PLC0415

    for one in [*make(scratch / "own"), *real()]:
        yield Case(one.path, str(one.label), one.technique)


def _folder(folder: Path) -> Iterator[Case]:
    for label in LABELS:
        for path in sorted((folder / label).rglob("*")):
            if path.is_file():
                yield Case(path, label, path.relative_to(folder / label).parts[0])
