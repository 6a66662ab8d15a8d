"""Unpinned model: a model is loaded from the hub by a name whose content its publisher can replace."""

from collections.abc import Iterator

from backstay.graph import Graph
from backstay.model import Asset, Kind, Match, RelationshipKind
from backstay.plugin import rule
from backstay.rules.facts import is_commit, made_here, on_hub, places, source_names


@rule(Kind.MODEL)
def check(asset: Asset, graph: Graph) -> Iterator[Match]:
    # What is made here is no supply; a folder of this source may be named like a repository of the hub.
    if not on_hub(asset) or made_here(asset, graph):
        return
    loads = graph.into(asset, RelationshipKind.USES)
    loose = [edge for edge in loads if "revision" in edge.attributes and not is_commit(edge.attributes["revision"])]
    if not loose:
        return
    revisions = sorted({edge.text("revision") for edge in loose} - {""})
    at = f"at {revisions[0]}, which can be moved," if revisions else "at no fixed revision"
    yield Match(
        message=f"{asset.name} is loaded {at} by {source_names(loose, graph)}.",
        evidence=places(loose),
    )
