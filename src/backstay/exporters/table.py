"""Table: the posture on one terminal page, for a person; `render` fits it to a width, with or without colour."""

import io
from collections import Counter
from collections.abc import Iterable, Sequence

from rich.columns import Columns
from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from backstay.display import printable
from backstay.model import AI_KINDS, Finding, Kind, Report, Risk, Severity, Skip, State
from backstay.plugin import exporter

WIDTH = 100  # of a file; a terminal says its own
TOP = 10  # findings shown one by one; the others are counted by rule
_BAR = 24
_CHANGES = 2
_MAX_REASONS = 6
_MAX_NOTES = 12

_STYLES = {
    Severity.CRITICAL: "bold white on red",
    Severity.HIGH: "bold red",
    Severity.MEDIUM: "yellow",
    Severity.LOW: "cyan",
    Severity.INFO: "dim",
}
# Up to which risk a word holds.
_BANDS = ((0, "nothing open", "green"), (19, "slight", "green"), (39, "low", "cyan"), (59, "moderate", "yellow"))
_UPPER_BANDS = ((79, "high", "red"), (100, "critical", "bold red"))
_WHERE = {
    "test": "in tests",
    "example": "in examples",
    "documentation": "in documents",
    "generated": "in generated code",
}
_PLURALS = {Kind.REPOSITORY: "repositories", Kind.REGISTRY: "registries", Kind.IDENTITY: "identities"}


@exporter(".txt")
def table(report: Report) -> str:
    return render(report, WIDTH, color=False)


def render(report: Report, width: int, *, color: bool) -> str:
    """The page as text. Every string from the scanned tree is made printable first; nothing is read as markup."""
    console = Console(
        file=io.StringIO(),
        width=max(40, width),
        force_terminal=color,
        color_system="standard" if color else None,
        no_color=not color,
        markup=False,
        highlight=False,
        emoji=False,
        legacy_windows=False,
        _environ={},  # the same report gives the same text, whatever the environment
    )
    with console.capture() as captured:
        console.print(Group(*_sections(report)))
    return "\n".join(line.rstrip() for line in captured.get().splitlines()) + "\n"


def _sections(report: Report) -> Iterable[RenderableType]:
    yield _title(report)
    yield from _failure(report)
    yield Text()
    yield _posture(report)
    yield _severities(report)
    groups = _groups(report.open_findings)
    if groups:
        yield from _section("Top risks", _findings(groups[:TOP]))
    if groups[TOP:]:
        yield from _section("More", _by_rule(groups[TOP:]))
    if report.assets:
        yield from _section("Inventory", _inventory(report))
    yield from _section("Coverage", _coverage(report))
    notes = [_plain(note) for note in report.scan.notes]
    if notes:
        yield from _section("Notes", _lines(notes, _MAX_NOTES))
    if report.assets:
        yield from _section("Next", _next(report))


def _title(report: Report) -> Text:
    source = report.scan.source
    text = Text.assemble((_plain(source.name), "bold"))
    if source.id != source.name:
        text.append(f"  {_plain(source.id)}", "dim")
    if source.commit:
        branch = f" on {_plain(source.branch)}" if source.branch else ""
        changed = ", with uncommitted changes" if source.dirty else ""
        text.append(f"  {_plain(source.commit[:8])}{branch}{changed}", "dim")
    return text


def _failure(report: Report) -> Iterable[Text]:
    scan = report.scan
    if scan.state in (State.PARTIAL, State.FAILED):
        word = "Incomplete scan" if scan.state == State.PARTIAL else "Failed scan"
        reason = _plain(scan.reason) or "not everything could be read; see Coverage"
        yield Text.assemble((f"{word}: ", "bold yellow"), reason)


def _posture(report: Report) -> RenderableType:
    risk = report.score
    if risk is None:
        return Text.assemble(("No score", "bold"), ": nothing was covered, which is not the same as clean.")
    word, style = _band(risk.value)
    filled = round(risk.value / 100 * _BAR)
    headline = Text.assemble(
        ("Risk ", "bold"),
        (f"{risk.value}", style),
        f" of 100{_range(risk)}  ",
        ("█" * filled, style),
        ("░" * (_BAR - filled), "dim"),
        "  ",
        (word, style),
    )
    lines = [headline, Text(_sentence(report, risk))]
    best = risk.counterfactuals[:1]
    if best:
        lines.append(Text(f"{_plain(best[0].change)}: {risk.value} → {best[0].value}", "green"))
    return Group(*lines)


def _sentence(report: Report, risk: Risk) -> str:
    first = next(iter(report.open_findings), None)
    if first is None:
        return next((_plain(one.reason) for one in risk.factors), "Nothing is open.")
    kind = _plain(first.subject_kind.replace("_", " ").replace("mcp", "MCP"))
    return f"Worst: {kind} {_plain(first.subject_name)}. {_plain(first.title)}."


def _severities(report: Report) -> Text:
    counts = Counter(finding.severity for finding in report.open_findings)
    text = Text()
    for severity in Severity:
        if counts[severity]:
            text.append(f"{counts[severity]} {severity}", _STYLES[severity]).append("   ")
    if not counts:
        text.append("No open findings", "green").append("   ")
    kinds = Counter(finding.suppression.kind for finding in report.findings if finding.suppression)
    if kinds:
        said = ", ".join(f"{count} by {_plain(kind)}" for kind, count in sorted(kinds.items()))
        text.append(f"{kinds.total()} suppressed ({said})", "dim")
    return text


def _section(title: str, body: RenderableType) -> Iterable[RenderableType]:
    yield Text()
    yield Text(title, "bold")
    yield Padding(body, (0, 0, 0, 2))


def _groups(findings: Sequence[Finding]) -> list[list[Finding]]:
    """Findings to show together, worst first: each by itself if they are few, else those of one rule."""
    if len(findings) <= TOP:
        return [[finding] for finding in findings]
    groups: dict[str, list[Finding]] = {}
    for finding in findings:
        groups.setdefault(finding.rule, []).append(finding)
    return list(groups.values())


def _findings(groups: Iterable[list[Finding]]) -> Table:
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(justify="right", no_wrap=True)
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold", ratio=1)
    for finding, *others in groups:
        value = Text(str(finding.risk.value), _band(finding.risk.value)[1]) if finding.risk else Text("-")
        grid.add_row(value, Text(finding.severity, _STYLES[finding.severity]), _finding(finding, others))
    return grid


def _finding(finding: Finding, others: Sequence[Finding]) -> Text:
    text = Text(_plain(finding.message) or _plain(finding.title))
    where = _place(finding)
    owners = ", ".join(_plain(owner) for owner in finding.owners[:3]) or "no owner"
    facts = [where, owners, _plain(finding.rule), f"{finding.confidence:.0%} sure"]
    text.append("\n" + " · ".join(fact for fact in facts if fact), "dim")
    if others:
        places = list(dict.fromkeys(place for other in others if (place := _place(other))))
        also = f": {', '.join(places[:2])}" + (", …" if len(places) > 2 else "") if places else ""
        text.append(f"\nand {len(others)} more of this rule{also}")
    if finding.risk and finding.risk.counterfactuals:
        value = finding.risk.value
        best = (f"{_plain(one.change)}: {value} → {one.value}" for one in finding.risk.counterfactuals[:_CHANGES])
        text.append("\n" + " · ".join(best), "green")
    return text


def _place(finding: Finding) -> str:
    place = finding.place
    if place is None or not place.path:
        return ""
    more = len({(one.path, one.line) for one in finding.evidence}) - 1
    line = f":{place.line}" if place.line else ""
    return f"{_plain(place.path)}{line}" + (f" +{more}" if more > 0 else "")


def _by_rule(groups: Iterable[list[Finding]]) -> Table:
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(justify="right", no_wrap=True)
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold", ratio=1)
    for group in groups:
        severity = group[0].severity
        title = Text(_plain(group[0].title)).append(f"  {_plain(group[0].rule)}", "dim")
        grid.add_row(str(len(group)), Text(severity, _STYLES[severity]), title)
    return grid


def _inventory(report: Report) -> Group:
    """What production is made of; what stands only in tests, examples and the like is counted by where it stands."""
    elsewhere = Counter(asset.text("placement") for asset in report.assets if asset.kind in AI_KINDS)
    for here in ("", "production"):
        del elsewhere[here]
    shown = [asset for asset in report.assets if asset.text("placement") in ("", "production")]
    if not any(asset.kind in AI_KINDS for asset in shown):
        shown, elsewhere = list(report.assets), Counter()
    counts = Counter(asset.kind for asset in shown)
    kinds = sorted(counts, key=lambda kind: (kind not in AI_KINDS, -counts[kind], kind))
    cells = [Text.assemble((f"{counts[kind]}", "bold"), f" {_kind_words(kind, counts[kind])}") for kind in kinds]
    lines = ", ".join(f"{count} {_WHERE.get(where, where)}" for where, count in sorted(elsewhere.items()))
    more = [Text(f"AI assets elsewhere: {_plain(lines)}", "dim")] if lines else []
    return Group(Columns(cells, padding=(0, 3, 0, 0)), *more)


def _kind_words(kind: Kind, count: int) -> str:
    words = kind.replace("_", " ").replace("mcp", "MCP")
    return words if count == 1 else _PLURALS.get(kind, words + "s").replace("_", " ")


def _coverage(report: Report) -> Group:
    scan, coverage = report.scan, report.scan.coverage
    lines = [
        f"{coverage.read} of {coverage.found} files read, {coverage.left_out} left out by choice, "
        f"{coverage.unread} not read ({_size(coverage.bytes)} in {scan.seconds:.1f} s)"
    ]
    gaps = [skip for skip in scan.skips if not skip.by_choice]
    lines += [f"not read: {line}" for line in _reasons(gaps)]
    left = [skip for skip in scan.skips if skip.by_choice]
    if left:
        lines += [f"left out: {line}" for line in _reasons(left)]
    for status in scan.statuses:
        if status.state != State.COMPLETE:
            reason = f": {_plain(status.reason)}" if status.reason else ""
            lines.append(f"{_plain(status.plugin)} {status.state}{reason}")
    return _lines(lines, 2 * _MAX_REASONS + 8)


def _reasons(skips: Iterable[Skip]) -> list[str]:
    grouped: dict[str, list[Skip]] = {}
    for skip in skips:
        grouped.setdefault(skip.reason, []).append(skip)
    ordered = sorted(grouped.items(), key=lambda item: (-len(item[1]), item[0]))
    lines = []
    for reason, group in ordered[:_MAX_REASONS]:
        shown = ", ".join(printable(skip.path, 60) for skip in group[:2])
        lines.append(f"{_plain(reason)}, {len(group)}: {shown}" + (", …" if len(group) > 2 else ""))
    if ordered[_MAX_REASONS:]:
        lines.append(f"{sum(len(group) for _, group in ordered[_MAX_REASONS:])} for other reasons")
    return lines


def _next(report: Report) -> Group:
    lines = []
    first = next(iter(report.open_findings), None)
    if first:
        lines.append(f"backstay explain {_plain(first.rule)}")
    lines.append("backstay scan DIR -o report.html   for everything, on a page with pictures")
    return _lines(lines, len(lines))


def _lines(lines: list[str], limit: int) -> Group:
    shown = lines[:limit] + ([f"… and {len(lines) - limit} more"] if len(lines) > limit else [])
    return Group(*(Text(line, overflow="fold") for line in shown))


def _band(value: int) -> tuple[str, str]:
    return next((word, style) for most, word, style in (*_BANDS, *_UPPER_BANDS) if value <= most)


def _range(risk: Risk) -> str:
    return "" if risk.low == risk.high else f" ({risk.low} to {risk.high})"


def _size(count: int) -> str:
    size, unit = float(count), "B"
    for unit in ("B", "kB", "MB", "GB"):
        if size < 1000 or unit == "GB":
            break
        size /= 1000
    return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"


def _plain(text: str) -> str:
    return printable(text)
