"""The workers: a file that hangs or crashes its reader costs itself and nothing else."""

import ctypes
import itertools
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from backstay.collectors.directory import Directory
from backstay.examine import Examined, Examiner
from backstay.model import Asset, Kind, Skip
from backstay.plugin import Detector, Fact, File, Selector, UnreadableError
from backstay.workers import MAX_JOBS, Background, Setup, examine_all, jobs_for

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="injects detectors that only a forked worker inherits")


def misbehave(file: File) -> Iterator[Fact]:
    """A detector that does what the file says."""
    yield Asset(file.urn(Kind.MODEL, file.path), Kind.MODEL, file.path, {}, file.evidence("test"))
    match file.text.strip():
        case "hang":
            while True:
                pass
        case "sleep":
            time.sleep(600)
        case "segfault":
            ctypes.string_at(0)
        case "exit":
            os._exit(7)
        case "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        case "memory":
            kept = [bytearray(1 << 20) for _ in itertools.count()]
            raise AssertionError(len(kept))
        case "recurse":
            _deeper()
        case "raise":
            raise ValueError("no")
        case "unreadable":
            raise UnreadableError("invalid JSON", "line 3")
        case "endless":
            for number in itertools.count():
                yield Asset(file.urn(Kind.MODEL, str(number)), Kind.MODEL, "m")
        case "surrogate":
            yield Asset("urn:x", Kind.MODEL, "\ud800")
        case "once" if not (mark := Path(os.environ["ONCE"])).exists():
            mark.touch()
            os._exit(1)


def _deeper() -> None:
    _deeper()


def examiner() -> Examiner:
    detector = Detector("misbehave", Selector(suffixes=(".txt",)), misbehave, (Kind.MODEL,), "tests", "misbehave")
    return Examiner([detector], [])


@pytest.fixture
def run(tmp_path: Path) -> Callable[..., dict[str, Examined]]:
    def run(
        contents: dict[str, str], jobs: int = 2, seconds: float = 1.0, memory: int = 1 << 30
    ) -> dict[str, Examined]:
        for name, text in contents.items():
            (tmp_path / name).write_text(text)
        directory = Directory(tmp_path)
        setup = Setup(directory.reader(), examiner, seconds, memory)
        with closing(examine_all(setup, directory.walk().entries, jobs)) as results:
            return {one.path: one for _, one in results}

    return run


Run = Callable[..., dict[str, Examined]]


def others_are_unharmed(results: dict[str, Examined], *culprits: str) -> None:
    for path, one in results.items():
        if path not in culprits:
            assert not one.skips and [asset.name for asset in one.assets] == [path]


GOOD = {f"good{number:03}.txt": "fine" for number in range(150)}


@pytest.mark.parametrize("deed", ["hang", "sleep"])
def test_a_file_that_takes_too_long(run: Run, deed: str) -> None:
    results = run({**GOOD, "good070bad.txt": deed})
    assert results["good070bad.txt"].skips == [Skip("good070bad.txt", "timed out", "in misbehave, more than 1 s")]
    assert len(results) == 151
    others_are_unharmed(results, "good070bad.txt")


@pytest.mark.parametrize("deed", ["segfault", "exit", "kill"])
def test_a_file_that_brings_its_worker_down(run: Run, deed: str) -> None:
    results = run({**GOOD, "good070bad.txt": deed})
    assert results["good070bad.txt"].skips == [Skip("good070bad.txt", "crashed the reader", "in misbehave")]
    assert len(results) == 151
    others_are_unharmed(results, "good070bad.txt")


def test_many_culprits_in_one_batch(run: Run) -> None:
    bad = {f"good{number:03}.txt": "exit" for number in range(0, 60, 7)}
    results = run({**GOOD, **bad})
    assert len(results) == 150
    assert {path for path, one in results.items() if one.skips} == set(bad)
    others_are_unharmed(results, *bad)


def test_memory_is_bounded(run: Run) -> None:
    results = run({**GOOD, "bad.txt": "memory"}, memory=200 << 20, seconds=20)
    assert [skip.reason for skip in results["bad.txt"].skips] == ["out of memory"]
    others_are_unharmed(results, "bad.txt")


@pytest.mark.parametrize(
    ("deed", "reason"),
    [
        ("recurse", "nested too deeply"),
        ("raise", "plugin failed"),
        ("unreadable", "invalid JSON"),
        ("endless", "too many facts"),
    ],
)
def test_a_plugin_that_fails_is_named(run: Run, deed: str, reason: str) -> None:
    results = run({**GOOD, "bad.txt": deed}, seconds=20)
    assert [(skip.reason, skip.plugin) for skip in results["bad.txt"].skips] == [(reason, "misbehave")]
    others_are_unharmed(results, "bad.txt")


def test_facts_that_cannot_be_sent(run: Run) -> None:
    results = run({**GOOD, "bad.txt": "surrogate"})
    assert [skip.reason for skip in results["bad.txt"].skips] == ["plugin failed"]
    others_are_unharmed(results, "bad.txt")


def test_a_crash_that_does_not_happen_again_costs_nothing(
    run: Run, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ONCE", str(tmp_path_factory.mktemp("once") / "mark"))
    results = run({**GOOD, "bad.txt": "once"})
    others_are_unharmed(results)


def test_the_number_of_workers_changes_nothing(run: Run) -> None:
    contents = {**GOOD, "bad.txt": "raise", "worse.txt": "exit"}
    assert run(contents, jobs=1) == run(contents, jobs=4)


def test_nobody_is_left_behind_when_the_caller_stops(tmp_path: Path) -> None:
    for name in GOOD:
        (tmp_path / name).write_text("fine")
    (tmp_path / "z.txt").write_text("sleep")
    directory = Directory(tmp_path)
    before = children()
    results = examine_all(Setup(directory.reader(), examiner, 30), directory.walk().entries, 2)
    next(results)
    assert children() - before
    with pytest.raises(KeyboardInterrupt):
        results.throw(KeyboardInterrupt())
    assert not children() - before


def test_nobody_is_left_behind_when_the_parent_is_killed(tmp_path: Path) -> None:
    for name in GOOD:
        (tmp_path / name).write_text("fine")
    directory = Directory(tmp_path)
    read, write = os.pipe()
    parent = os.fork()
    if parent == 0:
        os.close(read)
        results = examine_all(Setup(directory.reader(), examiner), directory.walk().entries, 2)
        next(results)
        os.write(write, b" ".join(str(child).encode() for child in children()))
        os.kill(os.getpid(), signal.SIGKILL)
    os.close(write)
    orphans = [int(child) for child in os.read(read, 1000).split()]
    os.close(read)
    os.waitpid(parent, 0)
    assert orphans
    deadline = time.monotonic() + 10
    while any(alive(one) for one in orphans) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not any(alive(one) for one in orphans)


def children() -> set[int]:
    return {int(one) for one in Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()}


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state not in ("Z", "X")


def test_how_many_workers() -> None:
    assert jobs_for(1) == 1
    assert jobs_for(100_000) <= MAX_JOBS
    assert jobs_for(100_000, 3) == 3
    assert jobs_for(10, 16) == 1


def _never() -> None:
    time.sleep(600)


def _fails() -> None:
    raise ValueError


def _gives(number: int) -> dict[str, list[int]]:
    return {"numbers": [number]}


def test_background() -> None:
    assert Background(_gives, 3).result(10) == {"numbers": [3]}
    assert Background(_never).result(0.2) is None
    assert Background(os._exit, 3).result(10) is None
