"""Discovery measured: scan labelled repositories and score what is found against what careful readers found.

    python benchmarks/discovery.py --labels DIR [--labels DIR] --scorer score.py --scratch DIR [--sources DIR] [--show]

Each labels folder is a set of NAME.json files that name a repository and a commit; checkouts come from the sources
(see checkouts.py) or stand in the scratch folder already. Prints a table for each set and for all of them.
"""

import argparse
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from checkouts import add_arguments, wanted
from prediction import load_scorer, prediction
from scoring import Score, by_repository, by_type, score

from backstay.pipeline import scan

# One repository of the second set holds 130 model ids, as many as all others of it: figures are told without it too.
LARGEST = "mods"


def main() -> int:
    """Check out, scan, score, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_arguments(parser)
    parser.add_argument("--scorer", type=Path, required=True, help="score.py of the labels")
    parser.add_argument("--keep", type=Path, help="write each prediction here, as NAME.json")
    parser.add_argument("--show", action="store_true", help="list what was missed and what was false")
    options = parser.parse_args()
    scorer = load_scorer(options.scorer)
    sets: dict[str, list[Score]] = {}
    for labels, tree in wanted(options):
        started = time.perf_counter()
        report = scan(tree)
        predicted = prediction(report, scorer.norm)
        if options.keep:
            options.keep.mkdir(parents=True, exist_ok=True)
            (options.keep / f"{labels.name}.json").write_text(json.dumps(predicted, indent=1), encoding="utf-8")
        one = score(scorer, predicted, labels.truth, labels.name)
        sets.setdefault(labels.group, []).append(one)
        print(f"{labels.name}: {report.scan.state}, {time.perf_counter() - started:.1f} s", file=sys.stderr)
        if options.show:
            print(f"## {labels.name}\n", *(f"missed {what}" for what in one.missed), sep="\n")
            print(*(f"false {what}" for what in one.false), "", sep="\n")
    for group, scores in sets.items():
        _tables(f"{len(scores)} repositories of {group}", scores, scorer.CORE)
    if len(sets) > 1:
        every = [one for scores in sets.values() for one in scores]
        _tables(f"All {len(every)} repositories", every, scorer.CORE)
    return 0


def _tables(title: str, scores: Sequence[Score], core: Sequence[str]) -> None:
    without = LARGEST if any(one.name == LARGEST for one in scores) and len(scores) > 1 else ""
    print(f"\n### {title}\n\n{by_type(scores, core, without)}\n\n{by_repository(scores, core)}")


if __name__ == "__main__":
    sys.exit(main())
