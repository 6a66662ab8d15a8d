"""n8n's exported workflows: agents and chains with the models, tools, stores and prompts that are wired to them."""

from collections.abc import Iterator

from backstay.catalog.flows import NodeType, n8n_types
from backstay.detectors.support.flow_facts import MAX_NODES, Flow, Step
from backstay.detectors.support.named_models import is_open
from backstay.documents import Node
from backstay.model import Attributes, Kind
from backstay.plugin import Fact, File
from backstay.secrecy import clean_url

MAX_WORKFLOWS = 200
_MODEL_KEYS = ("model", "modelId", "modelName")
# Where node types keep prompts, and what role each has.
_PROMPTS = (
    (("options", "systemMessage"), "system"),
    (("systemMessage",), "system"),
    (("instructions",), "instructions"),
    (("options", "systemPromptTemplate"), "system"),
    (("text",), "template"),
    (("prompt",), "template"),
)


def n8n_facts(file: File, root: Node, source: str) -> Iterator[Fact]:
    """The facts of every workflow in an export; nothing for other JSON."""
    each = [root, *root.elements(), *root.get("workflows").elements()]
    for workflow in each[:MAX_WORKFLOWS]:
        nodes = workflow.get("nodes")
        if isinstance(nodes.value, list) and isinstance(workflow.get("connections").value, dict):
            yield from _workflow(file, workflow, source)


def _workflow(file: File, workflow: Node, source: str) -> Iterator[Fact]:
    flow = Flow(file, source, "n8n")
    entries: list[str] = []
    types = n8n_types()
    for node in list(workflow.get("nodes").elements())[:MAX_NODES]:
        package, _, name = node.get("type").text.rpartition(".")
        title = node.get("name").text
        if not title or node.get("disabled").value is True:
            continue
        known = types.get(name) if "langchain" in package else None
        if known is None and "langchain" not in package and name.endswith("Tool"):
            flow.add(Step(title, title, node.line, Kind.TOOL))
        elif known is None:
            flow.add(Step(title, title, node.line))
        else:
            flow.add(_step(node, title, known, name))
            if known.kind == "endpoint":
                entries.append(title)
    after: dict[str, list[str]] = {}
    for start, outputs in list(workflow.get("connections").entries())[:MAX_NODES]:
        for kind, groups in outputs.entries():
            for group in groups.elements():
                for line in group.elements():
                    target = line.get("node").text
                    if kind.startswith("ai_"):
                        flow.give(target, start)
                    else:
                        after.setdefault(start, []).append(target)
    for entry in entries:
        for reached in _reached(entry, after):
            flow.callers.append((entry, reached))
    if any(step.kind is not None or step.model or step.provider for step in flow.steps.values()):
        yield from flow.facts()


def _reached(start: str, after: dict[str, list[str]]) -> list[str]:
    found: dict[str, None] = {}
    waiting = [start]
    while waiting and len(found) < MAX_NODES:
        for one in after.get(waiting.pop(), ()):
            if one not in found:
                found[one] = None
                waiting.append(one)
    return list(found)


def _step(node: Node, title: str, known: NodeType, name: str) -> Step:
    parameters = node.get("parameters")
    attributes: Attributes = {}
    kind: Kind | None = None if known.kind == "chain" else Kind(known.kind)
    model = ""
    if known.kind in ("model", "agent"):
        model = next((text for key in _MODEL_KEYS if (text := _chosen(parameters.get(key)))), "")
        model = model.removeprefix("models/")
        if name.startswith("embeddings"):
            attributes["task"] = "embedding"
    if kind == Kind.VECTOR_STORE:
        attributes["product"] = known.product
        title = known.product
    elif kind == Kind.TOOL:
        attributes["capabilities"] = list(known.capabilities)
        if not known.capabilities:
            del attributes["capabilities"]
    elif kind == Kind.MCP_SERVER:
        url = _chosen(parameters.get("endpointUrl")) or _chosen(parameters.get("sseEndpoint"))
        attributes |= {"role": "client-config", "transport": "http"}
        if url:
            attributes["url"] = clean_url(url)
    elif kind == Kind.ENDPOINT and parameters.get("public").value is True:
        attributes["authentication"] = parameters.get("authentication").text or None
    return Step(
        node.get("name").text, title, node.line, kind, known.provider, model, attributes, tuple(_prompts(parameters))
    )


def _chosen(node: Node) -> str:
    """A value that is written out or picked from a list; empty for an expression (`={{ ... }}`)."""
    text = node.text or node.get("value").text
    return "" if text.startswith("=") or is_open(text) else text


def _prompts(parameters: Node) -> Iterator[tuple[str, str, int]]:
    for path, role in _PROMPTS:
        node = parameters.get(*path)
        text = node.text.removeprefix("=")
        # Nothing but what the step before gives is no prompt of the flow's own.
        if len(text) >= 40 and " " in text.strip() and not (text.strip().startswith("{{") and text.count("{{") == 1):
            yield role, text, node.line
    for one in parameters.get("messages", "messageValues").elements():
        text = one.get("message").text.removeprefix("=")
        if len(text) >= 40 and " " in text:
            yield "system", text, one.get("message").line
