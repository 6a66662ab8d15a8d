"""Suppressions from end to end: a file with a flaw and a comment, waiver or baseline; what the report then says."""

import datetime
from collections.abc import Iterator
from pathlib import Path

import pytest

from backstay import registry
from backstay.evaluate import Verdict, evaluate
from backstay.examine import Examiner, ignores
from backstay.graph import Graph, GraphBuilder
from backstay.model import Asset, Evidence, Finding, Kind, Match, Policy, RuleInfo, Severity, Suppression, Waiver, urn
from backstay.pipeline import scan
from backstay.plugin import Detector, Fact, File, Rule, Selector

TODAY = datetime.date(2027, 1, 15)


def detect(file: File) -> Iterator[Fact]:
    """Every line `load NAME` is a model loaded there."""
    for number, line in enumerate(file.text.splitlines(), 1):
        if line.startswith("load "):
            name = line.split()[1]
            yield Asset(urn(Kind.MODEL, name), Kind.MODEL, name, {}, file.evidence("toy", number))


def check(asset: Asset, graph: Graph) -> Iterator[Match]:
    yield Match(message=f"{asset.name} is bad", evidence=asset.evidence)


TOY = Detector("toy", Selector(suffixes=(".toy",)), detect, (Kind.MODEL,), "tests", "toy")
BAD = Rule("bad-model", "toys", Kind.MODEL, check, "tests", "bad_model")
INFO = RuleInfo(
    id="bad-model",
    family="toys",
    subject="model",
    title="Bad model",
    severity=Severity.HIGH,
    confidence=0.9,
    exploitability=0.5,
    summary="",
    fix="Mend it.",
)


@pytest.fixture(autouse=True)
def only_toys(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"detectors": (TOY,), "analyzers": (), "enrichers": (), "rules": (BAD,)}.items():
        monkeypatch.setattr(registry, name, lambda value=value: value)
    monkeypatch.setattr(registry, "info", lambda rule: INFO)


def judge(
    *lines: str, policy: Policy | None = None, baseline: frozenset[str] = frozenset(), path: str = "a.toy"
) -> Verdict:
    text = "\n".join(lines).encode()
    file = File(path, text, len(text), "", "src")
    builder = GraphBuilder()
    builder.extend(Examiner([TOY], []).examine(file).assets)
    return evaluate(builder.build(policy), [(BAD, INFO)], list(ignores(file)), baseline, TODAY)


def opened(verdict: Verdict) -> list[str]:
    return [finding.subject_name for finding in verdict.findings if finding.open]


def test_without_a_suppression_the_finding_is_open() -> None:
    verdict = judge("load x")
    assert (opened(verdict), verdict.notes) == (["x"], [])


def test_an_ignore_with_a_reason_counts_on_its_line() -> None:
    verdict = judge("load x  # backstay: ignore[bad-model] -- it is a toy", "load y")
    assert opened(verdict) == ["y"]
    assert verdict.findings[0].suppression == Suppression("inline", "it is a toy")
    assert verdict.notes == []
    assert (verdict.results[0].failed, verdict.results[0].suppressed) == (1, 1)


def test_an_ignore_on_its_own_line_speaks_for_the_next_line_of_code() -> None:
    comment = "  # backstay: ignore[bad-model] -- a toy"
    assert opened(judge(comment, "load x", "load y")) == ["y"]
    assert opened(judge("# backstay: ignore[other] -- a", comment, "load x", "load y")) == ["y"]


@pytest.mark.parametrize("comment", ["// {}", "-- {}", "<!-- {} -->", "/* {} */", "; {}"])
def test_comments_of_other_languages_count(comment: str) -> None:
    verdict = judge("load x " + comment.format("backstay: ignore[a, bad-model] -- a toy"))
    assert verdict.findings[0].suppression == Suppression("inline", "a toy")


def test_an_ignore_without_a_reason_does_not_count_and_is_noted() -> None:
    verdict = judge("load x  # backstay: ignore[bad-model]")
    assert opened(verdict) == ["x"]
    assert verdict.notes == ["suppression at a.toy:1 has no reason and does not count; write `-- why` after it"]


def test_an_ignore_of_another_rule_does_not_count_and_is_noted() -> None:
    verdict = judge("load x  # backstay: ignore[bad-modle] -- a toy")
    assert opened(verdict) == ["x"]
    assert verdict.notes == [
        "unused suppression at a.toy:1: no rule has that name; did you mean bad-model?",
    ]


def test_an_ignore_where_nothing_is_found_is_noted() -> None:
    verdict = judge("load x", "", "# backstay: ignore[*] -- a toy", "nothing")
    assert opened(verdict) == ["x"]
    assert verdict.notes == ["unused suppression at a.toy:3: nothing to ignore there"]


def test_ignoring_one_of_several_places_leaves_the_others_open() -> None:
    verdict = judge("load x  # backstay: ignore[bad-model] -- a toy", "load x", "load x")
    assert [place.line for place in verdict.findings[0].evidence] == [2, 3]
    assert verdict.findings[0].open
    assert verdict.notes == [
        "suppression at a.toy:1 covers one of several places of bad-model: the finding stays open for 2 other places"
    ]


def test_ignoring_every_place_suppresses() -> None:
    comment = "  # backstay: ignore[bad-model] -- a toy"
    assert opened(judge("load x" + comment, "load x" + comment)) == []


def test_ignoring_one_end_of_a_flow_suppresses() -> None:
    ends = (Evidence("code", "a.toy", 1, note="request read"), Evidence("code", "a.toy", 9, note="prompt built"))
    flow = Rule("bad-model", "toys", Kind.MODEL, lambda a, g: [Match(message="", evidence=ends)], "tests", "flow")
    text = b"# backstay: ignore[bad-model] -- escaped before\nload x"
    file = File("a.toy", b"\n" * 7 + text, 0, "", "src")
    graph = Graph([Asset("k", Kind.MODEL, "x")])
    verdict = evaluate(graph, [(flow, INFO)], list(ignores(file)), frozenset(), TODAY)
    assert opened(verdict) == []


def test_an_ignore_inside_a_long_statement_counts_but_not_inside_a_body() -> None:
    def at(line: int, end: int) -> list[str]:
        place = (Evidence("code", "a.toy", line, end),)
        rule = Rule("bad-model", "toys", Kind.MODEL, lambda a, g: [Match(message="", evidence=place)], "tests", "x")
        file = File("a.toy", b"\n" * 29 + b"x  # backstay: ignore[bad-model] -- toy", 0, "", "src")
        graph = Graph([Asset("k", Kind.MODEL, "x")])
        return opened(evaluate(graph, [(rule, INFO)], list(ignores(file)), frozenset(), TODAY))

    assert at(28, 31) == []
    assert at(31, 40) == ["x"]
    assert at(5, 60) == ["x"]


def waive(*lines: str, at: str = "a.toy", **waiver: object) -> Verdict:
    policy = Policy(waivers=(Waiver(**{"rule": "bad-model", "reason": "known"} | waiver),))  # type: ignore[arg-type]
    return judge(*lines, policy=policy, path=at)


def test_a_waiver_counts_through_its_last_day() -> None:
    for expires in (None, TODAY, TODAY + datetime.timedelta(1)):
        verdict = waive("load x", expires=expires)
        assert verdict.findings[0].suppression == Suppression("waiver", "known", str(expires or ""))
        assert verdict.notes == []


def test_an_expired_waiver_opens_its_findings_again_and_is_noted() -> None:
    verdict = waive("load x", expires=TODAY - datetime.timedelta(1))
    assert opened(verdict) == ["x"]
    assert verdict.notes == ["waiver for bad-model expired on 2027-01-14: its findings are open again"]


@pytest.mark.parametrize(
    ("waiver", "suppressed"),
    [
        ({"path": "src/"}, True),
        ({"path": "src/**/*.toy"}, True),
        ({"path": "*.toy"}, True),
        ({"path": "*"}, True),
        ({"path": "lib/"}, False),
        ({"path": "src/*.toy"}, False),
        ({"asset": "*"}, True),
        ({"asset": "org/*"}, True),
        ({"asset": "ORG/bert"}, True),
        ({"asset": "bert"}, False),
        ({"asset": "org/*", "path": "lib/"}, False),
        ({"rule": "*"}, True),
    ],
)
def test_a_waiver_applies_by_path_and_asset(waiver: dict[str, str], suppressed: bool) -> None:
    verdict = waive("load org/bert", at="src/models/a.toy", **waiver)
    assert verdict.findings[0].open is not suppressed
    assert len(verdict.notes) == (0 if suppressed else 1)
    assert suppressed or verdict.notes[0].startswith("unused waiver for bad-model on path")


def test_a_waiver_or_severity_for_a_rule_that_does_not_exist_is_noted() -> None:
    verdict = waive("load x", rule="bad-modle")
    assert verdict.notes == ["unused waiver for bad-modle: no rule has that name; did you mean bad-model?"]
    verdict = judge("load x", policy=Policy(severity={"qqqq": "low", "bad-model": "low"}))
    assert verdict.notes == ["policy sets the severity of qqqq: no rule has that name"]
    assert verdict.findings[0].severity == Severity.LOW


def test_a_rule_switched_off_is_reported_as_skipped() -> None:
    verdict = judge("load x", policy=Policy(severity={"bad-model": "off"}))
    assert verdict.findings == []
    assert [(status.state, status.reason) for status in verdict.statuses] == [("skipped", "switched off by policy")]


def test_a_hostile_ignore_cannot_hide_characters_in_a_note() -> None:
    verdict = judge("# backstay: ignore[*] -- x", path="a\x1b[31m\n.toy")
    assert verdict.notes == ["unused suppression at a\\x1b[31m\\n.toy:1: nothing to ignore there"]


def test_known_findings_are_suppressed_and_new_ones_open() -> None:
    known = frozenset(finding.fingerprint for finding in judge("load x").findings)
    verdict = judge("load x", "load y", baseline=known)
    assert opened(verdict) == ["y"]
    assert verdict.findings[0].suppression == Suppression("baseline", "known before this scan")


def test_a_fingerprint_survives_moved_lines_other_files_and_other_words(monkeypatch: pytest.MonkeyPatch) -> None:
    def marks(verdict: Verdict) -> list[str]:
        return [finding.fingerprint for finding in verdict.findings]

    before = marks(judge("load x"))
    assert marks(judge("", "", "load x")) == before
    assert marks(judge("load x", path="moved/b.toy")) == before
    reworded = Rule("bad-model", "toys", Kind.MODEL, lambda a, g: [Match(message="other words")], "tests", "x")
    graph = Graph([Asset(urn(Kind.MODEL, "x"), Kind.MODEL, "x")])
    assert [f.fingerprint for f in evaluate(graph, [(reworded, INFO)]).findings] == before
    assert before[0].startswith("fp1:")
    assert before != marks(judge("load y"))


def by_name(findings: tuple[Finding, ...]) -> dict[str, bool]:
    return {finding.subject_name: finding.open for finding in findings}


def test_the_pipeline_applies_them_all(tmp_path: Path) -> None:
    (tmp_path / "a.toy").write_text(
        "load inline # backstay: ignore[bad-model] -- a toy\nload waived\nload known\nload open\n", encoding="utf-8"
    )
    policy = Policy(waivers=(Waiver(rule="bad-model", asset="waived", reason="known"),))
    first = scan(tmp_path, policy)
    known = next(f.fingerprint for f in first.findings if f.subject_name == "known")
    report = scan(tmp_path, policy, baseline=frozenset({known}))
    assert by_name(report.findings) == {"inline": False, "waived": False, "known": False, "open": True}
    assert report.rules[0].suppressed == 3


def test_a_distrusted_tree_suppresses_nothing_by_comments(tmp_path: Path) -> None:
    (tmp_path / "a.toy").write_text("load x # backstay: ignore[bad-model] -- trust me", encoding="utf-8")
    report = scan(tmp_path, trust_repo=False, notes=("said before",))
    assert by_name(report.findings) == {"x": True}
    assert report.scan.notes[0] == "said before"
    assert any("inline suppression" in note and "not honoured" in note for note in report.scan.notes)
