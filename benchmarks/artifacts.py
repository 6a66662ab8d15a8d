"""Model files: what the inspection finds and whom it accuses, on corpora, beside the peers; or its speed and memory.

    python benchmarks/artifacts.py [--corpus own|DIR ...] [--peers DIR [--peer NAME ...]] [--show] [--json FILE]
    python benchmarks/artifacts.py --speed [--scratch DIR]

A corpus is the generated one ("own", with the committed files of real libraries) or a folder with one folder a label
(malicious, benign, code, unknown), in which each folder is a technique. --peers names a folder with a virtual
environment a peer. --show lists what was missed and who was accused. --speed needs 5 GB below the scratch folder.
"""

import argparse
import json
import os
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import artifacts_speed
from artifacts_corpora import Case, load
from artifacts_peers import PROGRAMS, Answers, ask

from backstay.artifacts.content import Opened
from backstay.artifacts.inspection import inspect
from backstay.artifacts.report import State

SLOW = 5.0  # seconds of CPU


@dataclass(frozen=True)
class Answer:
    """What one inspection ended with; `state` is empty when it raised."""

    state: str
    format: str
    gaps: tuple[str, ...]
    said: tuple[str, ...]
    cpu: float


def answer(path: Path) -> Answer:
    """Inspect one file as the program does, in this process."""
    start = time.process_time()
    descriptor = os.open(path, os.O_RDONLY)
    try:
        found = inspect(Opened(descriptor), path.name)
    except Exception as error:
        return Answer("", "", (), (f"{type(error).__name__}: {error}",), time.process_time() - start)
    finally:
        os.close(descriptor)
    gaps = tuple(f"{one.reason} {one.detail}".strip() for one in found.gaps)
    said = tuple(f"{one.sign}: {one.text}" for one in found.observations)
    return Answer(found.state.name.lower(), found.format, gaps, said, time.process_time() - start)


def unanswered(one: Answer) -> bool:
    """Nothing said of it: it raised, or a reader failed."""
    return not one.state or any("reader failed" in gap for gap in one.gaps)


def percent(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f} %" if whole else "-"


def table(cases: Sequence[Case], answers: Sequence[Answer]) -> None:
    """The states by technique and label."""
    rows: dict[tuple[bool, str], Counter[str]] = {}
    for case, one in zip(cases, answers, strict=True):
        count = rows.setdefault((case.label != "malicious", case.technique), Counter())
        count["files"] += 1
        count[one.state or "unanswered"] += 1
        count["partial"] += bool(one.gaps)
    print("| technique | files | malicious | carries code | unknown code | clean | not wholly read |")
    print("|---|---|---|---|---|---|---|")
    for (benign, technique), count in sorted(rows.items()):
        states = " | ".join(str(count[state.name.lower()]) for state in reversed(State))
        print(f"| {technique}{' (benign)' if benign else ''} | {count['files']} | {states} | {count['partial']} |")


def summary(cases: Sequence[Case], answers: Sequence[Answer]) -> dict[str, int]:
    pairs = list(zip(cases, answers, strict=True))
    bad = [one for case, one in pairs if case.label == "malicious"]
    good = [one for case, one in pairs if case.label != "malicious"]
    inert = [one for case, one in pairs if case.label == "benign"]
    return {
        "malicious": len(bad),
        "found": sum(one.state == "malicious" for one in bad),
        "passed as clean": sum(one.state == "clean" for one in bad),
        "benign": len(good),
        "accused": sum(one.state == "malicious" for one in good),
        "plain": len(inert),
        "not clean": sum(one.state != "clean" for one in inert),
        "unanswered": sum(unanswered(one) for _, one in pairs),
        "slow": sum(one.cpu > SLOW for _, one in pairs),
    }


def show(cases: Sequence[Case], answers: Sequence[Answer]) -> None:
    for case, one in zip(cases, answers, strict=True):
        found = one.state == "malicious"
        if (case.label == "malicious") != found or unanswered(one) or one.cpu > SLOW:
            why = "; ".join(one.said[:2] if found else (*one.gaps[:2], *one.said[:2]))
            print(f"  {case.label} -> {one.state or 'error'} [{one.format}] {case.path} {one.cpu:.1f} s: {why[:300]}")


def peers(cases: Sequence[Case], folder: Path, names: Sequence[str]) -> dict[str, Answers]:
    """Ask each peer, and print its line."""
    paths = [case.path for case in cases]
    found = {}
    for name in names:
        python = folder / name / "bin" / "python"
        if not python.exists():
            print(f"| {name} | not installed | | | |")
            continue
        said = found[name] = ask(name, python, paths)
        line("", name, cases, [one == "accused" for one in said.verdicts], said.cpu)
        print(f"<!-- {name}: {dict(Counter(said.verdicts))} -->")
    return found


def line(version: str, name: str, cases: Sequence[Case], accused: Sequence[bool], cpu: float) -> None:
    bad = [said for case, said in zip(cases, accused, strict=True) if case.label == "malicious"]
    good = [said for case, said in zip(cases, accused, strict=True) if case.label != "malicious"]
    print(f"| {name} {version}| {percent(sum(bad), len(bad))} | {percent(sum(good), len(good))} | {cpu:.1f} s |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", action="append", help="own, or a folder; again for another")
    parser.add_argument("--peers", type=Path, help="a folder with a virtual environment a peer")
    parser.add_argument("--peer", action="append", choices=sorted(PROGRAMS))
    parser.add_argument("--show", action="store_true")
    parser.add_argument("--json", type=Path, help="write the figures there")
    parser.add_argument("--speed", action="store_true")
    parser.add_argument("--scratch", type=Path, help="where files are made; a temporary folder by default")
    options = parser.parse_args()
    figures = {}
    with tempfile.TemporaryDirectory(prefix="artifacts-", dir=options.scratch) as folder:
        if options.speed:
            figures["speed"] = artifacts_speed.measure(Path(folder))
        for corpus in options.corpus or ([] if options.speed else ["own"]):
            cases = load(corpus, Path(folder))
            answers = [answer(case.path) for case in cases]
            figures[corpus] = counts = summary(cases, answers)
            print(f"\n**{Path(corpus).name}**: {counts['found']} of {counts['malicious']} malicious found", end=" ")
            print(
                f"({percent(counts['found'], counts['malicious'])}), {counts['accused']} of {counts['benign']}", end=" "
            )
            print(
                f"others accused ({percent(counts['accused'], counts['benign'])}), {counts['unanswered']} unanswered\n"
            )
            print("  ".join(f"{name}: {number}" for name, number in counts.items()), "\n")
            table(cases, answers)
            if options.show:
                show(cases, answers)
            if options.peers:
                print("\n| tool | found | accused | CPU |\n|---|---|---|---|")
                line("", "backstay", cases, [one.state == "malicious" for one in answers], sum(a.cpu for a in answers))
                peers(cases, options.peers, options.peer or list(PROGRAMS))
    if options.json:
        options.json.write_text(json.dumps(figures, indent=1))


if __name__ == "__main__":
    main()
