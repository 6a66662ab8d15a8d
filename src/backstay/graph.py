"""Graph: the read-only view over assets and relationships, and the builder that merges sightings into it."""

from collections import defaultdict, deque
from collections.abc import Iterable, Iterator

import msgspec

from backstay.model.asset import Asset, Kind, merge_attributes
from backstay.model.evidence import Evidence
from backstay.model.policy import Policy
from backstay.model.relationship import Relationship, RelationshipKind, Same

MAX_EVIDENCE = 50  # sightings kept per asset or edge; what lies beyond adds nothing a reader could use


class Graph:
    """Assets by key and edges by end, in a fixed order: same facts, same graph, whatever order they came in."""

    def __init__(
        self,
        assets: Iterable[Asset] = (),
        relationships: Iterable[Relationship] = (),
        policy: Policy | None = None,
    ) -> None:
        ordered = sorted(assets, key=lambda asset: (asset.kind, asset.key))
        self.policy = policy or Policy()
        self._assets = {asset.key: asset for asset in ordered}
        self._by_kind: dict[Kind, list[Asset]] = defaultdict(list)
        for asset in ordered:
            self._by_kind[asset.kind].append(asset)
        self._out: dict[str, list[Relationship]] = defaultdict(list)
        self._into: dict[str, list[Relationship]] = defaultdict(list)
        self._relationships = tuple(sorted(relationships, key=_edge_order))
        for edge in self._relationships:
            self._out[edge.source].append(edge)
            self._into[edge.target].append(edge)

    @property
    def assets(self) -> tuple[Asset, ...]:
        return tuple(self._assets.values())

    @property
    def relationships(self) -> tuple[Relationship, ...]:
        return self._relationships

    def get(self, key: str) -> Asset | None:
        return self._assets.get(key)

    def all(self, kind: Kind) -> tuple[Asset, ...]:
        return tuple(self._by_kind.get(kind, ()))

    def out(self, asset: Asset | str, *kinds: RelationshipKind) -> list[Relationship]:
        """Edges that leave an asset, all or of the given kinds."""
        return _chosen(self._out.get(_key(asset), []), kinds)

    def into(self, asset: Asset | str, *kinds: RelationshipKind) -> list[Relationship]:
        """Edges that arrive at an asset, all or of the given kinds."""
        return _chosen(self._into.get(_key(asset), []), kinds)

    def targets(self, asset: Asset | str, kind: Kind | None, *kinds: RelationshipKind) -> list[Asset]:
        """The distinct assets one edge away from an asset, of one kind if given."""
        return self._ends((edge.target for edge in self.out(asset, *kinds)), kind)

    def sources(self, asset: Asset | str, kind: Kind | None, *kinds: RelationshipKind) -> list[Asset]:
        """The distinct assets one edge towards an asset, of one kind if given."""
        return self._ends((edge.source for edge in self.into(asset, *kinds)), kind)

    def reach(
        self, asset: Asset | str, *kinds: RelationshipKind, depth: int = 8, backwards: bool = False
    ) -> dict[str, int]:
        """Keys reached from an asset (itself at 0) and their distance in hops, over the given edge kinds."""
        distance = {_key(asset): 0}
        queue = deque(distance)
        while queue:
            key = queue.popleft()
            if distance[key] == depth:
                continue
            for edge in self.into(key, *kinds) if backwards else self.out(key, *kinds):
                end = edge.source if backwards else edge.target
                if end not in distance:
                    distance[end] = distance[key] + 1
                    queue.append(end)
        return distance

    def paths(
        self, source: Asset | str, target: Asset | str, *kinds: RelationshipKind, depth: int = 8, limit: int = 16
    ) -> Iterator[tuple[Relationship, ...]]:
        """Simple paths from source to target, shortest first, at most `limit` of at most `depth` hops."""
        goal, found = _key(target), 0
        # Only walk where the goal can still be reached: keeps the search linear on dead ends.
        useful = self.reach(goal, *kinds, depth=depth, backwards=True)
        queue: deque[tuple[str, tuple[Relationship, ...]]] = deque([(_key(source), ())])
        budget = 10_000
        while queue and found < limit and budget:
            budget -= 1
            key, path = queue.popleft()
            if key == goal and path:
                found += 1
                yield path
                continue
            seen = {edge.source for edge in path} | {key}
            for edge in self.out(key, *kinds):
                if edge.target in seen or edge.target not in useful:
                    continue
                if len(path) + 1 + useful[edge.target] <= depth:
                    queue.append((edge.target, (*path, edge)))

    def _ends(self, keys: Iterable[str], kind: Kind | None) -> list[Asset]:
        ends = (self._assets.get(key) for key in dict.fromkeys(keys))
        return [end for end in ends if end is not None and (kind is None or end.kind == kind)]


class GraphBuilder:
    """Collects sightings and merges those of one key; the result does not depend on their order."""

    def __init__(self) -> None:
        self._assets: dict[str, list[Asset]] = defaultdict(list)
        self._edges: dict[tuple[str, str, str, str], list[Relationship]] = defaultdict(list)
        self._same: dict[str, str] = {}

    def add(self, fact: Asset | Relationship | Same) -> None:
        if isinstance(fact, Asset):
            self._assets[fact.key].append(fact)
        elif isinstance(fact, Same):
            self._same[fact.key] = fact.of
        else:
            attributes = repr(sorted(fact.attributes.items()))
            self._edges[fact.source, fact.kind, fact.target, attributes].append(fact)

    def extend(self, facts: Iterable[Asset | Relationship | Same]) -> None:
        for fact in facts:
            self.add(fact)

    def build(self, policy: Policy | None = None) -> Graph:
        """The merged graph. Edges with an end that nobody saw are dropped: a graph holds no loose ends."""
        assets = {key: _merge_assets(sightings) for key, sightings in self._assets.items()}
        for key in sorted(self._same):
            root = self._root(key)
            if root != key and key in assets and root in assets:
                assets[root] = _absorbed(assets[root], assets.pop(key))
        merged: dict[tuple[str, str, str, str], list[Relationship]] = defaultdict(list)
        for (source, kind, target, attributes), same in self._edges.items():
            merged[self._root(source), kind, self._root(target), attributes].extend(same)
        edges = [
            msgspec.structs.replace(same[0], source=source, target=target, evidence=_merge_evidence(same))
            for (source, _, target, _), same in merged.items()
            if source in assets and target in assets and source != target
        ]
        return Graph(assets.values(), edges, policy)

    def _root(self, key: str) -> str:
        """The key that a key stands for; a circle of statements ends where it began."""
        seen = {key}
        while key in self._same and self._same[key] not in seen:
            key = self._same[key]
            seen.add(key)
        return key


def _absorbed(kept: Asset, other: Asset) -> Asset:
    attributes = merge_attributes(kept.attributes, other.attributes)
    return Asset(kept.key, kept.kind, kept.name, attributes, _merge_evidence((kept, other)))


def _merge_assets(sightings: list[Asset]) -> Asset:
    # Sorted, so that the winner of a conflict does not depend on which worker was faster.
    ordered = sorted(sightings, key=lambda a: (a.evidence[:1], a.name, repr(sorted(a.attributes.items()))))
    first = ordered[0]
    attributes = dict(first.attributes)
    for other in ordered[1:]:
        attributes = merge_attributes(attributes, other.attributes)
    return Asset(first.key, first.kind, first.name, attributes, _merge_evidence(ordered))


def _merge_evidence(seen: Iterable[Asset] | Iterable[Relationship]) -> tuple[Evidence, ...]:
    return tuple(sorted({e for one in seen for e in one.evidence}, key=_evidence_order)[:MAX_EVIDENCE])


def _evidence_order(evidence: Evidence) -> tuple[object, ...]:
    return (evidence.path == "", evidence.path, evidence.line, evidence.source, evidence.note, evidence.level)


def _edge_order(edge: Relationship) -> tuple[str, str, str, str]:
    return (edge.source, edge.kind, edge.target, repr(sorted(edge.attributes.items())))


def _key(asset: Asset | str) -> str:
    return asset if isinstance(asset, str) else asset.key


def _chosen(edges: list[Relationship], kinds: tuple[RelationshipKind, ...]) -> list[Relationship]:
    return [edge for edge in edges if edge.kind in kinds] if kinds else list(edges)


__all__: list[str] = ["MAX_EVIDENCE", "Graph", "GraphBuilder"]
