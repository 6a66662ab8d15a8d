"""Unsafe deserialisation: a file is loaded by a call that runs code the file carries."""

from collections.abc import Iterator

from backstay.graph import Graph
from backstay.model import Asset, Kind, Match, Relationship, RelationshipKind
from backstay.plugin import rule
from backstay.rules.facts import places, source_names


@rule(Kind.MODEL_FILE)
def check(asset: Asset, graph: Graph) -> Iterator[Match]:
    by_call: dict[str, list[Relationship]] = {}
    for edge in graph.into(asset, RelationshipKind.USES):
        if edge.attributes.get("unsafe") is True and edge.attributes.get("weights_only") is not True:
            by_call.setdefault(edge.text("api") or "a pickle loader", []).append(edge)
    for call, edges in by_call.items():
        yield Match(
            message=f"{asset.name} is loaded by {source_names(edges, graph)} with {call}, which runs code it holds.",
            evidence=places(edges),
            discriminator=call,
        )
