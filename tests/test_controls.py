"""The catalog of frameworks, and that every rule speaks to controls that exist, for a reason of its own."""

import re
from collections import Counter

import pytest

from backstay import page, registry
from backstay.catalog import control_sets
from backstay.catalog.control_sets import RELATIONS, Framework
from backstay.plugin import Rule

FRAMEWORKS = control_sets.frameworks()
# How many entries the published list has, for the lists that are here as a whole.
SIZES = {
    "iso-42001": 38,
    "nist-ai-600-1": 12,
    "owasp-agentic": 10,
    "owasp-llm": 10,
    "owasp-mcp": 10,
    "owasp-ml": 10,
    "saif": 15,
}
# The shape of an identifier as its source spells it, so that a slip of the pen is noticed.
SHAPES = {
    "cosai-risk-map": r"(risk|control)[A-Z][A-Za-z]+",
    "csa-aicm": r"AICM [A-Z]{3}-\d\d",
    "eu-ai-act": r"EU AI Act (Art\. \d+|Annex IV \d\([a-h]\))",
    "iso-42001": r"ISO42001 A\.\d+\.\d(\.\d)?",
    "mitre-atlas": r"AML\.(T\d{4}(\.\d{3})?|M\d{4})",
    "nist-ai-600-1": r"NIST AI 600-1 risk \d+",
    "nist-ai-rmf": r"NIST (GOVERN|MAP|MEASURE|MANAGE) \d\.\d+",
    "owasp-agentic": r"ASI\d\d",
    "owasp-llm": r"LLM\d\d:2025",
    "owasp-mcp": r"MCP\d\d:2025",
    "owasp-ml": r"ML\d\d:2023",
    "saif": r"SAIF [A-Z][A-Za-z ]+",
}


def by_id(framework: Framework) -> str:
    return framework.id


def test_identifiers_are_unique_over_all_frameworks() -> None:
    counts = Counter(entry.id for framework in FRAMEWORKS for entry in framework.entries)
    assert [id for id, count in counts.items() if count > 1] == []


def test_complete_lists_are_complete() -> None:
    sizes = {framework.id: len(framework.entries) for framework in FRAMEWORKS if framework.complete}
    assert sizes == SIZES


@pytest.mark.parametrize("framework", FRAMEWORKS, ids=by_id)
def test_a_framework_says_where_it_comes_from(framework: Framework) -> None:
    assert all((framework.title, framework.version, framework.source, framework.licence))


@pytest.mark.parametrize("framework", FRAMEWORKS, ids=by_id)
def test_entries_are_spelled_as_their_source_does(framework: Framework) -> None:
    shape = re.compile(SHAPES[framework.id])
    for entry in framework.entries:
        assert shape.fullmatch(entry.id), entry.id
        assert entry.title.strip() == entry.title != ""
        assert entry.relation in RELATIONS


def test_atlas_keeps_techniques_and_mitigations_apart() -> None:
    entries = control_sets.entries()
    assert entries["AML.T0051"].relation == "enables"
    assert entries["AML.M0014"].relation == "mitigated-by"


def test_legal_and_management_controls_are_only_ever_supported() -> None:
    relations = {entry.relation for one in FRAMEWORKS if one.id in ("eu-ai-act", "iso-42001") for entry in one.entries}
    assert relations == {"supports"}


def test_what_was_not_checked_says_so() -> None:
    assert not control_sets.entries()["NIST AI 600-1 risk 9"].verified


@pytest.mark.parametrize("rule", registry.rules(), ids=lambda rule: rule.id)
def test_a_rule_speaks_to_controls_that_exist(rule: Rule) -> None:
    controls = registry.info(rule).controls
    assert controls
    for control in controls:
        entry = control_sets.entries()[control.id]
        assert entry.verified
        assert re.fullmatch(r"[A-Z].{14,}\.", control.reason), f"{control.id}: a reason is a sentence"
        assert "violat" not in control.reason.lower(), "whether a control is violated is for an auditor to say"
        if entry.framework == "eu-ai-act":
            assert "support" in control.reason, "a duty only for high-risk systems: a rule can support it, no more"


@pytest.mark.parametrize("rule", registry.rules(), ids=lambda rule: rule.id)
def test_a_rule_does_not_spray_controls(rule: Rule) -> None:
    per_framework = Counter(control_sets.entries()[control.id].framework for control in registry.info(rule).controls)
    assert sum(per_framework.values()) <= 12
    assert max(per_framework.values()) <= 4


@pytest.mark.parametrize("rule", registry.rules(), ids=lambda rule: rule.id)
def test_reasons_are_not_the_title_again(rule: Rule) -> None:
    meta = page.load(rule.package, rule.stem).meta
    reasons = list(meta["controls"].values())
    assert not {reason.rstrip(".").lower() for reason in reasons} & {
        control_sets.entries()[id].title.lower() for id in meta["controls"]
    }
