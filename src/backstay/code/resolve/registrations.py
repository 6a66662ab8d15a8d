"""Registrations: what calls such as `services.AddSingleton<IChatClient>(...)` give whoever asks for that type."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from backstay.catalog.tables import Registration
from backstay.code.facts import Attr, Call
from backstay.code.resolve.shapes import MAX_OPTIONS, argument, choice, dotted
from backstay.code.scopes import Scope
from backstay.code.values import (
    ClassValue,
    Environment,
    External,
    FunctionValue,
    Instance,
    Known,
    LambdaValue,
    Site,
    Unknown,
    Value,
    options,
)
from backstay.code.walk import calls

if TYPE_CHECKING:
    from backstay.code.resolve.resolver import Resolver

MAX_SITES = 2_000  # registrations of a source
_ASKING = frozenset(
    ("GetRequiredService", "GetService", "GetRequiredKeyedService", "GetKeyedService", "CreateInstance")
)


class Registrations:
    """Calls that register, by the type they register; what they give is asked only when that type is wanted."""

    def __init__(self, resolver: Resolver) -> None:
        self.r = resolver
        self._sites: list[tuple[Registration, Site]] = []
        self._by_type: dict[str, list[tuple[Registration, Site]]] | None = None
        self._asked: set[tuple[str, str]] = set()

    def fill(self, scopes: Iterable[Scope]) -> None:
        """Take note of every call that may register something, by its method's name alone."""
        rows = {name: row for row in self.r.catalog.registrations for name in row.methods}
        for scope in scopes if rows else ():
            for call, _ in calls(scope):
                if isinstance(call.func, Attr) and call.func.name in rows and len(self._sites) < MAX_SITES:
                    self._sites.append((rows[call.func.name], Site(call, scope, None)))

    def of(self, wanted: Value, path: str) -> Value | None:
        """What code in `path` is handed for a type; None when nobody registers one."""
        mark = _mark(wanted)
        if not self._sites or not mark or (mark, path) in self._asked:
            return None
        if self._by_type is None:
            self._by_type = {}
            for row, site in self._sites:
                for type_ in self._types(row, site):
                    self._by_type.setdefault(type_, []).append((row, site))
        self._asked.add((mark, path))
        try:
            given = [self._given(row, site) for row, site in self._near(self._by_type.get(mark, []), path)]
        finally:
            self._asked.discard((mark, path))
        known = [one for one in given if not isinstance(one, Unknown)]
        return choice(known) if known else None

    def asked(self, call: Call, scope: Scope) -> Value | None:
        """What `provider.GetRequiredService<T>()` gives."""
        if not isinstance(call.func, Attr) or call.func.name not in _ASKING:
            return None
        type_ = argument(call, "<0>")
        return self.r.parameters.annotated(type_, scope) if type_ is not None else None

    def _near(self, found: list[tuple[Registration, Site]], path: str) -> list[tuple[Registration, Site]]:
        """Those of the same project, as far as projects are known; of any, when there are few."""
        project = getattr(self.r.project.modules, "project", None)
        if project is None:
            return found[:MAX_OPTIONS]
        own = [one for one in found if project(one[1].scope.path) == project(path)]
        return own[:MAX_OPTIONS] or (found if len(found) <= 2 else [])

    def _types(self, row: Registration, site: Site) -> list[str]:
        if row.types:
            return row.types
        type_ = argument(site.call, row.type)
        if type_ is not None:
            return [mark for one in options(self.r.value(type_, site.scope)) if (mark := _mark(one))]
        found = [_mark(one) for one in options(self._given(row, site))]
        return [mark.removesuffix("()") for mark in found if mark]

    def _given(self, row: Registration, site: Site) -> Value:
        expr = argument(site.call, row.value) if row.value else None
        value = self.r.value(expr, site.scope) if expr is not None else Unknown()
        if not row.value or (row.types and isinstance(value, Unknown | Known | Environment)):
            # Whatever the call hands back, what it makes is what is registered.
            func = self.r.value(site.call.func, site.scope)
            known = next((one for one in options(func) if isinstance(one, External)), None)
            found = known or External(f"?{dotted(site.call.func)}")
            return External(f"{found.path}()", site, found)
        if isinstance(value, FunctionValue | LambdaValue):  # a factory
            return self.r.calls.called(value, site)
        if isinstance(value, ClassValue):
            return Instance(value.scope)
        return value


def _mark(value: Value) -> str:
    match value:
        case ClassValue(cls) | Instance(cls):
            return f"{cls.path}#{cls.qualname}"
        case External(path):
            return path
    return ""
