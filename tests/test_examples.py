"""The sample estate: a scan finds the flaws that its README lists, accepts what it accepts, and nothing else."""

import ast
import re
import runpy
from pathlib import Path

import pytest

from backstay.config import load_policy
from backstay.model import Finding, Report, State
from backstay.pipeline import scan

EXAMPLES = Path(__file__).parent.parent / "examples"
_ROW = re.compile(r"\| `([^`]+)` \| `([^`]+)` \| ")


@pytest.fixture(scope="module")
def report() -> Report:
    return scan(EXAMPLES, load_policy(EXAMPLES / "backstay.toml"))


def listed(heading: str) -> set[tuple[str, str]]:
    """The pairs of rule and place of a table in the README."""
    section = (EXAMPLES / "README.md").read_text(encoding="utf-8").split(f"\n## {heading}\n")[1].split("\n## ")[0]
    rows = {(match[1], match[2]) for match in map(_ROW.match, section.splitlines()) if match}
    assert rows, f"no table under {heading}"
    return rows


def where(finding: Finding) -> tuple[str, str]:
    """A finding as the README names it: by its first file, or by its subject when that is a folder."""
    path = finding.place.path if finding.place else ""
    return finding.rule, path or finding.subject_name


def test_finds_exactly_the_known_flaws(report: Report) -> None:
    found = {where(finding) for finding in report.findings if finding.open}
    assert found == listed("Known flaws")


def test_accepts_exactly_what_is_accepted(report: Report) -> None:
    accepted = [finding for finding in report.findings if finding.suppression]
    assert {where(finding) for finding in accepted} == listed("Accepted")
    assert all(finding.suppression and finding.suppression.reason for finding in accepted)


def test_is_scanned_completely_and_scored(report: Report) -> None:
    assert report.scan.state is State.COMPLETE, (report.scan.reason, report.scan.skips)
    assert report.score is not None
    assert report.score.value > 0


def test_places_exist(report: Report) -> None:
    for finding in report.findings:
        for place in finding.evidence:
            if place.path and place.line:
                lines = (EXAMPLES / place.path).read_bytes().count(b"\n")
                assert 1 <= place.line <= lines + 1, (finding.rule, place)


def test_every_code_file_parses() -> None:
    files = sorted(EXAMPLES.rglob("*.py"))
    assert len(files) > 10
    for path in files:
        ast.parse(path.read_text(encoding="utf-8"), str(path))


def test_model_files_are_what_their_script_writes() -> None:
    made = runpy.run_path(str(EXAMPLES / "training" / "models" / "make_models.py"), run_name="made")
    models = EXAMPLES / "training" / "models"
    assert (models / "topics.safetensors").read_bytes() == made["safetensors"]()
    assert (models / "vocabulary.pkl").read_bytes() == made["vocabulary"]()


def test_holds_nothing_that_looks_like_a_key() -> None:
    looks = re.compile(
        rb"sk-[A-Za-z0-9_-]{16}|hf_[A-Za-z0-9]{20}|AKIA[A-Z0-9]{16}|AIza[\w-]{30}|BEGIN [A-Z ]*PRIVATE KEY"
    )
    for path in EXAMPLES.rglob("*"):
        if path.is_file():
            assert not looks.search(path.read_bytes()), path
