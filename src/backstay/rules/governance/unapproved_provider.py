"""Unapproved provider: a provider is used that the policy does not allow."""

from collections.abc import Iterator

from backstay.graph import Graph
from backstay.model import Asset, Kind, Match, RelationshipKind
from backstay.plugin import rule
from backstay.rules.facts import allows, places, source_names


@rule(Kind.PROVIDER)
def check(asset: Asset, graph: Graph) -> Iterator[Match]:
    if allows(graph.policy.allow.providers, asset.name, asset.key.rpartition(":")[2]):
        return
    uses = list(graph.into(asset, RelationshipKind.USES))
    for model in graph.targets(asset, Kind.MODEL, RelationshipKind.SERVES):
        uses += graph.into(model, RelationshipKind.USES)
    who = source_names(uses, graph)
    yield Match(
        message=f"{asset.name}{f', used by {who},' if who else ''} is not among the providers that the policy allows.",
        evidence=places(uses),
    )
