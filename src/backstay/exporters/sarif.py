"""SARIF 2.1.0: findings for code scanning services and editors, worst first, with identities that survive edits."""

import datetime
from collections.abc import Iterable
from typing import Any
from urllib.parse import quote

from backstay.exporters.encoding import document, encodable, repository_uri, utc
from backstay.exporters.sarif_results import SOURCE_ROOT, message, place, result, result_order
from backstay.exporters.sarif_rules import driver_rules, taxonomies
from backstay.model import Evidence, Finding, Report, Scan, Skip, State
from backstay.plugin import exporter

MAX_RESULTS = 5_000  # code scanning services refuse longer runs; what is left out is said
MAX_NOTIFICATIONS = 500

_DESCRIPTORS = {
    "capped-results": "Results beyond the limit of one document were left out.",
    "note": "A remark of the scan, such as a suppression that is of no use.",
    "plugin": "A detector, rule or other plugin could not do all of its work.",
    "scan": "The scan as a whole is not complete.",
    "unread-file": "A file or folder was not read, or not wholly.",
}


@exporter(".sarif")
def sarif(report: Report) -> str:
    report = encodable(report)
    ordered = sorted(report.findings, key=result_order)
    kept, left_out = ordered[:MAX_RESULTS], ordered[MAX_RESULTS:]
    sets = taxonomies(report)
    rules = driver_rules(report, sets)
    index = {rule["id"]: number for number, rule in enumerate(rules)}
    scan = report.scan
    run: dict[str, Any] = {
        "tool": {
            "driver": {
                "name": report.tool,
                "version": report.tool_version,
                "fullName": f"{report.tool} {report.tool_version}",
                "shortDescription": {
                    "text": "AI Security Posture Management: AI assets in one graph, judged and ranked."
                },
                "rules": rules,
                "notifications": [
                    {"id": id, "shortDescription": {"text": text}} for id, text in sorted(_DESCRIPTORS.items())
                ],
                "supportedTaxonomies": [{"name": one["name"], "index": at} for at, one in enumerate(sets)],
            }
        },
        "automationDetails": {
            "id": f"backstay/{quote(scan.source.name, safe='') or 'source'}/",
            "description": message(f"Backstay scan of {scan.source.name}"),
        },
        "originalUriBaseIds": {SOURCE_ROOT: {"description": {"text": "The root of the scanned source."}}},
        "invocations": [_invocation(scan, left_out)],
        "results": [result(finding, index[finding.rule]) for finding in kept],
        "taxonomies": sets,
        "columnKind": "unicodeCodePoints",
        "properties": _properties(report),
    }
    provenance = _provenance(scan)
    if provenance:
        run["versionControlProvenance"] = [provenance]
    return document(
        {
            "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
            "version": "2.1.0",
            "runs": [run],
        }
    )


def _invocation(scan: Scan, left_out: list[Finding]) -> dict[str, Any]:
    invocation: dict[str, Any] = {"executionSuccessful": scan.state == State.COMPLETE}
    started = utc(scan.started)
    if started:
        invocation["startTimeUtc"] = started
        invocation["endTimeUtc"] = _end(started, scan.seconds)
    notifications = [*_capped(left_out), *_scan_state(scan), *_plugins(scan), *_unread(scan.skips)]
    notifications += [_notification("note", "note", note) for note in scan.notes]
    more = len(notifications) - MAX_NOTIFICATIONS
    if more > 0:
        notifications = notifications[:MAX_NOTIFICATIONS]
        notifications.append(_notification("note", "warning", f"{more} more notifications are left out here."))
    invocation["toolExecutionNotifications"] = notifications
    return invocation


def _capped(left_out: list[Finding]) -> Iterable[dict[str, Any]]:
    if left_out:
        worst = max(left_out, key=lambda finding: finding.severity.rank).severity
        text = (
            f"{len(left_out)} results of severity {worst} or lower are left out: one document holds {MAX_RESULTS}. "
            "The JSON report holds them all."
        )
        yield _notification("capped-results", "warning", text)


def _scan_state(scan: Scan) -> Iterable[dict[str, Any]]:
    if scan.state != State.COMPLETE:
        level = "error" if scan.state == State.FAILED else "warning"
        yield _notification("scan", level, f"The scan is {scan.state}" + (f": {scan.reason}" if scan.reason else "."))


def _plugins(scan: Scan) -> Iterable[dict[str, Any]]:
    for status in scan.statuses:
        if status.state in (State.FAILED, State.PARTIAL):
            level = "error" if status.state == State.FAILED else "warning"
            yield _notification(
                "plugin", level, f"{status.plugin} is {status.state}: {status.reason or 'no reason given'}"
            )


def _unread(skips: tuple[Skip, ...]) -> Iterable[dict[str, Any]]:
    chosen = sum(skip.by_choice for skip in skips)
    if chosen:
        yield _notification("unread-file", "note", f"{chosen} files or folders were left out by choice.")
    for skip in skips:
        if not skip.by_choice:
            text = ", ".join(part for part in (skip.reason, skip.detail, skip.plugin and f"for {skip.plugin}") if part)
            yield _notification("unread-file", "warning", f"Not read: {text}", skip.path)


def _notification(id: str, level: str, text: str, path: str = "") -> dict[str, Any]:
    made: dict[str, Any] = {"descriptor": {"id": id}, "level": level, "message": message(text)}
    if path:
        made["locations"] = [{"physicalLocation": place(Evidence("", path))}]
    return made


def _end(started: str, seconds: float) -> str:
    begin = datetime.datetime.fromisoformat(started)
    end = begin + datetime.timedelta(seconds=min(max(seconds, 0.0), 10**8))
    return end.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _provenance(scan: Scan) -> dict[str, Any]:
    uri = repository_uri(scan.source.remote)
    if not uri:
        return {}
    made: dict[str, Any] = {"repositoryUri": uri, "mappedTo": {"uriBaseId": SOURCE_ROOT}}
    if scan.source.commit:
        made["revisionId"] = scan.source.commit
    if scan.source.branch:
        made["branch"] = scan.source.branch
    return made


def _properties(report: Report) -> dict[str, Any]:
    coverage, score = report.scan.coverage, report.score
    return {
        "score": None if score is None else {"value": score.value, "low": score.low, "high": score.high},
        "state": report.scan.state,
        "coverage": {
            "found": coverage.found,
            "read": coverage.read,
            "leftOut": coverage.left_out,
            "unread": coverage.unread,
        },
        "assets": len(report.assets),
        "relationships": len(report.relationships),
    }
