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

import ast
import re
import threading
from functools import cache
from importlib import resources
from pathlib import Path

from backstay import page, registry
from backstay.graph import Graph
from backstay.model import Asset, Attributes, Evidence, Kind, Policy, Relationship, RelationshipKind, Report, Value
from backstay.page import Example, Page
from backstay.pipeline import scan
from backstay.plugin import Detector, Rule

MARK = "<- found"
# Where things stand rather than what they are: every example has them, so none lists them.
SURROUNDINGS = frozenset({Kind.REPOSITORY, Kind.SERVICE, Kind.TEAM, Kind.IDENTITY})


def write_example(example: Example, folder: Path) -> Path:
    """Write an example's files into an empty folder and return it."""
    folder.mkdir(parents=True, exist_ok=True)
    written = {name: content.encode() for name, content in example.files.items()}
    for name, content in (written | example.blobs).items():
        target = folder / name
        if not target.resolve().is_relative_to(folder.resolve()):
            raise ValueError(f"example {example.name!r} writes outside its folder: {name}")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
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


# Exploitability: from "exploited with no precondition" down to "helps an attacker only indirectly", see docs/risk.md.
EXPLOITABILITY = (1.0, 0.8, 0.6, 0.4, 0.2)
_DEADLINE = 60  # seconds for one rule on the tangled graph: a hundred times what any needs
_OBSERVERS = ("code", "collectors", "detectors", "enrichers", "exporters", "scoring")


def check_rule_contract(rule: Rule) -> None:
    """Assert what holds for every rule, whatever it judges. Raises AssertionError."""
    _check_names(rule.id, rule.package, rule.stem)
    assert rule.package.rpartition(".")[2].replace("_", "-") == rule.family, f"{rule.id}: the folder names the family"
    assert all(isinstance(kind, Kind) for kind in rule.subjects), f"{rule.id}: subjects are asset kinds"
    assert len(set(rule.subjects)) == len(rule.subjects), f"{rule.id}: a kind is named twice"
    info = registry.info(rule)
    assert 0 < info.confidence <= 1, f"{rule.id}: confidence is a share"
    assert info.exploitability in EXPLOITABILITY, f"{rule.id}: exploitability is one of {EXPLOITABILITY}"
    assert info.title and not info.title.endswith("."), f"{rule.id}: a title is no sentence"
    assert info.summary.endswith("."), f"{rule.id}: the first paragraph of the page is the summary"
    imported = _imports(rule.package, rule.stem)
    strange = {name for name in imported if re.match(rf"backstay\.({'|'.join(_OBSERVERS)})\b", name)}
    strange |= {name for name in imported if any(name == f"{one.package}.{one.stem}" for one in registry.rules())}
    assert not strange, f"{rule.id} imports what a rule must not know: {sorted(strange)}"
    for kind in rule.subjects:
        bare = Asset("urn:backstay:bare", kind, "bare")
        matches = list(rule.check(bare, Graph([bare])))
        assert not matches, f"{rule.id} judges a {kind} of which nothing is known: {matches[0].message}"
    _check_tangled(rule)


def check_detector_contract(detector: Detector) -> None:
    """Assert what holds for every detector, whatever it recognises. Raises AssertionError."""
    _check_names(detector.id, detector.package, detector.stem)
    assert detector.kinds, f"{detector.id}: declares which kinds it yields"
    assert all(isinstance(kind, Kind) for kind in detector.kinds), f"{detector.id}: kinds are asset kinds"
    select = detector.selector
    named = (select.names, select.suffixes, select.paths)
    chooses = (*named, select.magic, select.contains, select.binary, select.accepts)
    assert any(chooses), f"{detector.id}: its selector selects nothing"
    lowered = all(name == name.lower() for name in (*select.names, *select.suffixes))
    assert lowered, f"{detector.id}: names and suffixes are compared in lower case"
    strange = {name for name in _imports(detector.package, detector.stem) if name.startswith("backstay.rules")}
    assert not strange, f"{detector.id} observes and does not judge: {sorted(strange)}"


def _check_names(id: str, package: str, stem: str) -> None:
    assert re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", id), f"{id}: an id is lower case words with dashes"
    assert id == stem.replace("_", "-"), f"{id}: the module names the plugin"
    source = resources.files(package).joinpath(f"{stem}.py").read_text(encoding="utf-8")
    said = ast.get_docstring(ast.parse(source)) or ""
    assert said.split("\n\n")[0].rstrip().endswith("."), f"{id}: the module starts with a sentence on what it is for"


def _imports(package: str, stem: str) -> set[str]:
    tree = ast.parse(resources.files(package).joinpath(f"{stem}.py").read_text(encoding="utf-8"))
    names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            base = node.module or ""
            names |= {base, *(f"{base}.{alias.name}" for alias in node.names)}
    return names


def _check_tangled(rule: Rule) -> None:
    """A rule ends, fails on nothing and says the same twice, in a graph where everything leads to everything."""
    graph, outcome = tangled_graph(), list[tuple[str, ...]]()

    def judge() -> None:
        subjects = [subject for kind in rule.subjects for subject in graph.all(kind)]
        matches = [match for subject in subjects for match in rule.check(subject, graph)]
        outcome.append(tuple(f"{match.message}|{match.discriminator}" for match in matches))

    for _ in range(2):
        # A daemon, because a rule that does not end must not keep the test run from ending.
        thread = threading.Thread(target=judge, daemon=True)
        thread.start()
        thread.join(_DEADLINE)
        assert not thread.is_alive(), f"{rule.id} does not end on a graph with cycles"
    assert len(outcome) == 2, f"{rule.id} fails on attributes of unexpected types"
    assert outcome[0] == outcome[1], f"{rule.id} says different things of one graph"


# fmt: off
_NAMES = (
    "api", "approval", "at", "auth_mode", "authentication", "auto_approve", "ai", "capabilities", "card",
    "code_execution", "command", "debug", "digest", "direct", "env", "form", "format", "from", "function",
    "callee", "framework", "headers", "host", "hub", "license", "local", "max_tokens", "max_turns", "origin",
    "package", "path", "placement", "provider", "rate_limit", "registry", "revision", "role", "sandbox",
    "sanitised", "scope", "share", "sink", "size", "specifier", "tag", "task", "timeout", "transport",
    "trust_remote_code", "type", "unresolved", "unsafe", "unsafe_format", "url", "variable", "variables",
    "version", "weights_only",
)
# fmt: on
_CAPABILITIES = ["reads_untrusted", "reads_private", "changes_state", "sends_out", "runs_code", "spends_money"]


@cache
def tangled_graph() -> Graph:
    """Three assets of every kind, each leading to each by every relationship, with values of all types."""
    pools: tuple[tuple[Value, ...], ...] = (
        (None, True, "value", "http://[broken", 7),
        (True, False, ["a", "b"], 0.5, ""),
        ("system", "huggingface", "http://host.example/x", "git", None),
    )
    assets: list[Asset] = []
    for pool in pools:
        for kind in Kind:
            known: Attributes = {name: pool[at % len(pool)] for at, name in enumerate(_NAMES)}
            known["capabilities"] = [*_CAPABILITIES]
            place = (Evidence("test", f"{kind}.py", len(assets) + 1),)
            assets.append(Asset(f"urn:backstay:{kind}:{len(assets)}", kind, f"{kind}-{len(assets)}", known, place))
    edges = [
        Relationship(source.key, kind, target.key, {**source.attributes, "role": "system"}, source.evidence)
        for kind in RelationshipKind
        for source in assets
        for target in assets
        if source is not target
    ]
    return Graph(assets, edges)
