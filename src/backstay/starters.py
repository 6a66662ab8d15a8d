"""Starters: which models and providers the settings of Spring AI, LangChain4j and Quarkus choose."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from backstay.documents import Node, read_yaml
from backstay.model_ids import provider_named

MAX_KEYS = 5_000
MAX_DEPTH = 30
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
_ABOUT = {
    "model": frozenset(("model", "modelname", "modelid", "deploymentname", "chatmodelid", "embeddingmodelid")),
    "key": frozenset(("apikey", "apitoken")),
    "url": frozenset(("baseurl", "endpoint")),
}
_ID_SHAPE = re.compile(r"[\w@][\w.:/@+-]{1,150}\Z")
_VARIABLE = re.compile(r"\$\{([A-Za-z_]\w{0,100})(?::([^{}]{0,150}))?\}")


class Setting(NamedTuple):
    """One setting of a provider: `about` is "model", "url" or "key", or empty for any other; `value` is as written."""

    about: str
    value: str
    task: str
    line: int

    @property
    def plain(self) -> str:
        """The value, with the default of a placeholder in its place."""
        found = _VARIABLE.fullmatch(self.value.strip())
        return (found[2] or "") if found else self.value.strip()

    @property
    def variable(self) -> str:
        """The environment variable that the value is read from; empty for none."""
        found = _VARIABLE.match(self.value)
        return found[1] if found else ""

    @property
    def names_model(self) -> bool:
        return self.about == "model" and bool(_ID_SHAPE.match(self.plain))


def starters(name: str, text: str) -> list[tuple[str, list[Setting]]]:
    """The settings of each provider in a file of that name. Raises DocumentError for what is no YAML."""
    if name.lower().endswith(".properties"):
        found = list(_properties(text))
    else:
        found = [one for root in read_yaml(text) for one in _flat(root, "", 0)]
    groups: dict[tuple[str, str], list[Setting]] = {}
    for key, node in found[:MAX_KEYS]:
        group = _group(key)
        if group is not None:
            last = key.rpartition(".")[2].replace("-", "").replace("_", "").lower()
            about = next((about for about, keys in _ABOUT.items() if last in keys), "")
            groups.setdefault(group, []).append(Setting(about, node.text, _task(key), node.line))
    return [(provider, settings) for (_, provider), settings in groups.items()]


def provider_spelled(name: str) -> str:
    """The provider that starters and their settings spell so (`mistral-ai`, `azure.openai`); empty for anybody else."""
    spelled = re.sub(r"[.-]", "", name).lower()
    return _PROVIDERS.get(spelled) or provider_named(spelled)


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
            provider = provider_spelled("".join(parts[start : start + length]))
            if provider and len(parts) > start + length:
                return ".".join([plain[: -len(found[1])], *parts[: start + length]]), provider
    return None


def _task(key: str) -> str:
    for part in reversed(key.split(".")):
        task = _TASKS.get(part.replace("-", "").lower().removesuffix("model"))
        if task:
            return task
    return ""
