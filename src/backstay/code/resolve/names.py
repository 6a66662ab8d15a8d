"""Names: what a name can be where it is used: its bindings, imports across files, later additions to a list."""

from __future__ import annotations

from typing import TYPE_CHECKING

from backstay.code.facts import Class, Expr, Function, Import, Name, Narrow, Param, parts
from backstay.code.resolve.shapes import (
    MAX_OPTIONS,
    as_class,
    as_function,
    choice,
    extended,
    given,
    labelled,
    placed,
    unpacked,
    visible,
)
from backstay.code.scopes import Binding, ClassScope, ModuleScope, Scope
from backstay.code.values import (
    UNKNOWN,
    ClassValue,
    DictValue,
    External,
    Frame,
    FunctionValue,
    Instance,
    Known,
    ListValue,
    ModuleValue,
    Place,
    Unknown,
    Value,
    options,
)

if TYPE_CHECKING:
    from backstay.code.resolve.resolver import Resolver


MAX_LOOKED = 60  # parts of an expression that is searched for a name


class Names:
    def __init__(self, resolver: Resolver) -> None:
        self.r = resolver
        self._members: dict[tuple[str, str], Value] = {}
        self._asked: set[tuple[str, str]] = set()
        self._starring: set[tuple[str, str]] = set()
        self._frames: dict[tuple[object, ...], Frame] = {}

    def name(self, name: str, line: int, scope: Scope, frame: Frame | None) -> Value:
        """What a name can be where it is used. `line` 0 means anywhere in the scope."""
        at: Scope | None = scope
        while at is not None:
            narrowed = self._narrowed(name, line, at, frame) if at is scope else None
            if narrowed is not None:
                return narrowed
            known = given(name, at, frame)
            if known is not None and not (frame is not None and _is_reassigned(name, at, frame)):
                return known
            if not (isinstance(at, ClassScope) and at is not scope):
                bindings = at.names.get(name)
                if bindings:
                    # What a statement says does not hang on the round of a comprehension that reads it.
                    outer = frame.outside() if frame is not None else None
                    return self._bound(name, bindings, line if at is scope else 0, at, outer)
            at = at.parent
        inner = scope.comprehensions.get(name)
        if inner is not None:
            return self.r.containers.elements(self.r.value(inner, scope, frame))
        found = self._unbound(name, scope.module)
        if found is not None:
            return placed(found, Place(scope.path, line))
        return Unknown(name, Place(scope.path, line))

    def _narrowed(self, name: str, line: int, scope: Scope, frame: Frame | None) -> Value | None:
        """What a name is within a condition on it: of what it can be, that which the condition allows."""
        allowed: list[Value] = []
        excluded: set[object] = set()
        for one in scope.narrowings:
            if one.name == name and one.line <= line <= one.until:
                if one.how == "not":
                    excluded |= self._plain(one, scope)
                else:
                    allowed = self._allowed(one, scope) or allowed
        if not allowed and not excluded:
            return None
        own = given(name, scope, frame)
        known = options(own) if own is not None else []
        if not allowed:
            allowed = [one for one in known if not (isinstance(one, Known) and one.value in excluded)]
            return choice(allowed) if len(allowed) < len(known) and allowed else None
        if known and all(isinstance(one, Known) for one in known):
            values = {one.value for one in allowed if isinstance(one, Known)}
            allowed = [one for one in known if isinstance(one, Known) and one.value in values]
        return choice(allowed) if allowed else UNKNOWN

    def _allowed(self, narrow: Narrow, scope: Scope) -> list[Value]:
        """The values that a condition allows a name; none when one of them is not known."""
        value = self.r.value(narrow.value, scope)
        several = narrow.how == "in" or (narrow.how == "not" and isinstance(value, ListValue))
        found = options(self.r.containers.elements(value) if several else value)
        return found if all(isinstance(one, Known) for one in found) else []

    def _plain(self, narrow: Narrow, scope: Scope) -> set[object]:
        return {one.value for one in self._allowed(narrow, scope) if isinstance(one, Known)}

    def dead(self, line: int, scope: Scope, frame: Frame) -> bool:
        """Whether a line stands under a condition that what is known in a frame does not meet."""
        for one in scope.narrowings:
            own = given(one.name, scope, frame) if one.line <= line <= one.until else None
            known = options(own) if own is not None else []
            if known and all(isinstance(each, Known) for each in known):
                said = self._plain(one, scope)
                met = [isinstance(each, Known) and (each.value in said) != (one.how == "not") for each in known]
                if said and not any(met):
                    return True
        return False

    def _under(self, line: int, scope: Scope, value: Expr, frame: Frame | None) -> Frame | None:
        """The frame in which an earlier statement's value is looked at from a line that conditions stand over."""
        names: dict[str, Value] = {}
        for one in scope.narrowings if line else ():
            if one.line <= line <= one.until and _mentions(value, one.name):
                narrowed = self._narrowed(one.name, line, scope, frame)
                if narrowed is not None:
                    names[one.name] = narrowed
        if not names:
            return frame
        key = (id(frame), id(scope), *((name, id(value)) for name, value in names.items()), line)
        known = self._frames.get(key)
        if known is None:
            known = self._frames[key] = self.r.keep(Frame(scope, names, frame, frame.depth if frame else 0))
        return known

    def _unbound(self, name: str, module: ModuleScope) -> Value | None:
        """A name that nothing in its file binds by itself: of a star, of the same package, of the language."""
        found = self._starred(name, module) if "*" in module.names else None
        if found is None:
            beside = self.r.project.beside(name, module.path)
            found = self.member(beside.path, name) if beside is not None and name in beside.names else None
        found = found or self._of_namespaces(name, module) or self._of_library(name, module)
        if found is None and name.startswith("__"):
            found = self.r.paths.own(name, module)
        if found is None and name in self.r.catalog.builtins:
            found = self.external(f"builtins.{name}")
        if found is None and module.facts.language in ("dotnet", "jvm") and self.r.catalog.knows(name):
            return self.external(name)  # the first part of a full name: `new OpenAI.Chat.ChatClient()`
        return found

    def _of_namespaces(self, name: str, module: ModuleScope) -> Value | None:
        """A name of one of the libraries that a file imports whole, where the tables know one to have it."""
        nodes = [one.node for one in module.names.get("*", ())]
        stars = [node.module for node in nodes if isinstance(node, Import) and not node.level]
        for namespace in (*stars, *self.r.project.implied(module.path)):
            path = f"{namespace}.{name}"
            if self.r.catalog.knows(path) or path in self.r.catalog.constant:
                return self.external(path)
        return None

    def _starred(self, name: str, scope: Scope) -> Value | None:
        for binding in scope.names["*"]:
            if isinstance(binding.node, Import):
                path = self.r.project.find(binding.node.module, binding.node.level, scope.path, name)
                target = self.r.project.scope(path) if path and path != scope.path else None
                if target is not None and name in target.names:
                    return self.name(name, 0, target, None)
                if target is not None and "*" in target.names and (target.path, name) not in self._starring:
                    self._starring.add((target.path, name))  # modules may star each other
                    try:
                        found = self._starred(name, target)
                    finally:
                        self._starring.discard((target.path, name))
                    if found is not None:
                        return found
        return None

    def _of_library(self, name: str, module: ModuleScope) -> Value | None:
        """A name that only a library's star can have brought: Python has no other way to get one."""
        if module.facts.language != "python" or name in self.r.catalog.builtins:
            return None
        for binding in module.names.get("*", ()):
            node = binding.node
            if isinstance(node, Import) and not node.level and self.r.catalog.relevant(node.module):
                return self.external(f"{node.module}.{name}")
        return None

    def _bound(self, name: str, bindings: list[Binding], line: int, scope: Scope, frame: Frame | None) -> Value:
        chosen = visible(bindings, line)
        values: list[Value] = []
        for binding in chosen[-MAX_OPTIONS:]:
            value = self._binding(name, binding, scope, frame, values, line)
            if value is not None:
                values.append(value)
        result = choice(values) if values else Unknown(name, Place(scope.path, line))
        return self._changed(result, name, scope, frame)

    def _changed(self, value: Value, name: str, scope: Scope, frame: Frame | None) -> Value:
        """A list or dictionary with what the scope adds to it later."""
        if isinstance(value, ListValue) and name in scope.changes:
            items = list(value.items)
            for how, expr in scope.changes[name][:200]:
                added = self.r.value(expr, scope, frame)
                if how in ("append", "add"):
                    items.append(added)
                else:
                    items += added.items if isinstance(added, ListValue) else []
            return ListValue(items, value.open, value.place)
        if isinstance(value, DictValue) and (name in scope.items or name in scope.changes):
            entries = list(value.entries)
            for key, expr in scope.items.get(name, [])[:200]:
                entries.append((self.r.value(key, scope, frame), self.r.value(expr, scope, frame)))
            for how, expr in scope.changes.get(name, [])[:50]:
                added = self.r.value(expr, scope, frame)
                if how == "update" and isinstance(added, DictValue):
                    entries += added.entries
            return DictValue(entries, value.open, value.place)
        return value

    def _binding(
        self, name: str, binding: Binding, scope: Scope, frame: Frame | None, before: list[Value], line: int
    ) -> Value | None:
        node = binding.node
        match node:
            case Import():
                return self._imported(node, scope)
            case Function():
                return FunctionValue(as_function(scope.child(node)))
            case Class():
                return ClassValue(as_class(scope.child(node)))
            case Param():
                known = given(name, scope, frame)
                return known if known is not None else self.r.parameters.value(node, scope, frame)
        if node.value is None:
            return self.r.parameters.annotated(node.annotation, scope) if node.annotation is not None else None
        if binding.scope is not None:  # `global name` in a function
            return labelled(self.r.value(node.value, binding.scope), name)
        value = self.r.value(node.value, scope, self._under(line, scope, node.value, frame))
        if node.how == "for":
            value = self.r.containers.elements(value)
        elif node.how == "with":
            value = self._entered(value)
        if binding.index >= 0:
            value = unpacked(value, binding.index)
        if node.how == "+=":
            return extended(before, value)
        if isinstance(value, Unknown) and node.annotation is not None:
            return self.r.parameters.annotated(node.annotation, scope) or value
        if isinstance(value, External) and value.site is None and node.annotation is not None:
            # `model: Model = request.app.state.model`: a class of the project says more than where the object lay.
            noted = self.r.parameters.annotated(node.annotation, scope)
            if isinstance(noted, Instance):
                return noted
        return labelled(value, name)

    def _entered(self, value: Value) -> Value:
        """What `with value as name` binds: what the `__enter__` of a class of the project gives."""
        for one in options(value):
            if isinstance(one, Instance):
                for cls in self.r.members.lineage(one.cls):
                    method = cls.methods.get("__enter__") or cls.methods.get("__aenter__")
                    if method is not None and method.function.params:
                        frame = self.r.framed(method, {method.function.params[0].name: one}, 1)
                        given = self.r.calls.returned(method, frame)
                        return value if isinstance(given, Unknown) else given
        return value

    def _imported(self, node: Import, scope: Scope) -> Value:
        if not node.name:  # import a.b [as c]
            target = self.r.project.find(node.module, 0, scope.path)
            if target:
                return ModuleValue(target if node.alias or "." not in node.module else self._top(node.module, target))
            return self.external(node.module if node.alias else node.module.partition(".")[0])
        path = self.r.project.find(node.module, node.level, scope.path, node.name)
        if path is not None:
            return self.member(path, node.name)
        whole = f"{node.module}.{node.name}" if node.module else node.name
        submodule = (
            self.r.project.find(whole, node.level, scope.path) if node.level or not self._is_library(node) else None
        )
        if submodule is not None:
            return ModuleValue(submodule)
        return Unknown(node.name) if node.level else self.external(whole)

    def _is_library(self, node: Import) -> bool:
        return self.r.catalog.relevant(node.module)

    def _top(self, module: str, target: str) -> str:
        """`import a.b` binds a: the package's own file, if it has one."""
        depth = module.count(".")
        folder = target.removesuffix("/__init__.py").removesuffix(".py")
        for _ in range(depth):
            folder = folder.rpartition("/")[0]
        return f"{folder}/__init__.py" if folder else "__init__.py"

    def member(self, path: str, name: str) -> Value:
        """What a module of the project has under a name: what it defines or imports, or a submodule.

        Modules that import a name from each other in a circle have nothing under it.
        """
        key = (path, name)
        known = self._members.get(key)
        if known is not None:
            return known
        if key in self._asked:
            return UNKNOWN
        self._asked.add(key)
        leaps = self.r.leaps
        try:
            value = self._member(path, name)
        finally:
            self._asked.discard(key)
        if leaps == self.r.leaps:
            self._members[key] = value
        return value

    def _member(self, path: str, name: str) -> Value:
        target = self.r.project.scope(path)
        if target is not None and (name in target.names or "*" in target.names):
            value = self.name(name, 0, target, None)
            if not isinstance(value, Unknown):
                return value
        if path.endswith("__init__.py"):
            folder = path.removesuffix("__init__.py")
            for candidate in (f"{folder}{name}.py", f"{folder}{name}/__init__.py"):
                if self.r.project.scope(candidate) is not None:
                    return ModuleValue(candidate)
        return Unknown(name)

    def external(self, path: str) -> Value:
        """Something of a library, with every step of its path in the tables' spelling."""
        parts = path.split(".")
        spelled = self.r.catalog.canonical(parts[0])
        for part in parts[1:]:
            spelled = self.r.catalog.canonical(f"{spelled}.{part}")
        return self.r.library(spelled, None, None)


def _is_reassigned(name: str, scope: Scope, frame: Frame) -> bool:
    """Whether a parameter gets another value in its function: `if model == "" { model = "gpt-4o" }`."""
    bindings = scope.names.get(name, [])
    return len(bindings) > 1 and not frame.inner and isinstance(bindings[0].node, Param)


def _mentions(expr: Expr, name: str) -> bool:
    """Whether an expression of no great size holds a name."""
    stack, looked = [expr], 0
    while stack and looked < MAX_LOOKED:
        one = stack.pop()
        looked += 1
        if isinstance(one, Name) and one.id == name:
            return True
        stack.extend(parts(one))
    return False
