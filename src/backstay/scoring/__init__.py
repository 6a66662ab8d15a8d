"""Scoring: the risk of findings, assets and the scan, each factor by its own function. See docs/risk.md."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence

import msgspec

from backstay.graph import Graph
from backstay.model import AI_KINDS, Counterfactual, Coverage, Factor, Finding, Risk, RuleInfo
from backstay.scoring.business import business
from backstay.scoring.case import Assessment, Case, Cases
from backstay.scoring.exploitability import exploitability
from backstay.scoring.exposure import exposure
from backstay.scoring.formula import risk_of, whole, whole_risk
from backstay.scoring.sensitivity import sensitivity
from backstay.scoring.usage import usage

FACTORS: tuple[Callable[[Case], Assessment], ...] = (exploitability, exposure, sensitivity, business, usage)

_MAX_CHANGES = 3


def score(
    graph: Graph,
    findings: list[Finding],
    infos: dict[str, RuleInfo],
    *,
    coverage: Coverage | None = None,
    judged: bool = True,
) -> tuple[list[Finding], dict[str, Risk], Risk | None]:
    """Findings with their risk, the risk of each asset that has open findings, and of the whole.

    Every finding gets its risk; suppressed ones do not count for assets and the whole. The whole is None when
    `coverage` says that nothing was read, or when no rule `judged` anything: that is no clean bill.
    """
    cases = Cases(graph, infos)
    scored = [msgspec.structs.replace(finding, risk=_finding_risk(cases.of(finding))) for finding in findings]
    by_asset: dict[str, list[Finding]] = defaultdict(list)
    for finding in scored:
        if finding.open:
            by_asset[finding.subject].append(finding)
    asset_risks = {key: _asset_risk(by_asset[key]) for key in sorted(by_asset)}
    if not judged or (coverage is not None and not coverage.read):
        return scored, asset_risks, None
    return scored, asset_risks, _overall(graph, by_asset, asset_risks, coverage)


def _finding_risk(case: Case) -> Risk:
    return risk_of(case.finding.severity, [assess(case) for assess in FACTORS])


def _asset_risk(findings: Sequence[Finding]) -> Risk:
    """The worst finding and a small tail; the factors are those of the worst."""
    risks = [finding.risk for finding in findings if finding.risk]
    risk = whole_risk(risks)
    worst = max(findings, key=lambda finding: (finding.risk.value if finding.risk else 0, finding.fingerprint))
    factors = worst.risk.factors if worst.risk else ()
    return msgspec.structs.replace(
        risk, factors=factors, counterfactuals=_without_rule(findings, risk.value, lambda left: whole(_values(left)))
    )


def _overall(
    graph: Graph, by_asset: Mapping[str, Sequence[Finding]], asset_risks: Mapping[str, Risk], coverage: Coverage | None
) -> Risk:
    risk = whole_risk(list(asset_risks.values()))
    factors = [_assets_factor(graph, asset_risks, risk)]
    high = risk.high
    if coverage is not None:
        share = coverage.unread / (coverage.read + coverage.unread)
        # What could not be read may hold anything: it lifts what is possible, not what is known.
        high = max(high, round(high + (100 - high) * share))
        reason = f"{coverage.read} files were read; {coverage.unread} could not be."
        factors.append(Factor("coverage", round(1 - share, 4), round(1 - share, 4), round(1 - share, 4), reason))

    def left_over(findings: Iterable[Finding]) -> int:
        left: dict[str, list[Finding]] = defaultdict(list)
        for finding in findings:
            left[finding.subject].append(finding)
        return whole(whole(_values(some)) for some in left.values())

    everything = [finding for findings in by_asset.values() for finding in findings]
    return Risk(risk.value, risk.low, high, tuple(factors), _without_rule(everything, risk.value, left_over))


def _assets_factor(graph: Graph, asset_risks: Mapping[str, Risk], risk: Risk) -> Factor:
    if asset_risks:
        key, worst = max(asset_risks.items(), key=lambda item: (item[1].value, item[0]))
        asset = graph.get(key)
        label = f"{asset.kind} {asset.name}" if asset else key
        others = len(asset_risks) - 1
        more = f"; {others} more with open findings add {risk.value - worst.value}" if others else ""
        return Factor(
            "assets",
            worst.value / 100,
            worst.low / 100,
            worst.high / 100,
            f"The worst is {label} at {worst.value}{more}.",
        )
    count = sum(asset.kind in AI_KINDS or _is_ai_package(asset.attributes) for asset in graph.assets)
    seen = f"{count} AI assets were judged and nothing is open." if count else "No AI asset was found."
    return Factor("assets", 0, 0, 0, seen)


def _is_ai_package(attributes: Mapping[str, object]) -> bool:
    return attributes.get("ai") is True


def _without_rule(
    findings: Sequence[Finding], value: int, left_over: Callable[[Iterable[Finding]], int]
) -> tuple[Counterfactual, ...]:
    """What mending every finding of one rule would leave, for the rules whose mending helps most."""
    rules = sorted({finding.rule for finding in findings})
    changes = [
        Counterfactual(f"with {rule} mended", left_over(one for one in findings if one.rule != rule)) for rule in rules
    ]
    helpful = [change for change in changes if change.value < value]
    return tuple(sorted(helpful, key=lambda change: (change.value, change.change))[:_MAX_CHANGES])


def _values(findings: Iterable[Finding]) -> list[int]:
    return [finding.risk.value for finding in findings if finding.risk]


__all__ = ["FACTORS", "score"]
