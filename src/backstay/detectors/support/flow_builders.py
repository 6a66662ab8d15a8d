"""Flows of Flowise, Langflow and Dify, read from their exports."""

import re
from collections.abc import Iterator

from backstay.detectors.support.flow_facts import MAX_LINES, MAX_NODES, Flow, Step
from backstay.detectors.support.named_models import is_open
from backstay.detectors.support.reading import named
from backstay.documents import Node
from backstay.model import Attributes, Kind
from backstay.model_ids import known_id, provider_named
from backstay.plugin import Fact, File

MIN_PROMPT = 40
# Flowise sorts its nodes into categories.
_CATEGORIES = {
    "Chat Models": Kind.MODEL,
    "LLMs": Kind.MODEL,
    "Embeddings": Kind.MODEL,
    "Agents": Kind.AGENT,
    "Agent Flows": Kind.AGENT,
    "Multi Agents": Kind.AGENT,
    "Sequential Agents": Kind.AGENT,
    "Vector Stores": Kind.VECTOR_STORE,
    "Tools": Kind.TOOL,
    "Tools (MCP)": Kind.MCP_SERVER,
    "MCP": Kind.MCP_SERVER,
    "Moderation": Kind.GUARDRAIL,
}
_AGENT_FLOW = re.compile(r"(?:agent|llm)Agentflow\Z")
_PROMPT_INPUTS = {
    "systemMessagePrompt": "system",
    "systemMessage": "system",
    "agentInstructions": "instructions",
    "supervisorPrompt": "system",
    "workerPrompt": "system",
    "template": "template",
    "humanMessagePrompt": "template",
    "system_prompt": "system",
    "system_message": "system",
    "prompt": "template",
}
_SUFFIX = re.compile(r"(?:Model|Component|Embeddings?|Chat|LLM|VectorStore|VS|AI)+\Z")


def flowise_facts(file: File, root: Node, source: str) -> Iterator[Fact]:
    """A Flowise chatflow or agentflow; nothing for other JSON."""
    nodes = root.get("nodes")
    if not root.get("edges").line or not any(one.get("data", "category").text for one in nodes.elements()):
        return
    flow = Flow(file, source, "flowise")
    for node in list(nodes.elements())[:MAX_NODES]:
        data = node.get("data")
        kind = _CATEGORIES.get(data.get("category").text)
        type_name = data.get("name").text
        if kind == Kind.AGENT and data.get("category").text in ("Agent Flows", "Sequential Agents"):
            kind = Kind.AGENT if _AGENT_FLOW.search(type_name) or type_name in ("seqAgent", "seqLLMNode") else None
        flow.add(_flowise_step(node, data, kind, type_name))
    for line in list(root.get("edges").elements())[:MAX_LINES]:
        flow.give(line.get("target").text, line.get("source").text)
    yield from flow.facts()


def _flowise_step(node: Node, data: Node, kind: Kind | None, type_name: str) -> Step:
    inputs = data.get("inputs")
    label = data.get("label").text or type_name
    attributes: Attributes = {}
    model = provider = ""
    if kind == Kind.MODEL:
        model = _first(inputs, "modelName", "model", "customModel", "azureOpenAIApiDeploymentName")
        provider = provider_named(re.sub(r"^chat|Chat|Embeddings?\Z|LlamaIndex|_\w+\Z", "", type_name))
        if data.get("category").text == "Embeddings":
            attributes["task"] = "embedding"
    elif kind == Kind.AGENT:
        chosen = named(inputs, "agentModelConfig", "llmModelConfig")
        model = _first(chosen, "modelName", "model")
        provider = provider_named(re.sub(r"^chat", "", _first(inputs, "agentModel", "llmModel")))
    elif kind == Kind.VECTOR_STORE:
        label = re.sub(r"(?:Upsert|Existing|_\w+|Index)\Z", "", type_name).lower()
        attributes["product"] = label
    elif kind == Kind.MCP_SERVER:
        attributes["role"] = "client-config"
    return Step(node.get("id").text, label, node.line, kind, provider, model, attributes, tuple(_prompts(inputs)))


def langflow_facts(file: File, root: Node, source: str) -> Iterator[Fact]:
    """A flow of Langflow; nothing for other JSON."""
    whole = root.get("data") if isinstance(root.get("data").value, dict) else root
    nodes = whole.get("nodes")
    if not any(one.get("data", "node", "template").line for one in nodes.elements()):
        return
    flow = Flow(file, source, "langflow")
    for node in list(nodes.elements())[:MAX_NODES]:
        type_name = node.get("data", "type").text
        template = node.get("data", "node", "template")
        values = Node({key: one.get("value") for key, one in template.entries()}, template.line)
        label = node.get("data", "node", "display_name").text or type_name
        step = Step(node.get("id").text, label, node.line, prompts=tuple(_prompts(values)))
        model = _first(values, "model_name", "model", "model_id", "embedding_model", "azure_deployment")
        base = {one.text for one in node.get("data", "node", "base_classes").elements()}
        stem = _SUFFIX.sub("", type_name)
        if type_name in (
            "Agent",
            "ToolCallingAgent",
            "CSVAgent",
            "JsonAgent",
            "OpenAIToolsAgent",
            "XMLAgent",
            "CrewAIAgentComponent",
        ):
            step.kind, step.model = Kind.AGENT, model
            step.provider = provider_named(_first(values, "agent_llm", "provider"))
        elif base & {"LanguageModel", "Embeddings"} and (model or provider_named(stem)):
            step.kind, step.model = Kind.MODEL, model
            step.provider = provider_named(_first(values, "provider")) or provider_named(stem)
            if "Embeddings" in base:
                step.attributes["task"] = "embedding"
        elif "VectorStore" in base:
            step.kind, step.name = Kind.VECTOR_STORE, stem.lower() or type_name.lower()
            step.attributes["product"] = step.name
        elif type_name in ("MCPTools", "MCP", "MCPSse", "MCPStdio"):
            step.kind, step.attributes["role"] = Kind.MCP_SERVER, "client-config"
        elif "Tool" in base or node.get("data", "node", "tool_mode").value is True:
            step.kind = Kind.TOOL
        flow.add(step)
    for line in list(whole.get("edges").elements())[:MAX_LINES]:
        flow.give(line.get("target").text, line.get("source").text)
    yield from flow.facts()


def dify_facts(file: File, root: Node, source: str) -> Iterator[Fact]:
    """An application of Dify; nothing for other YAML."""
    mode = root.get("app", "mode").text
    if root.get("kind").text != "app" or not mode:
        return
    flow = Flow(file, source, "dify")
    name = root.get("app", "name").text or file.path
    settings = root.get("model_config")
    if settings.get("model", "name").text:
        app = _dify_step("app", name, settings, Kind.AGENT if mode == "agent-chat" else None)
        if len(settings.get("pre_prompt").text) >= MIN_PROMPT:
            app.prompts = (("system", settings.get("pre_prompt").text, settings.get("pre_prompt").line),)
        flow.add(app)
        for tool in settings.get("agent_mode", "tools").elements():
            title = tool.get("tool_name").text or tool.get("tool_label").text
            if title and tool.get("enabled").value is not False:
                flow.add(Step(f"tool {title}", title, tool.line, Kind.TOOL))
                flow.give("app", f"tool {title}")
    for node in list(root.get("workflow", "graph", "nodes").elements())[:MAX_NODES]:
        data = node.get("data")
        title = data.get("title").text or node.get("id").text
        kind = {"agent": Kind.AGENT, "tool": Kind.TOOL, "code": None}.get(data.get("type").text)
        step = _dify_step(node.get("id").text, title, data, kind)
        step.prompts = tuple(
            (one.get("role").text or "template", one.get("text").text, one.get("text").line)
            for one in data.get("prompt_template").elements()
            if len(one.get("text").text) >= MIN_PROMPT
        )[:20]
        flow.add(step)
    yield from flow.facts()


def _dify_step(id: str, title: str, settings: Node, kind: Kind | None) -> Step:
    chosen = settings.get("model")
    if kind == Kind.AGENT and not chosen.get("name").text:
        chosen = settings.get("agent_parameters", "model", "value")
    provider = provider_named(chosen.get("provider").text.rpartition("/")[2])
    name = chosen.get("name").text or chosen.get("model").text
    return Step(id, title, chosen.line or settings.line, kind, provider, "" if is_open(name) else name)


def _first(node: Node, *keys: str) -> str:
    for key in keys:
        value = node.get(key)
        text = value.text
        if not text:  # newer exports keep a list of what is picked
            text = value.get(0, "name").text or value.get("name").text
        if (
            text
            and not is_open(text)
            and (key not in ("model", "modelName") or known_id(text) or re.search(r"[0-9-]", text))
        ):
            return text
    return ""


def _prompts(inputs: Node) -> Iterator[tuple[str, str, int]]:
    for key, role in _PROMPT_INPUTS.items():
        node = inputs.get(key)
        if len(node.text) >= MIN_PROMPT and " " in node.text.strip():
            yield role, node.text, node.line
    for key in ("agentMessages", "llmMessages"):
        for one in inputs.get(key).elements():
            if len(one.get("content").text) >= MIN_PROMPT:
                yield one.get("role").text or "template", one.get("content").text, one.get("content").line
