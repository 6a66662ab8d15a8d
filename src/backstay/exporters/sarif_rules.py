"""SARIF rules: rules as reporting descriptors with their help, and control frameworks as taxonomies."""

from typing import Any

from backstay.catalog import control_sets
from backstay.exporters.sarif_results import LEVELS
from backstay.model import Finding, Report, RuleInfo, Severity

# The number that code scanning services turn back into a word: above 9 critical, from 7 high, from 4 medium.
_SECURITY_SEVERITY = {
    Severity.CRITICAL: "9.5",
    Severity.HIGH: "8.0",
    Severity.MEDIUM: "5.5",
    Severity.LOW: "3.0",
    Severity.INFO: "1.0",
}
_MAX_TAGS = 20  # the most that services keep of one rule


def driver_rules(report: Report, sets: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Every rule of the report by id, also rules known by a finding only."""
    known = {one.info.id: one.info for one in report.rules}
    for finding in report.findings:
        known.setdefault(finding.rule, _of_finding(finding))
    where = {taxon["id"]: (number, at) for number, one in enumerate(sets) for at, taxon in enumerate(one["taxa"])}
    return [_rule(known[id], sets, where) for id in sorted(known)]


def taxonomies(report: Report) -> list[dict[str, Any]]:
    """The frameworks that this report's rules speak to, each with the entries they name."""
    named = {control.id for one in report.rules for control in one.info.controls}
    named |= {control.id for finding in report.findings for control in finding.controls}
    made = []
    for framework in control_sets.frameworks():
        taxa = [entry for entry in framework.entries if entry.id in named]
        if taxa:
            made.append(
                {
                    "name": framework.id,
                    "fullName": framework.title,
                    "version": framework.version,
                    "isComprehensive": False,
                    "taxa": [{"id": entry.id, "name": entry.title} for entry in taxa],
                }
            )
    return made


def _rule(info: RuleInfo, sets: list[dict[str, Any]], where: dict[str, tuple[int, int]]) -> dict[str, Any]:
    why = "\n".join(f"- {control.id}: {control.reason}" for control in info.controls)
    body = info.description or info.summary
    tags = ["security", "ai", info.family, *(control.id for control in info.controls)]
    made: dict[str, Any] = {
        "id": info.id,
        "name": "".join(part.capitalize() for part in info.id.split("-")),
        "shortDescription": {"text": info.title},
        "fullDescription": {"text": info.summary or info.title},
        "help": {
            "text": f"{info.summary}\n\nFix: {info.fix}",
            "markdown": f"{body}\n\n**Fix:** {info.fix}" + (f"\n\n**Controls**\n\n{why}" if why else ""),
        },
        "defaultConfiguration": {"level": LEVELS[info.severity]},
        "properties": {
            "security-severity": _SECURITY_SEVERITY[info.severity],
            "precision": _precision(info.confidence),
            "problem.severity": {"error": "error", "warning": "warning", "note": "recommendation"}[
                LEVELS[info.severity]
            ],
            "tags": list(dict.fromkeys(tag for tag in tags if tag))[:_MAX_TAGS],
        },
    }
    relationships = []
    for control in info.controls:
        if control.id in where:
            number, at = where[control.id]
            component = {"name": sets[number]["name"], "index": number}
            target = {"id": control.id, "index": at, "toolComponent": component}
            text = {"text": control.reason or "related"}
            relationships.append({"target": target, "kinds": ["relevant"], "description": text})
    if relationships:
        made["relationships"] = relationships
    return made


def _precision(confidence: float) -> str:
    bounds = ((0.9, "very-high"), (0.75, "high"), (0.5, "medium"))
    return next((name for bound, name in bounds if confidence >= bound), "low")


def _of_finding(finding: Finding) -> RuleInfo:
    return RuleInfo(
        id=finding.rule,
        family="",
        subject=finding.subject_kind,
        title=finding.title,
        severity=finding.severity,
        confidence=finding.confidence,
        exploitability=0.0,
        summary=finding.title,
        fix=finding.fix,
        controls=finding.controls,
    )
