"""Evaluate: run the rules over their subjects, and apply what the user has accepted."""

import datetime
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import msgspec

from backstay.examine import Ignore, glob_pattern
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
    Suppression,
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
    acceptance = _Acceptance(graph, ignores, baseline, today)
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
    verdict.notes += acceptance.unused()
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


class _Acceptance:
    """Inline ignores, waivers and the baseline, and which of them were of use."""

    def __init__(
        self, graph: Graph, ignores: Sequence[Ignore], baseline: frozenset[str], today: datetime.date | None
    ) -> None:
        self._baseline = baseline
        self._ignores = {(ignore.path, line): ignore for ignore in ignores for line in (ignore.line, ignore.line + 1)}
        self._all_ignores = ignores
        self._waivers = [
            (waiver, re.compile(glob_pattern(waiver.path)), re.compile(glob_pattern(waiver.asset)))
            for waiver in graph.policy.waivers
        ]
        self._today = today
        self._used: set[int] = set()
        self._expired: set[int] = set()

    def applied(self, finding: Finding) -> Finding:
        suppression = self._inline(finding) or self._waiver(finding)
        if suppression is None and finding.fingerprint in self._baseline:
            suppression = Suppression("baseline", "known before this scan")
        return msgspec.structs.replace(finding, suppression=suppression) if suppression else finding

    def _inline(self, finding: Finding) -> Suppression | None:
        for place in finding.evidence:
            ignore = self._ignores.get((place.path, place.line))
            if ignore and (finding.rule in ignore.rules or "*" in ignore.rules):
                self._used.add(id(ignore))
                if ignore.reason:
                    return Suppression("inline", ignore.reason)
        return None

    def _waiver(self, finding: Finding) -> Suppression | None:
        for waiver, path, asset in self._waivers:
            if waiver.rule not in (finding.rule, "*") or not asset.match(finding.subject_name):
                continue
            if waiver.path != "*" and not any(path.match(place.path) for place in finding.evidence):
                continue
            self._used.add(id(waiver))
            if waiver.expires and self._today and waiver.expires < self._today:
                self._expired.add(id(waiver))
                continue
            return Suppression("waiver", waiver.reason, str(waiver.expires or ""))
        return None

    def unused(self) -> list[str]:
        notes = []
        for ignore in self._all_ignores:
            where = f"{ignore.path}:{ignore.line}"
            if id(ignore) not in self._used:
                notes.append(f"unused suppression at {where}: nothing to ignore there")
            elif not ignore.reason:
                notes.append(f"suppression at {where} has no reason and does not count; write `-- why` after it")
        for waiver, _, _ in self._waivers:
            if id(waiver) in self._expired:
                notes.append(f"waiver for {waiver.rule} expired on {waiver.expires}: its findings are open again")
            elif id(waiver) not in self._used:
                notes.append(f"unused waiver for {waiver.rule} on path {waiver.path}, asset {waiver.asset}")
        return notes
