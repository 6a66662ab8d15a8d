"""Naming: what an asset is called, by the tokens of a row's `name`."""

import re

from backstay.catalog.tables import Row
from backstay.code.given import Given, text_of
from backstay.code.models import provider_called
from backstay.code.scopes import ClassScope, FunctionScope, ModuleScope, Scope
from backstay.code.servers import launch_name, launched
from backstay.code.urls import plain_url
from backstay.code.values import (
    ClassValue,
    Environment,
    External,
    FunctionValue,
    Known,
    ListValue,
    Partial,
    Site,
    TextValue,
    Value,
    options,
)
from backstay.code.walk import keyed

_BRACES = re.compile(r"\{([^{}]+)\}")
_GIVEN_NAMES = frozenset(
    ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "handler", "default", "action", "loader")
)
_GIVEN_FILES = frozenset(("route", "+server", "+page.server", "index", "page"))
_FILE_NAME = re.compile(r"\w[\w.-]{0,80}\.[A-Za-z]\w{1,11}\Z")


class Naming:
    def __init__(self, given: Given, variables: dict[int, str]) -> None:
        self._given = given
        self._variables = variables
        self._later: dict[int, str] = {}
        self._keys: dict[int, dict[int, str]] = {}  # id of a scope -> id of a call in it -> the key it stands under

    def variable(self, site: Site) -> str:
        """The variable that a call's result is assigned to, empty when there is none."""
        return self._later.get(id(site.call), "") or self._variables.get(id(site.call), "")

    def renamed(self, site: Site, later: Site) -> None:
        """What a call made goes by the variable that its finished form is assigned to: `graph = builder.compile()`."""
        name = self._variables.get(id(later.call), "")
        if name and name != self._variables.get(id(site.call)):
            self._later.setdefault(id(site.call), name)

    def names(self, row: Row, site: Site, definition: Scope | None, path: str) -> tuple[list[Value | str], bool]:
        """The possible names of what a row makes, and whether a name was passed at all (known or not).

        A value is given back where a parameter holds something else than text, such as an asset.
        """
        passed = False
        for how in row.names:
            found = self._token(how, row, site, definition, path)
            if found is None:
                continue
            passed = True
            usable = [one for one in found if not isinstance(one, str) or one]
            if usable:
                return usable, True
        return [], passed

    def _token(self, how: str, row: Row, site: Site, definition: Scope | None, path: str) -> list[Value | str] | None:
        if how.startswith("="):
            return [how[1:]]
        if how == "@launch":
            name = launch_name(launched(self._given, site, row))
            return [name] if name else None
        if how.startswith("@"):
            name = self._place(how[1:], site, definition, path)
            return [name] if name else None
        if "{" in how:
            filled = self._template(how, row, site, definition, path)
            return [filled] if filled else None
        value = self._given.value(site, how, row)
        if value is None or (isinstance(value, Known) and value.value is None):
            return None
        return [found for one in _spread(value) for found in _named(one)]

    def _place(self, how: str, site: Site, definition: Scope | None, path: str) -> str:
        if how == "variable":
            return self.variable(site)
        if how == "key":
            mark = id(site.scope)
            if mark not in self._keys:
                self._keys[mark] = {id(call): key for call, key in keyed(site.scope)}
            return self._keys[mark].get(id(site.call), "")
        if how == "function":
            scope: Scope | None = definition or site.scope
            while scope is not None and not (isinstance(scope, FunctionScope) and is_named(scope)):
                scope = scope.parent
            return scope.function.name if isinstance(scope, FunctionScope) else ""
        if how == "class":
            scope = definition or site.scope
            while scope is not None and not isinstance(scope, ClassScope):
                scope = scope.parent
            return scope.cls.name if isinstance(scope, ClassScope) else ""
        if how == "project":
            return self._given.project(site.scope.path)
        if how == "file":
            return file_stem(site.scope.path)
        if how == "callee":
            return path.removesuffix("()").rpartition(".")[2]
        return ""

    def _template(self, how: str, row: Row, site: Site, definition: Scope | None, path: str) -> str:
        """A template with its braces filled; empty when none of them is known."""
        known = False

        def part(match: re.Match[str]) -> str:
            nonlocal known
            if match[1].startswith("@"):
                place = self._place(match[1][1:], site, definition, path)
                known = known or bool(place)
                return place
            value = self._given.value(site, match[1], row)
            found = [item for one in _spread(value) for item in _named(one)] if value is not None else []
            texts = [as_text(one) for one in found]
            known = known or value is not None
            return ",".join(text for text in texts if text)

        filled = _BRACES.sub(part, how).strip()
        return filled if known else ""


def _spread(value: Value) -> list[Value]:
    out: list[Value] = []
    for one in options(value):
        out += one.items if isinstance(one, ListValue) else [one]
    return out


def _named(value: Value) -> list[Value | str]:
    match value:
        case Known(text) if isinstance(text, str | int) and not isinstance(text, bool):
            return [value if isinstance(text, str) else str(text)]
        case Environment(default=None):
            return []
        case External():
            return [value]
        case FunctionValue(scope):
            return [scope.function.name]
        case ClassValue(cls):
            return [cls.cls.name]
        case Partial(func):
            return _named(func)
        case TextValue():
            return [file_name(value)]
    return []


def file_name(value: Value) -> str:
    """The name of a file whose folder is not known (`os.path.join(folder, "model.pt")`); empty when it is none."""
    if isinstance(value, TextValue) and len(value.parts) > 1 and isinstance(value.parts[-1], str):
        _, slash, last = value.parts[-1].rpartition("/")
        return last if slash and _FILE_NAME.match(last) else ""
    return ""


def provider_of_setting(value: Value) -> str:
    """Whose address an environment variable holds, by its name: `AZURE_OPENAI_ENDPOINT`, `OLLAMA_HOST`."""
    if isinstance(value, TextValue) and value.parts and not isinstance(value.parts[0], str):
        value = value.parts[0]
    words = value.name.lower().split("_") if isinstance(value, Environment) else []
    for count in range(len(words) - 1, 0, -1):
        provider = provider_called("-".join(words[:count]))
        if provider:
            return provider
    return ""


def as_text(name: Value | str) -> str:
    """A name as plain text, a URL without what may hold a secret; empty when it is none."""
    return plain_url(name if isinstance(name, str) else text_of(name))


def enclosing(scope: Scope) -> str:
    """What code in a scope is called for a reader: its function or class, else the file's name."""
    at: Scope | None = scope
    while at is not None and not isinstance(at, ModuleScope):
        if isinstance(at, ClassScope) or (isinstance(at, FunctionScope) and is_named(at)):
            return at.qualname.rpartition(".")[2]
        at = at.parent
    return file_stem(scope.path)


def is_named(scope: FunctionScope) -> bool:
    """Whether a function has a name of its own that says what it does: not one that a framework asks for."""
    name = scope.function.name
    return not name.startswith("<") and not (scope.module.facts.language == "javascript" and name in _GIVEN_NAMES)


def spoken(scope: Scope) -> str:
    """A scope's dotted name for a reader, without the names that functions without one are kept under."""
    parts = [part.strip("<>").partition(":")[0] if part.startswith("<") else part for part in scope.qualname.split(".")]
    return ".".join(part for part in parts if part not in ("", "anonymous")) or scope.path


def file_stem(path: str) -> str:
    """A file's name without its suffix; its folder's where every folder has a file of that name."""
    folder, _, name = path.rpartition("/")
    stem = name.rpartition(".")[0]
    inner = folder.rpartition("/")[2]
    return inner if stem in _GIVEN_FILES and inner not in ("", "src", "lib", "app", "dist") else stem
