"""Facts: small questions about the graph that several rules ask. None of them judges."""

import fnmatch
import re
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

import msgspec

from backstay.graph import Graph
from backstay.model import Asset, Evidence, Kind, Match, Relationship, RelationshipKind, Value

MAX_HOPS = 8
_MAX_TOLD = 2  # subjects of an inspection that a sentence names
_MAX_PLACES = 20

_COMMIT = re.compile(r"[0-9a-fA-F]{40}\Z")
_LOOPBACK = frozenset({"localhost", "::1", "0:0:0:0:0:0:0:1"})
_EVERYWHERE = frozenset({"0.0.0.0", "::", "*", "0:0:0:0:0:0:0:0"})  # noqa: S104 - compared with, not bound to

MODELS = frozenset({Kind.MODEL, Kind.PROVIDER})
POWERS = frozenset({Kind.TOOL, Kind.MCP_SERVER})
_RUNS = frozenset({Kind.ENDPOINT, Kind.AGENT, Kind.TOOL, Kind.PIPELINE, Kind.NOTEBOOK, Kind.MCP_SERVER})
_WORKS = (
    RelationshipKind.CALLS,
    RelationshipKind.USES,
    RelationshipKind.DELEGATES_TO,
    RelationshipKind.CONTAINS,
)


@dataclass(frozen=True)
class Reached:
    """An asset and a shortest path of edges that leads to it."""

    asset: Asset
    path: tuple[Relationship, ...]

    @property
    def evidence(self) -> tuple[Evidence, ...]:
        """The places of the last step first: where the asset is handed over is where to edit."""
        return places(reversed(self.path)) or self.asset.evidence


def reached(start: Asset, graph: Graph, wanted: frozenset[Kind]) -> list[Reached]:
    """Everything of the wanted kinds that an endpoint, agent or tool can set to work, nearest first.

    Goes through agents, tools, pipelines and MCP servers, over at most `MAX_HOPS` edges, each asset once.
    """
    found: list[Reached] = []
    queue: deque[Reached] = deque([Reached(start, ())])
    seen = {start.key}
    while queue:
        here = queue.popleft()
        if len(here.path) == MAX_HOPS:
            continue
        for edge in graph.out(here.asset, *_WORKS):
            asset = graph.get(edge.target)
            if asset is None or asset.key in seen:
                continue
            # A repository or service contains everything that stands in it: that is place, not reach.
            if edge.kind == RelationshipKind.CONTAINS and here.asset.kind != Kind.MCP_SERVER:
                continue
            step = Reached(asset, (*here.path, edge))
            seen.add(asset.key)
            if asset.kind in wanted:
                found.append(step)
            if asset.kind in _RUNS:
                queue.append(step)
    return found


def powers(agent: Asset, graph: Graph) -> list[Reached]:
    """The tools and MCP servers that an agent can set to work, also through the agents it hands over to."""
    return reached(agent, graph, POWERS)


def approved(power: Reached, graph: Graph) -> bool:
    """Whether a human is known to approve what happens at the end of a path, or at any step on the way."""
    on_the_way = [power.asset, *(graph.get(edge.source) for edge in power.path)]
    return any(asset is not None and asset.attributes.get("approval") is True for asset in on_the_way)


def can(asset: Asset, *capabilities: str) -> bool:
    """Whether a tool or MCP server is known to have one of the capabilities."""
    return not set(capabilities).isdisjoint(asset.items("capabilities"))


def absent(owner: Asset | Relationship, name: str) -> bool:
    """Whether an attribute is known to be absent; false when it is unknown."""
    return name in owner.attributes and owner.attributes[name] is None


def places(edges: Iterable[Relationship]) -> tuple[Evidence, ...]:
    """Where edges were seen, each place once, in the order of the edges."""
    return tuple(dict.fromkeys(place for edge in edges for place in edge.evidence))


def named(names: Iterable[str], most: int = 3) -> str:
    """Names for a sentence, each once: `a, b and 4 more`."""
    unique = list(dict.fromkeys(names))
    if len(unique) > most:
        return f"{', '.join(unique[:most])} and {len(unique) - most} more"
    return " and ".join(filter(None, (", ".join(unique[:-1]), unique[-1]))) if unique else ""


def sentence(text: str) -> str:
    """Text as a sentence starts: its first letter in upper case, the rest as it is."""
    return text[:1].upper() + text[1:]


def within(path: str, folder: str) -> bool:
    """Whether a path lies in a folder; the root, `""` or `.`, holds everything."""
    return folder in ("", ".") or path.startswith(folder.rstrip("/") + "/")


def source_names(edges: Iterable[Relationship], graph: Graph) -> str:
    """The names of the assets that edges start at, for a sentence."""
    ends = (graph.get(edge.source) for edge in edges)
    return named(asset.name for asset in ends if asset is not None)


def is_commit(revision: Value) -> bool:
    """Whether a revision is a full commit hash: a branch or tag can be moved, so it pins nothing."""
    return isinstance(revision, str) and bool(_COMMIT.match(revision))


def on_hub(asset: Asset) -> bool:
    """Whether a model or dataset is fetched from the Hugging Face hub."""
    return asset.text("hub") == "huggingface" or asset.key.startswith("pkg:huggingface/")


def host_of(address: str) -> str:
    """The host of a URL or of `host:port`, in lower case; empty when there is none."""
    try:
        return (urlsplit(address if "//" in address else f"//{address}").hostname or "").lower()
    except ValueError:
        return ""


def is_loopback(host: str) -> bool:
    """Whether a host is this machine only."""
    return host in _LOOPBACK or host.startswith("127.")


def is_everywhere(host: str) -> bool:
    """Whether a bind address means every interface."""
    return host.strip("[]") in _EVERYWHERE


def is_internal(host: str) -> bool:
    """Whether a host is by its name inside a private network: a bare name or a name for internal use."""
    return "." not in host or host.endswith((".local", ".internal", ".svc", ".localdomain", ".lan"))


def allows(globs: Sequence[str], *names: str) -> bool:
    """Whether an allow-list admits one of the names; an empty list admits all, case does not matter."""
    lowered = [name.lower() for name in names if name]
    return not globs or any(fnmatch.fnmatchcase(name, glob.lower()) for glob in globs for name in lowered)


@dataclass(frozen=True)
class OutputFlow:
    """Model output that reaches a sink unchecked: what it is, in which function, into which callee.

    Arguments of a tool are model output too; `to_tool` says that no answer is among what flows here.
    """

    origin: str
    function: str
    callee: str
    evidence: tuple[Evidence, ...]
    to_tool: bool = False

    @property
    def name(self) -> str:
        return f"{self.function} {self.callee}"

    @property
    def subject(self) -> str:
        """The function as a sentence names it."""
        return f"{self.function}()" if self.function else "Code outside of functions"


def output_flows(owner: Asset, graph: Graph, sink: str) -> list[OutputFlow]:
    """Flows of model output into one kind of sink in an owner's code that are known not to be sanitised.

    A tool whose arguments reach code or a shell is left out: it is judged as a tool that runs code.
    """
    grouped: dict[tuple[str, str], list[Relationship]] = {}
    for edge in graph.into(owner, RelationshipKind.FLOWS_TO):
        if edge.text("sink") != sink or edge.attributes.get("sanitised") is not False:
            continue
        if sink not in ("code", "shell") or not _from_tool(edge, graph):
            grouped.setdefault((edge.text("function"), edge.text("callee")), []).append(edge)
    return [_flow(function, callee, edges, graph) for (function, callee), edges in grouped.items()]


def _flow(function: str, callee: str, edges: list[Relationship], graph: Graph) -> OutputFlow:
    answers = [edge for edge in edges if not _from_tool(edge, graph)]
    if answers:
        return OutputFlow(f"the answer of {source_names(answers, graph)}", function, callee, places(edges))
    passed = f"what a model passes to {source_names(edges, graph)}"
    return OutputFlow(passed, function, callee, places(edges), to_tool=True)


def _from_tool(edge: Relationship, graph: Graph) -> bool:
    source = graph.get(edge.source)
    return source is not None and source.kind == Kind.TOOL


def holds_ai(owner: Asset, graph: Graph) -> list[Asset]:
    """The models, providers, agents and endpoints that a service's or repository's code uses or holds."""
    kinds = {Kind.MODEL, Kind.PROVIDER, Kind.AGENT, Kind.ENDPOINT, Kind.PIPELINE, Kind.MCP_SERVER, Kind.VECTOR_STORE}
    related = (RelationshipKind.USES, RelationshipKind.CONTAINS, RelationshipKind.EXPOSES, RelationshipKind.PRODUCES)
    return [asset for asset in graph.targets(owner, None, *related) if asset.kind in kinds]


def inputs_to_system_prompt(prompt: Asset, graph: Graph, *origins: str) -> list[tuple[str, str, tuple[Evidence, ...]]]:
    """Outside input joined into a system prompt: variable (may be empty), name of what it comes through, places."""
    grouped: dict[tuple[str, str], list[Relationship]] = {}
    for edge in graph.into(prompt, RelationshipKind.FLOWS_TO):
        role = edge.text("role") or prompt.text("role")
        source = graph.get(edge.source)
        if source is not None and role == "system" and edge.text("origin") in origins:
            grouped.setdefault((edge.text("variable"), source.name), []).append(edge)
    return [(variable, source, places(edges)) for (variable, source), edges in grouped.items()]


def entrances(asset: Asset, graph: Graph) -> list[Asset]:
    """The endpoints through which a request reaches an asset."""
    works = (RelationshipKind.CALLS, RelationshipKind.USES, RelationshipKind.DELEGATES_TO)
    keys = graph.reach(asset, *works, depth=MAX_HOPS, backwards=True)
    return [found for key in keys if (found := graph.get(key)) is not None and found.kind == Kind.ENDPOINT]


def endpoints_of(owner: Asset, graph: Graph) -> list[Asset]:
    """The endpoints that a service's or repository's code holds."""
    return graph.targets(owner, Kind.ENDPOINT, RelationshipKind.EXPOSES, RelationshipKind.CONTAINS)


def made_here(model: Asset, graph: Graph) -> list[Relationship]:
    """The edges from what makes a model in this source; empty for a model that is taken in."""
    return graph.into(model, RelationshipKind.PRODUCES)


def own(power: Reached, graph: Graph) -> bool:
    """Whether an agent holds a tool itself and does not reach it through another agent."""
    return all((step := graph.get(edge.source)) is None or step.kind != Kind.AGENT for edge in power.path[1:])


def executes_freely(asset: Asset) -> bool:
    """Whether a tool runs code or commands, or an agent the code it writes, in no known sandbox.

    A tool was seen to run them in its own code, so a sandbox would have been seen too; an agent's sandbox is
    a setting, which counts as missing only when it is known not to be set.
    """
    if asset.kind == Kind.AGENT:
        return asset.attributes.get("code_execution") is True and absent(asset, "sandbox")
    return can(asset, "runs_code") and not asset.text("sandbox")


def model_uses(endpoint: Asset, graph: Graph) -> list[tuple[Asset, Relationship]]:
    """Every use of a model or provider that a request to an endpoint can cause, with its edge."""
    return [
        (step.asset, edge)
        for step in reached(endpoint, graph, MODELS)
        for edge in graph.into(step.asset, RelationshipKind.USES, RelationshipKind.CALLS)
        if edge.source == step.path[-1].source
    ]


def observed(asset: Asset, attribute: str, text: str, entries: Sequence[str] | None = None) -> Iterator[Match]:
    """One match for all that an inspection observed under one attribute, or for some entries of it; `text` has places
    for `name` and `what`.

    What makes the match is the set of things seen, not their places: a file whose harmful call moved has the same
    flaw, one that got a second has another. Its first place is in the file that was inspected.
    """
    seen = [_Seen.of(one) for one in (asset.items(attribute) if entries is None else entries)]
    if not seen:
        return
    path = asset.text("path")
    place = next((one for one in asset.evidence if one.path == path), asset.place)
    evidence = tuple(
        msgspec.structs.replace(place, member=one.member, offset=one.offset, note=one.where)
        for one in seen[:_MAX_PLACES]
        if place is not None and one.where
    )
    yield Match(
        message=text.format(name=asset.name, what=_told(seen)),
        evidence=evidence or ((place,) if place is not None else asset.evidence),
        discriminator=", ".join(sorted({one.subject for one in seen})[:10]),
    )


@dataclass(frozen=True)
class _Seen:
    """An entry of an inspection in its parts: `posix.system: called [data.pkl at byte 12]`."""

    subject: str
    message: str
    member: str
    offset: int

    @property
    def where(self) -> str:
        return " ".join(filter(None, (self.member, f"at byte {self.offset}" if self.offset >= 0 else "")))

    @staticmethod
    def of(entry: str) -> "_Seen":
        said, bracket, where = entry.rpartition(" [")
        if not bracket or not where.endswith("]"):
            said, where = entry, ""
        subject, _, message = said.partition(": ")
        member, at, offset = f" {where[:-1]}".rpartition(" at byte ")
        if not at or not offset.isdecimal():
            member, offset = where[:-1], "-1"
        return _Seen(subject, message, member.strip(), int(offset[:18]))


def _told(seen: Sequence[_Seen]) -> str:
    """What was seen, in words: two subjects, each once, with what was said of it and its first place."""
    groups: dict[str, list[_Seen]] = {}
    for one in seen:
        groups.setdefault(one.subject, []).append(one)
    told = []
    for subject, group in list(groups.items())[:_MAX_TOLD]:
        said = named((one.message for one in group if one.message), _MAX_TOLD)
        where = next((one.where for one in group if one.where), "")
        more = f" and {len(group) - 1} more" if where and len(group) > 1 else ""
        told.append(subject + (f": {said}" if said else "") + (f" ({where}{more})" if where else ""))
    if len(groups) > len(told):
        told.append(f"and {len(groups) - len(told)} more")
    return "; ".join(told)
