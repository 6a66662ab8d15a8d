"""Scoring: the laws every risk keeps, and what each factor makes of what stands around a subject."""

import ast
import random
from collections.abc import Sequence
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backstay import scoring
from backstay.graph import Graph
from backstay.model import (
    Asset,
    Coverage,
    Evidence,
    Factor,
    Finding,
    Kind,
    Policy,
    Relationship,
    RelationshipKind,
    Risk,
    RuleInfo,
    Severity,
    Suppression,
    Value,
)
from backstay.model.policy import Context
from backstay.scoring import score
from backstay.scoring.case import Assessment, Change
from backstay.scoring.formula import POTENTIAL, WEIGHTS, factor, risk_of, whole

E = RelationshipKind
NAMES = tuple(WEIGHTS)


def known(*values: float) -> list[Assessment]:
    return [Assessment(factor(name, value, value, "")) for name, value in zip(NAMES, values, strict=True)]


# The formula.


def test_the_documented_examples() -> None:
    def at(*values: float) -> int:
        return risk_of(Severity.CRITICAL, known(*values)).value

    assert at(1, 1, 1, 1, 1) == 100
    assert at(1, 0.3, 1, 1, 1) == 74
    assert at(1, 1, 0.2, 0.3, 0.1) == 48
    assert [risk_of(severity, known(1, 1, 1, 1, 1)).value for severity in Severity] == [100, 80, 55, 30, 10]
    assert sum(WEIGHTS.values()) == pytest.approx(1)


unit = st.floats(0, 1)
ranges = st.tuples(unit, unit).map(sorted)
severities = st.sampled_from(list(Severity))


@given(severities, st.lists(ranges, min_size=5, max_size=5))
def test_a_risk_lies_in_its_range_and_the_range_in_1_to_the_potential(
    severity: Severity, given_ranges: list[list[float]]
) -> None:
    found = risk_of(
        severity,
        [Assessment(factor(name, ends[0], ends[1], "")) for name, ends in zip(NAMES, given_ranges, strict=True)],
    )
    assert 1 <= found.low <= found.value <= found.high <= POTENTIAL[severity]
    assert all(one.low <= one.value <= one.high for one in found.factors)


@given(severities, st.lists(ranges, min_size=5, max_size=5), st.integers(0, 4), unit)
def test_a_risk_grows_with_every_factor_and_with_severity(
    severity: Severity, given_ranges: list[list[float]], at: int, raised: float
) -> None:
    def assessed(ends: Sequence[Sequence[float]]) -> list[Assessment]:
        return [Assessment(factor(name, one[0], one[1], "")) for name, one in zip(NAMES, ends, strict=True)]

    before = risk_of(severity, assessed(given_ranges))
    higher = [list(ends) for ends in given_ranges]
    higher[at] = [max(raised, end) for end in higher[at]]
    after = risk_of(severity, assessed(higher))
    assert (before.low, before.value, before.high) <= (after.low, after.value, after.high)
    assert before.low <= after.low
    assert before.value <= after.value
    assert before.high <= after.high
    worse = risk_of(Severity.CRITICAL, assessed(given_ranges))
    assert before.value <= worse.value


@given(severities, st.lists(ranges, min_size=5, max_size=5), st.integers(0, 4), st.tuples(unit, unit))
def test_a_change_never_raises_a_risk_and_one_that_does_nothing_is_not_shown(
    severity: Severity, given_ranges: list[list[float]], at: int, change: tuple[float, float]
) -> None:
    assessments = [
        Assessment(factor(name, ends[0], ends[1], "")) for name, ends in zip(NAMES, given_ranges, strict=True)
    ]
    assessments[at] = Assessment(assessments[at].factor, (Change("with a change", *sorted(change)),))
    found = risk_of(severity, assessments)
    assert all(1 <= one.value < found.value for one in found.counterfactuals)


parts = st.lists(st.integers(1, 100), max_size=60)


@given(parts, st.randoms())
def test_a_whole_does_not_depend_on_the_order(risks: list[int], shuffler: random.Random) -> None:
    other = list(risks)
    shuffler.shuffle(other)
    assert whole(risks) == whole(other)


@given(parts, st.integers(1, 100))
def test_a_whole_is_never_less_than_its_worst_nor_saturates(risks: list[int], one: int) -> None:
    found = whole([*risks, one])
    worst = max([*risks, one])
    assert worst <= found <= worst + (100 - worst) * 0.25 + 0.5
    assert whole(risks) <= found
    assert worst == 100 or found < 100 or worst == 99


@given(st.lists(st.integers(1, 99), min_size=1, max_size=60), st.data())
def test_a_whole_grows_with_every_part(risks: list[int], data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(risks) - 1))
    higher = list(risks)
    higher[at] = data.draw(st.integers(risks[at], 100))
    assert whole(risks) <= whole(higher)


def test_many_slight_findings_are_not_a_grave_one() -> None:
    assert whole([10] * 1000) < whole([40])
    assert whole([100] + [1] * 1000) == 100
    assert whole([]) == 0


# Whole scans.

INFO = RuleInfo(
    id="flaw",
    family="exposure",
    subject="agent",
    title="Flaw",
    severity=Severity.HIGH,
    confidence=0.9,
    exploitability=0.8,
    summary="",
    fix="",
)


def asset(kind: Kind, name: str, path: str = "app.py", **attributes: Value) -> Asset:
    return Asset(f"urn:{kind}:{name}", kind, name, attributes, (Evidence("code", path, 1),))


def edge(source: Asset, kind: RelationshipKind, target: Asset) -> Relationship:
    return Relationship(source.key, kind, target.key)


def flaw(subject: Asset, severity: Severity = Severity.HIGH, number: int = 0, path: str = "app.py") -> Finding:
    return Finding(
        rule="flaw",
        subject=subject.key,
        subject_name=subject.name,
        subject_kind=subject.kind,
        severity=severity,
        confidence=0.9,
        title="Flaw",
        message="",
        fix="",
        fingerprint=f"fp1:{subject.key}{number}",
        evidence=(Evidence("code", path, 1),),
    )


AGENT = asset(Kind.AGENT, "helper")
OPEN = asset(Kind.ENDPOINT, "POST /chat", authentication=None)


def risk(
    subject: Asset,
    *facts: Asset | Relationship,
    family: str = "exposure",
    path: str = "app.py",
    **context: str,
) -> Risk:
    assets = [fact for fact in facts if isinstance(fact, Asset)]
    edges = [fact for fact in facts if isinstance(fact, Relationship)]
    policy = Policy(context=(msgspec.convert(context, Context),) if context else ())
    info = msgspec.structs.replace(INFO, family=family)
    scored, _, _ = score(Graph([subject, *assets], edges, policy), [flaw(subject, path=path)], {"flaw": info})
    found = scored[0].risk
    assert found is not None
    return found


def part(found: Risk, name: str) -> Factor:
    return next(one for one in found.factors if one.name == name)


def ends(found: Risk, name: str) -> tuple[float, float]:
    return part(found, name).low, part(found, name).high


def changes(found: Risk) -> dict[str, int]:
    return {one.change: one.value for one in found.counterfactuals}


def test_every_factor_of_the_formula_is_there_once() -> None:
    found = risk(AGENT)
    assert [one.name for one in found.factors] == ["severity", *WEIGHTS]
    assert [one.name for one in found.factors if not one.known] == ["exposure", "sensitivity", "business", "usage"]
    assert all(one.reason.endswith(".") for one in found.factors)


def test_nothing_known_is_a_range_and_no_zero() -> None:
    found = risk(AGENT)
    assert found.low < found.value < found.high
    assert (found.low, found.value, found.high) == (20, 51, 75)


def test_everything_declared_is_no_range_but_for_usage() -> None:
    found = risk(AGENT, exposure="internet", data="regulated", criticality="tier1")
    assert [one.name for one in found.factors if not one.known] == ["usage"]
    assert part(found, "exposure").evidence[0].source == "policy"
    assert (found.high, found.value) == (75, 70)
    assert changes(found) == {"with authentication": 64, "reachable from the internal network only": 47}


def test_an_unauthenticated_endpoint_exposes_what_it_leads_to() -> None:
    found = risk(AGENT, OPEN, edge(OPEN, E.CALLS, AGENT))
    assert ends(found, "exposure") == (0.3, 1.0)
    assert "Endpoint POST /chat leads here: it asks for no authentication" in part(found, "exposure").reason
    assert part(found, "exposure").evidence == OPEN.evidence
    assert changes(found)["with authentication"] < found.value


def test_the_change_of_authentication_is_the_risk_of_the_authenticated_endpoint() -> None:
    for more in ({"share": True}, {"host": "0.0.0.0"}, {}):
        bare = asset(Kind.ENDPOINT, "e", authentication=None, **more)
        asking = asset(Kind.ENDPOINT, "e", authentication="bearer", **more)
        found = risk(AGENT, bare, edge(bare, E.CALLS, AGENT))
        then = risk(AGENT, asking, edge(asking, E.CALLS, AGENT))
        assert changes(found)["with authentication"] == then.value


def test_the_more_open_endpoint_counts() -> None:
    def at(*endpoints: Asset) -> tuple[float, float]:
        return ends(risk(AGENT, *endpoints, *(edge(one, E.CALLS, AGENT) for one in endpoints)), "exposure")

    local = asset(Kind.ENDPOINT, "local", authentication=None, host="127.0.0.1")
    shared = asset(Kind.ENDPOINT, "shared", authentication=None, share=True)
    asking = asset(Kind.ENDPOINT, "asking", authentication="bearer", host="0.0.0.0")
    unclear = asset(Kind.ENDPOINT, "unclear", host="0.0.0.0")
    assert at(local) == (0.1, 0.1)
    assert at(shared) == (1.0, 1.0)
    assert at(asking) == (0.2, 0.7)
    assert at(unclear) == (0.2, 1.0)
    assert at(local, shared, asking) == (1.0, 1.0)
    assert at(local, asking) == (0.2, 0.7)


def test_reach_goes_through_agents_and_tools_but_not_through_what_merely_contains() -> None:
    tool = asset(Kind.TOOL, "search")
    found = risk(tool, OPEN, AGENT, edge(OPEN, E.CALLS, AGENT), edge(AGENT, E.USES, tool))
    assert ends(found, "exposure") == (0.3, 1.0)
    repository = asset(Kind.REPOSITORY, "repo")
    found = risk(tool, OPEN, repository, edge(repository, E.CONTAINS, tool), edge(OPEN, E.CALLS, repository))
    assert ends(found, "exposure") == (0.1, 1.0)


def test_of_what_many_share_the_endpoints_in_the_same_file_count() -> None:
    model = asset(Kind.MODEL, "gpt")
    other = asset(Kind.ENDPOINT, "GET /local", "local.py", authentication=None, host="127.0.0.1")
    facts = (OPEN, other, edge(OPEN, E.CALLS, model), edge(other, E.CALLS, model))
    assert ends(risk(model, *facts, path="local.py"), "exposure") == (0.1, 0.1)
    assert ends(risk(model, *facts, path="elsewhere.py"), "exposure") == (0.3, 1.0)


def test_content_that_others_write_is_an_entrance() -> None:
    mail = asset(Kind.TOOL, "read_mail", capabilities=["reads_untrusted"])
    found = risk(AGENT, mail, edge(AGENT, E.USES, mail))
    assert ends(found, "exposure") == (0.7, 1.0)
    assert changes(found)["without reading content that others write"] == risk(AGENT).value


def test_secrets_and_supply_chain_are_exposed_otherwise_than_by_the_network() -> None:
    local = asset(Kind.ENDPOINT, "e", host="127.0.0.1")
    facts = (local, edge(local, E.CALLS, AGENT))
    assert ends(risk(AGENT, *facts, family="secrets"), "exposure") == (0.3, 1.0)
    assert ends(risk(AGENT, *facts, family="supply-chain"), "exposure") == (0.5, 1.0)
    assert ends(risk(AGENT, *facts, family="supply-chain", path="tests/x.py"), "exposure") == (0.1, 0.5)
    for exposure, high in (("internet", 1.0), ("isolated", 0.5)):
        assert ends(risk(AGENT, *facts, family="supply-chain", exposure=exposure), "exposure") == (0.5, high)
        assert ends(risk(AGENT, *facts, family="secrets", exposure=exposure), "exposure") == (0.3, 1.0)
        assert not any("network" in change for change in changes(risk(AGENT, family="supply-chain", exposure=exposure)))


@pytest.mark.parametrize(
    ("path", "lower"),
    [
        ("tests/unit/a.py", True),
        ("src/test_a.py", True),
        ("a_test.go", True),
        ("examples/a.py", True),
        ("docs/a.md", True),
        ("src/a.py", False),
        ("src/testimony.py", False),
        ("contest/latest.py", False),
    ],
)
def test_what_stands_in_tests_and_examples_is_worth_less(path: str, lower: bool) -> None:
    found, usual = risk(AGENT, path=path), risk(AGENT)
    assert (found.value < usual.value * 0.6) is lower
    assert (found.high < usual.high / 2) is lower


def test_a_finding_both_in_tests_and_outside_counts_fully() -> None:
    both = msgspec.structs.replace(flaw(AGENT), evidence=(Evidence("code", "tests/a.py"), Evidence("code", "src/a.py")))
    scored, _, _ = score(Graph([AGENT]), [both], {"flaw": INFO})
    assert scored[0].risk == risk(AGENT)


def test_placement_of_the_subject_counts_when_no_place_says_otherwise() -> None:
    test_agent = asset(Kind.AGENT, "helper", placement="test")
    lone = msgspec.structs.replace(flaw(test_agent), evidence=())
    scored, _, _ = score(Graph([msgspec.structs.replace(test_agent, evidence=())]), [lone], {"flaw": INFO})
    assert scored[0].risk is not None
    assert ends(scored[0].risk, "exposure") == (0.1, 0.1)


def test_data_in_reach_lifts_the_lower_end_and_leaves_the_upper_end_open() -> None:
    store = asset(Kind.VECTOR_STORE, "docs")
    named = asset(Kind.DATASET, "PatientNotes")
    private = asset(Kind.TOOL, "crm", capabilities=["reads_private"])
    assert ends(risk(AGENT), "sensitivity") == (0.2, 1.0)
    assert ends(risk(AGENT, store, edge(AGENT, E.USES, store)), "sensitivity") == (0.4, 1.0)
    assert ends(risk(AGENT, private, edge(AGENT, E.USES, private)), "sensitivity") == (0.5, 1.0)
    found = risk(AGENT, store, named, edge(AGENT, E.USES, store), edge(AGENT, E.CONSUMES, named))
    assert ends(found, "sensitivity") == (0.6, 1.0)
    assert part(found, "sensitivity").evidence[0].level == "inferred"
    assert "suggests regulated data" in part(found, "sensitivity").reason
    without = risk(AGENT, store, edge(AGENT, E.USES, store))
    assert changes(found)["without reach to dataset PatientNotes"] == without.value


def test_a_secret_is_sensitive_itself() -> None:
    secret = asset(Kind.CREDENTIAL, "key", form="value")
    assert ends(risk(secret, family="secrets"), "sensitivity") == (1.0, 1.0)
    assert ends(risk(asset(Kind.CREDENTIAL, "key", form="reference")), "sensitivity") == (0.2, 1.0)
    assert ends(risk(AGENT, secret, edge(AGENT, E.USES, secret)), "sensitivity") == (0.8, 1.0)


def test_the_last_context_that_says_something_counts() -> None:
    policy = Policy(
        context=(
            Context(path="**", data="public", criticality="tier3"),
            Context(path="app.py", data="personal"),
            Context(path="other/", data="regulated"),
        )
    )
    scored, _, _ = score(Graph([AGENT], [], policy), [flaw(AGENT)], {"flaw": INFO})
    assert scored[0].risk is not None
    assert ends(scored[0].risk, "sensitivity") == (0.8, 0.8)
    assert ends(scored[0].risk, "business") == (0.3, 0.3)


def test_an_environment_narrows_business_impact() -> None:
    assert ends(risk(AGENT, environment="production"), "business") == (0.6, 1.0)
    assert ends(risk(AGENT, environment="staging"), "business") == (0.3, 0.6)
    assert ends(risk(AGENT, environment="development"), "business") == (0.3, 0.3)


def test_usage_grows_with_what_rests_on_it() -> None:
    users = [asset(Kind.ENDPOINT, f"e{number}", authentication="x") for number in range(40)]
    edges = [edge(one, E.CALLS, AGENT) for one in users]
    lows = [ends(risk(AGENT, *users[:many], *edges[:many]), "usage")[0] for many in (0, 1, 3, 40)]
    assert lows == [0.1, 0.2, 0.3, 0.5]


def test_approval_and_guardrails_lower_what_an_attacker_steers() -> None:
    def at(subject: Asset, *facts: Asset | Relationship, family: str = "agency") -> tuple[float, float]:
        return ends(risk(subject, *facts, family=family), "exploitability")

    guard = asset(Kind.GUARDRAIL, "moderation")
    assert at(AGENT) == pytest.approx((0.48, 0.8))
    assert at(asset(Kind.AGENT, "a", approval=True)) == pytest.approx((0.48, 0.48))
    assert at(asset(Kind.AGENT, "a", approval=False)) == (0.8, 0.8)
    assert at(AGENT, guard, edge(AGENT, E.GUARDED_BY, guard)) == pytest.approx((0.384, 0.64))
    assert at(AGENT, guard, edge(AGENT, E.GUARDED_BY, guard), family="governance") == (0.8, 0.8)
    assert "with a person approving each act" in changes(risk(asset(Kind.AGENT, "a", approval=False), family="agency"))


def overall(findings: list[Finding], assets: Sequence[Asset] = (AGENT,), coverage: Coverage | None = None) -> Risk:
    infos = {"flaw": INFO, "other": INFO}
    _, _, found = score(Graph(assets), findings, infos, coverage=coverage)
    assert found is not None
    return found


def test_one_critical_is_never_averaged_away() -> None:
    others = [asset(Kind.AGENT, f"a{number}") for number in range(50)]
    alone = overall([flaw(AGENT, Severity.CRITICAL)])
    among = overall([flaw(AGENT, Severity.CRITICAL), *(flaw(one, Severity.INFO) for one in others)], [AGENT, *others])
    assert among.value >= alone.value


def test_order_of_findings_does_not_matter() -> None:
    others = [asset(Kind.AGENT, f"a{number}") for number in range(5)]
    findings = [flaw(one, severity, number) for one in others for number, severity in enumerate(Severity)]
    graph, infos = Graph(others), {"flaw": INFO}
    first = score(graph, findings, infos)
    second = score(graph, findings[::-1], infos)
    assert (first[1], first[2]) == (second[1], second[2])
    assert first[0] == second[0][::-1]


def test_suppressed_findings_have_a_risk_and_do_not_count() -> None:
    waived = msgspec.structs.replace(flaw(AGENT), suppression=Suppression("waiver", "known"))
    scored, asset_risks, found = score(Graph([AGENT]), [waived], {"flaw": INFO})
    assert scored[0].risk is not None
    assert asset_risks == {}
    assert found is not None
    assert found.value == 0


def test_a_scan_that_covered_nothing_has_no_score() -> None:
    for coverage, judged in ((Coverage(), True), (Coverage(found=9, unread=9), True), (Coverage(9, 9), False)):
        assert score(Graph(), [], {}, coverage=coverage, judged=judged)[2] is None


def test_a_scan_that_read_all_and_found_no_ai_says_so() -> None:
    found = overall([], [asset(Kind.PACKAGE, "requests", ai=False)], Coverage(3, 3))
    assert (found.low, found.value, found.high) == (0, 0, 0)
    assert found.factors[0].reason == "No AI asset was found."
    assert overall([], [asset(Kind.PACKAGE, "openai", ai=True)]).factors[0].reason.startswith("1 AI assets were judged")


def test_unread_files_lift_what_is_possible_and_not_what_is_known() -> None:
    full, half = (overall([flaw(AGENT)], coverage=Coverage(10, read, 0, 10 - read)) for read in (10, 5))
    assert (full.low, full.value) == (half.low, half.value)
    assert half.high == round(full.high + (100 - full.high) / 2)
    assert part(half, "coverage").reason == "5 files were read; 5 could not be."
    assert overall([], coverage=Coverage(10, 5, 0, 5)).high == 50


def test_the_score_says_which_mending_helps_most() -> None:
    other = asset(Kind.AGENT, "b")
    slight = msgspec.structs.replace(flaw(other, Severity.LOW), rule="other")
    found = overall([flaw(AGENT), slight], [AGENT, other])
    alone = overall([slight], [AGENT, other])
    assert changes(found)["with flaw mended"] == alone.value
    assert all(value < found.value for value in changes(found).values())


def test_a_hostile_graph_is_scored_in_bounded_steps() -> None:
    crowd = [asset(Kind.TOOL, f"t{number}") for number in range(5_000)]
    edges = [edge(AGENT, E.USES, one) for one in crowd] + [edge(one, E.USES, AGENT) for one in crowd]
    found = risk(AGENT, *crowd, *edges)
    assert found.value == risk(AGENT).value


def test_a_finding_on_something_that_is_not_in_the_graph_has_a_risk() -> None:
    scored, _, _ = score(Graph(), [flaw(AGENT)], {"flaw": INFO})
    assert scored[0].risk == risk(AGENT)


def test_scoring_reads_no_clock_no_files_and_no_environment() -> None:
    forbidden = {"os", "io", "time", "datetime", "random", "pathlib", "socket", "subprocess", "secrets", "uuid"}
    for path in sorted(Path(scoring.__file__).parent.glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert not {name.partition(".")[0] for name in names} & forbidden, path.name
            assert not (isinstance(node, ast.Name) and node.id in ("open", "print", "input")), path.name
