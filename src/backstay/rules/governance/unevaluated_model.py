"""Unevaluated model: a model is trained here and never measured on data kept apart."""

from collections.abc import Iterator

from backstay.graph import Graph
from backstay.model import Asset, Kind, Match, RelationshipKind
from backstay.plugin import rule
from backstay.rules.facts import made_here, places, source_names


@rule(Kind.MODEL)
def check(asset: Asset, graph: Graph) -> Iterator[Match]:
    made = made_here(asset, graph)
    if not made or graph.out(asset, RelationshipKind.TESTED_ON):
        return
    if any(_evaluates(edge.source, graph) for edge in made):
        return
    users = graph.sources(asset, Kind.PIPELINE, RelationshipKind.USES, RelationshipKind.CONSUMES)
    if any(user.text("task") == "evaluation" for user in users):
        return
    yield Match(
        message=f"No evaluation of {asset.name}, made by {source_names(made, graph)}, was found.",
        evidence=places(made),
    )


def _evaluates(maker: str, graph: Graph) -> bool:
    """Whether the maker measures what it makes, or an evaluation pipeline stands beside it in the same service."""
    if any(edge.text("role") == "evaluation_dataset" for edge in graph.out(maker, RelationshipKind.CONSUMES)):
        return True
    owners = [maker, *(owner.key for owner in graph.sources(maker, None, RelationshipKind.CONTAINS))]
    pipelines = [one for owner in owners for one in graph.targets(owner, Kind.PIPELINE, RelationshipKind.CONTAINS)]
    itself = graph.get(maker)
    return any(one.text("task") == "evaluation" for one in (*pipelines, *([itself] if itself else [])))
