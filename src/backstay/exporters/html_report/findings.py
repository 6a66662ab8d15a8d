"""Findings: by rule with its denominator, each with places, factors, what would lower it and how to accept it."""

import datetime
from collections import defaultdict
from dataclasses import dataclass

from backstay.model import Evidence, Finding, Report, RuleInfo, RuleResult, Severity

MOST = 300  # findings shown in full; every rule shows some
_LEAST_PER_RULE = 3
_PLACES = 12  # places named per finding
_MOST_SUPPRESSED = 300


@dataclass(frozen=True)
class Shown:
    """A finding, ready to be shown. `anchor` is its place in the page, `inline` the comment that accepts it."""

    finding: Finding
    anchor: str
    places: list[Evidence]
    more_places: int
    inline: str
    waiver: list[str]
    own_fix: bool


@dataclass(frozen=True)
class Group:
    """A rule with open findings. `passed` counts the subjects without one."""

    info: RuleInfo
    severity: Severity
    subjects: int
    failed: int
    total: int
    worst: int | None
    shown: list[Shown]

    @property
    def passed(self) -> int:
        return self.subjects - self.failed


@dataclass(frozen=True)
class Findings:
    """Groups by worst risk, and the suppressed findings; `shown` of `total` open ones are in the page."""

    groups: list[Group]
    total: int
    shown: int
    suppressed: list[Shown]
    suppressed_total: int


def findings(report: Report) -> Findings:
    """Open findings grouped by rule; when there are too many, each rule shows its worst."""
    by_rule: dict[str, list[Finding]] = defaultdict(list)
    for finding in report.findings:
        if finding.open:
            by_rule[finding.rule].append(finding)
    results = {result.info.id: result for result in report.rules}
    expires = _waiver_end(report.scan.started)
    most = _share([len(found) for found in by_rule.values()])
    groups = [_group(rule, found, results.get(rule), most, expires) for rule, found in by_rule.items()]
    groups.sort(key=lambda group: (-(group.worst or 0), -group.severity.rank, group.info.id))
    suppressed = [finding for finding in report.findings if not finding.open]
    return Findings(
        groups=groups,
        total=sum(group.total for group in groups),
        shown=sum(len(group.shown) for group in groups),
        suppressed=[_shown(finding, None, expires) for finding in suppressed[:_MOST_SUPPRESSED]],
        suppressed_total=len(suppressed),
    )


def anchor(finding: Finding) -> str:
    """A finding's place in the page, from its fingerprint: a link to it survives the next scan."""
    return "finding-" + "".join(char for char in finding.fingerprint.partition(":")[2] if char.isalnum())[:12]


def _waiver_end(started: str) -> datetime.date:
    """A quarter after the scan: long enough to mend something, short enough to be asked again."""
    try:
        return datetime.datetime.fromisoformat(started).date() + datetime.timedelta(days=90)
    except (ValueError, OverflowError):
        return datetime.date(2030, 1, 1)


def _share(counts: list[int]) -> int:
    """The largest number per rule with which all rules together keep to the limit."""
    most = max(counts, default=0)
    while most > _LEAST_PER_RULE and sum(min(number, most) for number in counts) > MOST:
        most -= max(1, most // 20)
    return max(most, _LEAST_PER_RULE)


def _group(rule: str, found: list[Finding], result: RuleResult | None, most: int, expires: datetime.date) -> Group:
    first = found[0]
    info = result.info if result else _info(rule, first)
    subjects = {finding.subject for finding in found}
    return Group(
        info=info,
        severity=max((finding.severity for finding in found), key=lambda severity: severity.rank),
        subjects=result.subjects if result else len(subjects),
        failed=result.failed if result else len(subjects),
        total=len(found),
        worst=max((finding.risk.value for finding in found if finding.risk), default=None),
        shown=[_shown(finding, info, expires) for finding in found[:most]],
    )


def _info(rule: str, finding: Finding) -> RuleInfo:
    """What is known of a rule from its finding, for a report that was read back without the rule."""
    return RuleInfo(
        id=rule,
        family="",
        subject=finding.subject_kind,
        title=finding.title,
        severity=finding.severity,
        confidence=finding.confidence,
        exploitability=0,
        summary="",
        fix=finding.fix,
        controls=finding.controls,
    )


def _shown(finding: Finding, info: RuleInfo | None, expires: datetime.date) -> Shown:
    place = finding.place
    path = place.path if place else ""
    return Shown(
        finding=finding,
        anchor=anchor(finding),
        places=list(finding.evidence[:_PLACES]),
        more_places=max(0, len(finding.evidence) - _PLACES),
        inline=f"# backstay: ignore[{finding.rule}] -- why this is acceptable" if place and place.line else "",
        waiver=_waiver(finding, path, expires),
        own_fix=info is None or finding.fix != info.fix,
    )


def _waiver(finding: Finding, path: str, expires: datetime.date) -> list[str]:
    lines = ["[[waivers]]", f"rule = {_toml(finding.rule)}"]
    lines.append(f"path = {_toml(path)}" if path else f"asset = {_toml(finding.subject_name)}")
    lines.append('reason = "why this is acceptable"')
    lines.append(f"expires = {expires}  # choose a date")
    return lines


def _toml(text: str) -> str:
    """A TOML basic string; what it cannot hold as it is becomes an escape."""
    return '"' + "".join(_toml_character(char) for char in text[:400]) + '"'


def _toml_character(char: str) -> str:
    if char in '"\\':
        return f"\\{char}"
    return char if char.isprintable() else f"\\u{ord(char):04X}" if ord(char) < 0x10000 else f"\\U{ord(char):08X}"
