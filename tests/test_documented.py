"""Documented, or the build fails: pages, reference, links, modules and the locks."""

import ast
import re
import tomllib
from pathlib import Path

import pytest

from backstay import docs, page, registry
from backstay.catalog import control_sets
from backstay.model import Kind, RelationshipKind, meanings
from backstay.plugin import Detector, Rule

ROOT = Path(__file__).parent.parent
SRC = ROOT / "src" / "backstay"
RULES, DETECTORS = registry.rules(), registry.detectors()
GUIDES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "benchmarks").glob("*.md")])


def relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def test_the_reference_is_up_to_date() -> None:
    assert docs.outdated(ROOT / "docs" / "reference") == [], "run `make docs`"


def test_an_outdated_reference_is_seen_and_mended(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert docs.main([str(tmp_path)]) == 0
    assert docs.main(["--check", str(tmp_path)]) == 0
    (tmp_path / "rules.md").write_text("edited by hand")
    (tmp_path / "stray.md").write_text("of a plugin that is gone")
    (tmp_path / "kinds.md").unlink()
    assert docs.outdated(tmp_path) == ["kinds.md", "rules.md", "stray.md"]
    assert docs.main(["--check", str(tmp_path)]) == 1
    assert "out of date" in capsys.readouterr().out
    assert docs.main([str(tmp_path)]) == 0
    assert docs.outdated(tmp_path) == []


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_a_rule_names_known_controls_and_says_why(rule: Rule) -> None:
    info = registry.info(rule)
    assert info.summary
    assert info.fix.endswith((".", "`"))
    assert info.controls, "a rule answers to something"
    for control in info.controls:
        entry = control_sets.entries().get(control.id)
        assert entry is not None, f"{control.id} is in no framework of catalog/controls"
        assert entry.verified, f"{control.id} was not checked against its source"
        assert len(control.reason) > 15, f"{control.id} needs a reason"


@pytest.mark.parametrize("detector", DETECTORS, ids=lambda detector: detector.id)
def test_a_detector_has_a_page_with_a_title(detector: Detector) -> None:
    assert page.load(detector.package, detector.stem).meta.get("title")


def test_every_kind_and_relationship_has_a_meaning() -> None:
    assert set(meanings.KINDS) == set(Kind)
    assert set(meanings.RELATIONSHIPS) == set(RelationshipKind)


@pytest.mark.parametrize("path", [path for path in sorted(SRC.rglob("*.py")) if path.stat().st_size], ids=relative)
def test_a_module_says_what_it_is_for(path: Path) -> None:
    text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    assert text, "the first line of a module is a sentence"
    assert text.split("\n\n")[0].rstrip().endswith((".", ":", "]`.", "`"))


_FENCED = re.compile(r"^(`{3,}).*?^\1|(`+)[^`\n]+\2", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\]\(([^)\s]+)\)")


@pytest.mark.parametrize("path", GUIDES, ids=relative)
def test_links_between_documents_hold(path: Path) -> None:
    text = _FENCED.sub("", path.read_text(encoding="utf-8"))
    for target in _LINK.findall(text):
        if not re.match(r"[a-z]+:|#", target):
            assert (path.parent / target.partition("#")[0]).exists(), f"{target} is not there"


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-dev.lock"])
def test_a_lock_pins_with_hashes_and_names_no_place(lock: str) -> None:
    entries = re.split(r"\n(?=\S)", (ROOT / lock).read_text(encoding="utf-8").strip())
    for entry in entries:
        assert re.fullmatch(
            r"[a-z0-9][a-z0-9._-]*(\[[a-z0-9,-]+\])?==\S+( ; [^\\\n]+)?( \\\n    --hash=sha256:[0-9a-f]{64})+", entry
        ), entry[:200]


def test_the_locks_hold_every_dependency_of_the_project() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))

    def names(specifiers: list[str | dict[str, str]]) -> set[str]:
        return {re.split(r"[^\w.-]", one)[0].lower() for one in specifiers if isinstance(one, str)}

    def locked(lock: str) -> dict[str, str]:
        text = (ROOT / lock).read_text(encoding="utf-8")
        return {match[1]: match[2] for match in re.finditer(r"^([\w.-]+)[^=\n]*==(\S+)", text, re.MULTILINE)}

    runtime, development = locked("requirements.lock"), locked("requirements-dev.lock")
    groups = project["dependency-groups"]
    assert names(project["project"]["dependencies"]) | names(groups["build"]) <= set(runtime)
    assert names(groups["dev"]) <= set(development)
    assert runtime.items() <= development.items(), "tests run with the versions that users get"
