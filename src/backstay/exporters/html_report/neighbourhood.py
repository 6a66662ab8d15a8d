"""Neighbourhood: chooses what a picture around one asset shows, and orders it so that few lines cross."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from backstay.graph import Graph
from backstay.model import Asset, Kind, Relationship, RelationshipKind

MOST = 14  # assets in a picture; beyond that a reader counts lines instead of following them
_RING = (5, 3)  # assets per column, next to the subject and one further away

# What a reader of a risk looks for first: ways in, then what holds data or acts, then the rest.
_WEIGHT = {
    Kind.ENDPOINT: 9,
    Kind.CREDENTIAL: 9,
    Kind.AGENT: 8,
    Kind.TOOL: 8,
    Kind.DATA_STORE: 8,
    Kind.VECTOR_STORE: 8,
    Kind.MCP_SERVER: 7,
    Kind.MODEL: 7,
    Kind.MODEL_FILE: 7,
    Kind.DATASET: 7,
    Kind.PROMPT: 6,
    Kind.GUARDRAIL: 6,
    Kind.PROVIDER: 5,
    Kind.PIPELINE: 5,
    Kind.SERVICE: 5,
    Kind.PACKAGE: 1,
    Kind.CONTAINER_IMAGE: 2,
}
_PLACES = (Kind.REPOSITORY, Kind.SERVICE)


@dataclass(frozen=True)
class Node:
    """An asset in a picture; without an asset, the word that more is not shown."""

    key: str
    column: int
    asset: Asset | None = None
    more: int = 0


@dataclass(frozen=True)
class Line:
    """All relationships from one shown asset to another."""

    source: str
    target: str
    kinds: tuple[str, ...]


@dataclass
class Neighbourhood:
    """What leads to a subject in negative columns, what it reaches in positive ones, top to bottom."""

    subject: Asset
    columns: dict[int, list[Node]] = field(default_factory=dict)
    lines: list[Line] = field(default_factory=list)

    @property
    def assets(self) -> list[Asset]:
        return [node.asset for column in sorted(self.columns) for node in self.columns[column] if node.asset]

    @property
    def hidden(self) -> int:
        return sum(node.more for column in self.columns.values() for node in column)


def around(graph: Graph, subject: Asset, mentioned: str = "", risks: Iterable[str] = ()) -> Neighbourhood:
    """The assets nearest to a subject: those a text mentions first, then those at risk, then by kind."""
    risky = frozenset(risks)

    def rank(asset: Asset) -> tuple[bool, bool, int, str, str]:
        named = len(asset.name) > 2 and asset.name in mentioned
        return (not named, asset.key not in risky, -_WEIGHT.get(asset.kind, 3), asset.name, asset.key)

    found = Neighbourhood(subject, {0: [Node(subject.key, 0, subject)]})
    taken = {subject.key}
    room = MOST - 1
    for distance, most in enumerate(_RING, 1):
        for side in (-1, 1):
            nearer = [node.asset for node in found.columns.get(side * (distance - 1), []) if node.asset]
            if distance > 1:  # through a service leads everywhere, which says nothing
                nearer = [asset for asset in nearer if asset.kind not in _PLACES]
            candidates = _next(graph, nearer, taken, backwards=side < 0)
            # The other side needs room too, so the first ring leaves some.
            shown = sorted(candidates, key=rank)[: min(most, room)]
            if not shown:
                continue
            room -= len(shown)
            taken.update(asset.key for asset in shown)
            column = side * distance
            found.columns[column] = [Node(asset.key, column, asset) for asset in shown]
            if len(candidates) > len(shown):
                left_out = len(candidates) - len(shown)
                found.columns[column].append(Node(f"more:{column}", column, more=left_out))
    found.lines = _lines(graph, found.assets)
    _untangle(found)
    return found


def shown_edge(edge: Relationship, graph: Graph) -> bool:
    """Whether an edge tells something in a picture: owners and where a thing stands are written beside it."""
    if edge.kind is RelationshipKind.OWNED_BY:
        return False
    source = graph.get(edge.source)
    return not (edge.kind is RelationshipKind.CONTAINS and source is not None and source.kind in _PLACES)


def _next(graph: Graph, assets: list[Asset], taken: set[str], *, backwards: bool) -> list[Asset]:
    ends: dict[str, Asset] = {}
    for asset in assets:
        for edge in graph.into(asset) if backwards else graph.out(asset):
            key = edge.source if backwards else edge.target
            end = graph.get(key)
            if end is not None and key not in taken and shown_edge(edge, graph):
                ends[key] = end
    return list(ends.values())


def _lines(graph: Graph, assets: list[Asset]) -> list[Line]:
    keys = {asset.key for asset in assets}
    kinds: dict[tuple[str, str], dict[str, None]] = defaultdict(dict)
    for asset in assets:
        for edge in graph.out(asset):
            if edge.target in keys and shown_edge(edge, graph):
                kinds[edge.source, edge.target][edge.kind] = None
    return [Line(source, target, tuple(names)) for (source, target), names in kinds.items()]


def _untangle(found: Neighbourhood) -> None:
    """Order each column by where its neighbours stand; keep the best of a few sweeps."""
    beside: dict[str, list[str]] = defaultdict(list)
    for line in found.lines:
        beside[line.source].append(line.target)
        beside[line.target].append(line.source)
    best, fewest = dict(found.columns), crossings(found)
    outwards = [column for column in (1, 2, -1, -2) if column in found.columns]
    inwards = [column for column in (2, 1, -2, -1) if column in found.columns]
    for sweep in range(6):
        if not fewest:
            break
        for column in outwards if sweep % 2 else inwards:
            rows = {node.key: row for nodes in found.columns.values() for row, node in enumerate(nodes)}
            found.columns[column] = sorted(found.columns[column], key=_barycentre(rows, beside))
        now = crossings(found)
        if now < fewest:
            best, fewest = dict(found.columns), now
    found.columns = best


def _barycentre(rows: dict[str, int], beside: dict[str, list[str]]) -> Callable[[Node], tuple[bool, float]]:
    def where(node: Node) -> tuple[bool, float]:
        near = [rows[key] for key in beside[node.key] if key in rows]
        return (node.more > 0, sum(near) / len(near) if near else rows[node.key])

    return where


def crossings(found: Neighbourhood) -> int:
    """How many pairs of lines between neighbouring columns cross."""
    where = {node.key: (column, row) for column, nodes in found.columns.items() for row, node in enumerate(nodes)}
    spans = [tuple(sorted((where[line.source], where[line.target]))) for line in found.lines]
    spans = [(low, high) for low, high in spans if high[0] - low[0] == 1]
    return sum(
        a[0][0] == b[0][0] and (a[0][1] - b[0][1]) * (a[1][1] - b[1][1]) < 0
        for number, a in enumerate(spans)
        for b in spans[:number]
    )
