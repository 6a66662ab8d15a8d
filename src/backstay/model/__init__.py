"""The words of Backstay: assets, relationships, evidence, findings, risk, scans and the report."""

from backstay.model.asset import AI_KINDS, Asset, Attributes, Kind, Value, urn
from backstay.model.evidence import Evidence, Level
from backstay.model.finding import Control, Finding, Match, RuleInfo, Severity, Suppression
from backstay.model.policy import Policy, Waiver
from backstay.model.relationship import Relationship, RelationshipKind, Same
from backstay.model.report import Report, RuleResult
from backstay.model.risk import Counterfactual, Factor, Risk
from backstay.model.scan import Coverage, PluginStatus, Scan, Skip, Source, State

__all__ = [
    "AI_KINDS",
    "Asset",
    "Attributes",
    "Control",
    "Counterfactual",
    "Coverage",
    "Evidence",
    "Factor",
    "Finding",
    "Kind",
    "Level",
    "Match",
    "PluginStatus",
    "Policy",
    "Relationship",
    "RelationshipKind",
    "Report",
    "Risk",
    "RuleInfo",
    "RuleResult",
    "Same",
    "Scan",
    "Severity",
    "Skip",
    "Source",
    "State",
    "Suppression",
    "Value",
    "Waiver",
    "urn",
]
