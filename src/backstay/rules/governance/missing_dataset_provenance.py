"""Missing dataset provenance: a model is trained on data of which nothing tells where it comes from."""

from collections.abc import Iterator

from backstay.graph import Graph
from backstay.model import Asset, Kind, Match, RelationshipKind
from backstay.plugin import rule
from backstay.rules.facts import named, on_hub, places, within

TELLS = ("card", "license", "url")


@rule(Kind.DATASET)
def check(asset: Asset, graph: Graph) -> Iterator[Match]:
    if on_hub(asset) or asset.text("unresolved") or any(asset.text(name) for name in TELLS):
        return
    if _described(asset, graph):
        return
    # Data that is derived from known data has its provenance in the graph.
    if graph.out(asset, RelationshipKind.DERIVED_FROM) or graph.into(asset, RelationshipKind.PRODUCES):
        return
    trained = graph.into(asset, RelationshipKind.TRAINED_ON)
    reads = [edge for edge in graph.into(asset, RelationshipKind.CONSUMES) if _trains(edge.source, graph)]
    if trained or reads:
        users = (graph.get(edge.source) for edge in trained or reads)
        yield Match(
            message=f"Nothing tells where {asset.name}, the training data of "
            f"{named(user.name for user in users if user is not None)}, comes from, or on what terms.",
            evidence=places(reads or trained),
        )


def _described(asset: Asset, graph: Graph) -> bool:
    """Whether a card stands in a folder above the data."""
    path = asset.text("path")
    cards = (other for other in graph.all(Kind.DATASET) if other.text("card") and "path" in other.attributes)
    return bool(path) and any(within(path, other.text("path")) for other in cards)


def _trains(key: str, graph: Graph) -> bool:
    user = graph.get(key)
    return user is not None and user.kind in (Kind.PIPELINE, Kind.NOTEBOOK) and user.text("task") == "training"
