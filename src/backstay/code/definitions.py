"""Definitions: what decorators and base classes make of functions and classes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from backstay.catalog.tables import Row, Table
from backstay.code.facts import Assign, Call, Expr, Lit, Name
from backstay.code.given import text_of
from backstay.code.ledger import Made
from backstay.code.scopes import ClassScope, FunctionScope, ModuleScope, Scope
from backstay.code.values import External, FunctionValue, Site, options

if TYPE_CHECKING:
    from backstay.code.observe import Observer

_NONE = Name("", 0)


class Definitions:
    def __init__(self, observer: Observer) -> None:
        self.o = observer
        self._facts: list[Lit] = []  # kept alive, because the resolver knows facts by their ids

    def of_module(self, scope: ModuleScope) -> None:
        """What a framework makes of a file's functions because of where the file stands."""
        for pattern, row, table in self.o.catalog.files:
            found = pattern.fullmatch(scope.path)
            if found is None:
                continue
            for name in row.functions:
                for one in options(self.o.resolver.names.member(scope.path, name)) if name in scope.names else ():
                    if isinstance(one, FunctionValue):
                        self._by_path(one.scope, name, found.groupdict(""), row, table)

    def _by_path(self, scope: FunctionScope, name: str, groups: dict[str, str], row: Row, table: Table) -> None:
        line = scope.function.line
        given = {"function": name, **groups, "route": _route(groups.get("route", ""))}
        keywords = [(key, Lit(text, line, line)) for key, text in given.items()]
        self._facts += [fact for _, fact in keywords]
        site = Site(Call(_NONE, [], list(keywords), line, line), scope.module, None)
        made = self.o.make(row, table, name, site, scope, None)
        self.o.of_function.setdefault(id(scope.function), []).extend(made)

    def prefix_of(self, cls: ClassScope) -> str:
        """The path prefix that the decorators of a class give the endpoints of its methods."""
        prefix = self._prefix(cls.cls.decorators, cls.cls.line, cls.parent or cls)
        return prefix.replace("[controller]", cls.cls.name.removesuffix("Controller"))

    def path_of(self, scope: FunctionScope) -> str:
        """The path that a decorator of a method says, where another one makes it an endpoint: `@GET @Path("/a")`."""
        return self._prefix(scope.function.decorators, scope.function.line, scope.parent or scope, only=True)

    def _prefix(self, decorators: list[Expr], line: int, outer: Scope, *, only: bool = False) -> str:
        for decorator in decorators:
            call = decorator if isinstance(decorator, Call) else Call(decorator, [], [], line, line)
            site = Site(call, outer, None)
            for func in options(self.o.resolver.value(call.func, outer)):
                for row, _ in self._decorating(func.path, site) if isinstance(func, External) else ():
                    if row.prefix and not (only and row.makes):
                        return text_of(self.o.given.value(site, row.prefix, row))
        return ""

    def of_function(self, scope: FunctionScope) -> list[Made]:
        """What the decorators of a function make of it."""
        out: list[Made] = []
        outer = scope.parent or scope
        for decorator in scope.function.decorators:
            call = decorator if isinstance(decorator, Call) else None
            target = call.func if call is not None else decorator
            site = Site(call or Call(target, [], [], scope.function.line, scope.function.line), outer, None)
            for func in options(self.o.resolver.value(target, outer)):
                if not isinstance(func, External):
                    continue
                for row, table in self._decorating(func.path, site):
                    if row.on == "class":
                        if scope.method_of is not None:
                            self.o.services.says(row, table, func, site, scope.method_of)
                        continue
                    if row.makes and row.makes not in ("client", "chain"):
                        out += self.o.make(row, table, func.path, site, scope, func.base)
                    elif row.task_of:
                        self.o.tasks.append((row.task_of, scope, func.path, site.place))
                    if not row.makes:
                        for made in out or self.o.receivers(func):
                            self.o.roles.draw(row, table, func, site, made, {})
        self.o.of_function.setdefault(id(scope.function), []).extend(out)
        return out

    def _decorating(self, path: str, site: Site) -> list[tuple[Row, Table]]:
        return self.o.rows(path, site, self.o.catalog.decorators)

    def of_class(self, scope: ClassScope) -> list[Made]:
        """What the bases of a class make of it; class attributes count as its arguments."""
        out: list[Made] = []
        keywords = list(scope.cls.keywords)
        for statement in scope.body:
            if isinstance(statement, Assign) and isinstance(statement.target, Name) and statement.value is not None:
                keywords.append((statement.target.id, statement.value))
        site = Site(Call(_NONE, [], keywords, scope.cls.line, scope.cls.end_line), scope, None)
        for base in self.o.resolver.members.library_bases(scope):
            for row, table in self.o.rows(base.path, site, self.o.catalog.bases):
                if row.makes:
                    out += self.o.make(_with_class_names(row), table, base.path, site, scope, None)
        self.o.of_class.setdefault(id(scope.cls), []).extend(out)
        return out

    def of_decorated(self, scope: ClassScope) -> list[Made]:
        """What the decorators of a class make of it; asked when it is known what methods, of other classes too, are."""
        out: list[Made] = []
        outer = scope.parent or scope
        for decorator in scope.cls.decorators:
            call = decorator if isinstance(decorator, Call) else None
            target = call.func if call is not None else decorator
            made_by = Site(call or Call(target, [], [], scope.cls.line, scope.cls.line), outer, None)
            for func in options(self.o.resolver.value(target, outer)):
                if isinstance(func, External):
                    for row, table in self._decorating(func.path, made_by):
                        if row.on == "class":
                            self.o.services.says(row, table, func, made_by, scope)
                        elif row.makes and not row.prefix:
                            out += self.o.make(row, table, func.path, made_by, scope, func.base)
        self.o.of_class.setdefault(id(scope.cls), []).extend(out)
        return out


def _route(folders: str) -> str:
    """The route of a file, by its folders: what a framework puts in `(group)` or `@slot` is no part of it."""
    parts = [part for part in folders.split("/") if part and not part.startswith(("(", "@"))]
    return "/" + "/".join(parts[:-1] if parts[-1:] == ["index"] else parts)


def _with_class_names(row: Row) -> Row:
    """`@attribute:x` names a class attribute, which stands among the arguments here."""
    names = [name.removeprefix("@attribute:") for name in row.names]
    if not row.name:
        names = ["name", "@class"]
    return msgspec.structs.replace(row, name=names)
