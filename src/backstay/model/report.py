"""Report: the one document that every view shows."""

import msgspec

from backstay.model.asset import Asset
from backstay.model.finding import Finding, RuleInfo
from backstay.model.relationship import Relationship
from backstay.model.risk import Risk
from backstay.model.scan import Scan

SCHEMA_VERSION = "1.0"


class RuleResult(msgspec.Struct, frozen=True, omit_defaults=True):
    """A rule over its subjects: the denominator of every finding. `failed` counts subjects with open findings."""

    info: RuleInfo
    subjects: int
    failed: int
    suppressed: int = 0


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """A scan and all that follows from it. Lists are sorted: assets by kind and key, findings by risk.

    `score` is the risk of the whole scan; `None` when nothing was covered, which is not a clean bill.
    `asset_risks` maps the keys of assets that have open findings to their risk.
    """

    schema_version: str = SCHEMA_VERSION
    tool: str = "backstay"
    tool_version: str
    scan: Scan
    score: Risk | None
    assets: tuple[Asset, ...]
    relationships: tuple[Relationship, ...]
    findings: tuple[Finding, ...]
    asset_risks: dict[str, Risk]
    rules: tuple[RuleResult, ...]

    @property
    def open_findings(self) -> tuple[Finding, ...]:
        return tuple(finding for finding in self.findings if finding.open)
