"""Calibration measured: of the facts that are given a confidence, how many hold by the labels?

    python benchmarks/calibration.py --labels DIR [--labels DIR] --scorer score.py --scratch DIR [--sources DIR]

A fact is an asset, or all edges of one kind between two; its confidence is that of its best evidence. It holds when it
is a required or an optional label. Facts of tests are left out, as the labels leave them out. Aim: of all facts given
0.9, nine in ten hold.
"""

import argparse
import math
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from checkouts import add_arguments, wanted
from prediction import Entry, load_scorer, prediction
from scoring import matches, related

from backstay.pipeline import scan

FEW = 5  # facts of a source; fewer say nothing


@dataclass(frozen=True)
class Fact:
    """One asset or relationship, what it was given and whether it holds."""

    repository: str
    what: str  # the labels' type of an asset, the kind of a relationship
    name: str
    sure: float
    source: str
    holds: bool
    relation: bool = False


def facts(scorer: ModuleType, predicted: Mapping[str, list[Entry]], truth: dict[str, Any], name: str) -> Iterator[Fact]:
    """Every labelled kind of fact that one repository's prediction states."""
    is_label = matches(scorer, predicted["assets"], truth)
    best: dict[str, Entry] = {}
    for entry in predicted["assets"]:
        if scorer.TEST_RE.search(entry["file"]):
            continue
        known = best.get(entry["key"])
        if known is None or entry["sure"] > known["sure"]:
            best[entry["key"]] = entry
    for key, entry in best.items():
        place = f"{entry['name']} @ {entry['file']}:{entry['line']}"
        yield Fact(name, entry["type"], place, entry["sure"], entry["source"], bool(is_label[key]))
    said: set[tuple[str, str, str]] = set()
    for edge, labels in sorted(related(scorer, predicted, truth), key=lambda one: -one[0]["sure"]):
        mark = (edge["from_key"], edge["kind"], edge["to_key"])
        if mark not in said and edge["from_key"] in best and edge["to_key"] in best:
            said.add(mark)
            ends = f"{best[edge['from_key']]['name']} -> {best[edge['to_key']]['name']}"
            yield Fact(name, edge["kind"], ends, edge["sure"], edge["source"], bool(labels), relation=True)


def interval(held: int, many: int) -> tuple[float, float]:
    """The range in which the true share lies with 95 % certainty (Wilson)."""
    z = 1.96
    share, spread = held / many, z * z / many
    middle = (share + spread / 2) / (1 + spread)
    half = z * math.sqrt(share * (1 - share) / many + spread / (4 * many)) / (1 + spread)
    return max(0.0, middle - half), min(1.0, middle + half)


def table(title: str, every: Sequence[Fact], by: Callable[[Fact], str], least: int = 1) -> str:
    """How many facts of each group hold, beside the confidence they were given."""
    groups: dict[str, list[Fact]] = {}
    for fact in every:
        groups.setdefault(by(fact), []).append(fact)
    lines = [f"| {title} | facts | given | held | 95 % range | judgement |", "|---|---|---|---|---|---|"]
    for group, members in sorted(groups.items()):
        if len(members) >= least:
            lines.append(f"| {group} | {_row(members)} |")
    return "\n".join(lines)


def _row(members: Sequence[Fact]) -> str:
    given = sum(fact.sure for fact in members) / len(members)
    held = sum(fact.holds for fact in members)
    low, high = interval(held, len(members))
    judgement = "overstates" if given > high else "understates" if given < low else ""
    return f"{len(members)} | {given:.2f} | {held / len(members):.2f} | {low:.2f}-{high:.2f} | {judgement}"


def aim(title: str, every: Iterable[Fact]) -> str:
    """The measure itself: of the facts given 0.9 or more, the share that holds."""
    sure = [fact for fact in every if fact.sure >= 0.9]
    held = sum(fact.holds for fact in sure)
    return f"{title} given 0.9 or more: {len(sure)}, of which {held} hold" + (
        f" ({held / len(sure):.3f})" if sure else ""
    )


def main() -> int:
    """Scan, match, group, print; 1 when fewer than nine in ten of the facts given 0.9 hold."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_arguments(parser)
    parser.add_argument("--scorer", type=Path, required=True, help="score.py of the labels")
    parser.add_argument("--show", action="store_true", help="list the facts that do not hold")
    options = parser.parse_args()
    scorer = load_scorer(options.scorer)
    every: list[Fact] = []
    for labels, tree in wanted(options):
        every += facts(scorer, prediction(scan(tree), scorer.norm), labels.truth, labels.name)
    for title, some in (
        ("Assets", [fact for fact in every if not fact.relation]),
        ("Relationships", [fact for fact in every if fact.relation]),
    ):
        print(f"\n### {title}\n\n{aim(title, some)}\n")
        print(table("confidence", some, lambda fact: f"{fact.sure:.2f}"), "\n")
        print(table("kind", some, lambda fact: fact.what), "\n")
        print(table(f"source, kind ({FEW} facts or more)", some, lambda fact: f"{fact.source}, {fact.what}", FEW))
        if options.show:
            for fact in sorted((one for one in some if not one.holds), key=lambda one: (one.source, one.what)):
                print(f"- {fact.source} {fact.what} {fact.sure:.2f} {fact.repository}: {fact.name}")
    print("\n" + aim("All facts", every))
    sure = [fact.holds for fact in every if fact.sure >= 0.9]
    return 0 if sum(sure) >= 0.9 * len(sure) else 1


if __name__ == "__main__":
    sys.exit(main())
