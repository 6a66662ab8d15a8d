"""Markdown: a short report for a pull request, in which nothing from the scanned tree is markup."""

from collections import Counter
from collections.abc import Iterable

from backstay.exporters.encoding import encodable
from backstay.exporters.inert import code, prose
from backstay.model import AI_KINDS, Finding, Report, Risk, Severity, State
from backstay.plugin import exporter

TOP = 10  # findings in full; a comment is read on a telephone
MAX_ROWS = 20  # of any other list

_STATES = {
    State.COMPLETE: "Everything that was to be read was read.",
    State.PARTIAL: "**The scan is not complete:** what was not looked at is not clean.",
    State.SKIPPED: "**The scan was skipped:** nothing was looked at.",
    State.FAILED: "**The scan failed:** what was not looked at is not clean.",
}


@exporter(".md")
def markdown(report: Report) -> str:
    report = encodable(report)
    opened = list(report.open_findings)
    blocks = [
        f"## Backstay: {_posture(report.score)}",
        _source(report),
        *_severities(report),
        *_top(opened),
        *_inventory(report),
        *_coverage(report),
    ]
    return "\n\n".join(block for block in blocks if block) + "\n"


def _posture(score: Risk | None) -> str:
    if score is None:
        return "no score, because nothing was covered"
    span = "" if score.low == score.high else f" (between {score.low} and {score.high})"
    return f"risk {score.value} of 100{span}"


def _source(report: Report) -> str:
    source = report.scan.source
    parts = [f"Source {code(source.name)}"]
    if source.commit:
        changed = " with uncommitted changes" if source.dirty else ""
        parts.append(f"at commit {code(source.commit[:12])}{changed}")
    if source.branch:
        parts.append(f"on {code(source.branch)}")
    parts.append(f"scanned {code(report.scan.started)}")
    return ", ".join(parts) + "."


def _severities(report: Report) -> list[str]:
    opened = Counter(finding.severity for finding in report.findings if finding.open)
    accepted = Counter(finding.severity for finding in report.findings if not finding.open)
    if not opened and not accepted:
        judged = sum(one.subjects for one in report.rules)
        return [f"No findings. {len(report.rules)} rules judged {judged} subjects."]
    rows = [f"| {one} | {opened[one]} | {accepted[one]} |" for one in Severity if opened[one] or accepted[one]]
    return [_table(("severity", "open", "accepted"), rows, numbers=2)]


def _top(opened: list[Finding]) -> list[str]:
    if not opened:
        return []
    entries = [f"{number}. {_entry(finding)}" for number, finding in enumerate(opened[:TOP], 1)]
    more = len(opened) - TOP
    rest = [f"{more} more open findings are in the full report."] if more > 0 else []
    return ["### Top findings", "\n".join(entries), *rest]


def _entry(finding: Finding) -> str:
    place = finding.place
    where = ""
    if place and place.path:
        where = f", {code(f'{place.path}:{place.line}' if place.line else place.path)}"
    risk = f", risk {finding.risk.value}" if finding.risk else ""
    subject = f"{prose(finding.subject_kind)} {code(finding.subject_name)}"
    lines = [
        f"**{finding.severity}** {code(finding.rule)} on {subject}{where}{risk}",
        prose(finding.message or finding.title),
        f"*Fix:* {prose(finding.fix)}",
    ]
    if finding.risk and finding.risk.counterfactuals:
        best = min(finding.risk.counterfactuals, key=lambda one: one.value)
        lines.append(f"*{prose(best.change)}:* {finding.risk.value} → {best.value}")
    if finding.owners:
        lines.append("*Owner:* " + ", ".join(code(owner) for owner in finding.owners[:3]))
    return "\\\n   ".join(lines)  # a hard line break, in plain sight


def _inventory(report: Report) -> list[str]:
    ours = [asset for asset in report.assets if asset.kind in AI_KINDS]
    shown = [asset for asset in ours if asset.text("placement") in ("", "production")] or ours
    kinds = Counter(asset.kind for asset in shown)
    listed = ", ".join(f"{kinds[kind]} {kind.replace('_', ' ')}" for kind in sorted(AI_KINDS) if kinds[kind])
    more = f" {len(ours) - len(shown)} more outside production." if len(ours) > len(shown) else ""
    return ["### Inventory", listed + "." + more if listed else "No AI assets were found."]


def _coverage(report: Report) -> list[str]:
    scan = report.scan
    seen = scan.coverage
    blocks = ["### Coverage and gaps", _STATES[scan.state] + (f" {prose(scan.reason)}" if scan.reason else "")]
    blocks.append(
        f"{seen.read} of {seen.found} files read. "
        f"Left out by choice: {seen.left_out}. Not read for a reason: {seen.unread}."
    )
    gaps = [
        f"| {code(one.path)} | {prose(one.reason)} | {prose(one.detail)} |" for one in scan.skips if not one.by_choice
    ]
    if gaps:
        blocks.append(_table(("not read", "why", "detail"), gaps))
    faults = [
        f"| {code(one.plugin)} | {prose(one.state)} | {prose(one.reason)} |"
        for one in scan.statuses
        if one.state in (State.FAILED, State.PARTIAL)
    ]
    if faults:
        blocks.append(_table(("plugin", "state", "why"), faults))
    if scan.notes:
        blocks.append(_list(prose(note) for note in scan.notes))
    return blocks


def _table(heads: tuple[str, ...], rows: list[str], numbers: int = 0) -> str:
    rule = ["---"] * (len(heads) - numbers) + ["--:"] * numbers
    lines = [f"| {' | '.join(heads)} |", f"|{'|'.join(rule)}|", *rows[:MAX_ROWS]]
    more = len(rows) - MAX_ROWS
    return "\n".join(lines) + (f"\n\n{more} more are in the full report." if more > 0 else "")


def _list(entries: Iterable[str]) -> str:
    every = list(entries)
    more = len(every) - MAX_ROWS
    shown = [f"- {entry}" for entry in every[:MAX_ROWS]]
    return "\n".join(shown + ([f"- {more} more are in the full report."] if more > 0 else []))
