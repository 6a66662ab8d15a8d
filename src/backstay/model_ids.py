"""Model ids in plain text: which texts are ids of known models, and which names of settings hold one."""

import re
from functools import cache
from typing import NamedTuple

from backstay import catalog

_SHAPE = re.compile(r"[A-Za-z0-9@][\w.:/@+-]{1,150}\Z")
_FILE = re.compile(
    r"\.(?:json|ya?ml|toml|txt|md|py|html?|csv|png|jpe?g|svg|log|js|ts|sh|com|org|llamafile|gguf|ggml|bin|pt|onnx)\Z",
    re.IGNORECASE,
)
# Families of open models, which many providers serve: no prefix of these names a provider.
_OPEN = re.compile(
    r"(?:meta-)?(?:code)?llama-?[2-9]|mi[sx]tral-[0-9]|mixtral-|gemma-?[0-9]|qwen-?[0-9]|qwq-|phi-?[2-9]|"
    r"deepseek-(?:v[0-9]|r[0-9]|coder)|gpt-oss|nomic-embed|mxbai-embed|bge-[a-z0-9]|all-minilm-|all-mpnet-|"
    r"paraphrase-|multi-qa-|e5-(?:small|base|large)|multilingual-e5|gte-(?:small|base|large)|"
    r"claude-|gemini-|stable-diffusion-|whisper-(?:tiny|base|small|medium|large)",
    re.IGNORECASE,
)
# Products that are called like the models they run.
_PRODUCTS = frozenset(("claude-code", "claude-desktop", "claude-agent-sdk", "gemini-cli", "gpt-researcher"))
# Who publishes open models under the name that its service goes by: `google/gemma-2-9b-it` is on the hub.
_PUBLISHERS = frozenset(("meta-llama", "mistralai", "deepseek-ai", "qwen", "google", "microsoft", "nvidia", "openai"))
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
_MODEL_WORDS = frozenset(
    ("model", "models", "llm", "llms", "embedding", "embeddings", "embedder", "deployment", "engine", "reranker")
)
# What is said *about* models under their names: prices, limits, encodings. Such a table is no choice of a model.
_ABOUT = (
    frozenset(("cost", "costs", "price", "prices", "pricing", "token", "tokens", "limit", "limits", "rate", "rates"))
    | frozenset(("context", "window", "max", "length", "size", "sizes", "dim", "dims", "dimension", "dimensions"))
    | frozenset(("encoding", "encodings", "tokenizer", "support", "supports", "no", "not", "without", "temperature"))
    | frozenset(("capabilities", "test", "mock", "fake", "deprecated", "unsupported", "blocked", "excluded"))
    | frozenset(("regex", "pattern"))
)


class ModelId(NamedTuple):
    """A model's id without the provider before it. `vendor` is who alone makes it, `prefix` who is named before it."""

    name: str
    vendor: str
    prefix: str


def known_id(text: str) -> ModelId | None:
    """The model that a text is the id of, whole; None for anything else, however like an id it looks."""
    text = text.strip()
    if not _SHAPE.match(text) or _FILE.search(text) or text.lower() in _PRODUCTS:
        return None
    prefix, name = _split(text)
    name = name.removeprefix("models/")  # how Google's own service spells its ids
    tail = name.rpartition("/")[2]
    vendor = catalog.provider_of_model(name) or catalog.provider_of_model(tail) or ""
    if not (vendor or _OPEN.match(tail)) or not re.search(r"[0-9-]", tail):
        return None
    return ModelId(name, vendor, prefix)


def routed_id(text: str) -> ModelId | None:
    """The model of `provider/name`, as routers between providers write it, or of a known id; None for anything else."""
    text = text.strip()
    known = known_id(text)
    if known is not None:
        return known
    prefix, name = _split(text)
    return ModelId(name, "", prefix) if prefix and _SHAPE.match(name) and not _FILE.search(name) else None


def provider_named(name: str) -> str:
    """The provider that a text names or spells otherwise ("OpenAI", "azure_openai"); empty for anybody else."""
    spelled = re.sub(r"[ _]", "-", name.strip().lower())
    return _providers().get(spelled) or _providers().get(spelled.replace("-", "")) or ""


def looks_like_id(text: str) -> bool:
    """Whether a text that stands where ids of models stand can be one."""
    return bool(_SHAPE.match(text)) and bool(re.search(r"[0-9-]", text)) and not _FILE.search(text)


def words(name: str) -> list[str]:
    """The words of a name, in lower case: `chatModelName` and `CHAT_MODEL_NAME` alike."""
    return [word.lower() for word in _WORD.findall(name[:120])]


def holds_model(name: str) -> bool:
    """Whether a variable, parameter or key of this name holds a model's id."""
    found = words(name)
    return not _MODEL_WORDS.isdisjoint(found) and _ABOUT.isdisjoint(found)


def is_about_models(name: str) -> bool:
    """Whether a name says a fact about models (price, limit) instead of which one."""
    return not _ABOUT.isdisjoint(words(name))


def _split(text: str) -> tuple[str, str]:
    match = re.match(r"([A-Za-z0-9_.-]{2,40})[/:](.+)", text)
    if match:
        provider = _providers().get(match[1].lower().replace("_", "-"))
        if provider and not (match[1].lower() in _PUBLISHERS and catalog.provider_of_model(match[2]) is None):
            return provider, match[2]
    return "", text


@cache
def _providers() -> dict[str, str]:
    found: dict[str, str] = {}
    for provider in catalog.providers():
        for name in (provider.name, *provider.aliases):
            found.setdefault(name.lower().replace("_", "-"), provider.name)
    return found
