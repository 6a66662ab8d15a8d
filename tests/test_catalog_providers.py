"""The providers: unique names, key formats that match keys and nothing else, prefixes that say whose a model is."""

import re
import string
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backstay import catalog
from backstay.catalog import Provider
from backstay.secrecy import is_placeholder

PROVIDERS = catalog.providers()
FORMATS = [(provider.name, key) for provider in PROVIDERS for key in provider.keys]
ALNUM = string.ascii_letters + string.digits
LOWER = string.ascii_lowercase + string.digits
HEX = "0123456789abcdef"

# The shapes of keys as the services hand them out, built here so that no key-like text stands in the repository.
SHAPES = {
    "openai": [("sk-" + "proj-", ALNUM + "_-", 120), ("sk-", ALNUM, 48)],
    "anthropic": [("sk-ant-" + "api03-", ALNUM + "_-", 95)],
    "google": [("AI" + "za", ALNUM + "_-", 35)],
    "huggingface": [("hf" + "_", ALNUM, 34)],
    "groq": [("gsk" + "_", ALNUM, 52)],
    "xai": [("xai" + "-", ALNUM, 80)],
    "openrouter": [("sk-or-" + "v1-", HEX, 64)],
    "replicate": [("r8" + "_", ALNUM, 37)],
    "perplexity": [("pplx" + "-", ALNUM, 48)],
    "nvidia": [("nvapi" + "-", ALNUM + "_-", 64)],
    "cerebras": [("csk" + "-", LOWER, 48)],
    "databricks": [("da" + "pi", HEX, 32)],
    "deepseek": [("sk" + "-", HEX, 32)],
    "tavily": [("tvly" + "-", ALNUM, 32)],
    "elevenlabs": [("sk" + "_", HEX, 48)],
    "voyage": [("pa" + "-", ALNUM + "_-", 43)],
}


def sample(prefix: str, alphabet: str, length: int) -> str:
    """A text of a key's shape, mixed as keys are, the same on every run."""
    step = next(n for n in (7, 11, 13, 17) if len(alphabet) % n)
    return prefix + "".join(alphabet[(3 + i * step + i // len(alphabet)) % len(alphabet)] for i in range(length))


@pytest.mark.parametrize("name", SHAPES)
def test_keys_as_the_services_give_them(name: str) -> None:
    for shape in SHAPES[name]:
        key = sample(*shape)
        owners = [one.provider for one in catalog.key_formats() if one.pattern.fullmatch(key)]
        assert owners[:1] == [name], f"{shape[0]}: {owners}"


@pytest.mark.parametrize(("name", "key"), FORMATS)
def test_a_key_format_is_owned_by_its_provider(name: str, key: str) -> None:
    @settings(max_examples=10, deadline=None, derandomize=True, database=None)
    @given(st.from_regex(re.compile(key, re.ASCII), fullmatch=True))
    def check(text: str) -> None:
        owners = [one.provider for one in catalog.key_formats() if one.pattern.fullmatch(text)]
        assert owners[0] == name

    check()


@pytest.mark.parametrize(("name", "key"), FORMATS)
def test_key_formats_take_linear_time(name: str, key: str) -> None:
    assert re.match(r"[A-Za-z0-9_/-]{2,}", key), "begins with a fixed text, which makes the search cheap"
    assert not re.search(r"[)\]}.][*+]|\{\d+,\}", key), "repeats without bound"
    assert not re.search(r"\)\{", key), "a repeated group may hold another repetition"
    assert "\\1" not in key
    re.compile(key)


@pytest.mark.parametrize(
    "text",
    [
        "sk-...", "sk-your-api-key-here", "sk-ant-...", "sk-ant-api03-your-key", "hf_your_token", "<API_KEY>", "EMPTY",
        "${OPENAI_API_KEY}", "your-openai-api-key", "gsk_your_groq_key", "AIzaSy...", "sk-or-v1-...", "sk_live",
        "xai-key", "changeme", "sk-", "r8_", "pplx-", "lsv2_pt_...", "not-needed", "ollama", "sk-1234",
        "hf_" + "x" * 34, "sk-" + "X" * 48, "gsk_" + "1234567890" * 5 + "12",
    ],
)  # fmt: skip
def test_placeholders_are_no_keys(text: str) -> None:
    matched = any(one.pattern.fullmatch(text) for one in catalog.key_formats())
    assert not matched or is_placeholder(text)


def test_there_are_enough() -> None:
    assert len(PROVIDERS) >= 40
    assert all(provider.title for provider in PROVIDERS)


@pytest.mark.parametrize("field", ["hosts", "env", "keys", "models", "aliases"])
def test_nothing_names_two_providers(field: str) -> None:
    counted = Counter(value for provider in PROVIDERS for value in getattr(provider, field))
    assert not [value for value, n in counted.items() if n > 1]


def test_names_and_aliases_are_one_name_space() -> None:
    names = Counter(name.replace("_", "-") for one in PROVIDERS for name in {one.name, *one.aliases})
    assert not [name for name, n in names.items() if n > 1 and name not in _spelled_both_ways()]


def _spelled_both_ways() -> set[str]:
    """An alias may differ from its own provider's name, or from another of its aliases, by `_` and `-` only."""
    found = set()
    for one in PROVIDERS:
        spelled = Counter(name.replace("_", "-") for name in {one.name, *one.aliases})
        found |= {name for name, n in spelled.items() if n > 1}
    return found


@pytest.mark.parametrize("provider", PROVIDERS, ids=lambda one: one.name)
def test_the_forms_of_a_provider(provider: Provider) -> None:
    assert re.fullmatch(r"[a-z0-9]+(?:-[a-z0-9]+)*", provider.name)
    assert all(re.fullmatch(r"\.?[a-z0-9-]+(?:\.[a-z0-9-]+)*(?::\d+)?", host) for host in provider.hosts)
    assert all(re.fullmatch(r"[A-Z][A-Z0-9_]+", name) for name in provider.env)
    assert all(prefix == prefix.lower() and len(prefix) > 1 for prefix in provider.models)


@pytest.mark.parametrize(
    ("model", "provider"),
    [
        ("gpt-4o-mini", "openai"), ("o3-mini", "openai"), ("text-embedding-3-small", "openai"), ("dall-e-3", "openai"),
        ("claude-3-5-sonnet-20241022", "anthropic"), ("gemini-2.0-flash", "google"),
        ("mistral-large-latest", "mistral"),
        ("command-r-plus", "cohere"), ("grok-4", "xai"), ("deepseek-chat", "deepseek"), ("sonar-pro", "perplexity"),
        ("anthropic.claude-3-haiku-20240307-v1:0", "aws-bedrock"), ("us.anthropic.claude-sonnet-4-v1:0", "aws-bedrock"),
        ("accounts/fireworks/models/llama-v3p1-8b", "fireworks"), ("glm-4-plus", "zhipu"),
        ("moonshot-v1-8k", "moonshot"),
        ("voyage-3", "voyage"), ("@cf/meta/llama-3-8b", "cloudflare"), ("jamba-1.5-large", "ai21"),
    ],
)  # fmt: skip
def test_a_models_name_tells_its_provider(model: str, provider: str) -> None:
    assert catalog.provider_of_model(model) == provider


@pytest.mark.parametrize(
    "model",
    ["llama3.1", "meta-llama/Llama-3.3-70B-Instruct", "my-model", "bert-base-uncased", "mixtral-8x7b-32768", ""],
)
def test_open_models_belong_to_nobody(model: str) -> None:
    assert catalog.provider_of_model(model) is None
