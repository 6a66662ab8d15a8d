"""Crews: agents of CrewAI's `agents.yaml` where no class was seen to read it; else the code tells of them."""

from collections.abc import Iterator

from backstay.documents import DocumentError, Node, read_yaml
from backstay.graph import Graph
from backstay.keys import model_key, provider_key
from backstay.model import Asset, Attributes, Evidence, Kind, Level, Relationship, RelationshipKind, urn
from backstay.model_ids import routed_id
from backstay.plugin import Joined, Places, enricher

SOURCE = "crews"
MAX_BYTES = 300_000
MAX_AGENTS = 100
_KEYS = ("role", "goal", "backstory")


@enricher(order=6)
def enrich(graph: Graph, places: Places) -> Iterator[Joined]:
    """Every agent of a crew's file whose folder holds no agent of CrewAI that the code makes."""
    files = [path for path in places.paths() if f"/{path}".endswith(("/config/agents.yaml", "/config/agents.yml"))]
    if not files:
        return
    seen = {
        evidence.path
        for agent in graph.all(Kind.AGENT)
        if agent.text("framework") == "crewai"
        for evidence in agent.evidence
    }
    for path in files:
        folder = path.rpartition("config/")[0]
        if not any(one.startswith(folder) for one in seen):
            yield from _agents(path, places)


def _agents(path: str, places: Places) -> Iterator[Joined]:
    data = places.read(path) or b""
    try:
        roots = read_yaml(data.decode("utf-8", "replace")) if 0 < len(data) <= MAX_BYTES else []
    except DocumentError:
        return  # the detectors of settings report what is wrong with it
    for root in roots[:1]:
        for name, node in list(root.entries())[:MAX_AGENTS]:
            if all(node.get(key).text for key in _KEYS):
                yield from _agent(path, name, node, places)


def _agent(path: str, name: str, node: Node, places: Places) -> Iterator[Joined]:
    seen = (Evidence(SOURCE, path, node.line, level=Level.DECLARED, confidence=0.8),)
    attributes: Attributes = {"framework": "crewai"}
    if isinstance(node.get("max_iter").value, int):
        attributes["max_turns"] = int(str(node.get("max_iter").value))
    agent = Asset(urn(Kind.AGENT, places.source.id, path, name), Kind.AGENT, name, attributes, seen)
    yield agent
    yield Relationship(places.owner_of(path), RelationshipKind.USES, agent.key, {}, seen)
    found = routed_id(node.get("llm").text) if node.get("llm").text else None
    if found is None:
        return
    provider = found.prefix or found.vendor
    model = Asset(model_key(found.name), Kind.MODEL, found.name, {"provider": provider} if provider else {}, seen)
    yield model
    yield Relationship(agent.key, RelationshipKind.USES, model.key, {}, seen)
    if provider:
        yield Asset(provider_key(provider), Kind.PROVIDER, provider, {}, seen)
        yield Relationship(provider_key(provider), RelationshipKind.SERVES, model.key, {}, seen)
