"""Checkouts: every labelled repository at the commit its labels name, cloned from git directories on this machine.

    python benchmarks/checkouts.py --labels DIR [--labels DIR] --sources DIR [--sources DIR] --scratch DIR

Sources are folders that hold git directories or work trees as `OWNER+NAME/repo`, `OWNER+NAME` or `NAME`. A checkout
that already stands in the scratch folder at its commit is used again. What a source lacks is left out, and said.
"""

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# What is cloned was written by others: no hooks, no filters, no configuration but git's own defaults.
_GIT = ("git", "-c", "core.hooksPath=/dev/null", "-c", "safe.directory=*", "-c", "advice.detachedHead=false")
_ENVIRONMENT = {"GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null", "GIT_TERMINAL_PROMPT": "0"}


@dataclass(frozen=True)
class Labels:
    """What a careful reader found in one repository at one commit; `group` is the folder of labels it stands in."""

    name: str
    repository: str
    commit: str
    group: str
    truth: dict[str, Any]


def read_labels(folders: Iterable[Path]) -> list[Labels]:
    """The labels of every file in some folders, in the folders' order, then by name."""
    found = []
    for folder in folders:
        for path in sorted(folder.glob("*.json")):
            truth = json.loads(path.read_text(encoding="utf-8"))
            found.append(Labels(path.stem, truth["repo"], truth["commit"], str(folder), truth))
    return found


def checkout(labels: Labels, sources: Sequence[Path], scratch: Path) -> Path:
    """The repository's tree at its commit, in the scratch folder; raises LookupError where no source has it."""
    target = scratch / labels.name
    if _commit(target) == labels.commit:
        return target
    if target.exists():
        raise LookupError(f"{target} stands at another commit than {labels.commit}")
    source = next((path for path in _candidates(labels, sources) if _has(path, labels.commit)), None)
    if source is None:
        raise LookupError(f"no source has {labels.repository} at {labels.commit}")
    scratch.mkdir(parents=True, exist_ok=True)
    _git("clone", "--quiet", "--no-checkout", "--shared", str(source), str(target))
    absent = _absent(target, labels.commit)
    if absent:
        print(f"{labels.name}: left out, not in {source}: {', '.join(absent)}", file=sys.stderr)
    _git("checkout", "--quiet", labels.commit, "--", ".", *(f":(exclude,literal){path}" for path in absent), at=target)
    _git("update-ref", "--no-deref", "HEAD", labels.commit, at=target)
    return target


def _candidates(labels: Labels, sources: Sequence[Path]) -> Iterable[Path]:
    owner, _, name = labels.repository.partition("/")
    for source in sources:
        for path in (source / f"{owner}+{name}" / "repo", source / f"{owner}+{name}", source / name):
            if path.is_dir():
                yield path


def _commit(tree: Path) -> str:
    """The commit a work tree stands at; empty when it is none of its own."""
    if not (tree / ".git").exists():
        return ""
    return _git("rev-parse", "HEAD", at=tree, check=False).strip()


def _has(repository: Path, commit: str) -> bool:
    return bool(_git("rev-parse", "--quiet", "--verify", f"{commit}^{{tree}}", at=repository, check=False))


def _absent(repository: Path, commit: str) -> list[str]:
    """Paths of a commit whose content the repository does not hold."""
    listing = _git("ls-tree", "-r", "-z", "--format=%(objecttype) %(objectname) %(path)", commit, at=repository)
    blobs = [entry.split(" ", 2)[1:] for entry in listing.split("\0") if entry.startswith("blob ")]
    asked = "".join(f"{digest}\n" for digest, _ in blobs)
    answers = _git("cat-file", "--batch-check=%(objectname)", at=repository, given=asked).splitlines()
    return [path for (_, path), answer in zip(blobs, answers, strict=True) if answer.endswith(" missing")]


def _git(*arguments: str, at: Path | None = None, given: str = "", check: bool = True) -> str:
    place = ("-C", str(at)) if at else ()
    done = subprocess.run(
        [*_GIT, *place, *arguments],
        env={**os.environ, **_ENVIRONMENT},
        input=given,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    if done.returncode and check:
        raise LookupError(f"git {arguments[0]}: {done.stderr.strip()}")
    return "" if done.returncode else done.stdout


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options by which every benchmark on labelled repositories is told where they are."""
    parser.add_argument("--labels", type=Path, action="append", required=True, help="a folder of NAME.json")
    parser.add_argument("--sources", type=Path, action="append", default=[], help="a folder of git directories")
    parser.add_argument("--scratch", type=Path, required=True, help="where checkouts are made, or stand already")
    parser.add_argument("--only", action="append", default=[], metavar="NAME", help="these repositories and no others")
    parser.add_argument("--without", action="append", default=[], metavar="NAME", help="not these repositories")


def wanted(options: argparse.Namespace) -> list[tuple[Labels, Path]]:
    """The labelled repositories that were asked for, with their checkouts. Says which cannot be had."""
    found = []
    for labels in read_labels(options.labels):
        if labels.name in options.without or (options.only and labels.name not in options.only):
            continue
        try:
            found.append((labels, checkout(labels, options.sources, options.scratch)))
        except LookupError as problem:
            print(f"{labels.name}: {problem}", file=sys.stderr)
    return found


def main() -> int:
    """Make every checkout; 1 when one cannot be had."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_arguments(parser)
    options = parser.parse_args()
    found = {labels.name: tree for labels, tree in wanted(options)}
    for name, tree in found.items():
        print(name, tree)
    missing = {labels.name for labels in read_labels(options.labels)} - set(found) - set(options.without)
    return 1 if (missing & set(options.only) if options.only else missing) else 0


if __name__ == "__main__":
    sys.exit(main())
