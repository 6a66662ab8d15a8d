"""SARIF results: one finding as a result; its places stay in the source, its text holds no links."""

from typing import Any

from backstay.display import printable
from backstay.exporters.encoding import absolute_uri, relative_uri
from backstay.model import Evidence, Finding, Severity, Suppression

SOURCE_ROOT = "%SRCROOT%"
MAX_RELATED = 20
_LONGEST = 1_000  # characters of one message; services cut longer ones at worse places

LEVELS = {
    Severity.CRITICAL: "error",
    Severity.HIGH: "error",
    Severity.MEDIUM: "warning",
    Severity.LOW: "note",
    Severity.INFO: "note",
}


def result_order(finding: Finding) -> tuple[object, ...]:
    """Open before suppressed, then worst first, then riskiest: what a limit cuts off is what matters least."""
    risk = finding.risk.value if finding.risk else 0
    return (not finding.open, -finding.severity.rank, -risk, finding.rule, finding.subject, finding.fingerprint)


def message(text: str) -> dict[str, str]:
    """A plain text message. SARIF reads `[text](target)` even in plain text: a space keeps it from being a link."""
    return {"text": printable(text, _LONGEST).replace("](", "] (") or "(no text)"}


def place(seen: Evidence) -> dict[str, Any]:
    """A physical location in the source; line and byte are left out when they are not known.

    A byte within a member of an archive is none of the file's own: it stands in the message alone.
    """
    made: dict[str, Any] = {"artifactLocation": {"uri": relative_uri(seen.path), "uriBaseId": SOURCE_ROOT}}
    if seen.line > 0:
        made["region"] = {"startLine": seen.line, "endLine": max(seen.line, seen.end_line)}
    elif seen.offset >= 0 and not seen.member:
        made["region"] = {"byteOffset": seen.offset}
    return made


def result(finding: Finding, rule_index: int) -> dict[str, Any]:
    """A finding as a result of the rule at an index."""
    risk = finding.risk
    properties: dict[str, Any] = {
        "severity": finding.severity,
        "confidence": finding.confidence,
        "subject": finding.subject,
        "subjectKind": finding.subject_kind,
        "fix": printable(finding.fix, _LONGEST),
        "owners": [printable(owner) for owner in finding.owners],
        "controls": [control.id for control in finding.controls],
    }
    made: dict[str, Any] = {
        "ruleId": finding.rule,
        "ruleIndex": rule_index,
        "level": LEVELS[finding.severity],
        "message": message(finding.message or finding.title),
        "locations": [_first_location(finding)],
        "partialFingerprints": {"backstayFingerprint/v1": finding.fingerprint},
        "properties": properties,
    }
    if risk:
        made["rank"] = float(min(max(risk.value, 0), 100))
        properties["risk"] = {"value": risk.value, "low": risk.low, "high": risk.high}
        properties["counterfactuals"] = [
            f"{printable(one.change)}: {risk.value} -> {one.value}" for one in risk.counterfactuals
        ]
    related = [one for one in finding.evidence if one is not finding.place and (one.path or one.url)]
    if related:
        made["relatedLocations"] = [_related(one, number) for number, one in enumerate(related[:MAX_RELATED], 1)]
    if finding.suppression:
        made["suppressions"] = [_suppression(finding.suppression)]
    return made


def _first_location(finding: Finding) -> dict[str, Any]:
    # Services refuse a result without a place in a file: what has none stands at the root of the source.
    seen = finding.place
    subject = {"name": printable(finding.subject_name), "fullyQualifiedName": finding.subject, "kind": "resource"}
    made: dict[str, Any] = {"physicalLocation": place(seen or Evidence("")), "logicalLocations": [subject]}
    if seen and (seen.member or seen.offset >= 0):
        made["message"] = message(seen.note)
        if seen.member:
            name = printable(seen.member)
            inner = {"name": name, "fullyQualifiedName": f"{finding.subject}!{name}", "kind": "resource"}
            made["logicalLocations"] = [inner, subject]
    return made


def _related(seen: Evidence, number: int) -> dict[str, Any]:
    made: dict[str, Any] = {"id": number, "message": message(seen.note or f"also seen by {seen.source}")}
    url = absolute_uri(seen.url)
    if seen.path:
        made["physicalLocation"] = place(seen)
    elif url:
        made["physicalLocation"] = {"artifactLocation": {"uri": url}}
    return made


def _suppression(suppression: Suppression) -> dict[str, Any]:
    kind = "inSource" if suppression.kind == "inline" else "external"
    until = f" (until {suppression.expires})" if suppression.expires else ""
    reason = f"{suppression.kind}: {suppression.reason}{until}"
    return {"kind": kind, "status": "accepted", "justification": printable(reason, _LONGEST)}
