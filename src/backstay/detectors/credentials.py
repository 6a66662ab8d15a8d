"""Detector of credentials of AI providers: values written into files, and references in .env files and CI workflows."""

import re
from collections.abc import Iterator
from functools import cache
from itertools import islice

from backstay import catalog
from backstay.detectors.support import facts
from backstay.detectors.support.facts import owner_edge
from backstay.model import Asset, Kind
from backstay.model import RelationshipKind as Edge
from backstay.plugin import Fact, File, Selector, UnreadableError, detector
from backstay.secrecy import is_key_like

_ID = "credentials"
MAX_CREDENTIALS = 200  # of one file
MAX_CANDIDATES = 2_000  # values that are weighed; a file with more of them is no source

# A key stands behind one of these prefixes, or beside a name that says what it is. Few and short: every text file is
# searched for each of them.
_NEEDLES = (
    *(b"API_KEY", b"api_key", b"apiKey", b"_TOKEN", b"sk-", b"AIza"),
    *(b"hf_", b"gsk_", b"r8_", b"nvapi-", b"pplx-", b"xai-", b"AKIA"),
)
_SELECTOR = Selector(
    names=frozenset({".env"}),
    suffixes=(".env",),
    paths=("**/.env.*", "**/.env-*", "**/.github/workflows/*.y*ml"),
    contains=_NEEDLES,
)
_LINE = re.compile(r"\s*(?:export\s+|set\s+)?([A-Za-z_]\w{0,100})\s*=\s*(.{0,4000})\Z")
_SECRET = re.compile(r"\bsecrets\.([A-Za-z_]\w{0,100})")
# NAME = "value", NAME: value, os.environ["NAME"] = 'value'
_ASSIGNED = re.compile(r"[\"'\]]{0,3}[ \t]{0,20}(?:=|:|=>|,)[ \t]{0,20}[\"']?([A-Za-z0-9_\-./+=]{20,300})(?![\w(\[.])")


@detector(_SELECTOR, Kind.CREDENTIAL)
def detect(file: File) -> Iterator[Fact]:
    if file.binary:
        return
    found: dict[str, Asset] = {}
    name = file.name.lower()
    budget = _Budget()
    for asset in islice(_values(file, budget), MAX_CREDENTIALS + 1):
        found.setdefault(asset.key, asset)
    if name == ".env" or name.startswith((".env.", ".env-")) or name.endswith(".env"):
        for asset in _environment_file(file):
            found.setdefault(asset.key, asset)
    elif ".github/workflows/" in f"{file.path}/":
        for asset in _workflow(file):
            found.setdefault(asset.key, asset)
    for asset in list(found.values())[:MAX_CREDENTIALS]:
        yield asset
        yield owner_edge(Edge.USES, asset.key, asset.evidence)
    if budget.exceeded or len(found) > MAX_CREDENTIALS:
        raise UnreadableError("too many candidates", f"more than {MAX_CANDIDATES} values or {MAX_CREDENTIALS} keys")


class _Budget:
    """How many values may still be weighed in a file."""

    def __init__(self) -> None:
        self.left = MAX_CANDIDATES

    def spend(self) -> bool:
        self.left -= 1
        return self.left >= 0

    @property
    def exceeded(self) -> bool:
        return self.left < 0


@cache
def _variables() -> dict[str, str]:
    """Provider by the names of the variables that hold its keys."""
    return {name: one.name for one in reversed(catalog.providers()) for name in one.env}


@cache
def _name_pattern() -> re.Pattern[str]:
    # Anchored at the start of a word, so that a long run of letters costs one attempt.
    return re.compile(r"(?<![A-Za-z0-9_])[A-Za-z_]\w{3,60}(?:KEY|TOKEN|SECRET|CREDENTIAL|PAT|JWT)\b", re.IGNORECASE)


def _values(file: File, budget: _Budget) -> Iterator[Asset]:
    """Keys by their format, wherever they stand; and values beside a provider's variable."""
    text = file.text
    taken: set[int] = set()
    for at, secret, provider in sorted(islice(_formatted(text, budget), MAX_CREDENTIALS + 1)):
        taken.update(range(at, at + len(secret)))
        label = _label(text, at) or f"{provider} key"
        yield facts.credential_value(file, label, secret, file.evidence(_ID, _line(text, at)))
    for match in _name_pattern().finditer(text):
        if match[0].upper() not in _variables():
            continue
        value = _ASSIGNED.match(text, match.end())
        if value and value.start(1) not in taken and budget.spend() and is_key_like(value[1]):
            seen = file.evidence(_ID, _line(text, value.start(1)), confidence=0.8)
            yield facts.credential_value(file, match[0], value[1], seen)


def _formatted(text: str, budget: _Budget) -> Iterator[tuple[int, str, str]]:
    """Place, key and provider of everything that has the format of a provider's keys and looks made by a machine."""
    seen: set[int] = set()
    for one in catalog.key_formats():
        at = text.find(one.prefix)
        while at >= 0:
            match = one.pattern.match(text, at)
            whole = match is not None and at not in seen and _stands_alone(text, at, match.end())
            if match and whole and budget.spend() and is_key_like(match[0], one.prefix):
                seen.add(at)
                yield at, match[0], one.provider
            at = text.find(one.prefix, at + 1)


def _stands_alone(text: str, start: int, end: int) -> bool:
    before, after = text[start - 1 : start], text[end : end + 1]
    # In JSON inside JSON a key can follow an escaped line end: \nsk-...
    escaped = before == "n" and text[start - 2 : start - 1] == "\\"
    return (escaped or not (before.isalnum() or before in ("_", "-"))) and not (after.isalnum() or after == "_")


def _label(text: str, at: int) -> str:
    """The variable that a key is assigned to, if it stands before it on the same line."""
    start = text.rfind("\n", max(0, at - 200), at) + 1 or max(0, at - 200)
    names = re.findall(r"[A-Za-z_]\w{2,60}", text[start:at])
    return next((name for name in reversed(names) if _name_pattern().fullmatch(name)), "")


def _line(text: str, at: int) -> int:
    return text.count("\n", 0, at) + 1


# What names the place of a secret in a store, or is the secret encrypted.
_KEPT_ELSEWHERE = (
    "$",
    "op://",
    "vault:",
    "vault/",
    "ENC[",
    "encrypted:",
    "arn:",
    "ssm:",
    "projects/",
    "@Microsoft.KeyVault",
    "ref+",
)


def _environment_file(file: File) -> Iterator[Asset]:
    for number, line in enumerate(file.text.splitlines(), 1):
        match = _LINE.match(line) if "=" in line and len(line) < 5_000 else None
        if not match or match[1] not in _variables():
            continue
        value = _unquoted(match[2])
        seen = file.evidence(_ID, number)
        # A value of a known format was found by it already; the same key makes them one.
        if is_key_like(value) and not value.startswith(_KEPT_ELSEWHERE):
            yield facts.credential_value(file, match[1], value, seen)
        else:
            yield facts.credential_reference(file, match[1], seen)


def _unquoted(raw: str) -> str:
    raw = raw.strip()
    if raw[:1] in ("'", '"') and raw.find(raw[0], 1) > 0:
        return raw[1 : raw.find(raw[0], 1)]
    return raw.partition(" #")[0].strip() if not raw.startswith("#") else ""


def _workflow(file: File) -> Iterator[Asset]:
    for number, line in enumerate(file.text.splitlines(), 1):
        if "secrets." in line:
            for name in _SECRET.findall(line[:5_000]):
                if name.upper() in _variables():
                    yield facts.credential_reference(file, name, file.evidence(_ID, number))
