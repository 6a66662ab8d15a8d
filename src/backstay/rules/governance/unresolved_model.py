"""Unresolved model: a provider is called and the code does not say which model."""

from collections.abc import Iterator

from backstay.graph import Graph
from backstay.model import Asset, Kind, Match, RelationshipKind
from backstay.plugin import rule
from backstay.rules.facts import places, source_names


@rule(Kind.PROVIDER)
def check(asset: Asset, graph: Graph) -> Iterator[Match]:
    # One finding a provider: every such call has the same cause, a name that comes from outside the code.
    open_calls = [edge for edge in graph.into(asset, RelationshipKind.USES) if edge.text("unresolved")]
    if open_calls:
        yield Match(
            message=f"{asset.name} is called by {source_names(open_calls, graph)}, and no model is named in code.",
            evidence=places(open_calls),
        )
