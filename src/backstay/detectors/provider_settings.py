"""Detector of settings that name providers, each with its address or key and the models to choose from."""

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from backstay import catalog
from backstay.detectors.support.facts import credential_reference, edge, owner_edge
from backstay.detectors.support.reading import document
from backstay.detectors.support.toml_lines import toml_node
from backstay.documents import Node
from backstay.keys import model_key, provider_key
from backstay.model import Asset, Kind, Level
from backstay.model import RelationshipKind as Edge
from backstay.model_ids import looks_like_id, provider_named
from backstay.placement import placement_of
from backstay.plugin import Fact, File, Selector, UnreadableError, detector

_ID = "provider-settings"
MAX_SIZE = 400_000  # settings are small; what is larger is data
MAX_MODELS = 300  # of one file; a longer list is a catalog of what exists, not of what may be used
MAX_DEPTH = 8
_ADDRESS = ("base-url", "base_url", "baseURL", "baseUrl", "api_base", "api-base", "apiBase", "url", "endpoint")
_KEYS = ("api-key", "api_key", "apiKey", "api-key-env", "api_key_env", "apiKeyEnv", "env")
_LISTS = ("models", "chat_models", "embedding_models", "deployments")
_VARIABLE = re.compile(r"(?:\$\{?(?:env:)?)?([A-Z][A-Z0-9_]{3,80})\}?")  # a variable's name, or a reference to it
_NAMES = ("type", "provider", "name", "id", "title")
_HERE = ("localhost", "127.", "0.0.0.0", "[::1]", "host.docker.internal")  # noqa: S104 - compared, not bound
_IDS = ("id", "model", "name", "model_name", "modelName", "slug")
_SELECTOR = Selector(
    contains=tuple(key.encode() for key in _ADDRESS[:7]),
    within=(".yaml", ".yml", ".json", ".jsonc", ".toml"),
)


@detector(_SELECTOR, Kind.MODEL, Kind.PROVIDER, Kind.CREDENTIAL)
def detect(file: File) -> Iterator[Fact]:
    if file.binary or file.size > MAX_SIZE or placement_of(file.path) == "test":
        return
    try:
        roots = [toml_node(file)] if file.name.lower().endswith(".toml") else document(file)
    except UnreadableError:
        return  # templates of documents; nothing says that they are ours
    found = [one for root in roots for one in _providers(root, "", 0, False)]
    if sum(len(models) for _, _, models in found) <= MAX_MODELS:
        for name, node, models in found:
            yield from _facts(file, name, node, models)


def _providers(node: Node, key: str, depth: int, among: bool) -> Iterator[tuple[str, Node, list[tuple[str, int]]]]:
    """Every mapping that has an address or key, and models: the provider's name, the mapping, ids with lines.

    One that stands `among` such mappings needs neither if it goes by the name of a provider.
    """
    if depth > MAX_DEPTH:
        return
    beside = dict(node.entries())
    models = [one for name in _LISTS if name in beside for one in _models(beside[name], 0)]
    name = ""
    if models and (_reached(beside) or (among and provider_named(key))):
        name = _provider(beside, key)
    if name:
        yield name, node, models
        return
    some = any(_reached(dict(one.entries())) for one in beside.values())
    for inner, one in beside.items():
        yield from _providers(one, inner, depth + 1, some)
    for one in node.elements():
        yield from _providers(one, key, depth + 1, False)


def _reached(beside: dict[str, Node]) -> bool:
    """Whether a mapping says how something is reached: an address, or a key for it."""
    return not beside.keys().isdisjoint((*_ADDRESS, *_KEYS))


def _provider(beside: dict[str, Node], key: str) -> str:
    """Who is called: whose host that is, or the host itself; on this machine or without one, by the name."""
    address = next((beside[one].text for one in _ADDRESS if one in beside and beside[one].text), "")
    host = _host(address)
    local = host.startswith(_HERE)
    known = _known_host(host)
    if known and not local:
        return known
    named = (provider_named(name) for name in (key, *(beside[one].text for one in _NAMES if one in beside)))
    name = next((one for one in named if one), "")
    if local or "." not in host:
        return name or known
    return host.partition(":")[0]


def _known_host(host: str) -> str:
    for one in catalog.providers():
        if host and any(host == known or (known[0] == "." and host.endswith(known)) for known in one.hosts):
            return one.name
    return ""


def _host(address: str) -> str:
    """Host, and port where one is given, of an address that is plain; empty for a template."""
    try:
        return urlsplit(address).netloc.rpartition("@")[2].lower() if not set(address) & set("${}<>") else ""
    except ValueError:
        return ""


def _models(node: Node, depth: int) -> Iterator[tuple[str, int]]:
    """The ids in a mapping by id, or in a list of ids or of records."""
    if depth > 2:
        return
    if node.text:
        yield from [(node.text, node.line)] if _is_id(node.text) else []
    for key, one in node.entries():
        if isinstance(one.value, list):  # `models: { default: [...] }`
            yield from _models(one, depth + 1)
        elif _is_id(key):
            # The key's own line: that of its value, which may begin on the next one.
            yield key, one.line if not isinstance(one.value, dict) else max(1, one.line - 1)
    for one in node.elements():
        record = dict(one.entries())
        named = next((record[key] for key in _IDS if key in record and _is_id(record[key].text)), None)
        if named is not None:
            yield named.text, named.line
        elif not record:
            yield from _models(one, depth + 1)


def _is_id(text: str) -> bool:
    return looks_like_id(text) and not text.isdigit() and "://" not in text


def _facts(file: File, name: str, node: Node, models: list[tuple[str, int]]) -> Iterator[Fact]:
    seen = file.evidence(_ID, max(1, node.line), level=Level.DECLARED, confidence=0.9)
    provider = Asset(provider_key(name), Kind.PROVIDER, name, {}, seen)
    yield provider
    yield owner_edge(Edge.USES, provider.key, seen)
    for key in _KEYS:
        variable = _VARIABLE.fullmatch(node.get(key).text)
        if variable:
            at = file.evidence(_ID, node.get(key).line, level=Level.DECLARED)
            credential = credential_reference(file, variable[1], at)
            yield credential
            yield owner_edge(Edge.USES, credential.key, at)
    for id, line in models:
        at = file.evidence(_ID, line, level=Level.DECLARED, confidence=0.9)
        model = Asset(model_key(id), Kind.MODEL, id, {"provider": name}, at)
        yield model
        yield owner_edge(Edge.USES, model.key, at)
        yield edge(provider.key, Edge.SERVES, model.key, at)
