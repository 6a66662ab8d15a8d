"""Detector of models and providers in the settings of Spring AI, LangChain4j and Quarkus."""

import re
from collections.abc import Iterator

from backstay.detectors.support.facts import credential_reference, edge, owner_edge
from backstay.detectors.support.named_models import provider_of_url
from backstay.detectors.support.reading import yaml_documents
from backstay.documents import Node
from backstay.keys import is_hub_name, model_key, provider_key
from backstay.model import Asset, Attributes, Kind, Level
from backstay.model import RelationshipKind as Edge
from backstay.model_ids import provider_named
from backstay.plugin import Fact, File, Selector, UnreadableError, detector

_ID = "spring-settings"
MAX_SIZE = 400_000  # settings are small; what is larger is data
MAX_KEYS = 5_000
MAX_DEPTH = 30
_SELECTOR = Selector(
    names=frozenset(("microprofile-config.properties",)),
    paths=("**/application*.properties", "**/application*.yml", "**/application*.yaml", "**/bootstrap.yml"),
)
# The part of a key that names the provider, without its dashes and dots, where it is no name of the catalog.
_PROVIDERS = {
    "openai": "openai",
    "openaisdk": "openai",
    "openaiofficial": "openai",
    "azureopenai": "azure-openai",
    "mistralai": "mistral",
    "vertexaigemini": "vertex-ai",
    "vertexai": "vertex-ai",
    "vertexaiembedding": "vertex-ai",
    "googlegenai": "google",
    "googleaigemini": "google",
    "aigemini": "google",
    "gemini": "google",
    "bedrock": "aws-bedrock",
    "bedrockconverse": "aws-bedrock",
    "bedrocktitan": "aws-bedrock",
    "bedrockcohere": "aws-bedrock",
    "huggingface": "huggingface",
    "zhipuai": "zhipu",
    "stabilityai": "stability",
    "ocigenai": "oracle",
    "voyageai": "voyage",
    "githubmodels": "github-models",
    "workersai": "cloudflare",
    "dashscope": "dashscope",
}
_ROOT = re.compile(r"(?:spring\.ai|quarkus\.langchain4j|langchain4j)\.(.{1,200})\Z")
_TASKS = {
    "chat": "chat",
    "streamingchat": "chat",
    "language": "chat",
    "embedding": "embedding",
    "image": "image",
    "scoring": "rerank",
    "moderation": "classification",
    "audio": "speech",
}
_MODEL_KEYS = frozenset(("model", "modelname", "modelid", "deploymentname", "chatmodelid", "embeddingmodelid"))
_KEY_KEYS = frozenset(("apikey", "apitoken"))
_URL_KEYS = frozenset(("baseurl", "endpoint"))
_ID_SHAPE = re.compile(r"[\w@][\w.:/@+-]{1,150}\Z")
_VARIABLE = re.compile(r"\$\{([A-Za-z_]\w{0,100})(?::([^{}]{0,150}))?\}")


@detector(_SELECTOR, Kind.MODEL, Kind.PROVIDER, Kind.CREDENTIAL)
def detect(file: File) -> Iterator[Fact]:
    if file.binary or file.size > MAX_SIZE:
        return
    if file.name.lower().endswith(".properties"):
        settings = list(_properties(file.text))
    else:
        try:
            settings = [one for root in yaml_documents(file) for one in _flat(root, "", 0)]
        except UnreadableError:
            return  # a template of settings, which something else fills in
    groups: dict[tuple[str, str], list[tuple[str, Node]]] = {}
    for key, node in settings[:MAX_KEYS]:
        group = _group(key)
        if group is not None:
            groups.setdefault(group, []).append((key, node))
    for (_, provider), found in groups.items():
        yield from _facts(file, provider, found)


def _properties(text: str) -> Iterator[tuple[str, Node]]:
    """Keys and values of a properties file."""
    for number, line in enumerate(text.splitlines(), 1):
        key, sign, value = line.strip().partition("=")
        if not sign:
            key, sign, value = line.strip().partition(":")
        if sign and not key.startswith(("#", "!")) and len(line) < 2_000:
            yield key.strip(), Node(value.strip(), number)


def _flat(node: Node, path: str, depth: int) -> Iterator[tuple[str, Node]]:
    if depth > MAX_DEPTH:
        return
    for key, one in node.entries():
        local = f"{path}.{key}" if path else key
        if isinstance(one.value, dict):
            yield from _flat(one, local, depth + 1)
        elif one.text:
            yield local, one


def _group(key: str) -> tuple[str, str] | None:
    """The settings that a key belongs to, and the provider they are of; None for a key that is none of ours."""
    plain = key[key.startswith("%") and key.find(".") + 1 :]  # a profile of Quarkus stands before it
    found = _ROOT.match(plain)
    if found is None:
        return None
    parts = [part.strip("\"'") for part in found[1].split(".")]
    # A model of its own name may stand between: quarkus.langchain4j.<name>.openai.chat-model.model-name
    for start in range(min(2, len(parts) - 1)):
        for length in (2, 1):
            spelled = "".join(parts[start : start + length]).replace("-", "").lower()
            provider = _PROVIDERS.get(spelled) or provider_named(spelled)
            if provider and len(parts) > start + length:
                return ".".join([plain[: -len(found[1])], *parts[: start + length]]), provider
    return None


def _facts(file: File, provider: str, found: list[tuple[str, Node]]) -> Iterator[Fact]:
    seller = provider
    for key, node in found:
        if _last(key) in _URL_KEYS:
            address = _value(node.text)
            seller = provider_of_url(address) or seller if provider != "azure-openai" else seller
    named = False
    for key, node in found:
        seen = file.evidence(_ID, node.line, level=Level.DECLARED, confidence=0.95)
        if _last(key) in _MODEL_KEYS and _ID_SHAPE.match(_value(node.text)):
            named = True
            yield from _model(file, _value(node.text), seller, _task(key), node)
        elif _last(key) in _KEY_KEYS:
            variable = _VARIABLE.match(node.text)
            if variable:
                credential = credential_reference(file, variable[1], seen)
                yield credential
                yield owner_edge(Edge.USES, credential.key, seen)
            named = named or bool(node.text)
    if named:
        seen = file.evidence(_ID, found[0][1].line, level=Level.DECLARED, confidence=0.9)
        asset = Asset(provider_key(seller), Kind.PROVIDER, seller, {}, seen)
        yield asset
        yield owner_edge(Edge.USES, asset.key, seen)


def _model(file: File, name: str, provider: str, task: str, node: Node) -> Iterator[Fact]:
    seen = file.evidence(_ID, node.line, level=Level.DECLARED, confidence=0.95)
    hub = provider == "huggingface" and is_hub_name(name)
    attributes: Attributes = {"provider": provider}
    if task:
        attributes["task"] = task
    if hub:
        attributes["hub"] = "huggingface"
    asset = Asset(model_key(name, hub=hub), Kind.MODEL, name, attributes, seen)
    yield asset
    yield owner_edge(Edge.USES, asset.key, seen)
    yield edge(provider_key(provider), Edge.SERVES, asset.key, seen)


def _last(key: str) -> str:
    """The last part of a key, in the spelling that all of them have in common."""
    return key.rpartition(".")[2].replace("-", "").replace("_", "").lower()


def _task(key: str) -> str:
    for part in reversed(key.split(".")):
        task = _TASKS.get(part.replace("-", "").lower().removesuffix("model"))
        if task:
            return task
    return ""


def _value(text: str) -> str:
    """A value, with the default of a placeholder in its place."""
    found = _VARIABLE.fullmatch(text.strip())
    return (found[2] or "") if found else text.strip()
