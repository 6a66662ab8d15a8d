"""Detector of models and providers in the settings of .NET applications: appsettings.json and local.settings.json."""

import re
from collections.abc import Iterator

from backstay.detectors.support.facts import edge, owner_edge
from backstay.detectors.support.named_models import provider_of_url
from backstay.detectors.support.reading import document
from backstay.documents import Node
from backstay.keys import is_hub_name, model_key, provider_key
from backstay.model import Asset, Attributes, Kind, Level
from backstay.model import RelationshipKind as Edge
from backstay.model_ids import known_id, provider_named
from backstay.plugin import Fact, File, Selector, UnreadableError, detector

_ID = "dotnet-settings"
MAX_SIZE = 400_000  # settings are small; what is larger is data
MAX_KEYS = 5_000
MAX_DEPTH = 12
_SELECTOR = Selector(
    names=frozenset(("local.settings.json",)),
    paths=("**/appsettings*.json", "**/*appsettings.json", "**/settings.AppSettings.json"),
)
# The part of a key that names the provider, without dots and dashes, where it is no name of the catalog.
_PROVIDERS = {
    "openai": "openai",
    "openaiservice": "openai",
    "azureopenai": "azure-openai",
    "azureopenaiservice": "azure-openai",
    "azureopenaitext": "azure-openai",
    "azureopenaichat": "azure-openai",
    "azureopenaiembedding": "azure-openai",
    "azureopenaiembeddings": "azure-openai",
    "aoai": "azure-openai",
    "azureaiinference": "azure-ai",
    "azureaifoundry": "azure-ai",
    "googleai": "google",
    "googlegemini": "google",
    "gemini": "google",
    "vertexai": "vertex-ai",
    "mistralai": "mistral",
    "bedrock": "aws-bedrock",
    "amazonbedrock": "aws-bedrock",
    "githubmodels": "github-models",
}
_MODEL = re.compile(
    r"(?:(?P<task>chat|completions?|chatcompletions?|text|textgeneration|embeddings?|textembeddings?|image|texttoimage|audio|"
    r"whisper|speech|gpt|planner)?(?:model|deployment|modeldeployment)(?:name|id)?|(?:chat|embeddings?)deploymentormodelid|"
    r"deploymentormodelid)\Z"
)
_TASKS = {
    "embedding": "embedding",
    "textembedding": "embedding",
    "image": "image",
    "texttoimage": "image",
    "audio": "speech",
}
_ADDRESS = frozenset(("endpoint", "baseurl", "url", "uri", "baseuri"))
_KEYS = frozenset(("apikey", "key", "accesskey", "apitoken"))
_NAMED = re.compile(r"[\w@][\w.:/@+-]{1,150}\Z")
_BLANK = re.compile(
    r"(?i)your|todo|<|\.\.\.|xxx|placeholder|replace|change|secret|\Aset\b|\Anone\Z|\Anull\Z|\Astring\Z"
)


@detector(_SELECTOR, Kind.MODEL, Kind.PROVIDER)
def detect(file: File) -> Iterator[Fact]:
    if file.binary or file.size > MAX_SIZE:
        return
    try:
        settings = [one for root in document(file) for one in _flat(root, (), 0)]
    except UnreadableError:
        return  # a template of settings, which something else fills in
    groups: dict[tuple[str, ...], list[tuple[str, Node]]] = {}
    for path, node in settings[:MAX_KEYS]:
        groups.setdefault(path[:-1], []).append((path[-1], node))
    for section, found in groups.items():
        yield from _section(file, section, found)


def _flat(node: Node, path: tuple[str, ...], depth: int) -> Iterator[tuple[tuple[str, ...], Node]]:
    """Every setting with the way to it; `A:B` and `A__B` are ways as well."""
    if depth > MAX_DEPTH:
        return
    for key, one in node.entries():
        local = (*path, *(part for part in re.split(r"__|:", key[:200]) if part))
        if isinstance(one.value, dict):
            yield from _flat(one, local, depth + 1)
        elif local and isinstance(one.value, str):
            yield local, one


def _section(file: File, section: tuple[str, ...], found: list[tuple[str, Node]]) -> Iterator[Fact]:
    provider = _provider(section)
    said = {_spelled(key): node for key, node in found}
    for key in _ADDRESS & said.keys():
        known = provider_of_url(said[key].text)
        # Of OpenAI's interface others are spoken to as well; an address that is still to be filled in says nothing.
        if (
            known
            and (provider or "." not in known)
            and provider != "azure-openai"
            and not _BLANK.search(said[key].text)
        ):
            provider = known
    models = [(key, node) for key, node in found if _is_model(key, node, provider)]
    for key, node in models:
        yield from _model(file, key, node, provider)
    if provider and (models or not said.keys().isdisjoint(_ADDRESS | _KEYS)):
        seen = file.evidence(_ID, (models or found)[0][1].line, level=Level.DECLARED, confidence=0.9)
        asset = Asset(provider_key(provider), Kind.PROVIDER, provider, {}, seen)
        yield asset
        yield owner_edge(Edge.USES, asset.key, seen)


def _is_model(key: str, node: Node, provider: str) -> bool:
    """Whether a setting holds a model: by its key in a provider's section, anywhere else by the value too."""
    text = node.text.strip()
    if not _MODEL.match(_spelled(key)) or not _NAMED.match(text) or _BLANK.search(text):
        return False
    return bool(provider) or known_id(text) is not None


def _model(file: File, key: str, node: Node, provider: str) -> Iterator[Fact]:
    name = node.text.strip()
    known = known_id(name) if not provider else None
    provider = provider or (known.vendor if known is not None else "")
    seen = file.evidence(_ID, node.line, level=Level.DECLARED, confidence=0.95)
    hub = provider == "huggingface" and is_hub_name(name)
    attributes: Attributes = {"provider": provider} if provider else {}
    found = _MODEL.match(_spelled(key))
    task = _TASKS.get(((found and found["task"]) or "").removesuffix("s"), "")
    if task or "embedding" in _spelled(key):
        attributes["task"] = task or "embedding"
    asset = Asset(model_key(name, hub=hub), Kind.MODEL, name, attributes, seen)
    yield asset
    yield owner_edge(Edge.USES, asset.key, seen)
    if provider:
        yield edge(provider_key(provider), Edge.SERVES, asset.key, seen)


def _provider(section: tuple[str, ...]) -> str:
    """The provider that the innermost part of a way names."""
    for part in reversed(section):
        spelled = _spelled(part)
        found = _PROVIDERS.get(spelled) or provider_named(spelled)
        if found:
            return found
    return ""


def _spelled(key: str) -> str:
    return re.sub(r"[-_. ]", "", key[:100]).lower()
