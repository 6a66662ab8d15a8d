"""Scopes: the names of a module, class or function, and all that is bound to them."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from backstay.code.facts import (
    Assign,
    Attr,
    Call,
    Class,
    Comp,
    Do,
    Expr,
    Function,
    Import,
    Item,
    Lit,
    Module,
    Name,
    Narrow,
    Param,
    Seq,
    Star,
    Statement,
    parts,
)


@dataclass(eq=False, slots=True)
class Binding:
    """One way a name gets its value. `index` picks from an unpacked value; `soft` ones do not replace earlier ones."""

    node: Import | Assign | Function | Class | Param
    index: int = -1
    soft: bool = False
    scope: "Scope | None" = None  # where it stands, when that is another scope: `global name`


class Scope:
    """Base of the three kinds. `path` is the file, `qualname` the dotted name within it, empty for the module."""

    def __init__(self, path: str, parent: "Scope | None", qualname: str, body: list[Statement]) -> None:
        self.path, self.parent, self.qualname, self.body = path, parent, qualname, body

    @property
    def module(self) -> "ModuleScope":
        scope: Scope = self
        while scope.parent is not None:
            scope = scope.parent
        if not isinstance(scope, ModuleScope):
            raise TypeError("the outermost scope is the module")
        return scope

    @cached_property
    def names(self) -> dict[str, list[Binding]]:
        """Bindings by name, in source order."""
        return self._bindings({})

    def _bindings(self, found: dict[str, list[Binding]]) -> dict[str, list[Binding]]:
        for statement in self.body:
            match statement:
                case Import(module, name, alias):
                    local = alias or name or module.partition(".")[0]
                    found.setdefault(local, []).append(Binding(statement))
                case Function(name) | Class(name):
                    found.setdefault(name, []).append(Binding(statement))
                case Assign(target=target):
                    _bind(target, statement, found)
        return found

    @cached_property
    def narrowings(self) -> list[Narrow]:
        """Where conditions say more of a name than its bindings."""
        return [statement for statement in self.body if isinstance(statement, Narrow)]

    @cached_property
    def changes(self) -> dict[str, list[tuple[str, Expr]]]:
        """What is added later to a name's value: ("append" or "extend", expression), ("item", Map-like Assign)."""
        found: dict[str, list[tuple[str, Expr]]] = {}
        for statement in self.body:
            if isinstance(statement, Do) and isinstance(statement.value, Call):
                call = statement.value
                if isinstance(call.func, Attr) and isinstance(call.func.value, Name) and call.args:
                    if call.func.name in ("append", "extend", "add", "update"):
                        found.setdefault(call.func.value.id, []).append((call.func.name, call.args[0]))
                    elif call.func.name in ("push", "unshift"):
                        for arg in call.args:
                            added = ("extend", arg.value) if isinstance(arg, Star) else ("append", arg)
                            found.setdefault(call.func.value.id, []).append(added)
                    elif call.func.name == "insert" and len(call.args) == 2:
                        found.setdefault(call.func.value.id, []).append(("append", call.args[1]))
        return found

    @cached_property
    def comprehensions(self) -> dict[str, Expr]:
        """What each comprehension's own name runs over; asked only for names that nothing else binds."""
        found: dict[str, Expr] = {}
        stack: list[Expr] = []
        for statement in self.body:
            if isinstance(statement, Assign | Do) and statement.value is not None:
                stack.append(statement.value)
        while stack:
            one = stack.pop()
            if isinstance(one, Comp) and isinstance(one.target, Name):
                found.setdefault(one.target.id, one.source)
            stack.extend(parts(one))
        return found

    @cached_property
    def items(self) -> dict[str, list[tuple[Expr, Expr]]]:
        """Key and value of each `name[key] = value`, `name.key = value` and `name.set(key, value)`, by name."""
        found: dict[str, list[tuple[Expr, Expr]]] = {}
        for statement in self.body:
            if isinstance(statement, Assign) and statement.value is not None:
                target = statement.target
                if isinstance(target, Item | Attr) and isinstance(target.value, Name):
                    key = target.index if isinstance(target, Item) else Lit(target.name, target.line)
                    found.setdefault(target.value.id, []).append((key, statement.value))
            elif isinstance(statement, Do) and isinstance(statement.value, Call):
                func, args = statement.value.func, statement.value.args
                if isinstance(func, Attr) and func.name == "set" and isinstance(func.value, Name) and len(args) == 2:
                    found.setdefault(func.value.id, []).append((args[0], args[1]))
        return found

    @cached_property
    def children(self) -> list["FunctionScope | ClassScope"]:
        """The functions and classes defined here, in order."""
        out: list[FunctionScope | ClassScope] = []
        for statement in self.body:
            name = f"{self.qualname}." if self.qualname else ""
            if isinstance(statement, Function):
                out.append(FunctionScope(self.path, self, name + statement.name, statement))
            elif isinstance(statement, Class):
                out.append(ClassScope(self.path, self, name + statement.name, statement))
        return out

    def child(self, node: Function | Class) -> "FunctionScope | ClassScope":
        """The scope of a definition in this one."""
        return self._by_node[id(node)]

    @cached_property
    def _by_node(self) -> dict[int, "FunctionScope | ClassScope"]:
        return {id(one.function if isinstance(one, FunctionScope) else one.cls): one for one in self.children}

    def walk(self) -> Iterator["Scope"]:
        """This scope and all within, in source order."""
        yield self
        for child in self.children:
            yield from child.walk()


class ModuleScope(Scope):
    def __init__(self, module: Module) -> None:
        super().__init__(module.path, None, "", module.body)
        self.facts = module

    @cached_property
    def names(self) -> dict[str, list[Binding]]:
        found = self._bindings({})
        for scope in self.walk():
            for name in scope.function.globals if isinstance(scope, FunctionScope) else ():
                for statement in scope.body:
                    if not isinstance(statement, Assign) or statement.how != "=" or statement.value is None:
                        continue
                    if isinstance(statement.target, Name) and statement.target.id == name:
                        found.setdefault(name, []).append(Binding(statement, soft=True, scope=scope))
        return found


class FunctionScope(Scope):
    def __init__(self, path: str, parent: Scope, qualname: str, function: Function) -> None:
        super().__init__(path, parent, qualname, function.body)
        self.function = function

    @cached_property
    def names(self) -> dict[str, list[Binding]]:
        return self._bindings({param.name: [Binding(param)] for param in self.function.params})

    @property
    def method_of(self) -> "ClassScope | None":
        return self.parent if isinstance(self.parent, ClassScope) else None


class ClassScope(Scope):
    def __init__(self, path: str, parent: Scope, qualname: str, cls: Class) -> None:
        super().__init__(path, parent, qualname, cls.body)
        self.cls = cls

    @cached_property
    def methods(self) -> dict[str, FunctionScope]:
        return {one.function.name: one for one in self.children if isinstance(one, FunctionScope)}

    @cached_property
    def fields(self) -> dict[str, list[tuple[FunctionScope, Assign]]]:
        """What methods assign to `self.name`, `__init__` first."""
        found: dict[str, list[tuple[FunctionScope, Assign]]] = {}
        for method in sorted(self.methods.values(), key=lambda one: one.function.name != "__init__"):
            if not method.function.params:
                continue
            me = method.function.params[0].name
            for statement in method.body:
                if isinstance(statement, Assign) and isinstance(statement.target, Attr):
                    target = statement.target
                    if isinstance(target.value, Name) and target.value.id == me:
                        found.setdefault(target.name, []).append((method, statement))
        return found


def _bind(target: Expr, statement: Assign, found: dict[str, list[Binding]]) -> None:
    if isinstance(target, Name):
        soft = statement.how in ("+=", ":") or statement.branch > 0
        found.setdefault(target.id, []).append(Binding(statement, soft=soft))
    elif isinstance(target, Seq):
        for index, part in enumerate(target.items):
            if isinstance(part, Name):
                found.setdefault(part.id, []).append(Binding(statement, index, statement.branch > 0))
            elif isinstance(part, Seq):
                for inner in part.items:
                    if isinstance(inner, Name):
                        found.setdefault(inner.id, []).append(Binding(statement, index, True))
