"""Models: what a model's name says, whose it is, and which names are none."""

import re
from functools import cache
from urllib.parse import urlsplit

from backstay import catalog
from backstay.keys import is_hub_name

_NAME = re.compile(r"[A-Za-z0-9@][\w.:/@+-]{0,150}\Z")
_NO_NAMES = frozenset(("default", "local", "auto", "none"))  # what frameworks take for "choose yourself"
_FILE = re.compile(
    r"\.(?:pt|pth|bin|ckpt|pkl|pickle|joblib|onnx|gguf|ggml|h5|keras|safetensors|tflite|pb|mar|npz?|sav)\Z", re.I
)


# What stands where a model's id stands when there is none, or when another one decides.
_NO_NAMES = frozenset(
    ("custom", "default", "none", "null", "auto", "model", "models", "unknown", "embeddings", "embedding")
)
# A host with a dot or a port, and a path perhaps.
_HOST = re.compile(
    r"(?:localhost|[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63}){0,8}(?:\.[a-z]{2,24}|\.[0-9]{1,3}|(?=:)))(?::[0-9]{1,5})?(?:/.{0,300})?"
)


def is_model_name(name: str) -> bool:
    """Whether text can be a model's id: no blanks, no path, no URL, no placeholder."""
    if name.lower() in _NO_NAMES:
        return False
    if name.lower() in _NO_NAMES:
        return False
    if name.startswith("https://"):
        return len(name) < 200 and not any(char.isspace() for char in name)
    return bool(_NAME.match(name)) and not is_path(name) and "://" not in name and not name.startswith(("your", "<"))


def is_path(name: str) -> bool:
    """Whether text names a local file or folder rather than a model on a hub."""
    return name.startswith(("./", "../", "/", "~", ".\\")) or bool(_FILE.search(name)) or name.endswith("/")


def split_prefix(name: str) -> tuple[str, str]:
    """Provider and model of `anthropic/claude-...` or `openai:gpt-...`; no provider when the head is none."""
    match = re.match(r"([A-Za-z0-9_.-]+)[/:](.+)", name)
    if match:
        provider = _prefixes().get(match[1].lower().replace("_", "-"))
        if provider:
            return provider, match[2]
    return "", name


def provider_called(name: str) -> str:
    """The provider of a name or alias; empty when there is none."""
    return _prefixes().get(name.lower().replace("_", "-"), "")


@cache
def _prefixes() -> dict[str, str]:
    found: dict[str, str] = {}
    for provider in catalog.providers():
        for name in (provider.name, *provider.aliases):
            found.setdefault(name.lower().replace("_", "-"), provider.name)
    return found


def is_address(text: str) -> bool:
    """Whether a text is a URL or a plain host; a key that stands where an address could is neither."""
    return "://" in text or _HOST.fullmatch(text) is not None


def provider_of_url(url: str) -> str:
    """The provider whose host a URL names; an unknown host is its own provider; empty when there is no host."""
    try:
        host = (urlsplit(url if "://" in url else f"//{url}").hostname or "").lower()
    except ValueError:
        return ""
    if not host:
        return ""
    below = ""  # the provider of a domain around the host; one that has just this host knows better
    for provider in catalog.providers():
        for known in provider.hosts:
            # `localhost:11434` names a port as well
            name, _, port = known.partition(":")
            if port and f":{port}" not in url:
                continue
            if host == name:
                return provider.name
            if name.startswith(".") and host.endswith(name):
                below = below or provider.name
    return below or host


def provider_of_model(name: str) -> str:
    """The only provider that makes models of this name, if the catalog knows one."""
    lowered = name.lower()
    for provider in catalog.providers():
        if any(lowered.startswith(prefix.lower()) for prefix in provider.models):
            return provider.name
    return ""


# Those who sell only what they make themselves.
_OWN_ONLY = frozenset(("openai", "anthropic", "google", "mistral", "cohere", "deepseek", "xai", "moonshot", "voyage"))


def sold_by(name: str, provider: str) -> bool:
    """Whether a provider can serve a model: `claude-...` never comes from OpenAI, whatever value may get there."""
    if provider not in _OWN_ONLY:
        return True
    maker = provider_of_model(name)
    return maker == provider or maker not in _OWN_ONLY


def on_hub(name: str, hub: bool) -> bool:
    """Whether a model's name is that of a repository on the hub."""
    return hub and is_hub_name(name)
