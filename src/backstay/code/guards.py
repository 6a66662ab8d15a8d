"""Guards: what stands before an endpoint, such as authentication and rate limits, or is known not to."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from backstay.catalog.tables import Guard, Index
from backstay.code.facts import Attr, Call, Lit, Map, Name, decorating
from backstay.code.ledger import Made
from backstay.code.resolve import argument, dotted
from backstay.code.scopes import FunctionScope, Scope
from backstay.code.values import ClassValue, External, FunctionValue, Instance, ListValue, Unknown, Value, options
from backstay.code.walk import calls, expression_calls
from backstay.model import Kind

if TYPE_CHECKING:
    from backstay.code.observe import Observer

_DENIED = (401, 403)
_DENIAL = re.compile(r"(?i)(?:http)?(?:status)?[_0-9]{0,4}(?:unauthori[sz]ed|forbidden)")  # the beginning of a name
_STATUS = frozenset(("status", "statusCode", "code"))  # keys of a response's or error's status


def guard(o: Observer) -> None:
    """Set `authentication` and `rate_limit` of every endpoint: what guards it, or None when no code does."""
    authenticated = dict(_guarded_files(o, o.catalog.authentication))
    limited = dict(_guarded_files(o, o.catalog.rate_limits))
    for mark, held in o.bearers.items():
        endpoints = [made for made in held if made.kind == Kind.ENDPOINT]
        scope = o.scopes.get(mark)
        if not endpoints or scope is None:
            continue
        own = _own(o, scope, o.catalog.authentication) or _denier(scope)
        rate = _own(o, scope, o.catalog.rate_limits)
        for made in endpoints:
            _fill(made, "authentication", own or authenticated.get(scope.path))
            _fill(made, "rate_limit", rate or limited.get(scope.path))
    for made in o.ledger.assets.values():
        if made.kind == Kind.ENDPOINT:
            made.attributes.setdefault("authentication", None)
            made.attributes.setdefault("rate_limit", None)


def _fill(made: Made, name: str, value: str | None) -> None:
    if made.attributes.get(name) is None:
        made.attributes[name] = value or None


def _own(o: Observer, scope: Scope, known: Index[Guard]) -> str:
    """The guard among a handler's decorators, parameters and own calls; empty when there is none."""
    if not isinstance(scope, FunctionScope):
        return ""
    outer = scope.parent or scope
    owner = scope.method_of  # `[Authorize]` on a controller holds for its actions
    for decorator in (*scope.function.decorators, *(owner.cls.decorators if owner is not None else ())):
        target = decorating(decorator)
        for one in options(o.resolver.value(target, outer)):
            name = _guarding(o, one, known) or _named(dotted(target), known)
            if name:
                return name
        given = argument(decorator, "dependencies") if isinstance(decorator, Call) else None
        for one in options(o.resolver.value(given, outer)) if given is not None else []:
            for item in one.items if isinstance(one, ListValue) else []:
                name = _guarding(o, item, known)
                if name:
                    return name
    for one in _parameters(o, scope):
        name = _guarding(o, one, known)
        if name:
            return name
    for call, _ in calls(scope):
        for func in o.callee_paths(call, scope):
            if known.find(func.path):
                return func.path.removeprefix("?")
        if scope.module.facts.language != "python":  # there, a handler asks a function of the project itself
            for one in options(o.resolver.value(call.func, scope)):
                name = _named(one.scope.function.name, known) if isinstance(one, FunctionValue) else ""
                if name:
                    return name
    return ""


def _parameters(o: Observer, scope: FunctionScope) -> Iterator[Value]:
    outer = scope.parent or scope
    for param in scope.function.params:
        for expr in (param.default, param.annotation):
            if expr is not None:
                yield from options(o.resolver.value(expr, outer))
                for call in expression_calls(expr):
                    yield from options(o.resolver.value(call, outer))


def authenticator(o: Observer, value: Value) -> str:
    """The name of what authenticates in a value (a dependency, decorator or middleware), or empty."""
    return _guarding(o, value, o.catalog.authentication)


def _guarding(o: Observer, value: Value, known: Index[Guard], depth: int = 0) -> str:
    match value:
        case External(path, site, base):
            for one in (path, path.removesuffix("()")):
                if known.find(one):
                    return one.removesuffix("()")
            if site is not None and path.endswith(("Depends()", "Security()")) and depth < 4:
                given = o.given.value(site, "dependency|0")
                for inner in options(given) if given is not None else []:
                    name = _guarding(o, inner, known, depth + 1)
                    if name:
                        return name
            return _guarding(o, base, known, depth + 1) if base is not None and depth < 2 else ""
        case FunctionValue(scope):
            name = _named(scope.function.name, known)
            if name or depth > 3:
                return name
            if known is o.catalog.authentication and _denier(scope):
                return scope.function.name
            for inner in _parameters(o, scope):
                if _guarding(o, inner, known, depth + 1):
                    return scope.function.name
        case Instance(cls) | ClassValue(cls):
            denies = known is o.catalog.authentication and any(_denier(one) for one in cls.methods.values())
            return _named(cls.cls.name, known) or (cls.cls.name if denies else "")
        case Unknown(text):
            return _named(text, known)
    return ""


def _named(name: str, known: Index[Guard]) -> str:
    """A project's own function or class that goes by the name of a guarding one."""
    last = name.rpartition(".")[2]
    return name if last and known.find(f"project.{last}") else ""


def _denier(scope: Scope) -> str:
    """The name of a function that turns a caller away itself, by status 401 or 403."""
    if not isinstance(scope, FunctionScope):
        return ""
    if scope.module.facts.language != "python":
        inner = [one for one in scope.children if isinstance(one, FunctionScope) and one.function.name.startswith("<")]
        denies = any(_denies(call) for one in (scope, *inner) for call, _ in calls(one))
        return ("status 401 or 403" if scope.function.name.startswith("<") else scope.function.name) if denies else ""
    for call, _ in calls(scope):
        callee = dotted(call.func).rpartition(".")[2]
        if callee in ("HTTPException", "abort", "Response", "JSONResponse", "HTTPError", "HttpResponse"):
            status = argument(
                call, "status_code|status|0" if callee in ("HTTPException", "abort") else "status_code|status"
            )
            if isinstance(status, Lit) and status.value in _DENIED:
                return scope.function.name
            if status is not None and dotted(status).endswith(("401_UNAUTHORIZED", "403_FORBIDDEN")):
                return scope.function.name
    return ""


def _denies(call: Call) -> bool:
    """Whether a call turns a caller away, as `res.status(401)` and `new Response("", { status: 403 })` do."""
    if _DENIAL.match(dotted(call.func).rpartition(".")[2]):
        return True
    for arg in [*call.args, *(value for _, value in call.keywords)]:
        held = [arg]
        if isinstance(arg, Map):
            pairs = zip(arg.keys, arg.values, strict=False)
            held = [value for key, value in pairs if isinstance(key, Lit) and key.value in _STATUS]
        for one in held:
            if isinstance(one, Lit) and (one.value in _DENIED or one.value in ("UNAUTHORIZED", "FORBIDDEN")):
                return True
            if isinstance(one, Attr | Name) and _DENIAL.match(dotted(one).rpartition(".")[2]):
                return True
    return False


def limiter(o: Observer, value: Value) -> str:
    """The name of what limits how often an endpoint is called in a value, or empty."""
    return _guarding(o, value, o.catalog.rate_limits)


def _guarded_files(o: Observer, known: Index[Guard]) -> Iterator[tuple[str, str]]:
    """Files in which an app gets guarding middleware, with its name."""
    for call, scope in o.calls:
        if call.args and dotted(call.func).endswith((".add_middleware", ".before_request", ".middleware")):
            for one in options(o.resolver.value(call.args[0], scope)):
                name = _guarding(o, one, known)
                if name:
                    yield scope.path, name
    for scope in o.graph.scopes:
        if isinstance(scope, FunctionScope):
            for decorator in scope.function.decorators:
                target = decorating(decorator)
                if dotted(target).endswith((".before_request", ".middleware")):
                    name = _named(scope.function.name, known) or (
                        _denier(scope) if known is o.catalog.authentication else ""
                    )
                    if name:
                        yield scope.path, name
