"""Evaluate: run the rules over their subjects, and apply what the user has accepted."""

import datetime
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import msgspec

from backstay.acceptance import Acceptance
from backstay.examine import Ignore
from backstay.graph import Graph
from backstay.model import (
    Asset,
    Finding,
    Match,
    PluginStatus,
    RelationshipKind,
    RuleInfo,
    RuleResult,
    Severity,
    State,
)
from backstay.model.finding import fingerprint
from backstay.plugin import Rule


@dataclass
class Verdict:
    """All findings, open and suppressed, with every rule's denominator and status, and notes for the reader."""

    findings: list[Finding]
    results: list[RuleResult]
    statuses: list[PluginStatus]
    notes: list[str]


def evaluate(
    graph: Graph,
    rules: Sequence[tuple[Rule, RuleInfo]],
    ignores: Sequence[Ignore] = (),
    baseline: frozenset[str] = frozenset(),
    today: datetime.date | None = None,
) -> Verdict:
    """Judge the whole graph. `today` decides which waivers have expired: it is given, as rules read no clock."""
    acceptance = Acceptance(graph, ignores, baseline, today, [rule.id for rule, _ in rules])
    verdict = Verdict([], [], [], [])
    for rule, info in rules:
        severity = graph.policy.severity.get(rule.id)
        if severity == "off":
            verdict.statuses.append(PluginStatus(rule.id, State.SKIPPED, reason="switched off by policy"))
            continue
        subjects = [subject for kind in rule.subjects for subject in graph.all(kind)]
        findings: list[Finding] = []
        failure = ""
        for subject in subjects:
            try:
                matches = list(rule.check(subject, graph))
            except Exception as error:  # a rule's fault costs one subject, never the scan
                failure = f"{type(error).__name__} on {subject.kind} {subject.name}"
                continue
            findings += _findings(info, subject, matches, graph, severity)
        findings = [acceptance.applied(finding) for finding in findings]
        opened = {finding.subject for finding in findings if finding.open}
        verdict.findings += findings
        verdict.results.append(
            RuleResult(info, len(subjects), len(opened), sum(not finding.open for finding in findings))
        )
        state = State.PARTIAL if failure else State.COMPLETE
        verdict.statuses.append(PluginStatus(rule.id, state, len(subjects), len(findings), failure))
    verdict.notes += acceptance.notes()
    return verdict


def _findings(
    info: RuleInfo, subject: Asset, matches: Iterable[Match], graph: Graph, severity: Severity | str | None
) -> list[Finding]:
    owners = tuple(owner.name for owner in graph.targets(subject, None, RelationshipKind.OWNED_BY))
    unique: dict[str, Finding] = {}
    for match in matches:
        mark = fingerprint(info.id, subject.key, match.discriminator)
        known = unique.get(mark)
        if known:
            merged = tuple(dict.fromkeys((*known.evidence, *match.evidence)))
            unique[mark] = msgspec.structs.replace(known, evidence=merged)
            continue
        unique[mark] = Finding(
            rule=info.id,
            subject=subject.key,
            subject_name=subject.name,
            subject_kind=subject.kind,
            severity=Severity(severity) if severity else match.severity or info.severity,
            confidence=info.confidence if match.confidence is None else match.confidence,
            title=info.title,
            message=match.message,
            fix=match.fix or info.fix,
            fingerprint=mark,
            discriminator=match.discriminator,
            evidence=match.evidence or subject.evidence,
            controls=info.controls,
            owners=owners,
        )
    return list(unique.values())
