"""Ledger: the assets and edges that understanding code has found so far, merged while they are still growing."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from backstay.code.scopes import Scope
from backstay.code.values import Place
from backstay.model import Asset, Attributes, Evidence, Kind, Level, Relationship, RelationshipKind, Value
from backstay.model.asset import merge_attributes

R = RelationshipKind
MAX_EVIDENCE = 50  # sightings kept of one asset or edge, as in the graph


@dataclass(eq=False, slots=True)
class Made:
    """An asset in the making; `variable` is the name it is held by in the code."""

    key: str
    kind: Kind
    name: str
    variable: str = ""
    attributes: Attributes = field(default_factory=dict)
    evidence: dict[Evidence, None] = field(default_factory=dict)
    weak: bool = False


@dataclass(slots=True)
class Use:
    """Code in a scope uses something; who that is, is settled when all code is known."""

    scope: Scope
    kind: RelationshipKind
    target: Made
    attributes: Attributes
    evidence: Evidence


class Ledger:
    def __init__(self) -> None:
        self.assets: dict[str, Made] = {}
        self.uses: list[Use] = []
        self.stated: set[tuple[str, str]] = set()  # edges that an asset's own code says, and no function it calls
        self._edges: dict[tuple[str, RelationshipKind, str, str], Relationship] = {}

    def asset(
        self,
        key: str,
        kind: Kind,
        name: str,
        evidence: Evidence,
        attributes: Attributes | None = None,
        *,
        variable: str = "",
        weak: bool = False,
    ) -> Made:
        """The asset of a key, with one more sighting."""
        made = self.assets.get(key)
        if made is None:
            made = self.assets[key] = Made(key, kind, name, variable, weak=weak)
        if attributes:
            made.attributes = merge_attributes(made.attributes, attributes)
        if len(made.evidence) < MAX_EVIDENCE:
            made.evidence[evidence] = None
        made.weak = made.weak and weak
        made.variable = made.variable or variable
        return made

    def edge(
        self,
        source: str,
        kind: RelationshipKind,
        target: str,
        evidence: Evidence,
        attributes: Attributes | None = None,
    ) -> None:
        """Draw an edge; again with other evidence, it gains that."""
        if source == target:
            return
        mark = (source, kind, target, repr(sorted((attributes or {}).items())))
        known = self._edges.get(mark)
        if known is None:
            self._edges[mark] = Relationship(source, kind, target, attributes or {}, (evidence,))
        elif len(known.evidence) < MAX_EVIDENCE and evidence not in known.evidence:
            self._edges[mark] = Relationship(source, kind, target, known.attributes, (*known.evidence, evidence))

    @property
    def edges(self) -> list[Relationship]:
        return list(self._edges.values())

    def undraw(self, kind: RelationshipKind, target: str, *, keep: str = "") -> None:
        """Forget the edges of a kind to a target, except from the source to keep."""
        self._edges = {
            mark: edge
            for mark, edge in self._edges.items()
            if edge.kind != kind or edge.target != target or edge.source == keep
        }

    def cut(self, source: str, targets: set[str]) -> None:
        """Forget the edges from one asset to others."""
        self._edges = {m: e for m, e in self._edges.items() if e.source != source or e.target not in targets}

    def drop(self, keys: set[str]) -> None:
        """Forget assets and all that hangs on them."""
        for key in keys:
            self.assets.pop(key, None)
        self._edges = {m: e for m, e in self._edges.items() if e.source not in keys and e.target not in keys}

    def facts(self) -> Iterator[Asset | Relationship]:
        """All assets and edges, as facts for the graph."""
        for made in self.assets.values():
            yield Asset(made.key, made.kind, made.name, made.attributes, tuple(made.evidence))
        yield from self._edges.values()


def sighting(
    table: str, place: Place, confidence: float = 0.95, note: str = "", level: Level = Level.OBSERVED
) -> Evidence:
    """Evidence of the code analyzer; `table` is the SDK table that knew what was seen."""
    return Evidence(f"code:{table}", place.path, place.line, place.end_line, "", level, confidence, note)


__all__ = ["Ledger", "Made", "R", "Use", "Value", "sighting"]
