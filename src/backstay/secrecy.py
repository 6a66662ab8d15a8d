"""Telling secrets from placeholders, without ever giving a secret away."""

import math
import re
from collections import Counter
from itertools import pairwise
from urllib.parse import urlsplit, urlunsplit

_WORDS = re.compile(
    r"your|example|placeholder|changeme|change[-_]me|replace|insert|redacted|dummy|sample|fake|todo|secret[-_]?here|"
    r"key[-_]?here|token[-_]?here|xxxx|\*\*\*|\.\.\.|…|<[^>]{0,80}>|\{\{|\$\{|\$\(|%[A-Z_]{1,80}%|"
    r"not[-_ ]?(?:needed|used|required|set)|test[-_]?key|no[-_]?key|unused|anything",
    re.IGNORECASE,
)
_SECRET_NAME = re.compile(
    r"(?:^|[_.-])(?:api[_-]?key|apikey|key|token|secret|password|passwd|pwd|pat|credentials?|auth|authorization|"
    r"access[_-]?key|private[_-]?key)(?:$|[_.-])",
    re.IGNORECASE,
)
# Names that speak of a secret and hold none: where it is kept, how long it may be.
_ABOUT = re.compile(
    r"(?:file|path|dir|url|uri|name|limit|type|count|length|size|ttl|expir\w*|host|endpoint|budget|header|prefix|var)\Z",
    re.IGNORECASE,
)
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def is_placeholder(value: str) -> bool:
    """Whether a value that stands where a secret belongs is a stand-in: no secret has such a form."""
    core = value.strip().strip("\"'`")
    if len(core) < 8 or _WORDS.search(core):
        return True
    tail = re.sub(r"^[A-Za-z]{1,8}[-_](?:[A-Za-z]{2,6}[-_])?", "", core)
    letters = [char for char in tail.lower() if char.isalnum()]
    if len(letters) < 8:
        return True
    return len(set(letters)) < 6 or _sequential(letters) or entropy("".join(letters)) < 2.6


def _sequential(letters: list[str]) -> bool:
    # "abcdefgh", "12345678", "0123456789abcdef": most steps go up by one or start again.
    steps = sum(1 for a, b in pairwise(letters) if ord(b) - ord(a) == 1 or (a, b) in _WRAPS)
    return steps >= 0.7 * (len(letters) - 1)


_WRAPS = {("9", "0"), ("9", "a"), ("z", "0"), ("z", "a"), ("0", "a"), ("f", "0")}


def entropy(text: str) -> float:
    """Shannon entropy of a text in bits a character."""
    counts = Counter(text)
    return -sum(n / len(text) * math.log2(n / len(text)) for n in counts.values()) if text else 0.0


def is_secret_name(name: str) -> bool:
    """Whether a variable, header or option of this name usually holds a secret."""
    words = _CAMEL.sub("_", name.lstrip("-"))
    return bool(_SECRET_NAME.search(words)) and not _ABOUT.search(words)


def is_path(value: str) -> bool:
    """Whether a value names a file or folder rather than being a secret."""
    return bool(
        re.match(r"(?:[~.]{0,2}/|[A-Za-z]:[\\/]|file:)", value)
        or re.search(r"\.(?:json|ya?ml|pem|key|txt|env|toml)\Z", value)
    )


def is_key_like(value: str, prefix: str = "") -> bool:
    """Whether what follows a key's prefix was made by a machine, not put together from words or by a pattern."""
    tail = value.removeprefix(prefix)
    if is_placeholder(value) or entropy(tail) < 3.0:
        return False
    mixed = any(char.isdigit() for char in tail) or (any(map(str.islower, tail)) and any(map(str.isupper, tail)))
    # `sk-fading-circle-left-inner-shape` is a class of a style sheet. A long prefix says enough by itself.
    run = max(map(len, re.split(r"[^A-Za-z0-9]", tail)))
    return mixed and (run >= 16 or len(prefix) > 4)


def looks_random(value: str) -> bool:
    """Whether a word is long and mixed enough to be a key or token."""
    return (
        len(value) >= 20
        and not is_placeholder(value)
        and bool(re.fullmatch(r"[A-Za-z0-9_\-+/=.]+", value))
        and any(char.isdigit() for char in value)
        and any(char.isalpha() for char in value)
        and entropy(value) >= 3.5
    )


def clean_url(url: str) -> str:
    """A URL without user, password, query, fragment and path parts that look like keys; empty when it is none."""
    try:
        parts = urlsplit(url.strip())
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return ""
    if not parts.scheme or not host:
        return ""
    shown = f"[{host}]" if ":" in host else host
    path = "/".join("***" if looks_random(part) else part for part in parts.path.split("/"))
    return urlunsplit((parts.scheme.lower(), shown + (f":{port}" if port else ""), path, "", ""))
