"""Unapproved model: a model is used that the policy does not allow."""

from collections.abc import Iterator

from backstay.graph import Graph
from backstay.model import Asset, Kind, Match, RelationshipKind
from backstay.plugin import rule
from backstay.rules.facts import allows, made_here, places, source_names


@rule(Kind.MODEL)
def check(asset: Asset, graph: Graph) -> Iterator[Match]:
    uses = graph.into(asset, RelationshipKind.USES)
    # What is made here is not taken in, and an unresolved name cannot be compared with a list.
    if not uses or made_here(asset, graph) or asset.text("unresolved") or allows(graph.policy.allow.models, asset.name):
        return
    yield Match(
        message=f"{asset.name}, used by {source_names(uses, graph)}, is not among the models that the policy allows.",
        evidence=places(uses),
    )
