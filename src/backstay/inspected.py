"""Inspected: the model files under some paths, each looked at in a process that it may bring down."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from backstay.collectors.directory import Directory
from backstay.collectors.reader import Limits
from backstay.detectors import model_files
from backstay.examine import Examined, Examiner
from backstay.model import Asset, Kind, Skip
from backstay.workers import Setup, examine_all

_SECONDS = 300.0  # for one file: whoever names it wants an answer
_LIMITS = Limits(hash_file=3_600.0, hash_total=86_400.0)


@dataclass
class Inspected:
    """One file. `path` is what the user can type; without `asset` it is no model file.

    `skips` say why it, or a part of it, was not read.
    """

    path: str
    size: int = 0
    sha256: str = ""
    asset: Asset | None = None
    skips: list[Skip] = field(default_factory=list)


def inspected(
    paths: Sequence[Path],
    *,
    hashing: bool = True,
    jobs: int | None = None,
    tell: Callable[[int, int], None] | None = None,
) -> Iterator[Inspected]:
    """Every file under some files and folders, in the order of their paths.

    Nothing is left out but what version control keeps for itself, and links are not followed. With `hashing` each model
    file has its SHA-256. A path that cannot be read comes with the reason.
    """
    for path in paths:
        folder = path if path.is_dir() else path.parent
        only = "" if path.is_dir() else path.name
        directory = Directory(folder, include_vendored=True, trust_repo=False, limits=_LIMITS, only=only)
        entries, skips, _ = directory.walk()
        prefix = "" if str(folder) == "." else f"{folder}/"
        yield from (Inspected(prefix + skip.path, skips=[skip]) for skip in skips if not skip.by_choice)
        setup = Setup(directory.reader(), examiner, _SECONDS, hashing=hashing)
        found: dict[int, Examined] = {}
        for number, one in examine_all(setup, entries, jobs):
            found[number] = one
            if tell is not None:
                tell(len(found), len(entries))
        for number in range(len(entries)):
            if number in found:
                yield _inspected(prefix, found[number])


def examiner() -> Examiner:
    """An examiner that looks at nothing but model files."""
    return Examiner([model_files.detect], [])


def _inspected(prefix: str, one: Examined) -> Inspected:
    assets = [asset for asset in one.assets if asset.kind in (Kind.MODEL_FILE, Kind.MODEL)]
    return Inspected(prefix + one.path, one.size, one.sha256, assets[0] if assets else None, one.skips)
