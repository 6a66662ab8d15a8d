"""Report: joins graph, verdict and scores into the one document that every view shows."""

from backstay import __version__
from backstay.evaluate import Verdict
from backstay.graph import Graph
from backstay.model import Finding, Report, Risk, Scan


def build(
    scan: Scan,
    graph: Graph,
    verdict: Verdict,
    findings: list[Finding],
    asset_risks: dict[str, Risk],
    score: Risk | None,
) -> Report:
    """The report, in its fixed order: findings by risk, then severity, rule and subject."""
    return Report(
        tool_version=__version__,
        scan=scan,
        score=score,
        assets=graph.assets,
        relationships=graph.relationships,
        findings=tuple(sorted(findings, key=_finding_order)),
        asset_risks=dict(sorted(asset_risks.items())),
        rules=tuple(sorted(verdict.results, key=lambda result: result.info.id)),
    )


def _finding_order(finding: Finding) -> tuple[object, ...]:
    risk = finding.risk.value if finding.risk else 0
    return (not finding.open, -risk, -finding.severity.rank, finding.rule, finding.subject, finding.fingerprint)
