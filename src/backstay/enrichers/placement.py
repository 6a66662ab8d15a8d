"""Placement enricher: says where every asset stands: in production, generated or test code, examples, documents."""

from collections.abc import Iterator

from backstay.graph import Graph
from backstay.model import Asset, Kind
from backstay.placement import HEAD, first_of, is_generated, placement_of
from backstay.plugin import Fact, Places, enricher

_CODE = (
    ".py",
    ".js",
    ".ts",
    ".tsx",
    ".jsx",
    ".mjs",
    ".cjs",
    ".java",
    ".kt",
    ".go",
    ".cs",
    ".tf",
    ".yaml",
    ".yml",
    ".json",
)
# People, and where things stand, are in no such place themselves.
_NOWHERE = frozenset({Kind.REPOSITORY, Kind.TEAM, Kind.IDENTITY})


@enricher(order=10)
def enrich(graph: Graph, places: Places) -> Iterator[Fact]:
    known: dict[str, str] = {}
    for asset in graph.assets:
        if asset.kind in _NOWHERE or "placement" in asset.attributes:
            continue
        paths = dict.fromkeys(seen.path for seen in asset.evidence if seen.path)
        placement = first_of({_placement(path, places, known) for path in paths})
        if placement:
            yield Asset(asset.key, asset.kind, asset.name, {"placement": placement}, asset.evidence[:1])


def _placement(path: str, places: Places, known: dict[str, str]) -> str:
    """A file's placement by its path and, for code that counts, by what its first lines say."""
    if path not in known:
        known[path] = placement_of(path)
        if known[path] == "production" and path.endswith(_CODE):
            data = places.read(path)
            if data is not None and is_generated(data[:HEAD]):
                known[path] = "generated"
    return known[path]
