"""Exits: the exit codes, the one place that decides between them, and the error that ends a command."""

from backstay.model import Report, Severity, State

CLEAN = 0
FINDINGS = 1
ERROR = 2
INCOMPLETE = 3
INTERRUPTED = 130  # 128 + SIGINT, as shells report it

DEFAULT_THRESHOLD = "high"


class CommandError(Exception):
    """Ends the command with ERROR; the message is one line, safe to print."""


def verdict(report: Report, threshold: str, *, allow_partial: bool = False) -> int:
    """The exit code of a scan, the same whatever the format.

    Findings at the threshold win over incompleteness: what was found does not go away by reading more. A failed
    scan is never allowed to pass.
    """
    if threshold != "none":
        least = Severity(threshold).rank
        if any(finding.severity.rank >= least for finding in report.open_findings):
            return FINDINGS
    if report.scan.state == State.FAILED or (report.scan.state == State.PARTIAL and not allow_partial):
        return INCOMPLETE
    return CLEAN
