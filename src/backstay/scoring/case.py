"""Case: one finding with what the factors look at around its subject, and what a factor says of it."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from backstay.graph import Graph
from backstay.model import Asset, Evidence, Factor, Finding, Kind, Level, RelationshipKind, RuleInfo
from backstay.model.policy import Context
from backstay.placement import placement_of_all
from backstay.scope import context_of

MAX_AROUND = 2_000  # assets looked at around one subject: bounds the cost on hostile graphs, far beyond real ones
MAX_HOPS = 6

_BESIDES = {"test": "test code", "example": "an example", "documentation": "documentation"}

_ONWARD = (
    RelationshipKind.USES,
    RelationshipKind.CALLS,
    RelationshipKind.CONSUMES,
    RelationshipKind.DELEGATES_TO,
    RelationshipKind.CONTAINS,
    RelationshipKind.EXPOSES,
    RelationshipKind.TRAINED_ON,
    RelationshipKind.CAN_READ,
    RelationshipKind.CAN_MODIFY,
    RelationshipKind.CAN_INVOKE,
)
_BACK = (
    RelationshipKind.USES,
    RelationshipKind.CALLS,
    RelationshipKind.CONSUMES,
    RelationshipKind.DELEGATES_TO,
    RelationshipKind.CONTAINS,
    RelationshipKind.CAN_INVOKE,
)
# Many unrelated callers share one of these, so that of its callers those in the finding's own file say most.
_SHARED = frozenset({Kind.MODEL, Kind.PROVIDER, Kind.SERVICE, Kind.REPOSITORY, Kind.PACKAGE, Kind.CREDENTIAL})


@dataclass(frozen=True)
class Change:
    """What a factor would be after one change, as a phrase that follows "the risk ..."."""

    phrase: str
    low: float
    high: float


@dataclass(frozen=True)
class Assessment:
    """A factor, and the changes that would lower it."""

    factor: Factor
    changes: tuple[Change, ...] = ()


@dataclass(frozen=True)
class Surroundings:
    """What a subject can reach (itself first) and what can reach it, nearest first.

    `guarded` when a guardrail stands before the subject or before something that leads to it.
    """

    reached: tuple[Asset, ...]
    callers: tuple[Asset, ...]
    guarded: bool = False


@dataclass(frozen=True)
class Case:
    """One finding as the factors see it: its rule, its subject and what stands around it."""

    finding: Finding
    subject: Asset
    info: RuleInfo
    around: Surroundings
    context: Context
    placement: str

    @property
    def endpoints(self) -> list[Asset]:
        """The endpoints through which the subject is reached."""
        found = [asset for asset in self.around.callers if asset.kind == Kind.ENDPOINT]
        if self.subject.kind == Kind.ENDPOINT:
            return [self.subject]
        if self.subject.kind == Kind.SERVICE:
            found = [asset for asset in self.around.reached if asset.kind == Kind.ENDPOINT]
        if self.subject.kind in _SHARED:
            files = {place.path for place in self.finding.evidence if place.path}
            here = [asset for asset in found if any(place.path in files for place in asset.evidence)]
            return here or found
        return found

    @property
    def code(self) -> str:
        """The kind of code it stands in, in words; empty for code that counts."""
        return _BESIDES.get(self.placement, "")

    def declared(self, note: str) -> tuple[Evidence, ...]:
        """Evidence that the user's policy says so."""
        return (Evidence("policy", level=Level.DECLARED, note=f"{note} of {self.context.path}"),)


class Cases:
    """Makes the case of each finding; what findings of one subject share is looked up once."""

    def __init__(self, graph: Graph, infos: dict[str, RuleInfo]) -> None:
        self._graph = graph
        self._infos = infos
        self._around: dict[str, Surroundings] = {}
        self._contexts: dict[tuple[str, ...], Context] = {}

    def of(self, finding: Finding) -> Case:
        subject = self._graph.get(finding.subject)
        if subject is None:  # a finding from elsewhere: nothing is known around it
            subject = Asset(finding.subject, Kind(finding.subject_kind), finding.subject_name)
        around = self._around.get(subject.key)
        if around is None:
            callers = _walk(self._graph, subject, onward=False)
            guarded = any(self._graph.out(one, RelationshipKind.GUARDED_BY) for one in (subject, *callers))
            around = Surroundings((subject, *_walk(self._graph, subject, onward=True)), callers, guarded)
            self._around[subject.key] = around
        paths = tuple(dict.fromkeys(place.path for place in finding.evidence or subject.evidence if place.path))
        if paths not in self._contexts:
            self._contexts[paths] = context_of(self._graph.policy, paths)
        return Case(
            finding, subject, self._infos[finding.rule], around, self._contexts[paths], _placement(subject, paths)
        )


def _walk(graph: Graph, start: Asset, *, onward: bool) -> tuple[Asset, ...]:
    seen = {start.key: 0}
    found: list[Asset] = []
    queue = deque([start.key])
    while queue and len(found) < MAX_AROUND:
        key = queue.popleft()
        if seen[key] == MAX_HOPS:
            continue
        for edge in graph.out(key, *_ONWARD) if onward else graph.into(key, *_BACK):
            end = edge.target if onward else edge.source
            if end in seen or (asset := graph.get(end)) is None:
                continue
            # What stands in a repository or service is contained by it: that is place, not reach.
            holder = graph.get(edge.source)
            if edge.kind == RelationshipKind.CONTAINS and (holder is None or holder.kind != Kind.MCP_SERVER):
                continue
            seen[end] = seen[key] + 1
            found.append(asset)
            queue.append(end)
    return tuple(found[:MAX_AROUND])


def _placement(subject: Asset, paths: Sequence[str]) -> str:
    """Where a finding stands: `test`, `example`, `documentation`, or empty for code that counts.

    By its own places when there are any: a service's finding may lie in its tests alone.
    """
    stands = placement_of_all(list(paths)) or subject.text("placement")
    return stands if stands in _BESIDES else ""
