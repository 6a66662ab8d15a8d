"""Testing: run a plugin's page through the real pipeline, and the contract every plugin keeps.

For our own tests and for authors of plugins:

    from backstay import registry, testing

    @pytest.mark.parametrize("rule", registry.rules(), ids=lambda rule: rule.id)
    def test_page(rule, tmp_path):
        testing.check_rule_page(rule, tmp_path)

In an example of a rule, a line that holds `<- found` must be the place of a finding, and if any line does,
no other line may be. An `expect` block names the subjects, one a line, as `kind name`.

In an example of a detector or of an SDK table, the `expect` block lists every asset that must come out, one
a line, as `kind name`; and any number of edges, as `kind name -relationship-> kind name`. An asset that comes
out and is not listed fails the page; edges that are not listed do not.
"""

from pathlib import Path

from backstay import page, registry
from backstay.model import Asset, Kind, Policy, Report
from backstay.page import Example, Page
from backstay.pipeline import scan
from backstay.plugin import Detector, Rule

MARK = "<- found"
# Where things stand rather than what they are: every example has them, so none lists them.
SURROUNDINGS = frozenset({Kind.REPOSITORY, Kind.SERVICE, Kind.TEAM, Kind.IDENTITY})


def write_example(example: Example, folder: Path) -> Path:
    """Write an example's files into an empty folder and return it."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in example.files.items():
        target = folder / name
        if not target.resolve().is_relative_to(folder.resolve()):
            raise ValueError(f"example {example.name!r} writes outside its folder: {name}")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(content, encoding="utf-8")
    return folder


def scan_example(example: Example, folder: Path, policy: Policy | None = None) -> Report:
    """Scan an example with the real pipeline. A `backstay.toml` among its files is its policy."""
    write_example(example, folder)
    if policy is None and "backstay.toml" in example.files:
        from backstay.config import load_policy  # noqa: PLC0415 - only examples with a policy need it

        policy = load_policy(folder / "backstay.toml")
    return scan(folder, policy)


def check_rule_page(rule: Rule, folder: Path) -> None:
    """Assert all that a rule's page promises. Raises AssertionError with the example's name."""
    loaded = page.load(rule.package, rule.stem)
    registry.info(rule)
    _check_both_sides(rule.id, loaded)
    for number, example in enumerate(loaded.examples):
        report = scan_example(example, folder / f"example-{number}")
        findings = [finding for finding in report.findings if finding.rule == rule.id and finding.open]
        where = sorted(f"{f.place.path}:{f.place.line}" if f.place else f.subject for f in findings)
        label = f"{rule.id}, example {example.name!r}"
        if not example.found:
            assert not findings, f"{label}: found although it must not be, at {where}"
            continue
        assert findings, f"{label}: nothing found"
        marks = _marks(example)
        if marks:
            places = {(place.path, place.line) for finding in findings for place in finding.evidence}
            assert marks <= places, f"{label}: marked lines {sorted(marks - places)} not found, but {where}"
            firsts = {(f.place.path, f.place.line) for f in findings if f.place}
            assert firsts <= marks, f"{label}: found at lines without a mark: {sorted(firsts - marks)}"
        subjects = {f"{finding.subject_kind} {finding.subject_name}" for finding in findings}
        if example.expect:
            assert subjects == set(example.expect), f"{label}: subjects {sorted(subjects)}"


def check_detector_page(detector: Detector, folder: Path) -> None:
    """Assert all that a detector's page promises. Raises AssertionError with the example's name."""
    loaded = page.load(detector.package, detector.stem)
    _check_both_sides(detector.id, loaded)
    for number, example in enumerate(loaded.examples):
        report = scan_example(example, folder / f"example-{number}")
        seen = [a for a in report.assets if any(e.source == detector.id for e in a.evidence)]
        if not example.found:
            assert not seen, f"{detector.id}, {example.name!r}: found {[_line(asset) for asset in seen]}"
            continue
        surroundings = SURROUNDINGS - set(detector.kinds)
        _check_expected(f"{detector.id}, {example.name!r}", example, seen, report, surroundings)
        strange = {asset.kind for asset in seen} - set(detector.kinds)
        assert not strange, f"{detector.id} yields kinds it does not declare: {strange}"


def check_catalog_page(name: str, loaded: Page, folder: Path) -> None:
    """Assert all that an SDK table's page promises. Raises AssertionError with the example's name."""
    assert loaded.examples, f"{name}: no examples"
    for number, example in enumerate(loaded.examples):
        report = scan_example(example, folder / f"example-{number}")
        # Imports and manifests name packages in nearly every example; only those that list one are held to all.
        listed = any(line.startswith("package ") for line in example.expect)
        left_out = SURROUNDINGS if listed else SURROUNDINGS | {Kind.PACKAGE}
        seen = [asset for asset in report.assets if asset.kind not in left_out]
        _check_expected(f"{name}, {example.name!r}", example, seen, report)


def _check_expected(
    label: str, example: Example, seen: list[Asset], report: Report, surroundings: frozenset[Kind] = SURROUNDINGS
) -> None:
    names = {asset.key: _line(asset) for asset in report.assets}
    edges = {f"{names[e.source]} -{e.kind}-> {names[e.target]}" for e in report.relationships}
    wanted = {line for line in example.expect if "-> " not in line}
    got = {_line(asset) for asset in seen if asset.kind not in surroundings}
    assert wanted == got, f"{label}: missing {sorted(wanted - got)}, unexpected {sorted(got - wanted)}"
    missing = {line for line in example.expect if "-> " in line} - edges
    assert not missing, f"{label}: missing edges {sorted(missing)} among {sorted(edges)}"


def _line(asset: Asset) -> str:
    return f"{asset.kind} {asset.name}"


def _marks(example: Example) -> set[tuple[str, int]]:
    return {
        (path, number)
        for path, content in example.files.items()
        for number, line in enumerate(content.splitlines(), 1)
        if MARK in line
    }


def _check_both_sides(name: str, loaded: Page) -> None:
    sides = {example.found for example in loaded.examples}
    assert sides == {True, False}, f"{name}: a page needs examples under both `## Found` and `## Not found`"
    assert loaded.prose, f"{name}: a page explains itself before its examples"
