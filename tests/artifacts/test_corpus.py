"""The corpus: nearly everything malicious is found, nearly nobody is accused, and every published bypass is caught."""

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest
from corpus import Label, Made, Sample, make, samples
from corpus.real import FOLDER, real

from backstay.artifacts.content import Bytes
from backstay.artifacts.inspection import inspect
from backstay.artifacts.report import Inspection, State

MADE = tuple(samples())
ADVISORIES = sorted({one.advisory for one in MADE if one.advisory})
STATES = {Label.BENIGN: State.CLEAN, Label.CODE: State.CODE, Label.UNKNOWN: State.UNKNOWN}
SECONDS = 5.0  # of CPU for any one file


def inspected(name: str, data: bytes) -> Inspection:
    return inspect(Bytes(data), name.rpartition("/")[2])


@pytest.fixture(scope="module")
def answers() -> list[tuple[Made, Inspection, float]]:
    found = []
    for one in MADE:
        start = time.process_time()
        answer = inspected(one.name, one.data)
        found.append((one, answer, time.process_time() - start))
    return found


def names(ones: Sequence[Made]) -> str:
    return "\n".join(f"{one.name} ({one.note})" for one in ones)


def test_finds_nearly_everything_malicious(answers: list[tuple[Made, Inspection, float]]) -> None:
    malicious = [(one, answer) for one, answer, _ in answers if one.label is Label.MALICIOUS]
    missed = [one for one, answer in malicious if answer.state is not State.MALICIOUS]
    assert len(malicious) >= 500
    assert len(missed) <= len(malicious) // 100, names(missed)


def test_passes_nothing_malicious_as_clean(answers: list[tuple[Made, Inspection, float]]) -> None:
    clean = [one for one, answer, _ in answers if one.label is Label.MALICIOUS and answer.state is State.CLEAN]
    assert not clean, names(clean)


def test_accuses_nearly_nobody(answers: list[tuple[Made, Inspection, float]]) -> None:
    honest = [(one.name, answer) for one, answer, _ in answers if one.label is not Label.MALICIOUS]
    honest += [(str(one.path), inspected(one.path.name, one.path.read_bytes())) for one in real()]
    accused = [name for name, answer in honest if answer.state is State.MALICIOUS]
    assert len(honest) >= 250
    assert len(accused) <= len(honest) // 100, accused


def test_tells_code_and_unknown_code_from_harm(answers: list[tuple[Made, Inspection, float]]) -> None:
    """What carries code, or needs code that nobody knows, is said to; what does not, is clean."""
    wrong = [
        f"{one.name}: {answer.state.word}, expected {STATES[one.label].word}"
        for one, answer, _ in answers
        if one.label in STATES and answer.state is not STATES[one.label]
    ]
    assert len(wrong) <= 3, wrong


def test_answers_every_file_in_time(answers: list[tuple[Made, Inspection, float]]) -> None:
    failed = [one.name for one, answer, _ in answers if any(gap.reason == "reader failed" for gap in answer.gaps)]
    slow = [f"{one.name}: {seconds:.1f} s" for one, _, seconds in answers if seconds > SECONDS]
    assert not failed, failed
    assert not slow, slow


@pytest.mark.parametrize("advisory", ADVISORIES)
def test_catches_published(advisory: str) -> None:
    """Everything that is published against scanners and loaders of models, by its number."""
    for one in MADE:
        if one.advisory == advisory:
            answer = inspected(one.name, one.data)
            assert answer.state is State.MALICIOUS, (one.name, answer.observations, answer.gaps)


@pytest.mark.parametrize("one", real(), ids=lambda one: str(one.path.relative_to(FOLDER)))
def test_real_file(one: Sample) -> None:
    """A file of a real library has the state that the manifest says."""
    path = one.path
    answer = inspected(path.name, path.read_bytes())
    assert answer.state is STATES[one.label], (answer.observations, answer.gaps)


POISON = """
raise SystemExit("an inspection imported a package of this machine: " + __name__)
"""
ASK = """
import sys
from pathlib import Path
from backstay.artifacts.content import Bytes
from backstay.artifacts.inspection import inspect
for path in sorted(Path(sys.argv[1]).rglob("*.*")):
    print(path.name, inspect(Bytes(path.read_bytes()), path.name).state.name)
"""


def test_verdicts_do_not_depend_on_what_is_installed(tmp_path: Path) -> None:
    """Packages of machine learning beside the program are neither imported nor looked at."""
    files = tmp_path / "files"
    files.mkdir()
    for number, one in enumerate(MADE[::9]):
        (files / f"{number}-{one.name.rpartition('/')[2]}").write_bytes(one.data)
    packages = tmp_path / "packages"
    packages.mkdir()
    for name in ("numpy", "torch", "sklearn", "keras", "tensorflow", "h5py", "onnx", "dill", "pandas", "joblib"):
        (packages / f"{name}.py").write_text(POISON)
    paths = os.pathsep.join([str(packages), *sys.path])
    found = [
        subprocess.run(
            [sys.executable, "-c", ASK, str(files)],
            capture_output=True,
            text=True,
            env={**os.environ, **more},
            check=True,
        ).stdout
        for more in ({}, {"PYTHONPATH": paths})
    ]
    assert found[0].count("\n") >= 70
    assert found[0] == found[1]


def test_corpus_is_the_same_every_time(tmp_path: Path) -> None:
    again = {one.name: one.data for one in samples()}
    assert {one.name: one.data for one in MADE} == again
    assert {str(one.path.relative_to(tmp_path)) for one in make(tmp_path)} == set(again)


def test_manifest_names_every_file() -> None:
    named = {one.path for one in real()}
    beside = ("MANIFEST.toml", ".gitattributes")
    found = {path for path in FOLDER.rglob("*") if path.is_file() and path.name not in beside}
    assert named == found
    assert all(path.stat().st_size < 20_000 for path in found)
    assert sum(path.stat().st_size for path in found) < 1_000_000
