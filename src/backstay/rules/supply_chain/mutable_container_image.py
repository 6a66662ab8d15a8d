"""Mutable container image: an AI service is built on or run from an image whose tag moves."""

from collections.abc import Iterator

from backstay.graph import Graph
from backstay.model import Asset, Kind, Match, RelationshipKind
from backstay.plugin import rule
from backstay.rules.facts import absent, holds_ai, named, places

# Tags that are made to move. A version tag can be moved too, but is not meant to be: that is left alone.
MOVING = frozenset({"latest", "main", "master", "nightly", "edge", "dev", "develop", "stable", "next", "rolling"})


@rule(Kind.CONTAINER_IMAGE)
def check(asset: Asset, graph: Graph) -> Iterator[Match]:
    if not absent(asset, "digest") or "tag" not in asset.attributes:
        return
    tag = asset.text("tag")
    if tag and tag.lower() not in MOVING:
        return
    edges = graph.into(asset, RelationshipKind.DEPENDS_ON, RelationshipKind.USES)
    owners = {edge.source: graph.get(edge.source) for edge in edges}
    with_ai = [
        owner for owner in owners.values() if owner is not None and (holds_ai(owner, graph) or _packages(owner, graph))
    ]
    if with_ai:
        keys = {owner.key for owner in with_ai}
        yield Match(
            message=f"{asset.name} is used by {named(owner.name for owner in with_ai)} with "
            f"{f'the moving tag {tag}' if tag else 'no tag'}, so two builds may differ.",
            evidence=places(edge for edge in edges if edge.source in keys),
        )


def _packages(owner: Asset, graph: Graph) -> bool:
    packages = graph.targets(owner, Kind.PACKAGE, RelationshipKind.DEPENDS_ON)
    return any(package.attributes.get("ai") is True for package in packages)
