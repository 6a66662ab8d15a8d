"""Placement enricher: says of every asset whether it stands in production code, tests, examples or documentation."""

from collections.abc import Iterator

from backstay.graph import Graph
from backstay.model import Asset, Kind
from backstay.placement import placement_of_all
from backstay.plugin import Fact, Places, enricher

# People, and where things stand, are in no such place themselves.
_NOWHERE = frozenset({Kind.REPOSITORY, Kind.TEAM, Kind.IDENTITY})


@enricher(order=10)
def enrich(graph: Graph, places: Places) -> Iterator[Fact]:
    for asset in graph.assets:
        if asset.kind in _NOWHERE or "placement" in asset.attributes:
            continue
        placement = placement_of_all([seen.path for seen in asset.evidence if seen.path])
        if placement:
            yield Asset(asset.key, asset.kind, asset.name, {"placement": placement}, asset.evidence[:1])
