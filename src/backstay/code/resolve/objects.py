"""Objects: what is known of one by its class alone: the fields objects are made with, who implements an interface."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from backstay.code.facts import Item, Lit, Name
from backstay.code.resolve.shapes import choice, dotted
from backstay.code.scopes import ClassScope, FunctionScope, Scope
from backstay.code.values import FunctionValue, Instance, Known, Unknown, Value
from backstay.placement import placement_of

if TYPE_CHECKING:
    from backstay.code.resolve.resolver import Resolver

MAX_MADE = 12  # places that make objects of a class
MAX_IMPLEMENTING = 6  # classes behind an interface; beyond them it says nothing of who is meant
_DOUBLE = re.compile(r"(?i)mock|fake|stub|dummy|noop")


class Objects:
    """Classes by the methods they have; filled once, before anything is resolved."""

    def __init__(self, resolver: Resolver) -> None:
        self.r = resolver
        self._having: dict[str, list[ClassScope]] = {}
        self._behind: dict[int, list[ClassScope]] = {}

    def fill(self, scopes: Iterable[Scope]) -> None:
        """Note which classes have which methods."""
        for scope in scopes:
            if isinstance(scope, ClassScope) and not _is_interface(scope):
                for name in scope.methods:
                    self._having.setdefault(name, []).append(scope)

    def field(self, cls: ClassScope, name: str) -> Value | None:
        """What a field holds in objects of a class without constructor: what the places that make them give it."""
        if any("__init__" in one.methods for one in self.r.members.lineage(cls)):
            return None
        if self.r.first_round:
            self.r.leaps += 1
        found: list[Value] = []
        for part in self.r.members.lineage(cls):
            for site in self.r.callers.get(id(part.cls), [])[:MAX_MADE]:
                for keyword, expr in site.call.keywords:
                    if keyword == name:
                        found.append(self.r.value(expr, site.scope, site.frame))
        known = [
            one for one in found if not isinstance(one, Unknown) and not (isinstance(one, Known) and one.value is None)
        ]
        return choice(known) if known else None

    def implemented(self, found: Value, name: str) -> Value | None:
        """The methods behind a method of an interface; None for any other, and when nobody or too many implement it."""
        if not isinstance(found, FunctionValue) or (
            found.scope.function.body and found.scope.module.facts.language != "python"
        ):
            return None
        interface = found.scope.method_of
        if interface is None or name not in _open(interface):
            return None
        behind = self._behind.get(id(interface))
        if behind is None:
            behind = self._behind[id(interface)] = self._implementing(interface)
        methods = [self._method(one, name) for one in behind]
        values: list[Value] = [FunctionValue(one[0], Instance(one[1])) for one in methods if one is not None]
        return choice(values) if 0 < len(values) <= MAX_IMPLEMENTING else None

    def _implementing(self, interface: ClassScope) -> list[ClassScope]:
        """Classes that derive from an interface, or in a language without such a word, have all its methods."""
        wanted = {name for one in self.r.members.lineage(interface) for name in _open(one)}
        # One method of a common name is no sign of a protocol.
        structural = interface.module.facts.language == "go" or (_is_protocol(interface) and len(wanted) > 1)
        found: dict[tuple[str, str], ClassScope] = {}
        python = interface.module.facts.language == "python"
        # A class of Python may have some of the methods from elsewhere.
        names = sorted(wanted) if python and not structural else [min(wanted)] if wanted else []
        for candidate in [one for name in names for one in self._having.get(name, ())]:
            if _DOUBLE.search(candidate.cls.name) or placement_of(candidate.path) == "test":
                continue
            lineage = self.r.members.lineage(candidate)
            fits = interface in lineage
            if structural:
                fits = wanted <= {name for one in lineage for name in one.methods}
            if fits:
                found.setdefault((posixpath.dirname(candidate.path), candidate.cls.name), candidate)
        return list(found.values())

    def _method(self, cls: ClassScope, name: str) -> tuple[FunctionScope, ClassScope] | None:
        for one in self.r.members.lineage(cls):
            method = one.methods.get(name)
            if method is not None and name not in _open(one):
                return method, cls
        return None


def _open(cls: ClassScope) -> frozenset[str]:
    """The methods of a class that others fill in: all of an interface, those that are abstract of any other."""
    if _is_interface(cls):
        return frozenset(cls.methods)
    if cls.module.facts.language != "python":
        return frozenset()
    if _is_protocol(cls):
        return frozenset(name for name in cls.methods if not name.startswith("__") or name == "__call__")
    return frozenset(
        name
        for name, method in cls.methods.items()
        if any(dotted(one).rpartition(".")[2] == "abstractmethod" for one in method.function.decorators)
    )


def _is_protocol(cls: ClassScope) -> bool:
    if cls.module.facts.language != "python":
        return False
    bases = [one.value if isinstance(one, Item) else one for one in cls.cls.bases]
    return any(dotted(one).rpartition(".")[2] == "Protocol" for one in bases)


def _is_interface(cls: ClassScope) -> bool:
    if any(isinstance(one, Name) and one.id == "interface" for one in cls.cls.decorators):
        return True
    return any(
        name == "interface" and isinstance(value, Lit) and value.value is True for name, value in cls.cls.keywords
    )
