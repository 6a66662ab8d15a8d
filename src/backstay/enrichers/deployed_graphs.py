"""Deployed graphs: what `langgraph.json` serves is an endpoint that reaches the agents of the file it names."""

import posixpath
import re
from collections.abc import Iterator

from backstay.documents import DocumentError, read_json
from backstay.graph import Graph
from backstay.model import Asset, Attributes, Evidence, Kind, Level, Relationship, RelationshipKind, urn
from backstay.plugin import Joined, Places, enricher

SOURCE = "deployed-graphs"
MAX_BYTES = 200_000
MAX_GRAPHS = 100
_TARGET = re.compile(r"([\w./-]{1,300}\.(?:py|ts|js|mts|mjs|tsx)):(\w{1,200})\Z")


@enricher(order=6)
def enrich(graph: Graph, places: Places) -> Iterator[Joined]:
    """An endpoint for each graph; an agent too where nothing in the code was seen to be one."""
    files = [path for path in places.paths() if path.rpartition("/")[2] == "langgraph.json"]
    if not files:
        return
    agents: dict[str, list[Asset]] = {}
    for agent in graph.all(Kind.AGENT):
        for path in dict.fromkeys(seen.path for seen in agent.evidence):
            agents.setdefault(path, []).append(agent)
    for path in files:
        yield from _served(path, agents, places)


def _served(path: str, agents: dict[str, list[Asset]], places: Places) -> Iterator[Joined]:
    data = places.read(path) or b""
    try:
        root = read_json(data.decode("utf-8", "replace")) if 0 < len(data) <= MAX_BYTES else None
    except DocumentError:
        places.unread(path, "invalid JSON")
        return
    if root is None:
        return
    guarded = root.get("auth", "path").text
    for name, node in list(root.get("graphs").entries())[:MAX_GRAPHS]:
        target = _TARGET.match(node.text or node.get("path").text)
        if not target or posixpath.normpath(posixpath.join(posixpath.dirname(path), target[1])).startswith(".."):
            continue
        seen = (Evidence(SOURCE, path, node.line, level=Level.DECLARED),)
        # Without a guard of its own the server's depends on where it runs, which nobody can tell from here.
        attributes: Attributes = {"framework": "langgraph"}
        if guarded:
            attributes["authentication"] = guarded
        endpoint = Asset(_urn(Kind.ENDPOINT, places, path, name), Kind.ENDPOINT, name, attributes, seen)
        yield endpoint
        yield Relationship(places.owner_of(path), RelationshipKind.EXPOSES, endpoint.key, {}, seen)
        file = posixpath.normpath(posixpath.join(posixpath.dirname(path), target[1]))
        found = agents.get(file, [])
        named = [one for one in found if one.name in (target[2], name)]
        chosen = named or found
        if not chosen:
            agent = Asset(_urn(Kind.AGENT, places, file, target[2]), Kind.AGENT, name, {"framework": "langgraph"}, seen)
            yield agent
            yield Relationship(places.owner_of(path), RelationshipKind.USES, agent.key, {}, seen)
            chosen = [agent]
        for agent in chosen[:10]:
            yield Relationship(endpoint.key, RelationshipKind.CALLS, agent.key, {}, seen)


def _urn(kind: Kind, places: Places, path: str, name: str) -> str:
    return urn(kind, places.source.id, path, name)
