"""Scoring: the risk of findings, assets and the scan, each factor by its own function."""

from backstay.graph import Graph
from backstay.model import Coverage, Finding, Risk, RuleInfo


def score(
    graph: Graph,
    findings: list[Finding],
    infos: dict[str, RuleInfo],
    *,
    coverage: Coverage | None = None,
    judged: bool = True,
) -> tuple[list[Finding], dict[str, Risk], Risk | None]:
    """Findings with their risk, the risk of each asset that has open findings, and of the whole."""
    return findings, {}, None
