"""Keys are told from stand-ins, none is ever kept, and equal keys are recognised by their digest."""

from collections.abc import Iterator
from contextlib import suppress

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backstay import registry
from backstay.detectors.credentials import MAX_CREDENTIALS, detect
from backstay.examine import Examiner
from backstay.model import Asset
from backstay.plugin import Fact, File, UnreadableError
from backstay.secrecy import clean_url, is_key_like, is_placeholder, is_secret_name, looks_random

LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
GROQ = "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"
OPENAI = "sk-proj-Zq8Lw2VbN5tYc7RkX1mJd4HsP0gFa9EuQ3iTo6BvWnMzKyC"


def file(path: str, text: str, key: bytes = b"key") -> File:
    data = text.encode()
    return File(path, data, len(data), "0" * 64, "src", digest_key=key)


def values(path: str, text: str, key: bytes = b"key") -> list[Asset]:
    facts = detect.detect(file(path, text, key))
    return [fact for fact in facts if isinstance(fact, Asset) and fact.attributes["form"] == "value"]


PLACES = {
    "app.py": 'client = Groq(api_key="{0}")\n',
    "app.ts": "const key = '{0}';\n",
    "config.yaml": "groq:\n  api_key: {0}\n",
    "settings.toml": 'api_key = "{0}"\n',
    "run.sh": "export GROQ_API_KEY={0}\n",
    ".env": "GROQ_API_KEY='{0}'\n",
    "curl.md": 'curl -H "Authorization: Bearer {0}" $URL  # API_KEY\n',
    "cell.ipynb": '{{"source": ["key = \\"{0}\\"\\n"]}}',
    "url.txt": "https://api.example.com/?api_key={0}&x=1\n",
    "escaped.json": '{{"log": "line\\n{0}"}}',
}


@pytest.mark.parametrize("path", PLACES)
def test_a_key_is_found_wherever_it_stands(path: str) -> None:
    [found] = values(path, PLACES[path].format(GROQ))
    assert found.attributes["provider"] == "groq"
    assert found.place and found.place.line >= 1


@settings(max_examples=100, deadline=None)
@given(st.text(LETTERS, min_size=52, max_size=52), st.sampled_from(sorted(PLACES)))
def test_random_keys_are_found_and_never_kept(tail: str, path: str) -> None:
    secret = "gsk_" + tail
    found = values(path, PLACES[path].format(secret))
    if not is_placeholder(secret) and is_key_like(secret, "gsk_"):
        assert len(found) == 1
    assert tail not in msgspec.json.encode(found).decode()


MORE_PLACES = {
    ".mcp.json": """{{"mcpServers": {{"a": {{
        "command": "npx", "args": ["-y", "x", "--token", "{0}", "--header", "Authorization: Bearer {0}"],
        "env": {{"K_TOKEN": "{0}"}}}}}}}}""",
    "mcp.json": """{{"servers": {{"b": {{
        "url": "https://u:{0}@h.example/{0}/mcp?key={0}", "headers": {{"Authorization": "Bearer {0}"}}}}}}}}""",
    "compose.yaml": """services:
  a:
    image: vllm/vllm-openai
    command: --api-key {0}
    environment:
      GROQ_API_KEY: {0}
""",
    "Dockerfile": "FROM python:3.12\nENV GROQ_API_KEY={0}\nRUN pip install --index-url https://u:{0}@h.example/ x\n",
    "requirements.txt": "--index-url https://u:{0}@h.example/\nx @ https://u:{0}@h.example/x-1.0-py3-none-any.whl\n",
    "package.json": """{{"dependencies": {{"x": "git+https://u:{0}@h.example/x.git"}}}}""",
    "prompts/system.txt": "You are a bot. Use the key {0} when you answer the user.\n",
    "CLAUDE.md": "Use the key {0} for the service.\n",
    ".claude/agents/a.md": "---\nname: a\ndescription: uses {0}\ntools: Read\n---\nYou use {0}.\n",
}


@pytest.mark.parametrize("path", [*PLACES, *MORE_PLACES])
def test_no_detector_keeps_a_secret(path: str) -> None:
    text = {**PLACES, **MORE_PLACES}[path].format(GROQ)
    examined = Examiner(registry.detectors(), []).examine(file(path, text))
    assert GROQ not in msgspec.json.encode(examined).decode()


def test_equal_keys_share_a_digest_and_another_installation_has_another() -> None:
    [first], [second] = values("a.py", f"api_key = '{OPENAI}'"), values("b/.env", f"OPENAI_API_KEY={OPENAI}")
    [elsewhere] = values("a.py", f"api_key = '{OPENAI}'", key=b"other")
    assert first.key == second.key
    assert first.attributes["digest"] != elsewhere.attributes["digest"]


@pytest.mark.parametrize(
    "value",
    [
        "your-api-key",
        "sk-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "<YOUR_TOKEN>",
        "sk-1234567890abcdef1234567890abcdef",
        "abcdefghijklmnopqrstuvwxyz",
        "0" * 40,
        "${OPENAI_API_KEY}",
        "{{ secret }}",
        "changeme",
        "sk-no-key-required",
        "not-needed",
        "EMPTY",
        "hf_...",
        "AKIAIOSFODNN7EXAMPLE",
    ],
)
def test_stand_ins(value: str) -> None:
    assert is_placeholder(value)
    assert not is_key_like(value)


@pytest.mark.parametrize("value", [GROQ, OPENAI, "d41d8cd98f00b204e9800998ecf8427e", "AKIAQZ7XK2MVNP4TRBW9"])
def test_keys_are_no_stand_ins(value: str) -> None:
    assert not is_placeholder(value)
    assert is_key_like(value)


@pytest.mark.parametrize(
    "name", ["OPENAI_API_KEY", "apiKey", "--api-key", "Authorization", "X-Api-Key", "DB_PASSWORD", "githubToken"]
)
def test_names_of_secrets(name: str) -> None:
    assert is_secret_name(name)


@pytest.mark.parametrize(
    "name", ["max_tokens", "KEY_FILE", "token-limit", "monkey", "keyboard", "author", "TOKEN_URL", "path"]
)
def test_names_of_other_things(name: str) -> None:
    assert not is_secret_name(name)


def test_urls_lose_what_lets_their_bearer_in() -> None:
    assert clean_url("https://ann:pw@Host.example:8443/mcp?key=1#x") == "https://host.example:8443/mcp"
    assert clean_url(f"https://h.example/{GROQ}/sse") == "https://h.example/***/sse"
    assert clean_url("http://[::1]:80/a") == "http://[::1]:80/a"
    assert clean_url("not a url") == clean_url("http://[bad") == ""


@given(st.text(max_size=120))
def test_any_url_is_answered(text: str) -> None:
    for url in (text, "https://" + text, f"https://user:p{text}@host/"):
        cleaned = clean_url(url)
        assert "?" not in cleaned
        assert "user:" not in cleaned


@given(st.text(max_size=80))
def test_judgements_are_total(text: str) -> None:
    assert isinstance(is_placeholder(text), bool)
    assert isinstance(looks_random(text), bool)
    assert isinstance(is_secret_name(text), bool)


def test_a_file_of_keys_is_bounded_and_says_so() -> None:
    lines = [f"k{n} = 'sk-{n * 0x9E3779B97F4A7C15F39CC0605CEDC835 % 2**128:032x}'" for n in range(1, 3_000)]
    facts = detect.detect(file("keys.py", "\n".join(lines)))
    found = [fact for fact in _until_error(facts) if isinstance(fact, Asset)]
    assert len(found) == MAX_CREDENTIALS
    with pytest.raises(UnreadableError):
        list(detect.detect(file("keys.py", "\n".join(lines))))


def _until_error(facts: Iterator[Fact]) -> list[Fact]:
    out: list[Fact] = []
    with suppress(UnreadableError):
        out.extend(facts)
    return out
