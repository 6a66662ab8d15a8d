"""Flow: follows values through functions: outside input into prompts, model output into dangerous calls.

Only functions that something can concern are read, again when something new is learnt for them. Inside a
function a parameter is a symbol; what callers hand in is kept beside it, so that a helper with two callers
mixes neither up.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from backstay.code.facts import (
    Assign,
    Attr,
    Call,
    Comp,
    Do,
    Expr,
    Function,
    Item,
    Lit,
    Map,
    Name,
    Param,
    Seq,
    Star,
    parts,
)
from backstay.code.ledger import R, sighting
from backstay.code.naming import spoken
from backstay.code.resolve import argument, dotted
from backstay.code.scopes import FunctionScope, ModuleScope, Scope
from backstay.code.values import External, FunctionValue, Known, Place, Site, options
from backstay.model import Attributes, Kind

if TYPE_CHECKING:
    from backstay.code.observe import Observer

MAX_VISITS = 6  # of one scope
CALLERS = 3  # how many calls away from a prompt or model call outside input is still followed
MAX_MESSAGES = 50  # added to one list
MAX_TAINTS = 12  # kept of one value
_PURE = frozenset(
    (
        "len",
        "isinstance",
        "type",
        "print",
        "hash",
        "id",
        "sum",
        "min",
        "max",
        "range",
        "bool",
        "int",
        "float",
        "abs",
        "round",
        "any",
        "all",
        "issubclass",
        "callable",
        "hasattr",
    )
)
_INJECTED = ("Request", "Response", "BackgroundTasks", "Session", "AsyncSession", "WebSocket")
_CONTEXT = ("RunContextWrapper", "RunContext", "ToolContext", "Context", "InjectedState", "ToolRuntime")


@dataclass(frozen=True)
class Taint:
    """Where a value comes from: `kind` is output (of a model), input (from outside) or param (a symbol).

    `safe` are the sinks that a sanitiser on the way made harmless.
    """

    kind: str
    origin: str
    sources: tuple[str, ...] = ()
    name: str = ""
    safe: frozenset[str] = frozenset()


Taints = frozenset[Taint]
NOTHING: Taints = frozenset()


def flows(observer: Observer, owner_of: Callable[[str], str]) -> None:
    """Draw `flowsTo` edges for all that reaches a sink or a system prompt."""
    tracker = _Tracker(observer)
    tracker.run()
    for flow in tracker.found:
        flow.draw(observer, owner_of)


@dataclass(frozen=True)
class _Sunk:
    """Model output in a dangerous call."""

    sources: tuple[str, ...]
    sink: str
    callee: str
    scope: Scope
    place: Place

    def draw(self, o: Observer, owner_of: Callable[[str], str]) -> None:
        attributes: Attributes = {
            "sink": self.sink,
            "callee": self.callee,
            "function": spoken(self.scope),
            "sanitised": False,
        }
        for source in self.sources:
            if source in o.ledger.assets:
                seen = sighting("flow", self.place, 0.85)
                o.ledger.edge(source, R.FLOWS_TO, owner_of(self.scope.path), seen, dict(attributes))


@dataclass(frozen=True)
class _Prompted:
    """Outside input in a prompt."""

    prompt: str
    role: str
    origin: str
    variable: str
    sources: tuple[str, ...]
    scope: Scope
    place: Place

    def draw(self, o: Observer, owner_of: Callable[[str], str]) -> None:
        if self.prompt not in o.ledger.assets:
            return
        attributes: Attributes = {
            "origin": self.origin,
            "variable": self.variable,
            "role": self.role,
            "function": spoken(self.scope),
        }
        for source in self.sources or (owner_of(self.scope.path),):
            origin = source if source in o.ledger.assets else owner_of(self.scope.path)
            o.ledger.edge(origin, R.FLOWS_TO, self.prompt, sighting("flow", self.place, 0.85), dict(attributes))


class _Tracker:
    def __init__(self, observer: Observer) -> None:
        self.o = observer
        self.found: dict[_Sunk | _Prompted, None] = {}
        self.given: dict[tuple[int, str], Taints] = {}  # function and parameter -> what callers hand in
        self.returned: dict[int, Taints] = {}
        self._env: dict[int, dict[str, Taints]] = {}
        self._order = {id(scope): number for number, scope in enumerate(observer.graph.scopes)}
        self._queue: list[int] = []  # numbers of scopes to look at, in source order
        self._due: set[int] = set()
        self._stirred = False

    def run(self) -> None:
        """Look at the scopes where something can begin or end, then at those that what is learnt there concerns."""
        self._begin()
        for mark in self._seeds():
            self._again(self.o.scopes[mark])
        visits: Counter[int] = Counter()
        while self._queue:
            number = heapq.heappop(self._queue)
            self._due.discard(number)
            visits[number] += 1
            if visits[number] <= MAX_VISITS:
                self._scope(self.o.graph.scopes[number], report=False)
        for number in sorted(visits):
            self._scope(self.o.graph.scopes[number], report=True)

    def _seeds(self) -> set[int]:
        """Scopes that call models or make system prompts, what calls them, and the modules they stand in."""
        seeds: dict[int, Scope] = {}
        for call, scope in self.o.calls:
            prompts = self.o.roles.prompts.by_call.get(id(call), ())
            if id(call) in self.o.outputs or any(role == "system" for _, role, _ in prompts):
                seeds[id(scope)] = scope
        level = list(seeds.values())
        for _ in range(CALLERS):
            level = [caller for scope in level for caller in self.o.graph.callers(scope) if id(caller) not in seeds]
            seeds.update((id(scope), scope) for scope in level)
        modules = {id(scope.module) for scope in seeds.values()}
        return (set(seeds) | modules) & set(self._order)

    def _begin(self) -> None:
        """What endpoints and tools are called with: requests come from outside, a tool's arguments from a model."""
        for mark, held in self.o.bearers.items():
            scope = self.o.scopes.get(mark)
            if not isinstance(scope, FunctionScope):
                continue
            endpoints = tuple(made.key for made in held if made.kind == Kind.ENDPOINT)
            tools = tuple(made.key for made in held if made.kind == Kind.TOOL)
            for param in scope.function.params:
                if param.name in ("self", "cls", "request", "req") or _is_injected(param):
                    continue
                if endpoints:
                    self._hand(scope, param.name, {Taint("input", "request", endpoints, param.name)})
                if tools:
                    self._hand(scope, param.name, {Taint("output", "tool call", tools, param.name)})
            for param in scope.function.params:
                if endpoints and param.name in ("request", "req"):
                    self._hand(scope, param.name, {Taint("input", "request", endpoints, param.name)})

    def _hand(self, function: FunctionScope, name: str, taints: Iterable[Taint]) -> None:
        key = (id(function.function), name)
        known = self.given.get(key, NOTHING)
        merged = _bounded(known | {taint for taint in taints if taint.kind != "param"})
        if merged != known:
            self.given[key] = merged
            self._again(function)

    def _again(self, scope: Scope) -> None:
        number = self._order.get(id(scope))
        if number is not None and number not in self._due:
            self._due.add(number)
            heapq.heappush(self._queue, number)

    # one scope

    def _scope(self, scope: Scope, *, report: bool) -> None:
        self._stirred = False
        self._pass(scope, report)
        if self._stirred and not report:
            # What a later line learnt may concern an earlier one, in a loop.
            self._pass(scope, report)
            if isinstance(scope, ModuleScope):
                for inner in scope.walk():
                    if inner is not scope and id(inner) in self._env:
                        self._again(inner)

    def _pass(self, scope: Scope, report: bool) -> None:
        env = self._env.setdefault(id(scope), {})
        if isinstance(scope, FunctionScope):
            for param in scope.function.params:
                env.setdefault(param.name, frozenset({Taint("param", "", (), param.name)}))
        result: Taints = self.returned.get(id(scope), NOTHING)
        for statement in scope.body:
            match statement:
                case Assign(target, value) if value is not None:
                    taints = self._expr(value, scope, report)
                    if isinstance(target, Item | Attr):
                        self._expr(target, scope, report)
                    self._bind(target, taints, env)
                case Do(value, how):
                    taints = self._expr(value, scope, report)
                    if how in ("return", "yield"):
                        result = _bounded(result | taints)
                case Function(decorators=decorators):
                    for decorator in decorators:
                        self._expr(decorator, scope, report)
        if result != self.returned.get(id(scope), NOTHING):
            self.returned[id(scope)] = result
            for caller in self.o.graph.callers(scope):
                self._again(caller)

    def _bind(self, target: Expr, taints: Taints, env: dict[str, Taints]) -> None:
        match target:
            case Name(name):
                pass
            case Attr() | Item():
                base: Expr = target
                while isinstance(base, Item):
                    base = base.value
                name = dotted(base)
            case Seq(items):
                for item in items:
                    self._bind(item, taints, env)
                return
            case _:
                return
        known = env.get(name, NOTHING)
        merged = _bounded(known | taints)
        if merged != known:
            env[name] = merged
            self._stirred = True

    def _lookup(self, name: str, scope: Scope) -> Taints:
        at: Scope | None = scope
        while at is not None:
            taints = self._env.get(id(at), {}).get(name)
            if taints is not None:
                # A symbol of an outer function means nothing here: what was handed to it does.
                return taints if at is scope else self._concrete(taints, at)
            if name in at.names:
                return NOTHING
            at = at.parent
        return NOTHING

    # expressions

    def _expr(self, expr: Expr, scope: Scope, report: bool) -> Taints:
        match expr:
            case Lit():
                return NOTHING
            case Name(name):
                return self._lookup(name, scope) | self._source(expr, scope)
            case Call():
                return self._call(expr, scope, report)
            case Attr(value):
                own = self._env.get(id(scope), {}).get(dotted(expr), NOTHING)
                return _bounded(own | self._source(expr, scope) | self._expr(value, scope, report))
            case Comp(element, target, source):
                self._bind(target, self._expr(source, scope, report), self._env.setdefault(id(scope), {}))
                return self._expr(element, scope, report)
            case Item(value):
                return _bounded(self._expr(value, scope, report) | self._source(expr, scope))
        found: set[Taint] = set()
        for part in parts(expr):
            found |= self._expr(part, scope, report)
        return _bounded(found)

    def _source(self, expr: Expr, scope: Scope) -> Taints:
        for one in options(self.o.resolver.value(expr, scope)):
            if isinstance(one, External):
                for row in self.o.catalog.sources.find(one.path):
                    return frozenset({Taint("input", row.origin, (), dotted(expr).rpartition(".")[2])})
        return NOTHING

    def _call(self, call: Call, scope: Scope, report: bool) -> Taints:
        given = [self._expr(arg, scope, report) for arg in call.args]
        keyed = {name: self._expr(value, scope, report) for name, value in call.keywords}
        receiver = self._expr(call.func.value, scope, report) if isinstance(call.func, Attr) else NOTHING
        everything = _bounded({taint for group in (*given, *keyed.values(), receiver) for taint in group})
        values = options(self.o.resolver.value(call.func, scope))
        paths = [one.path.removesuffix("[]") for one in self.o.callee_paths(call, scope)]
        site = Site(call, scope, None)
        if report:
            self._sinks(paths, site)
            self._prompts(call, scope)
        result: set[Taint] = set()
        outputs = self.o.outputs.get(id(call))
        if outputs is not None:
            return frozenset({Taint("output", "model", tuple(sorted(made.key for made in outputs)), "")})
        known = False
        for one in values:
            if isinstance(one, FunctionValue):
                known = True
                result |= self._called(one, call, given, keyed, scope)
        for path in paths:
            for row in self.o.catalog.sources.find(f"{path}()") or self.o.catalog.sources.find(path):
                result.add(Taint("input", row.origin, (), path.rpartition(".")[2]))
            sanitisers = self.o.catalog.sanitisers.find(path)
            if sanitisers:
                safe = frozenset(sink for row in sanitisers for sink in row.sinks)
                return _bounded({replace(taint, safe=taint.safe | safe) for taint in everything} | result)
            if path.removeprefix("builtins.") in _PURE:
                return _bounded(result)
        if not known:
            result |= everything
            # `messages.append(x)` and the like: what goes in makes the container tainted.
            if isinstance(call.func, Attr) and call.func.name in (
                "append",
                "extend",
                "insert",
                "add",
                "update",
                "write",
            ):
                self._bind(call.func.value, everything, self._env.setdefault(id(scope), {}))
        return _bounded(result)

    def _called(
        self, function: FunctionValue, call: Call, given: list[Taints], keyed: dict[str, Taints], scope: Scope
    ) -> Taints:
        """Hand arguments to a function of the project and take what it returns of them."""
        params = [param for param in function.node.params if not param.kind]
        if function.scope.method_of is not None and function.owner is not None and params:
            params = params[1:]
        passed: dict[str, Taints] = {}
        for index, taints in enumerate(given):
            if index < len(params) and not isinstance(call.args[index], Star):
                passed[params[index].name] = taints
        for name, taints in keyed.items():
            if name:
                passed[name] = taints
        for name, taints in passed.items():
            self._hand(function.scope, name, self._concrete(taints, scope))
        out: set[Taint] = set()
        for taint in self.returned.get(id(function.scope), NOTHING):
            if taint.kind == "param":
                out |= {replace(one, safe=one.safe | taint.safe) for one in passed.get(taint.name, NOTHING)}
            else:
                out.add(taint)
        return _bounded(out)

    def _concrete(self, taints: Iterable[Taint], scope: Scope) -> Taints:
        """Taints with a function's symbols replaced by what its callers hand in."""
        out: set[Taint] = set()
        for taint in taints:
            if taint.kind != "param":
                out.add(taint)
            elif isinstance(scope, FunctionScope):
                for one in self.given.get((id(scope.function), taint.name), NOTHING):
                    out.add(replace(one, safe=one.safe | taint.safe))
        return _bounded(out)

    # ends

    def _sinks(self, paths: list[str], site: Site) -> None:
        for path in paths:
            for row in self.o.catalog.sinks.find(path):
                if row.when and not self.o.given.condition(site, row.when):
                    continue
                expr = argument(site.call, row.argument)
                if expr is None and row.argument == "@receiver" and isinstance(site.call.func, Attr):
                    expr = site.call.func.value
                if expr is None:
                    continue
                for taint in self._concrete(self._expr(expr, site.scope, False), site.scope):
                    if taint.kind == "output" and not taint.safe & {row.sink, "*"}:
                        callee = path.removeprefix("builtins.").removeprefix("?")
                        self.found[_Sunk(taint.sources, row.sink, callee, site.scope, site.place)] = None

    def _prompts(self, call: Call, scope: Scope) -> None:
        for made, role, spec in self.o.roles.prompts.by_call.get(id(call), []):
            expr = argument(call, spec) or self._in_object(call, spec)
            if expr is None:
                continue
            for text in self._system_parts(expr, scope) if role == "system" else ():
                for taint in self._concrete(self._expr(text, scope, False), scope):
                    if taint.kind == "input" and not taint.safe & {"prompt", "*"}:
                        place = Place(scope.path, text.line)
                        self.found[_Prompted(made.key, role, taint.origin, taint.name, taint.sources, scope, place)] = (
                            None
                        )

    def _in_object(self, call: Call, spec: str) -> Expr | None:
        """A parameter in an object that is written out as the first or last argument, where a language does so."""
        if not self.o.catalog.options_object:
            return None
        for one in spec.split("|"):
            for arg in call.args[:1] + call.args[1:][-1:]:
                at: Expr | None = arg
                for step in one.split("."):
                    pairs = zip(at.keys, at.values, strict=True) if isinstance(at, Map) else ()
                    at = next((value for key, value in pairs if isinstance(key, Lit) and key.value == step), None)
                if at is not None:
                    return at
        return None

    def _system_parts(self, expr: Expr, scope: Scope, depth: int = 0) -> list[Expr]:
        """The expressions that make up system text: the argument itself, or its system messages."""
        if depth > 6:
            return []
        match expr:
            case Seq(items):
                if len(items) == 2 and isinstance(items[0], Lit) and isinstance(items[0].value, str):
                    return [items[1]] if items[0].value in ("system", "developer") else []
                return [one for item in items for one in self._system_parts(item, scope, depth + 1)]
            case Map(keys, values):
                pairs = {key.value: value for key, value in zip(keys, values, strict=True) if isinstance(key, Lit)}
                if "role" not in pairs:
                    return []
                role = self.o.resolver.value(pairs["role"], scope)
                is_system = any(
                    isinstance(one, Known) and one.value in ("system", "developer") for one in options(role)
                )
                return [pairs["content"]] if is_system and "content" in pairs else []
            case Name(name):
                bindings = [b.node for b in scope.names.get(name, []) if isinstance(b.node, Assign) and b.node.value]
                inner = [
                    one
                    for node in bindings
                    if isinstance(node.value, Seq | Map | Name)
                    for one in self._system_parts(node.value, scope, depth + 1)
                ]
                for how, value in scope.changes.get(name, [])[:MAX_MESSAGES]:
                    if how in ("append", "extend") and isinstance(value, Seq | Map | Call):
                        inner += self._system_parts(value, scope, depth + 1)
                return inner or ([] if any(isinstance(n.value, Seq | Map) for n in bindings) else [expr])
            case Call(func) if "Message" in dotted(func) or "from_messages" in dotted(func):
                content = argument(expr, "content|text|template|messages|0")
                if content is None or ("Human" in dotted(func) or "User" in dotted(func) or "AI" in dotted(func)):
                    return []
                return self._system_parts(content, scope, depth + 1) if isinstance(content, Seq) else [content]
        return [expr]


def _is_injected(param: Param) -> bool:
    """Whether a framework, not the caller, provides a parameter."""
    if isinstance(param.default, Call) and dotted(param.default.func).endswith(("Depends", "Security")):
        return True
    annotation = param.annotation
    while isinstance(annotation, Item):
        annotation = annotation.value
    name = dotted(annotation).rpartition(".")[2] if annotation is not None else ""
    return name in _CONTEXT or (name in _INJECTED and name not in {"Request", "WebSocket"})


def _bounded(taints: Iterable[Taint]) -> Taints:
    unique = frozenset(taints)
    if len(unique) <= MAX_TAINTS:
        return unique
    return frozenset(sorted(unique, key=lambda t: (t.kind, t.origin, t.sources, t.name, sorted(t.safe)))[:MAX_TAINTS])
