"""Relationship: a typed, directed edge between two asset keys."""

from enum import StrEnum

import msgspec

from backstay.model.asset import Attributes
from backstay.model.evidence import Evidence, first_place


class RelationshipKind(StrEnum):
    """Edge names, from SPDX 3, CycloneDX, OpenLineage and OpenTelemetry where they exist."""

    CONTAINS = "contains"
    DEPENDS_ON = "dependsOn"
    USES = "uses"
    CALLS = "calls"
    TRAINED_ON = "trainedOn"
    TESTED_ON = "testedOn"
    DERIVED_FROM = "derivedFrom"
    PRODUCES = "produces"
    CONSUMES = "consumes"
    SERVES = "serves"
    EXPOSES = "exposes"
    RUNS_AS = "runsAs"
    OWNED_BY = "ownedBy"
    CAN_READ = "canRead"
    CAN_MODIFY = "canModify"
    CAN_DEPLOY = "canDeploy"
    CAN_INVOKE = "canInvoke"
    GUARDED_BY = "guardedBy"
    STORED_IN = "storedIn"
    OBSERVED_AS = "observedAs"
    DELEGATES_TO = "delegatesTo"  # agent hand-off; none of the standards names it
    FLOWS_TO = "flowsTo"  # data flow inside code (model output to a sink, outside input to a prompt)


class Same(msgspec.Struct, frozen=True):
    """A statement that two keys are one asset: all that is known of `key` belongs to `of`."""

    key: str
    of: str


class Relationship(msgspec.Struct, frozen=True, omit_defaults=True):
    """An edge. Two edges are one when source, kind, target and attributes agree; evidence then unites.

    Attributes describe this use, not the thing used: the revision a model is loaded with belongs
    here, so that two loads of one model stay two facts. Missing is unknown, `None` is known absent.
    """

    source: str
    kind: RelationshipKind
    target: str
    attributes: Attributes = {}
    evidence: tuple[Evidence, ...] = ()

    @property
    def place(self) -> Evidence | None:
        """The first sighting that names a file, or the first of any."""
        return first_place(self.evidence)

    def text(self, name: str) -> str:
        """An attribute as text; empty when unknown, absent or not text."""
        value = self.attributes.get(name)
        return value if isinstance(value, str) else ""
