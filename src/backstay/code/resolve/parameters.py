"""Parameters: what a parameter can be: what its callers hand in, its default, its annotation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from backstay.code.facts import Attr, Expr, Item, Lit, Name, Op, Param, Seq, Star
from backstay.code.resolve.calls import MAX_FRAMES
from backstay.code.resolve.shapes import choice, is_classmethod, is_static
from backstay.code.scopes import FunctionScope, Scope
from backstay.code.values import ClassValue, DictValue, External, Frame, Instance, Known, Place, Site, Unknown, Value

if TYPE_CHECKING:
    from backstay.code.resolve.resolver import Resolver

MAX_CALLERS = 12
_DEPENDS = frozenset(("fastapi.Depends()", "fastapi.params.Depends()", "fastapi.Security()"))


class Parameters:
    def __init__(self, resolver: Resolver) -> None:
        self.r = resolver

    def value(self, param: Param, scope: Scope, frame: Frame | None) -> Value:
        function = scope if isinstance(scope, FunctionScope) else None
        if function is None:
            return Unknown(param.name)
        params = function.function.params
        owner = function.method_of
        if owner is not None and params and params[0] is param and not is_static(function):
            return ClassValue(owner) if is_classmethod(function) else Instance(owner)
        found: list[Value] = []
        if self.r.first_round:
            self.r.leaps += 1
        if frame is None or frame.depth < MAX_FRAMES:
            for site in self._calls_of(function)[:MAX_CALLERS]:
                given = self.argument(site, function, param)
                if given is not None and not isinstance(given, Unknown):
                    found.append(given)
        if function.function.decorators and not found and owner is None:
            handed = self.r.configured.parameter(function) if params and params[0] is param else None
            found += [handed] if handed is not None else []
        if param.default is not None and not found:
            default = self.r.value(param.default, scope.parent or scope, None)
            default = self.r.commandline.declared(self.injected(default))
            if not (isinstance(default, Known) and default.value is None):
                found.append(default)
        if not found and function.function.decorators:
            option = self.r.commandline.parameter(function, param.name)
            found += [option] if option is not None else []
        if not found and param.annotation is not None:
            noted = self.annotated(param.annotation, scope.parent or scope)
            if noted is not None:
                found.append(noted)
        return choice(found) if found else Unknown(param.name, Place(scope.path, function.function.line))

    def _calls_of(self, function: FunctionScope) -> list[Site]:
        sites = self.r.callers.get(id(function.function), [])
        owner = function.method_of
        if owner is not None and function.function.name == "__init__":
            sites = sites + self.r.callers.get(id(owner.cls), [])
        return sites

    def injected(self, value: Value) -> Value:
        """The value that a FastAPI dependency provides."""
        if isinstance(value, External) and value.path in _DEPENDS and value.site and value.site.call.args:
            provider = self.r.value(value.site.call.args[0], value.site.scope, value.site.frame)
            return self.r.calls.called(provider, value.site)
        return value

    def argument(self, site: Site, function: FunctionScope, param: Param) -> Value | None:
        """What a call gives a parameter, or None when it gives nothing we can see."""
        call = site.call
        params = [one for one in function.function.params if not one.kind]
        if function.method_of is not None and not is_static(function):
            params = params[1:]
        if param.kind:
            return self._rest(site, params, param.kind)
        for name, expr in call.keywords:
            if name == param.name:
                return self.r.value(expr, site.scope, site.frame)
        if param in params:
            index = params.index(param)
            if index < len(call.args) and not any(isinstance(arg, Star) for arg in call.args[: index + 1]):
                return self.r.value(call.args[index], site.scope, site.frame)
        for name, expr in call.keywords:
            if not name:
                spread = self.r.value(expr, site.scope, site.frame)
                if isinstance(spread, DictValue):
                    exact = spread.get(param.name)
                    if exact:
                        return choice(exact)
        return None

    def _rest(self, site: Site, params: list[Param], kind: str) -> Value | None:
        """What `*args` or `**options` collect of a call."""
        call = site.call
        if kind == "*":
            extra = call.args[len(params) :]
            if not extra or any(isinstance(arg, Star) for arg in call.args[: len(params)]):
                return None
            return self.r.containers.sequence(extra, call.line, site.scope, site.frame)
        taken = {one.name for one in params}
        entries: list[tuple[Value | None, Value]] = []
        more = False
        for name, expr in call.keywords:
            value = self.r.value(expr, site.scope, site.frame)
            if name and name not in taken:
                entries.append((Known(name, site.place), value))
            elif not name and isinstance(value, DictValue):
                entries += [
                    pair for pair in value.entries if not (isinstance(pair[0], Known) and pair[0].value in taken)
                ]
                more = more or value.open
            elif not name:
                more = True
        return DictValue(entries, more, site.place) if entries else None

    def annotated(self, annotation: Expr, scope: Scope) -> Value | None:
        """An object of the annotated class, where that is a class of the project or a known library's."""
        match annotation:
            case Lit(value) if isinstance(value, str) and value.isidentifier():
                return self.annotated(Name(value, annotation.line), scope)
            case Op("|", left, right):
                return self.annotated(left, scope) or self.annotated(right, scope)
            case Item(value, index):
                outer = self.r.value(value, scope)
                if isinstance(outer, External) and outer.path in ("typing.Optional", "typing.Union"):
                    first = index.items[0] if isinstance(index, Seq) and index.items else index
                    return self.annotated(first, scope)
                if isinstance(outer, External) and outer.path.endswith(".Annotated") and isinstance(index, Seq):
                    return self.noted(index, scope)
                return self.annotated(value, scope)
            case Name() | Attr():
                found = self.r.value(annotation, scope)
                provided = self.r.injection.of(found, scope.path) or self.r.registrations.of(found, scope.path)
                if provided is not None:
                    return provided
                if isinstance(found, ClassValue):
                    return Instance(found.scope)
                # An alias for an annotation: `Llm = Annotated[ChatOpenAI, Depends(get_llm)]`.
                if isinstance(found, Instance) or (isinstance(found, External) and found.path.endswith("()")):
                    return found
                if isinstance(found, External) and (
                    self.r.catalog.relevant(found.path) or self.r.catalog.knows(found.path)
                ):
                    return self.r.library(f"{found.path}()", None, found)
        return None

    def noted(self, index: Seq, scope: Scope) -> Value | None:
        """What `Annotated[...]` of these stands for: what a dependency in it provides, else an object of its type."""
        for extra in index.items[1:]:
            given = self.injected(self.r.value(extra, scope))
            if not isinstance(given, Unknown | External) or (
                isinstance(given, External) and given.path not in _DEPENDS and given.site
            ):
                return given
        return self.annotated(index.items[0], scope) if index.items else None
