"""Coverage: what was read, what was not and why, how every plugin fared, and which rules passed over how many."""

from collections import defaultdict
from dataclasses import dataclass

from backstay.exporters.html_report import words
from backstay.model import PluginStatus, Report, RuleResult, Skip, State

_PATHS = 25  # of one reason; the JSON report has all
_NOTES = 100


@dataclass(frozen=True)
class SkipGroup:
    """Files not read for one reason. `by_choice`: they were left out on purpose."""

    reason: str
    total: int
    by_choice: bool
    skips: list[Skip]


@dataclass(frozen=True)
class Coverage:
    """What stands beside the score."""

    numbers: list[tuple[str, str]]
    unread: list[SkipGroup]
    left_out: list[SkipGroup]
    troubled: list[PluginStatus]
    complete: list[PluginStatus]
    passed: list[RuleResult]
    idle: list[RuleResult]
    notes: list[str]
    more_notes: int


def coverage(report: Report) -> Coverage:
    """Everything a reader needs to tell clean from not looked at."""
    scan = report.scan
    groups = _groups(scan.skips)
    seen = scan.coverage
    return Coverage(
        numbers=[
            ("files found", f"{seen.found:,}"),
            ("read", f"{seen.read:,}"),
            ("left out by choice", f"{seen.left_out:,}"),
            ("not read, or not wholly", f"{seen.unread:,}"),
            ("read in all", words.size(seen.bytes)),
        ],
        unread=[group for group in groups if not group.by_choice],
        left_out=[group for group in groups if group.by_choice],
        troubled=sorted(
            (status for status in scan.statuses if status.state is not State.COMPLETE),
            key=lambda status: (status.state is State.SKIPPED, status.plugin),
        ),
        complete=sorted(
            (status for status in scan.statuses if status.state is State.COMPLETE), key=lambda status: status.plugin
        ),
        passed=[result for result in report.rules if result.subjects and not result.failed],
        idle=[result for result in report.rules if not result.subjects],
        notes=list(scan.notes[:_NOTES]),
        more_notes=max(0, len(scan.notes) - _NOTES),
    )


def _groups(skips: tuple[Skip, ...]) -> list[SkipGroup]:
    by_reason: dict[tuple[bool, str], list[Skip]] = defaultdict(list)
    for skip in skips:
        by_reason[skip.by_choice, skip.reason].append(skip)
    groups = [SkipGroup(reason, len(same), by_choice, same[:_PATHS]) for (by_choice, reason), same in by_reason.items()]
    return sorted(groups, key=lambda group: (-group.total, group.reason))
