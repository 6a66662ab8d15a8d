"""Peers measured beside Backstay: one run, the same trees, the same scorer; time, memory, F1.

    python benchmarks/peers.py --labels DIR [--labels DIR] --scorer score.py --scratch DIR --work DIR [--rounds 2]
        [--peer NAME[=PROGRAM] ...]

Without --peer every known peer that is on PATH is run. Each tool runs with a home of its own under the work folder and,
where the system allows, without a network. CPU and wall time are the least of the rounds; memory is the largest
resident set of any one process. `backstay warm` is the second of two scans that keep a cache.
"""

import argparse
import os
import shutil
import signal
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType

from checkouts import Labels, add_arguments, wanted
from peer_formats import read
from prediction import load_scorer
from scoring import Score, pooled, score

SECONDS = 300  # for one command on one tree
_CISCO = """
import json, sys
from aibom.scan_pipeline import ScanPipeline
found = ScanPipeline(scan_paths=[sys.argv[1]], output_format="json").run()
parts = {"components": found.components, "relationships": found.relationships}
with open(sys.argv[2], "w") as output:
    json.dump({key: [one.model_dump(mode="json") for one in value] for key, value in parts.items()}, output)
"""
_RADAR = ("langgraph", "crewai", "openai-agents", "autogen", "n8n")


def _words(options: str) -> tuple[str, ...]:
    return ("{program}", *options.split())


_SCAN = _words("scan {tree} -q -f json -o {output} --fail-on none")

# How each tool is asked for its inventory alone: no advisories, no uploads, no model. A tool that wants one command for
# each framework gets one each; their times add up.
COMMANDS: dict[str, tuple[str, list[tuple[str, ...]]]] = {
    "backstay cold": ("backstay", [(*_SCAN, "--no-cache")]),
    "backstay warm": ("backstay", [_SCAN]),
    "agent-bom": (
        "agent-bom",
        [_words("scan -p {tree} --offline --no-scan --no-discover -q -f json -o {output}")],
    ),
    "airom": ("airom", [_words("fs {tree} --offline -q -o json={output}")]),
    # Its command line insists on a language model; its pipeline runs without.
    "cisco-aibom": ("python", [("{program}", "-c", _CISCO, "{tree}", "{output}")]),
    "scopesafe": ("aibom", [("{program}", "{tree}", "--json")]),
    "ai-bom": ("ai-bom", [_words("scan {tree} --deep --no-telemetry -q -f json -o {output}")]),
    "cdxgen": ("cdxgen", [_words("-t ai --no-install-deps --no-validate {tree} -o {output}")]),
    "agentic-radar": (
        "agentic-radar",
        [_words(f"scan {kind} -i {{tree}} -o {{output}} --export-graph-json") for kind in _RADAR],
    ),
    "aibom-scanner": ("aibom-scanner", [_words("scan -p {tree} -f json -o {output}")]),
}
PROBES = {"cisco-aibom": ("{program}", "-c", "import aibom")}  # its program is a Python, and any is on PATH


@dataclass
class Cost:
    """What one run took: seconds of all its processes, seconds by the clock, bytes of the largest process."""

    cpu: float = 0.0
    wall: float = 0.0
    memory: int = 0
    failed: bool = False

    def then(self, other: "Cost") -> "Cost":
        return Cost(
            self.cpu + other.cpu,
            self.wall + other.wall,
            max(self.memory, other.memory),
            self.failed or other.failed,
        )


@dataclass
class Standing:
    """One tool over all trees."""

    name: str
    costs: list[Cost] = field(default_factory=list)
    scores: list[Score] = field(default_factory=list)


def measure(command: Sequence[str], output: Path, home: Path, isolation: Sequence[str]) -> Cost:
    """Run a command to its end; what it prints is kept beside its output."""
    home.mkdir(parents=True, exist_ok=True)
    environment = {**os.environ, "HOME": str(home), "XDG_CACHE_HOME": str(home / ".cache"), "NO_COLOR": "1"}
    started = time.perf_counter()
    with output.with_suffix(".stdout").open("wb") as printed, output.with_suffix(".stderr").open("wb") as said:
        process = subprocess.Popen(
            [*isolation, *command],
            env=environment,
            cwd=home,
            stdin=subprocess.DEVNULL,
            stdout=printed,
            stderr=said,
            start_new_session=True,
        )
        timer = threading.Timer(SECONDS, os.killpg, (process.pid, signal.SIGKILL))
        timer.start()
        _, status, usage = os.wait4(process.pid, 0)
        timer.cancel()
        process.returncode = os.waitstatus_to_exitcode(status)
    wall = time.perf_counter() - started
    return Cost(usage.ru_utime + usage.ru_stime, wall, usage.ru_maxrss * 1024, process.returncode < 0)


def run(
    name: str, program: str, labels: Labels, tree: Path, work: Path, isolation: Sequence[str]
) -> tuple[Cost, list[Path]]:
    """All commands of one tool on one tree; anew each time, so that nothing of an earlier round counts as found."""
    total, outputs = Cost(), []
    for number, template in enumerate(COMMANDS[name][1]):
        output = work / "found" / name.replace(" ", "-") / f"{labels.name}-{number}.json"
        output.parent.mkdir(parents=True, exist_ok=True)
        output.unlink(missing_ok=True)
        command = [part.replace("{program}", program).replace("{tree}", str(tree)) for part in template]
        command = [part.replace("{output}", str(output)) for part in command]
        total = total.then(measure(command, output, work / "home" / name.replace(" ", "-"), isolation))
        if not any("{output}" in part for part in template):
            shutil.copyfile(output.with_suffix(".stdout"), output)
        outputs.append(output)
    return total, outputs


def stand(
    name: str,
    program: str,
    where: Sequence[tuple[Labels, Path]],
    scorer: ModuleType,
    options: argparse.Namespace,
    isolation: Sequence[str],
) -> Standing:
    """One tool on every tree, as often as there are rounds."""
    standing = Standing(name)
    for labels, tree in where:
        if name == "backstay warm":
            run(name, program, labels, tree, options.work, isolation)
        rounds = [run(name, program, labels, tree, options.work, isolation) for _ in range(options.rounds)]
        costs = [cost for cost, _ in rounds]
        least = Cost(
            min(cost.cpu for cost in costs),
            min(cost.wall for cost in costs),
            min(cost.memory for cost in costs),
            any(cost.failed for cost in costs),
        )
        standing.costs.append(least)
        found = read(name.partition(" ")[0], rounds[-1][1], tree, scorer)
        standing.scores.append(score(scorer, found, labels.truth, labels.name))
        print(f"{name} {labels.name}: {least.cpu:.2f} s CPU", file=sys.stderr)
    return standing


def table(standings: Sequence[Standing], core: Sequence[str]) -> str:
    """A row for each tool."""
    lines = [
        "| tool | CPU s, median | total | wall s, total | MB | P | R | F1 | relations found | runs that failed |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for one in standings:
        total = pooled(one.name, one.scores)
        count, relations = total.core(core), total.relations
        cpu, wall = [cost.cpu for cost in one.costs], [cost.wall for cost in one.costs]
        lines.append(
            f"| {one.name} | {statistics.median(cpu):.2f} | {sum(cpu):.1f} | {sum(wall):.1f} "
            f"| {max(cost.memory for cost in one.costs) / 1e6:.0f} "
            f"| {count.precision or 0:.2f} | {count.recall or 0:.2f} | {count.f1 or 0:.2f} "
            f"| {relations.found} of {relations.found + relations.missed} | {sum(cost.failed for cost in one.costs)} |"
        )
    return "\n".join(lines)


def aim(standings: Sequence[Standing], core: Sequence[str]) -> Iterator[str]:
    """Backstay's cost beside the fastest peer that reaches half its F1."""
    f1 = {one.name: pooled(one.name, one.scores).core(core).f1 or 0.0 for one in standings}
    cost = {one.name: sum(run.cpu for run in one.costs) for one in standings}
    ours = [name for name in f1 if name.startswith("backstay")]
    for mine in ours:
        rivals = [name for name in f1 if name not in ours and f1[name] >= f1[mine] / 2]
        if not rivals:
            best = max((name for name in f1 if name not in ours), key=f1.__getitem__, default="")
            yield f"No peer reaches half the F1 of {mine} ({f1[mine] / 2:.2f})" + (
                f"; the best, {best}, stands at {f1[best]:.2f} and takes {cost[best] / cost[mine]:.2f} times its CPU."
                if best
                else "."
            )
            continue
        fastest = min(rivals, key=cost.__getitem__)
        yield f"{mine}: {cost[fastest] / cost[mine]:.1f} times as fast as {fastest} (F1 {f1[fastest]:.2f}) by CPU."


def tools(asked: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Names and programs of the tools to run; a program that is missing is said."""
    given = dict(one.partition("=")[::2] for one in asked)
    for name, (program, _) in COMMANDS.items():
        short = name.partition(" ")[0]
        if given and short not in given and short != "backstay":
            continue
        beside = Path(sys.executable).with_name(program)
        local = str(beside) if short == "backstay" and beside.exists() else None
        found = given.get(short) or local or shutil.which(program)
        if not found or (name in PROBES and not _works(PROBES[name], found)):
            print(f"{name}: {program} is not there", file=sys.stderr)
            continue
        yield name, found


def _works(probe: Sequence[str], program: str) -> bool:
    command = [part.replace("{program}", program) for part in probe]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def _isolation() -> list[str]:
    """A prefix that takes the network away, where the system has one that works."""
    prefix = ["unshare", "--net"]
    works = shutil.which(prefix[0]) and _works([*prefix, "true"], "")
    if not works:
        print("no network isolation on this system: the tools' own switches must do", file=sys.stderr)
    return prefix if works else []


def main() -> int:
    """Run every tool on every tree, print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_arguments(parser)
    parser.add_argument("--scorer", type=Path, required=True, help="score.py of the labels")
    parser.add_argument("--work", type=Path, required=True, help="a folder for outputs and the tools' homes")
    parser.add_argument("--peer", action="append", default=[], metavar="NAME[=PROGRAM]", help="this one; repeatable")
    parser.add_argument("--rounds", type=int, default=2)
    options = parser.parse_args()
    options.work = options.work.resolve()
    scorer, isolation = load_scorer(options.scorer), _isolation()
    where = [(labels, tree.resolve()) for labels, tree in wanted(options)]
    standings = [stand(name, program, where, scorer, options, isolation) for name, program in tools(options.peer)]
    print(f"\n{len(where)} repositories, least of {options.rounds} rounds\n\n{table(standings, scorer.CORE)}\n")
    print(*aim(standings, scorer.CORE), sep="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
