"""Call graph: which code of the project calls which, and what a piece of code reaches."""

from collections import defaultdict
from collections.abc import Iterable

from backstay.code.facts import Attr, Call, Import, Lambda, Name, Seq
from backstay.code.liveness import live_scopes
from backstay.code.resolve import Resolver, dotted
from backstay.code.scopes import FunctionScope, ModuleScope, Scope
from backstay.code.values import (
    ClassValue,
    FunctionValue,
    Instance,
    LambdaValue,
    ListValue,
    Partial,
    Site,
    Value,
    flat,
    options,
)
from backstay.code.walk import calls, expression_calls
from backstay.placement import placement_of

MAX_REACHED = 400
MAX_CALLBACKS = 20
MAX_HANDED = 300  # functions in a list that is handed over
# They may carry calls of models, by their addresses.
_HTTP = frozenset(("requests", "httpx", "aiohttp", "axios", "got", "ky", "undici", "ofetch", "net/http"))


class CallGraph:
    """Edges between scopes; a function that is handed to someone as an argument counts as called."""

    def __init__(self, resolver: Resolver, modules: Iterable[ModuleScope]) -> None:
        self._resolver = resolver
        known = resolver.catalog.relevant
        self._stars: dict[int, list[str]] = {}  # id of a module -> the libraries that it imports whole
        self.scopes: list[Scope] = live_scopes(
            modules, lambda name: name.partition(".")[0] in _HTTP or known(name), self._brought
        )
        self._out: dict[int, dict[int, Scope]] = defaultdict(dict)
        self._into: dict[int, dict[int, Scope]] = defaultdict(dict)
        callers: dict[int, list[Site]] = defaultdict(list)
        again: list[tuple[Call, Scope]] = []
        for scope in self.scopes:
            for call, _name in calls(scope):
                leaps = resolver.leaps
                self._call(call, scope, callers)
                if resolver.leaps != leaps:
                    again.append((call, scope))
        # What hung on parameters is looked at again, now that their callers are known.
        resolver.callers = dict(callers)
        resolver.forget()
        for call, scope in again:
            self._call(call, scope, callers)
        for sites in callers.values():
            unique = {id(site.call): site for site in sites}
            sites[:] = unique.values()
        resolver.callers = dict(callers)

    def _brought(self, module: ModuleScope, word: str) -> bool:
        """Whether a library that a module imports whole may bring a word: a class of it, or an extension method.

        So does the language itself where a request needs no library.
        """
        catalog = self._resolver.catalog
        if word == "fetch" and word in catalog.builtins:
            return True
        if id(module) not in self._stars:
            nodes = [binding.node for binding in module.names.get("*", ())]
            stars = [node.module for node in nodes if isinstance(node, Import) and not node.level]
            stars += self._resolver.project.implied(module.path)
            self._stars[id(module)] = [one for one in dict.fromkeys(stars) if catalog.relevant(one)]
        stars = self._stars[id(module)]
        return bool(stars) and (word in catalog.anywhere or any(catalog.knows(f"{one}.{word}") for one in stars))

    def _call(self, call: Call, scope: Scope, callers: dict[int, list[Site]]) -> None:
        site = Site(call, scope, None)
        for target in options(self._resolver.value(call.func, scope)):
            self._target(target, site, callers)
        if isinstance(call.func, Attr):
            self._framework(call.func, scope)
        for expr in (*call.args, *(value for _, value in call.keywords)):
            partial = isinstance(expr, Call) and dotted(expr.func).endswith("partial")
            if partial or isinstance(expr, Name | Attr | Seq):
                for given in options(self._resolver.value(expr, scope)):
                    self._handed(given, scope)
            elif isinstance(expr, Lambda):
                self._handed(LambdaValue(expr.body, scope, None), scope)

    def _framework(self, func: Attr, scope: Scope) -> None:
        """A method that an object has from a library's class may run every method the project's class overrides."""
        for owner in options(self._resolver.value(func.value, scope)):
            if not isinstance(owner, Instance) or not self._resolver.members.library_bases(owner.cls):
                continue
            lineage = self._resolver.members.lineage(owner.cls)
            if not any(func.name in one.names or func.name in one.fields for one in lineage):
                for one in lineage:
                    for method in list(one.methods.values())[:MAX_CALLBACKS]:
                        if not method.function.name.startswith("__"):
                            self._edge(scope, method)

    def _target(self, target: Value, site: Site, callers: dict[int, list[Site]]) -> None:
        match target:
            case FunctionValue(function):
                if _speaks_for(site, function):
                    callers[id(function.function)].append(site)
                self._edge(site.scope, function)
            case ClassValue(cls):
                if _speaks_for(site, cls):
                    callers[id(cls.cls)].append(site)
                for one in self._resolver.members.lineage(cls):
                    method = one.methods.get("__init__")
                    if method is not None:
                        self._edge(site.scope, method)
                        break
            case Instance(cls):
                for name in ("__call__", "forward"):
                    if name in cls.methods:
                        callers[id(cls.methods[name].function)].append(site)
                        self._edge(site.scope, cls.methods[name])
            case Partial(func, site=made):
                if isinstance(func, FunctionValue):
                    callers[id(func.node)].append(made)
                    self._edge(site.scope, func.scope)

    def _handed(self, given: Value, scope: Scope, depth: int = 0) -> None:
        match given:
            case FunctionValue(function):
                self._edge(scope, function)
            case Partial(func):
                self._handed(func, scope, depth + 1)
            case ListValue() if depth < 3:
                for item in flat(given)[:MAX_HANDED]:
                    self._handed(item, scope, depth + 1)
            case LambdaValue(body, inner):
                for call in expression_calls(body):
                    for target in options(self._resolver.value(call.func, inner)):
                        if isinstance(target, FunctionValue):
                            self._edge(scope, target.scope)

    def _edge(self, source: Scope, target: Scope) -> None:
        if source is not target:
            self._out[id(source)][id(target)] = target
            self._into[id(target)][id(source)] = source

    def reached(self, start: Scope, depth: int = 10) -> list[Scope]:
        """A scope and all the code it runs, nearest first, through the functions defined in it as well."""
        return [scope for scope, _ in self.distances(start, depth)]

    def distances(self, start: Scope, depth: int = 10) -> list[tuple[Scope, int]]:
        """A scope and all the code it runs, nearest first, each with how many calls away it is."""
        seen = {id(start): (start, 0)}
        level = [start]
        for away in range(1, depth + 1):
            following: list[Scope] = []
            for scope in level:
                inner = [one for one in scope.children if isinstance(one, FunctionScope)] if _is_code(scope) else []
                for target in (*self._out[id(scope)].values(), *inner):
                    if id(target) not in seen and len(seen) < MAX_REACHED:
                        seen[id(target)] = (target, away)
                        following.append(target)
            level = following
        return list(seen.values())

    def callers(self, scope: Scope) -> list[Scope]:
        """The scopes that call a scope."""
        return list(self._into[id(scope)].values())

    def roots(self, scope: Scope) -> list[Scope]:
        """The outermost functions of the same file whose code runs a scope: those that nothing in the file calls."""
        seen = {id(scope)}
        stack, roots = [scope], []
        while stack:
            one = stack.pop()
            above = [c for c in self.callers(one) if c.path == scope.path and _begins(c)]
            parent = one.parent
            if isinstance(parent, FunctionScope):
                above.append(parent)
            if not above:
                roots.append(one)
            for caller in above:
                if id(caller) not in seen:
                    seen.add(id(caller))
                    stack.append(caller)
        return roots or [scope]


def _speaks_for(site: Site, target: Scope) -> bool:
    """Whether a call tells what a parameter is in earnest: a test's call does not, for code that is no test."""
    return placement_of(site.scope.path) != "test" or placement_of(target.path) == "test"


def _begins(scope: Scope) -> bool:
    """Whether a caller counts as where work begins: a function, or a notebook as a whole."""
    return isinstance(scope, FunctionScope) or (isinstance(scope, ModuleScope) and scope.facts.notebook)


def _is_code(scope: Scope) -> bool:
    return isinstance(scope, FunctionScope)
