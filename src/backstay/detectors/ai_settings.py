"""Detector of models and prompts in settings: YAML, JSON, TOML and .env files whose keys say what they hold."""

import re
from collections.abc import Iterator

from backstay.detectors.support.facts import edge, owner_edge
from backstay.detectors.support.prompts import looks_like_prompt, prompt
from backstay.detectors.support.reading import document
from backstay.detectors.support.settings import setting_model
from backstay.detectors.support.toml_lines import toml_node
from backstay.documents import Node
from backstay.keys import is_hub_name, model_key, provider_key
from backstay.model import Asset, Attributes, Kind, Level
from backstay.model import RelationshipKind as Edge
from backstay.model_ids import ModelId, holds_model, is_about_models, known_id, routed_id, words
from backstay.plugin import Fact, File, Selector, UnreadableError, detector

_ID = "ai-settings"
MAX_SIZE = 400_000  # settings are small; what is larger is data
MAX_MODELS = 60  # of one file; a longer list is a catalog of what exists, not of what is used
MAX_DEPTH = 8
MIN_PROMPT = 80
_DOCUMENTS = (".yaml", ".yml", ".json", ".jsonc", ".toml")
_SELECTOR = Selector(
    names=frozenset({".env"}),
    suffixes=(".env",),
    paths=("**/.env.*", "**/.env-*"),
    contains=(b"model", b"MODEL", b"Model", b"llm", b"LLM", b"prompt", b"system_", b"instructions"),
    within=_DOCUMENTS,
)
# Files that list packages or schemas, records of what models said, and texts of user interfaces: no settings.
_NO_SETTINGS = re.compile(
    r"(?:\A|/)(?:node_modules|(?:[\w-]{0,40}[_-])?(?:results?|outputs?|logs?)|runs|data|datasets?|locales?|i18n|translations|lang|languages|"
    r"trajectories|traces|cassettes|snapshots?|tests?|__tests__|fixtures|testdata|site-packages)/|"
    r"(?:\A|/)(?:package(?:-lock)?|tsconfig[\w.-]*|pyproject|composer|openapi|swagger|renovate|mkdocs|_quarto|"
    r"tokenizer[\w.-]*|config_sentence_transformers|special_tokens_map|modules|adapter_config|generation_config)"
    r"\.(?:json|toml|ya?ml)\Z|[._-](?:schema|lock|results?|outputs?|log|openapi)\.(?:json|ya?ml|toml)\Z|"
    r"20[0-9]{2}-?[01][0-9]-?[0-3][0-9][^/]*\Z",
    re.IGNORECASE,
)
# Prompts there are found as prompts in files.
_OTHERS = re.compile(r"(?:\A|/)[^/]*prompts?[^/]*(?:/|\Z)", re.IGNORECASE)
_LINE = re.compile(r"\s*(?:export\s+)?([A-Za-z_]\w{0,80})\s*=\s*[\"']?([^\s\"'#]{2,160})")
_PROMPT_WORDS = frozenset(("prompt", "instructions", "instruction"))
_TEXT_WORDS = frozenset(("system", "instance"))


@detector(_SELECTOR, Kind.MODEL, Kind.PROVIDER, Kind.PROMPT)
def detect(file: File) -> Iterator[Fact]:
    name = file.name.lower()
    if file.binary or file.size > MAX_SIZE or _NO_SETTINGS.search(file.path):
        return
    found = _Found(file)
    if not name.endswith(_DOCUMENTS):
        for number, line in enumerate(file.text.splitlines(), 1):
            match = _LINE.match(line)
            if match:
                found.value(match[1], Node(match[2], number))
    else:
        try:
            roots = [toml_node(file)] if name.endswith(".toml") else document(file)
        except UnreadableError:
            return  # templates of documents; nothing says that they are ours
        for root in roots:
            found.walk(root, "", 0)
    yield from found.facts()


class _Found:
    def __init__(self, file: File) -> None:
        self.file = file
        self.models: dict[str, list[Fact]] = {}
        self.prompts: list[tuple[str, Node]] = []
        self.own_prompts = not _OTHERS.search(file.path)

    def walk(self, node: Node, path: str, depth: int) -> None:
        """Every key of a document, with the place it stands in."""
        if depth > MAX_DEPTH:
            return
        beside = dict(node.entries())
        for key, one in beside.items():
            local = f"{path}.{key}" if path else key
            if isinstance(one.value, dict):
                if not is_about_models(key):
                    self.walk(one, local, depth + 1)
            elif isinstance(one.value, list):
                for item in one.elements():
                    if item.text:
                        self.value(key, item, path)
                    else:
                        self.walk(item, f"{local}[]", depth + 1)
            elif one.text:
                self.value(key, one, path)
                recorded = "[]" in path and not self.file.name.lower().endswith((".yaml", ".yml"))
                if self.own_prompts and not recorded and _is_prompt(key, one.text) and len(self.prompts) < 200:
                    self.prompts.append((local, one))
        if not beside:
            for number, item in enumerate(node.elements()):
                if number < 2 * MAX_MODELS:
                    self.walk(item, path, depth + 1)

    def value(self, key: str, node: Node, path: str = "") -> None:
        """A text under a key: a model, if the key says so and the text is the id of one."""
        routed = path.endswith("litellm_params")
        found = (routed_id if routed else known_id)(node.text) if holds_model(key) and len(node.text) < 160 else None
        if found is None and len(self.models) <= MAX_MODELS:
            # Under some names any repository of the hub is a model, whoever's it is.
            asset = setting_model(self.file, key, node.text, node.line, _ID)
            if asset is not None:
                self.models.setdefault(asset.name, []).extend((asset, owner_edge(Edge.USES, asset.key, asset.evidence)))
        if found is None or len(self.models) > MAX_MODELS:
            return
        provider = found.prefix if routed or found.prefix == found.vendor else ""
        self.models.setdefault(found.name, []).extend(self._model(found, node, provider or found.vendor, routed))

    def _model(self, found: ModelId, node: Node, provider: str, routed: bool) -> Iterator[Fact]:
        seen = self.file.evidence(_ID, node.line, level=Level.DECLARED, confidence=0.85)
        hub = not found.vendor and not found.prefix and is_hub_name(found.name)
        attributes: Attributes = {}
        if provider:
            attributes["provider"] = provider
        if hub:
            attributes["hub"] = "huggingface"
        asset = Asset(model_key(found.name, hub=hub), Kind.MODEL, found.name, attributes, seen)
        yield asset
        yield owner_edge(Edge.USES, asset.key, seen)
        if routed and provider:
            seller = Asset(provider_key(provider), Kind.PROVIDER, provider, {}, seen)
            yield seller
            yield owner_edge(Edge.USES, seller.key, seen)
            yield edge(seller.key, Edge.SERVES, asset.key, seen)

    def facts(self) -> Iterator[Fact]:
        if len(self.models) <= MAX_MODELS:
            for facts in self.models.values():
                yield from facts
        for local, node in self.prompts:
            role = "system" if "system" in words(local) else "template"
            asset = prompt(self.file, _ID, node.text, role, node.line, local)
            yield asset
            yield owner_edge(Edge.USES, asset.key, asset.evidence, role=role)


def _is_prompt(key: str, text: str) -> bool:
    found = set(words(key))
    if "description" in found or len(text) < MIN_PROMPT:
        return False
    named = found & _PROMPT_WORDS or (found & _TEXT_WORDS and found & {"template", "message", "text"})
    return bool(named) and looks_like_prompt(text)
