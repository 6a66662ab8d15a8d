"""Knowledge as data: what SDKs, providers, formats and control frameworks are."""

import fnmatch
import re
import tomllib
from functools import cache, lru_cache
from importlib import resources
from typing import Any, NamedTuple

import msgspec


class Provider(msgspec.Struct, frozen=True):
    """A service that serves models; see `providers.toml` in docs/catalog.md for what the fields mean."""

    name: str
    title: str = ""
    hosts: tuple[str, ...] = ()
    env: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    gateway: bool = False  # hands requests on to other providers' models


@cache
def providers() -> tuple[Provider, ...]:
    """Every provider of `providers.toml`, in the order of the file."""
    known = {field.name for field in msgspec.structs.fields(Provider)}
    rows = _read("providers.toml").get("provider", [])
    return tuple(msgspec.convert({k: v for k, v in row.items() if k in known}, Provider) for row in rows)


def provider_of_model(model: str) -> str | None:
    """The provider that alone makes models of this id, by its prefix; None when nobody is known to."""
    model = model.lower()
    return next((one.name for one in providers() if model.startswith(one.models)), None) if model else None


class KeyFormat(NamedTuple):
    """The format of a provider's keys; every key starts with `prefix`, which is searched before `pattern` is tried."""

    provider: str
    prefix: str
    pattern: re.Pattern[str]


@cache
def key_formats() -> tuple[KeyFormat, ...]:
    """Every key format, longest prefix first: `sk-ant-` is tried before `sk-`."""
    keys = [(one.name, key) for one in providers() for key in one.keys] + [*_CLOUD_KEYS]
    formats = [KeyFormat(name, _literal_prefix(key), re.compile(key)) for name, key in keys]
    return tuple(sorted(formats, key=lambda one: -len(one.prefix)))


# Keys of clouds as a whole, which open their AI services among others.
_CLOUD_KEYS = (("aws", "AKIA[0-9A-Z]{16}"),)


def _literal_prefix(pattern: str) -> str:
    """The characters with which everything that a pattern matches begins."""
    found = re.match(r"(?:[A-Za-z0-9_/-]|\\[|.+])*", pattern)
    literal = found[0] if found else ""
    if pattern[len(literal) : len(literal) + 1] in ("?", "*", "{"):
        literal = literal[:-1]  # its last character may be missing
    return literal.replace("\\", "")


@cache
def ai_packages(ecosystem: str) -> frozenset[str]:
    """Names of the AI packages of an ecosystem, as package URLs spell it ("pypi", "npm", "maven", "golang", "nuget").

    A name may end in `*`. They are normalised as `normal_name` does.
    """
    from backstay.catalog.tables import tables  # noqa: PLC0415 - the two need each other

    names: set[str] = set(_read("packages.toml").get(ecosystem, []))
    for table in tables(_LANGUAGES[ecosystem]) if ecosystem in _LANGUAGES else ():
        names.update(table.packages)
    return frozenset(normal_name(ecosystem, name) for name in names)


# The language whose packages an ecosystem holds.
_LANGUAGES = {"pypi": "python", "npm": "javascript", "maven": "jvm", "golang": "go", "nuget": "dotnet"}


@lru_cache(maxsize=4096)  # the names come from scanned files
def is_ai_package(ecosystem: str, name: str) -> bool:
    """Whether a package, by name, is for building, training, serving or judging AI and not of general use."""
    exact, pattern = _matchers(ecosystem)
    normal = normal_name(ecosystem, name)
    return normal in exact or bool(pattern.match(normal))


def mcp_capabilities(package: str) -> tuple[str, ...]:
    """What the tools of a well-known MCP server can do, by its package, module or image; empty when it is not known."""
    return _mcp_servers().get(package, ())


@cache
def _mcp_servers() -> dict[str, tuple[str, ...]]:
    rows = _read("mcp_servers.toml")["server"]
    return {name: tuple(row["capabilities"]) for row in rows for name in row["packages"]}


def normal_name(ecosystem: str, name: str) -> str:
    """A package's name as its registry compares it: PEP 503 for PyPI, lower case for the others.

    A Go module's major version is left out: `example.com/kit/v2` is `example.com/kit`.
    """
    if ecosystem == "golang":
        return re.sub(r"(?:/|(?<=\w)\.)v[0-9]{1,4}\Z", "", name.lower())
    return re.sub(r"[-_.]+", "-", name).lower() if ecosystem == "pypi" else name.lower()


@cache
def _matchers(ecosystem: str) -> tuple[frozenset[str], re.Pattern[str]]:
    names = ai_packages(ecosystem)
    wild = sorted(name for name in names if "*" in name)
    pattern = "|".join(fnmatch.translate(name) for name in wild) or r"(?!)"
    return names.difference(wild), re.compile(pattern)


def _read(name: str) -> dict[str, Any]:
    return tomllib.loads(resources.files(__name__).joinpath(name).read_text(encoding="utf-8"))
