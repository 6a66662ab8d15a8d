"""Injection: what a framework hands to a parameter or field by its type alone: what a provider of that type gives."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from backstay.code.facts import Call, Item, Name, decorating
from backstay.code.resolve.shapes import MAX_OPTIONS, choice
from backstay.code.scopes import ClassScope, FunctionScope, Scope
from backstay.code.values import ClassValue, External, FunctionValue, Site, Unknown, Value, options

if TYPE_CHECKING:
    from backstay.code.resolve.resolver import Resolver


class Injection:
    """Providers are functions with one of the decorators that the language's knowledge lists; they stand for a type."""

    def __init__(self, resolver: Resolver) -> None:
        self.r = resolver
        self._providers: dict[str, list[FunctionScope]] = {}
        self._asked: set[str] = set()
        self._known: dict[tuple[str, str], Value | None] = {}

    def fill(self, scopes: Iterable[Scope]) -> None:
        """Take note of every provider among the scopes."""
        if not self.r.catalog.provides:
            return
        for scope in scopes:
            if isinstance(scope, FunctionScope) and scope.function.returns is not None and self._provides(scope):
                for mark in self._types(scope):
                    self._providers.setdefault(mark, []).append(scope)

    def _provides(self, scope: FunctionScope) -> bool:
        outer = scope.parent or scope
        return any(
            isinstance(one, External) and one.path in self.r.catalog.provides
            for decorator in scope.function.decorators
            for one in options(self.r.value(decorating(decorator), outer))
        )

    def _types(self, scope: FunctionScope) -> list[str]:
        """The types a provider's result has, as marks: its class, what that derives from, a library's type."""
        noted = scope.function.returns
        while isinstance(noted, Item):
            noted = noted.value
        found: list[str] = []
        for one in options(self.r.value(noted, scope.parent or scope)) if noted is not None else []:
            if isinstance(one, External):
                found.append(one.path)
            elif isinstance(one, ClassValue):
                found += [_mark(cls) for cls in self.r.members.lineage(one.scope)]
                found += [base.path for base in self.r.members.library_bases(one.scope)]
        return found

    def of(self, wanted: Value, path: str) -> Value | None:
        """What is injected where code in a file wants a type; None when nothing provides it."""
        mark = _mark(wanted.scope) if isinstance(wanted, ClassValue) else getattr(wanted, "path", "")
        if not self._providers or not mark or mark in self._asked:
            return None
        key = (mark, _unit(path))
        if key not in self._known:
            self._asked.add(mark)
            leaps = self.r.leaps
            try:
                found = self._provided(*key)
            finally:
                self._asked.discard(mark)
            if leaps != self.r.leaps:
                return found
            self._known[key] = found
        return self._known[key]

    def _provided(self, mark: str, unit: str) -> Value | None:
        given: list[Value] = []
        every = self._for(mark)
        # Applications beside each other provide for themselves; what has but one provider anywhere is shared.
        near = [scope for scope in every if _unit(scope.path) == unit] or (every if len(every) == 1 else [])
        for scope in near[:MAX_OPTIONS]:
            line = scope.function.line
            site = Site(Call(Name(scope.function.name, line), [], [], line, line), scope.parent or scope, None)
            value = self.r.calls.returned(scope, None)
            if isinstance(value, Unknown):
                value = self.r.calls.called(FunctionValue(scope), site)
            if not isinstance(value, Unknown):
                given.append(value)
        return choice(given) if given else None

    def _for(self, mark: str) -> list[FunctionScope]:
        exact = self._providers.get(mark)
        if exact or "." not in mark:
            return exact or []
        # An interface of a library, and a provider of one of its kinds: `ChatModel` and `OpenAiChatModel`.
        name, family = mark.rpartition(".")[2], ".".join(mark.split(".")[:2])
        return [
            scope
            for path, scopes in self._providers.items()
            if path.startswith(f"{family}.") and path.endswith(name) and ("Streaming" in path) == ("Streaming" in name)
            for scope in scopes
        ]


def _unit(path: str) -> str:
    """The part of a project that is built and run together: what stands above `src`."""
    return f"/{path}".partition("/src/")[0] if "/src/" in f"/{path}" else ""


def _mark(cls: ClassScope) -> str:
    return f"{cls.path}#{cls.qualname}"
