"""Sample: one file of the corpus, what it is, and which technique it stands for."""

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path


class Label(StrEnum):
    MALICIOUS = "malicious"  # loading it does harm, or it misleads its readers
    BENIGN = "benign"
    CODE = "code"  # benign, and it carries code
    UNKNOWN = "unknown"  # benign, and it depends on code that nobody can know


@dataclass(frozen=True)
class Made:
    """A file by its path below the corpus and its bytes."""

    name: str
    data: bytes = field(repr=False)
    label: Label
    technique: str
    note: str = ""
    advisory: str = ""  # GHSA-…, CVE-… of what it shows


@dataclass(frozen=True)
class Sample:
    """The same, once written."""

    path: Path
    label: Label
    technique: str
    note: str
    advisory: str


class Group:
    """Collects the samples of one technique under a folder of its name."""

    def __init__(self, technique: str) -> None:
        self.technique = technique
        self.made: list[Made] = []

    def bad(self, name: str, data: bytes, note: str = "", advisory: str = "") -> None:
        self.made.append(Made(f"{self.technique}/{name}", data, Label.MALICIOUS, self.technique, note, advisory))

    def good(self, name: str, data: bytes, note: str = "", label: Label = Label.BENIGN) -> None:
        self.made.append(Made(f"benign/{self.technique}/{name}", data, label, self.technique, note))
