"""Corpus: model files of every technique that attacks are known to use, and honest ones, made anew for each test run.

Payloads are inert: they would run `true`, print a word or open a file that does not exist. Only the standard library is
needed, and the same bytes come out every time.
"""

from collections.abc import Iterator
from pathlib import Path

from corpus.sample import Label, Made, Sample
from corpus.techniques import TECHNIQUES

__all__ = ["Label", "Made", "Sample", "make", "samples"]


def samples() -> Iterator[Made]:
    """Every file of the corpus with its bytes. Names are unique paths below a folder."""
    for technique in TECHNIQUES:
        yield from technique.samples()


def make(folder: Path) -> list[Sample]:
    """Write the corpus below a folder, which is made if need be, and say what is where."""
    made = []
    for one in samples():
        path = folder / one.name
        if path.exists():
            raise ValueError(f"two samples are named {one.name}")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(one.data)
        made.append(Sample(path, one.label, one.technique, one.note, one.advisory))
    return made
