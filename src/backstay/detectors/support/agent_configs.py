"""Agents as files configure them: Google's ADK, Docker's cagent, AutoGen Studio, and the cards of the A2A protocol."""

from collections.abc import Iterator

from backstay.detectors.support.facts import edge, owner_edge
from backstay.detectors.support.flow_facts import Flow, Step
from backstay.detectors.support.mcp_locations import Entry
from backstay.detectors.support.mcp_server import server_facts
from backstay.detectors.support.named_models import is_open
from backstay.documents import Node
from backstay.model import Asset, Attributes, Kind
from backstay.model import RelationshipKind as Edge
from backstay.model_ids import known_id, routed_id
from backstay.plugin import Fact, File
from backstay.secrecy import clean_url

MAX_AGENTS = 200
MAX_DEPTH = 8
MIN_PROMPT = 20
_ADK = frozenset({"LlmAgent", "SequentialAgent", "ParallelAgent", "LoopAgent"})
# What the toolsets of cagent do to the world.
_TOOLSETS: dict[str, list[str]] = {
    "shell": ["runs_code"],
    "script": ["runs_code"],
    "filesystem": ["reads_private", "changes_state"],
    "fetch": ["reads_untrusted", "sends_out"],
    "memory": [],
    "think": [],
    "todo": [],
    "api": ["sends_out"],
}


def card_facts(file: File, root: Node, source: str) -> Iterator[Fact]:
    """The card by which an agent of the A2A protocol is found."""
    name = root.get("name")
    if not name.text or not isinstance(root.get("skills").value, list) or not root.get("capabilities").line:
        return
    attributes: Attributes = {
        "framework": "a2a",
        "tools": [one.get("name").text for one in root.get("skills").elements()][:50],
    }
    seen = file.evidence(source, name.line)
    agent = Asset(file.urn(Kind.AGENT, file.path, name.text), Kind.AGENT, name.text, attributes, seen)
    yield agent
    yield owner_edge(Edge.USES, agent.key, seen)
    url = clean_url(root.get("url").text)
    if url:
        schemes = [key for key, _ in root.get("securitySchemes").entries()]
        reached: Attributes = {"framework": "a2a", "path": url, "authentication": ", ".join(schemes)[:100] or None}
        endpoint = Asset(file.urn(Kind.ENDPOINT, file.path, name.text), Kind.ENDPOINT, name.text, reached, seen)
        yield endpoint
        yield owner_edge(Edge.EXPOSES, endpoint.key, seen)
        yield edge(endpoint.key, Edge.CALLS, agent.key, seen)


def _model(text: str) -> tuple[str, str]:
    """Name and provider of a model as agents' files write it."""
    found = routed_id(text) if "/" in text else known_id(text)
    return (found.name, found.prefix or found.vendor) if found else ("", "")


def _prompt(node: Node, role: str) -> tuple[tuple[str, str, int], ...]:
    return ((role, node.text, node.line),) if len(node.text.strip()) >= MIN_PROMPT else ()


def adk_facts(file: File, root: Node, source: str) -> Iterator[Fact]:
    """An agent of the ADK's YAML; its parts in other files are known by their own."""
    name = root.get("name").text
    said = root.get("agent_class").text or "LlmAgent"
    parts = isinstance(root.get("sub_agents").value, list) or isinstance(root.get("tools").value, list)
    declared = root.get("agent_class").text or (parts and root.get("instruction").text and root.get("model").text)
    if not name or not declared or said not in _ADK:
        return
    model, provider = _model(root.get("model").text)
    flow = Flow(file, source, "google-adk")
    flow.add(
        Step(name, name, root.line, Kind.AGENT, provider, model, {}, _prompt(root.get("instruction"), "instructions"))
    )
    for tool in root.get("tools").elements():
        title = tool.get("name").text
        if title and not is_open(title):
            flow.add(Step(f"tool {title}", title.rpartition(".")[2], tool.line, Kind.TOOL))
            flow.give(name, f"tool {title}")
    yield from flow.facts()


def cagent_facts(file: File, root: Node, source: str) -> Iterator[Fact]:
    """The agents of a cagent file, their models, tools and MCP servers."""
    agents = [
        (name, one)
        for name, one in root.get("agents").entries()
        if one.get("instruction").text and one.get("model").text
    ]
    if not agents or not any(one.get("toolsets").line or one.get("sub_agents").line for _, one in agents):
        return
    flow = Flow(file, source, "cagent")
    servers: list[tuple[str, Entry]] = []
    for name, one in agents[:MAX_AGENTS]:
        chosen = root.get("models", one.get("model").text)
        written = f"{chosen.get('provider').text}/{chosen.get('model').text}" if chosen.line else one.get("model").text
        model, provider = _model(written)
        flow.add(
            Step(name, name, one.line, Kind.AGENT, provider, model, {}, _prompt(one.get("instruction"), "instructions"))
        )
        for other in one.get("sub_agents").elements():
            flow.give(name, other.text)
        for number, tool in enumerate(list(one.get("toolsets").elements())[:50]):
            kind = tool.get("type").text
            if kind == "mcp":
                title = tool.get("ref").text.rpartition(":")[2] or tool.get("command").text or f"{name}-{number}"
                servers.append((file.urn(Kind.AGENT, file.path, name), Entry(title, tool)))
            elif kind in _TOOLSETS:
                attributes: Attributes = {"capabilities": _TOOLSETS[kind]} if _TOOLSETS[kind] else {}
                flow.add(Step(f"tool {kind}", kind, tool.line, Kind.TOOL, attributes=attributes))
                flow.give(name, f"tool {kind}")
    yield from flow.facts()
    for agent, entry in servers[:MAX_AGENTS]:
        yield from server_facts(file, entry, entry.name, source)
        seen = file.evidence(source, entry.node.line)
        yield edge(agent, Edge.USES, file.urn(Kind.MCP_SERVER, file.path, entry.name), seen)


def autogen_facts(file: File, root: Node, source: str) -> Iterator[Fact]:
    """Components of AutoGen Studio: teams with their agents, models and tools."""
    flow = Flow(file, source, "autogen")
    _component(root, "", flow, 0)
    if any(step.kind == Kind.AGENT for step in flow.steps.values()):
        yield from flow.facts()


def _component(node: Node, owner: str, flow: Flow, depth: int) -> None:
    if depth > MAX_DEPTH:
        return
    for one in node.elements():
        _component(one, owner, flow, depth + 1)
    config, kind = node.get("config"), node.get("component_type").text
    path = node.get("provider").text
    if kind == "agent" and path.startswith("autogen") and config.get("name").text:
        name = config.get("name").text
        chosen = config.get("model_client", "config", "model").text
        model, provider = _model(chosen)
        flow.add(
            Step(
                name, name, node.line, Kind.AGENT, provider, model, {}, _prompt(config.get("system_message"), "system")
            )
        )
        owner = name
    elif kind == "tool" and config.get("name").text and owner:
        title = config.get("name").text
        attributes: Attributes = {"capabilities": ["runs_code"]} if "code_execution" in path else {}
        flow.add(Step(f"tool {title}", title, node.line, Kind.TOOL, attributes=attributes))
        flow.give(owner, f"tool {title}")
    for _, inner in config.entries():
        if isinstance(inner.value, dict | list):
            _component(inner, owner, flow, depth + 1)
    for key in ("teams", "components", "workbench", "participants"):
        if isinstance(node.get(key).value, dict | list):
            _component(node.get(key), owner, flow, depth + 1)
