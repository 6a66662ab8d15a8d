"""Posture: what was scanned, how it stands, how complete that is, and the worst of it in plain words."""

import datetime
from collections import Counter, defaultdict
from dataclasses import dataclass

from backstay.exporters.html_report import words
from backstay.exporters.html_report.description import section
from backstay.exporters.html_report.findings import anchor
from backstay.exporters.html_report.inventory import owners
from backstay.exporters.html_report.picture import Picture, draw
from backstay.graph import Graph
from backstay.model import Finding, Report, RuleInfo, Severity, State

TOP = 8  # risks told in full; a reader acts on a handful
_CHANGES = 4
_STEP = 2  # points by which a change must lower the whole score to be worth naming
_SAME_RULE = 2  # risks of one rule among the top ones: more of the same tells nothing new
_OF_THE_FLAW = ("severity", "exploitability")  # factors of the rule; the others are of the surroundings
_POLICY_NOTES = ("policy from ", "the scanned tree's own ")  # how notes on where the policy came from start


@dataclass(frozen=True)
class Change:
    """One change and what it would do: to the whole score, or to the finding it is linked to."""

    change: str
    before: int
    after: int
    about: str = ""
    anchor: str = ""


@dataclass(frozen=True)
class Posture:
    """The first screen."""

    name: str
    facts: list[tuple[str, str]]
    band: str
    sentence: str
    severities: list[tuple[Severity, int]]
    suppressed: int
    state: State
    state_text: str
    missing: list[str]
    changes: list[Change]


@dataclass(frozen=True)
class TopRisk:
    """One risk told in full: where, whose, why it matters, what to do, and the graph around it."""

    finding: Finding
    anchor: str
    same: int
    owners: list[str]
    why: str
    reasons: list[str]
    picture: Picture | None
    drawn_before: str = ""


def posture(report: Report) -> Posture:
    """What a reader must know if they read nothing else."""
    score, opened = report.score, report.open_findings
    missing = _missing(report)
    return Posture(
        name=report.scan.source.name,
        facts=_facts(report),
        band=words.band(score.value) if score else "none",
        sentence=_sentence(report),
        severities=words.severity_counts([finding.severity for finding in opened]),
        suppressed=len(report.findings) - len(opened),
        state=report.scan.state,
        state_text=_state(report, bool(missing)),
        missing=missing,
        changes=_changes(report),
    )


def top_risks(report: Report, graph: Graph) -> list[TopRisk]:
    """The worst open findings, one for each rule and subject, with pictures."""
    groups: dict[tuple[str, str], list[Finding]] = {}
    rules: Counter[str] = Counter()
    for finding in report.open_findings:
        same = groups.get((finding.rule, finding.subject))
        if same is not None:
            same.append(finding)
        elif len(groups) < TOP and rules[finding.rule] < _SAME_RULE:
            groups[finding.rule, finding.subject] = [finding]
            rules[finding.rule] += 1
    infos = {result.info.id: result.info for result in report.rules}
    risks = {key: risk.value for key, risk in report.asset_risks.items()}
    told: list[TopRisk] = []
    drawn: dict[frozenset[str], str] = {}
    for number, same in enumerate(groups.values(), 1):
        finding = same[0]
        subject = graph.get(finding.subject)
        picture = draw(graph, subject, number, finding.message, risks) if subject else None
        before = drawn.setdefault(picture.keys, picture.id) if picture else ""
        told.append(
            TopRisk(
                finding=finding,
                anchor=anchor(finding),
                same=len(same) - 1,
                owners=list(finding.owners) or owners(graph, finding.subject),
                why=_why(infos.get(finding.rule)),
                reasons=_reasons(finding),
                picture=picture if picture and before == picture.id else None,
                drawn_before=before if picture and before != picture.id else "",
            )
        )
    return told


def policy_origin(report: Report) -> str:
    """Where the policy came from, as the scan's notes tell."""
    return "; ".join(note for note in report.scan.notes if note.startswith(_POLICY_NOTES)) or "the defaults"


def _facts(report: Report) -> list[tuple[str, str]]:
    scan, source = report.scan, report.scan.source
    facts = [("Source", source.remote or source.id or source.name)]
    if source.commit:
        dirty = ", with uncommitted changes" if source.dirty else ""
        branch = f" on {source.branch}" if source.branch else ""
        facts.append(("Commit", f"{source.commit[:12]}{branch}{dirty}"))
    facts.append(("Scanned", f"{when(scan.started)}, in {seconds(scan.seconds)}"))
    read = f"{scan.coverage.read:,} of {words.count(scan.coverage.found, 'file')}"
    facts.append(("Read", f"{read}, {words.size(scan.coverage.bytes)}"))
    return facts


def when(started: str) -> str:
    """A time in UTC as a person writes it."""
    try:
        moment = datetime.datetime.fromisoformat(started).astimezone(datetime.UTC)
    except (ValueError, OverflowError):
        return started
    return f"{moment.day} {moment:%B %Y, %H:%M} UTC"


def seconds(number: float) -> str:
    """A duration: `0.8 s`, `12 s`, `3 min 5 s`."""
    if number < 10:
        return f"{number:.1f} s"
    return f"{number:.0f} s" if number < 60 else f"{int(number // 60)} min {int(number % 60)} s"


def _sentence(report: Report) -> str:
    score = report.score
    if score is None:
        return "There is no score, because nothing was covered. This is not a clean bill of health."
    if not report.open_findings:
        reason = next((f" {factor.reason}" for factor in score.factors if factor.reason), "")
        return f"Nothing was found in what was looked at.{reason} What was not looked at is listed under coverage."
    worst = report.open_findings[0]
    subject = f"{words.kind(worst.subject_kind)} {worst.subject_name}"
    text = f"The worst open finding is \N{LEFT DOUBLE QUOTATION MARK}{worst.title}\N{RIGHT DOUBLE QUOTATION MARK}"
    text += f" at {words.shorten(subject, 70)}."
    unknown = _unknown(report)
    if score.low != score.high:
        because = f" because {_listed(unknown)} {'is' if len(unknown) == 1 else 'are'} not known" if unknown else ""
        text += f" The score could be anywhere from {score.low} to {score.high}{because}."
    return text


def _unknown(report: Report) -> list[str]:
    """The factors that leave most open in the worst findings, at most three."""
    spread: dict[str, float] = defaultdict(float)
    for finding in report.open_findings[:20]:
        for factor in finding.risk.factors if finding.risk else ():
            spread[factor.name] += factor.high - factor.low
    widest = sorted((name for name in spread if spread[name] > 0), key=lambda name: (-spread[name], name))
    return [name.replace("_", " ") for name in widest[:3]]


def _state(report: Report, missing: bool) -> str:
    match report.scan.state:
        case State.COMPLETE:
            return report.scan.reason or "Everything that was meant to be looked at was."
        case State.PARTIAL:
            reason = f": {report.scan.reason}" if report.scan.reason else ""
            return f"Some of it was not looked at{reason}. That is not the same as clean."
        case State.FAILED:
            return f"The scan failed{': ' + report.scan.reason if report.scan.reason else ''}. Do not rely on it."
    return report.scan.reason or "The scan did not run."


def _missing(report: Report) -> list[str]:
    """What makes the scan incomplete, the largest part first."""
    reasons: dict[str, list[str]] = defaultdict(list)
    for skip in report.scan.skips:
        if not skip.by_choice:
            reasons[skip.reason].append(skip.path)
    told = []
    for reason, paths in sorted(reasons.items(), key=lambda pair: (-len(pair[1]), pair[0])):
        example = words.shorten(paths[0], 48)
        more = f" and {len(paths) - 1:,} more" if len(paths) > 1 else ""
        told.append(f"Not read, {reason}: {example}{more}")
    for status in report.scan.statuses:
        if status.state in (State.PARTIAL, State.FAILED):
            told.append(f"{status.plugin} {status.state}: {status.reason or 'no reason given'}")
    return told[:5] + ([f"and {len(told) - 5} more reasons, under coverage"] if len(told) > 5 else [])


def _changes(report: Report) -> list[Change]:
    """The changes that lower most: of the whole score where that is known, then of the worst findings."""
    score = report.score
    changes: list[Change] = []
    if score:
        best = sorted(score.counterfactuals, key=lambda one: one.value)[:_CHANGES]
        changes = [Change(one.change, score.value, one.value) for one in best if one.value <= score.value - _STEP]
    of_findings: dict[str, Change] = {}
    for finding in report.open_findings[:200]:
        for one in finding.risk.counterfactuals if finding.risk else ():
            before = finding.risk.value if finding.risk else 0
            if one.value < before:
                # The same advice for the worst finding stands for the others; they say it themselves.
                change = Change(one.change, before, one.value, finding.subject_name, anchor(finding))
                of_findings.setdefault(one.change, change)
    # What ends the worst first, then what ends most: a change on a small risk helps little, however large its step.
    rest = sorted(of_findings.values(), key=lambda change: (-change.before, change.after))
    known = {change.change for change in changes}
    return (changes + [change for change in rest if change.change not in known])[:_CHANGES]


def _why(info: RuleInfo | None) -> str:
    """The rule's own words on why it matters, else its summary."""
    return (section(info.description, "Why it matters") or info.summary) if info else ""


def _reasons(finding: Finding) -> list[str]:
    """The two circumstances that weigh most, in their own words, known ones first."""
    if not finding.risk:
        return []
    # How bad and how easy the flaw is the rule's own words say already.
    told = [factor for factor in finding.risk.factors if factor.reason and factor.name not in _OF_THE_FLAW]
    weighty = sorted(told, key=lambda factor: (not factor.known, -factor.value))
    return [factor.reason for factor in weighty[:2] if factor.value >= 0.5]


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else ", ".join(names[:-1]) + f" and {names[-1]}"
