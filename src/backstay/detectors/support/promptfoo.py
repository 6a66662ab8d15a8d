"""promptfoo's configuration: an evaluation with its models and its prompts."""

from collections.abc import Iterator

from backstay.detectors.support import facts
from backstay.detectors.support.facts import edge, owner_edge
from backstay.detectors.support.prompts import prompt
from backstay.detectors.support.reading import document, named
from backstay.documents import Node
from backstay.keys import model_key
from backstay.model import Asset, Kind
from backstay.model import RelationshipKind as Edge
from backstay.plugin import Fact, File

# Words between provider and model in promptfoo's provider ids (`openai:chat:gpt-4.1`).
_KINDS = frozenset(
    {"chat", "messages", "completion", "embedding", "embeddings", "responses", "image", "realtime", "assistant"}
)
_OURS = frozenset(
    {"file", "exec", "http", "https", "python", "package", "webhook", "websocket", "promptfoo", "manual-input", "echo"}
)
# promptfoo's names of providers that the catalog calls differently.
_PROVIDERS = {
    "bedrock": "aws-bedrock",
    "azureopenai": "azure-openai",
    "azure": "azure-openai",
    "vertex": "vertex-ai",
    "huggingface": "huggingface",
}


def promptfoo_facts(file: File, source: str) -> Iterator[Fact]:
    """The evaluation as a pipeline, the models it runs and the prompts written into it."""
    for root in document(file):
        providers, prompts = named(root, "providers", "targets"), root.get("prompts")
        if not providers.line or not (prompts.line or root.get("tests").line or root.get("redteam").line):
            continue
        seen = file.evidence(source, root.line)
        key = file.urn(Kind.PIPELINE, file.path)
        yield Asset(key, Kind.PIPELINE, file.path, {"task": "evaluation", "path": file.path}, seen)
        yield owner_edge(Edge.USES, key, seen)
        for node in _each(providers):
            model = _model(file, source, node)
            if model:
                yield model
                yield edge(key, Edge.USES, model.key, model.evidence)
        for number, node in enumerate(_each(prompts)):
            text = node.text or named(node, "raw", "prompt").text
            if len(text) >= 20 and not text.startswith(("file://", "exec:")) and " " in text.strip():
                asset = prompt(file, source, text, "template", node.line, f"prompts[{number}]")
                yield asset
                yield edge(key, Edge.USES, asset.key, asset.evidence, role="template")


def _each(node: Node) -> Iterator[Node]:
    if node.text:
        yield node
    yield from node.elements()


def _model(file: File, source: str, node: Node) -> Asset | None:
    identifier = node.text or node.get("id").text
    if not identifier and isinstance(node.value, dict) and len(node.value) == 1:
        identifier = next(iter(node.value))  # {"openai:gpt-4.1": {config: ...}}
    provider, *rest = identifier.split(":")
    while rest and rest[0] in _KINDS:
        rest = rest[1:]
    name = node.get("config", "model").text or ":".join(rest)
    if not name or " " in identifier or provider in _OURS:
        return None
    seen = file.evidence(source, node.line)
    hub = provider == "huggingface"
    known = None if hub else facts.known_model(name, seen)
    if known and provider not in _PROVIDERS:
        return known
    name = name.removeprefix("text-generation:") if hub else name
    return Asset(model_key(name, hub=hub), Kind.MODEL, name, {"provider": _PROVIDERS.get(provider, provider)}, seen)
