"""Acceptance: what the user has accepted (inline ignores, waivers, the baseline), applied to findings.

A finding may have several places, and accepting one must not hide the others. So the accepted places are taken
away; the finding is suppressed when no place of some kind is left: every call of a repeated flaw, or either
end of a flow, whose two ends are of different kinds.
"""

import datetime
import difflib
from collections import defaultdict
from collections.abc import Callable, Collection, Sequence
from functools import partial

import msgspec

from backstay.display import printable
from backstay.examine import Ignore
from backstay.graph import Graph
from backstay.model import Evidence, Finding, Suppression, Waiver
from backstay.scope import name_matches, path_matches

_SPAN = 10  # lines of one statement on which a comment may stand; a longer place is a body, not a statement


class Acceptance:
    """Applies what is accepted and remembers which of it was of use."""

    def __init__(
        self,
        graph: Graph,
        ignores: Sequence[Ignore],
        baseline: frozenset[str],
        today: datetime.date | None,
        rules: Collection[str],
    ) -> None:
        self._policy = graph.policy
        self._ignores = ignores
        self._by_line = _by_line(ignores)
        self._baseline = baseline
        self._today = today
        self._rules = sorted(rules)
        self._used: set[int] = set()
        self._expired: set[int] = set()
        self._partial: list[str] = []

    def applied(self, finding: Finding) -> Finding:
        """The finding, suppressed or with the places that are left."""
        for accept in (self._inline, self._waived):
            finding = accept(finding)
            if not finding.open:
                return finding
        if finding.fingerprint in self._baseline:
            return _suppressed(finding, Suppression("baseline", "known before this scan"))
        return finding

    def notes(self) -> list[str]:
        """What the reader must know: suppressions that do not count, are of no use, or name no rule."""
        notes = list(self._partial)
        for ignore in self._ignores:
            where = f"{printable(ignore.path)}:{ignore.line}"
            unknown = next((name for name in ignore.rules if name != "*" and name not in self._rules), "")
            if not ignore.reason:
                notes.append(f"suppression at {where} has no reason and does not count; write `-- why` after it")
            elif id(ignore) not in self._used:
                why = self._no_rule(unknown) if unknown else "nothing to ignore there"
                notes.append(f"unused suppression at {where}: {why}")
        for waiver in self._policy.waivers:
            notes += self._waiver_note(waiver)
        for name in sorted(self._policy.severity):
            if name not in self._rules:
                notes.append(f"policy sets the severity of {printable(name)}: {self._no_rule(name)}")
        return notes

    def _waiver_note(self, waiver: Waiver) -> list[str]:
        label = f"waiver for {printable(waiver.rule)}"
        if waiver.rule != "*" and waiver.rule not in self._rules:
            return [f"unused {label}: {self._no_rule(waiver.rule)}"]
        if id(waiver) in self._expired:
            return [f"{label} expired on {waiver.expires}: its findings are open again"]
        if id(waiver) not in self._used:
            where = f"on path {printable(waiver.path)}, asset {printable(waiver.asset)}"
            return [f"unused {label} {where}: nothing to waive there"]
        return []

    def _no_rule(self, name: str) -> str:
        close = difflib.get_close_matches(name[:100], self._rules, 1)
        return "no rule has that name" + (f"; did you mean {close[0]}?" if close else "")

    def _inline(self, finding: Finding) -> Finding:
        found: list[Ignore] = []

        def covers(place: Evidence) -> bool:
            for line in range(place.line, min(max(place.end_line, place.line), place.line + _SPAN) + 1):
                for ignore in self._by_line.get((place.path, line), ()):
                    if finding.rule in ignore.rules or "*" in ignore.rules:
                        self._used.add(id(ignore))
                        if ignore.reason:
                            found.append(ignore)
                            return True
            return False

        left = _without(finding, covers)
        if left is finding:
            return finding
        first = found[0]
        if left is None:
            return _suppressed(finding, Suppression("inline", first.reason))
        self._partial.append(
            f"suppression at {printable(first.path)}:{first.line} covers one of several places of {finding.rule}: "
            f"the finding stays open for {_places(len(left.evidence))}"
        )
        return left

    def _waived(self, finding: Finding) -> Finding:
        for waiver in self._policy.waivers:
            if waiver.rule not in (finding.rule, "*") or not name_matches(waiver.asset, finding.subject_name):
                continue
            everywhere = waiver.path in ("*", "**")
            left = None if everywhere else _without(finding, partial(_stands_under, waiver.path))
            if left is finding:
                continue
            self._used.add(id(waiver))
            if waiver.expires and self._today and waiver.expires < self._today:
                self._expired.add(id(waiver))
            elif left is None:
                return _suppressed(finding, Suppression("waiver", waiver.reason, str(waiver.expires or "")))
            else:
                finding = left
        return finding


def _without(finding: Finding, covers: Callable[[Evidence], bool]) -> Finding | None:
    """The finding without the places that are covered: itself when none is, None when one kind is covered wholly."""
    left: list[Evidence] = []
    kinds: dict[tuple[str, str], int] = defaultdict(int)
    for place in finding.evidence:
        kinds[place.source, place.note] += 0
        if not place.path or not covers(place):
            kinds[place.source, place.note] += 1
            left.append(place)
    if len(left) == len(finding.evidence):
        return finding
    if not all(kinds.values()):
        return None
    return msgspec.structs.replace(finding, evidence=tuple(left))


def _stands_under(glob: str, place: Evidence) -> bool:
    return path_matches(glob, place.path)


def _suppressed(finding: Finding, suppression: Suppression) -> Finding:
    return msgspec.structs.replace(finding, suppression=suppression)


def _by_line(ignores: Sequence[Ignore]) -> dict[tuple[str, int], list[Ignore]]:
    """Ignores by the line they speak for: their own, or for a comment on a line of its own the next line of code."""
    alone = {(ignore.path, ignore.line) for ignore in ignores if ignore.alone}
    lines: dict[tuple[str, int], list[Ignore]] = defaultdict(list)
    for ignore in ignores:
        line = ignore.line
        while (ignore.path, line) in alone:
            line += 1
        lines[ignore.path, line].append(ignore)
    return lines


def _places(count: int) -> str:
    return "1 other place" if count == 1 else f"{count} other places"
