"""Resolution: what an expression can be, followed across names, classes, calls and files.

It is flow-insensitive but for plain sequences, context-sensitive for a few levels of calls, and bounded in depth
and steps. What it cannot tell stays Unknown, with the expression as text.
"""

from backstay.catalog.tables import Catalog
from backstay.code.facts import (
    Assign,
    Attr,
    Call,
    Class,
    Comp,
    Do,
    Either,
    Expr,
    Function,
    Import,
    Item,
    Lambda,
    Lit,
    Map,
    Name,
    Op,
    Opaque,
    Param,
    Seq,
    Star,
    Text,
)
from backstay.code.project import Project
from backstay.code.scopes import Binding, ClassScope, FunctionScope, ModuleScope, Scope
from backstay.code.values import (
    Choice,
    ClassValue,
    DictValue,
    Environment,
    External,
    Frame,
    FunctionValue,
    Instance,
    Known,
    LambdaValue,
    ListValue,
    ModuleValue,
    Partial,
    Place,
    Site,
    TextValue,
    Unknown,
    Value,
    options,
)

MAX_DEPTH = 48
MAX_FRAMES = 5
MAX_OPTIONS = 16
MAX_CALLERS = 12
MAX_STEPS = 4_000_000
CHAIN = "langchain_core.runnables.RunnableSequence()"
_PASS_THROUGH = frozenset(
    "strip lstrip rstrip lower upper title dedent value name as_posix get_secret_value removeprefix removesuffix "
    "encode decode expandtabs".split()
)
_WRAPPERS = frozenset(
    "typing.cast typing.Annotated textwrap.dedent inspect.cleandoc builtins.str builtins.tuple builtins.list "
    "builtins.set builtins.sorted builtins.iter builtins.next builtins.reversed builtins.frozenset pathlib.Path "
    "pydantic.SecretStr pydantic.types.SecretStr copy.copy copy.deepcopy builtins.repr asyncio.run "
    "builtins.enumerate".split()
)
_ENV = frozenset(("os.getenv", "os.environ.get", "os.environ.setdefault", "decouple.config", "environ.Env()"))
_FIELDS = frozenset(("pydantic.Field", "dataclasses.field", "pydantic.fields.Field", "attr.ib", "attrs.field"))
_DEPENDS = frozenset(("fastapi.Depends()", "fastapi.params.Depends()", "fastapi.Security()"))


class Resolver:
    """Values of expressions. Expressions are told apart by identity, so facts must be kept while this lives."""

    def __init__(self, project: Project, catalog: Catalog) -> None:
        self.project, self.catalog = project, catalog
        self.callers: dict[int, list[Site]] = {}  # id of a Function or Class fact -> calls of it
        self.steps = MAX_STEPS
        self._known: dict[tuple[int, int], Value] = {}
        self._busy: set[tuple[int, int]] = set()
        self._frames: list[Frame] = []  # kept alive, because their ids are keys
        self._depth = 0

    @property
    def exhausted(self) -> bool:
        """Whether the step budget ran out, so that later answers are incomplete."""
        return self.steps <= 0

    def forget(self) -> None:
        """Drop what was remembered; used once the callers are known."""
        self._known.clear()

    def value(self, expr: Expr, scope: Scope, frame: Frame | None = None) -> Value:
        """What an expression can be, seen from a scope."""
        key = (id(expr), id(frame) if frame else 0)
        known = self._known.get(key)
        if known is not None:
            return known
        self.steps -= 1
        if key in self._busy or self._depth > MAX_DEPTH or self.steps <= 0:
            return Unknown()
        self._busy.add(key)
        self._depth += 1
        try:
            result = self._value(expr, scope, frame)
        finally:
            self._depth -= 1
            self._busy.discard(key)
        # A cycle cut inside makes the outer answer partial; it is remembered all the same, or work would explode.
        self._known[key] = result
        return result

    def _value(self, expr: Expr, scope: Scope, frame: Frame | None) -> Value:
        match expr:
            case Lit(value, line, end_line):
                return Known(value, Place(scope.path, line, end_line))
            case Name(id):
                return self.name(id, expr.line, scope, frame)
            case Attr(value, name):
                return self._attribute(value, name, expr, scope, frame)
            case Call():
                return self._call(expr, scope, frame)
            case Text(parts, line, end_line):
                return _text([self.value(part, scope, frame) for part in parts], Place(scope.path, line, end_line))
            case Seq(items, line):
                return self._sequence(items, line, scope, frame)
            case Map(keys, values, line):
                return self._mapping(keys, values, line, scope, frame)
            case Either(alternatives):
                return choice([self.value(one, scope, frame) for one in alternatives])
            case Item(value, index):
                return self._item(self.value(value, scope, frame), index, scope, frame)
            case Comp():
                return self._comprehension(expr, scope, frame)
            case Lambda(_, body):
                return LambdaValue(body, scope, frame)
            case Op(op, left, right, line):
                return self._operation(op, left, right, line, scope, frame)
            case Star(value):
                return self.value(value, scope, frame)
            case Opaque(parts, line) if len(parts) == 1:
                return Unknown("", Place(scope.path, line))
        return Unknown("", Place(scope.path, expr.line))

    # names

    def name(self, name: str, line: int, scope: Scope, frame: Frame | None) -> Value:
        """What a name can be where it is used. `line` 0 means anywhere in the scope."""
        at: Scope | None = scope
        while at is not None:
            given = _given(name, at, frame)
            if given is not None:
                return given
            if not (isinstance(at, ClassScope) and at is not scope):
                bindings = at.names.get(name)
                if bindings:
                    return self._bound(name, bindings, line if at is scope else 0, at, frame)
                if at.parent is None and "*" in at.names:
                    starred = self._starred(name, at)
                    if starred is not None:
                        return starred
            at = at.parent
        return External(f"builtins.{name}") if name in _BUILTINS else Unknown(name, Place(scope.path, line))

    def _starred(self, name: str, scope: Scope) -> Value | None:
        for binding in scope.names["*"]:
            if isinstance(binding.node, Import):
                path = self.project.find(binding.node.module, binding.node.level, scope.path)
                target = self.project.scope(path) if path else None
                if target is not None and name in target.names:
                    return self.name(name, 0, target, None)
        external = [b.node for b in scope.names["*"] if isinstance(b.node, Import)]
        for node in external:
            if not node.level and self.catalog.relevant(node.module):
                return self.external(f"{node.module}.{name}")
        return None

    def _bound(self, name: str, bindings: list[Binding], line: int, scope: Scope, frame: Frame | None) -> Value:
        chosen = _visible(bindings, line)
        values: list[Value] = []
        for binding in chosen[-MAX_OPTIONS:]:
            value = self._binding(name, binding, scope, frame, values)
            if value is not None:
                values.append(value)
        result = choice(values) if values else Unknown(name, Place(scope.path, line))
        return self._changed(result, name, scope, frame)

    def _changed(self, value: Value, name: str, scope: Scope, frame: Frame | None) -> Value:
        """A list or dictionary with what the scope adds to it later."""
        if isinstance(value, ListValue) and name in scope.changes:
            items = list(value.items)
            for how, expr in scope.changes[name][:200]:
                added = self.value(expr, scope, frame)
                if how in ("append", "add"):
                    items.append(added)
                else:
                    items += added.items if isinstance(added, ListValue) else []
            return ListValue(items, value.open, value.place)
        if isinstance(value, DictValue) and (name in scope.items or name in scope.changes):
            entries = list(value.entries)
            for key, expr in scope.items.get(name, [])[:200]:
                entries.append((self.value(key, scope, frame), self.value(expr, scope, frame)))
            for how, expr in scope.changes.get(name, [])[:50]:
                added = self.value(expr, scope, frame)
                if how == "update" and isinstance(added, DictValue):
                    entries += added.entries
            return DictValue(entries, value.open, value.place)
        return value

    def _binding(
        self, name: str, binding: Binding, scope: Scope, frame: Frame | None, before: list[Value]
    ) -> Value | None:
        node = binding.node
        match node:
            case Import():
                return self._imported(node, scope)
            case Function():
                return FunctionValue(_function(scope.child(node)))
            case Class():
                return ClassValue(_class(scope.child(node)))
            case Param():
                return self._parameter(node, scope, frame)
        if node.value is None:
            return self._annotated(node.annotation, scope) if node.annotation is not None else None
        value = self.value(node.value, scope, frame)
        if node.how == "for":
            value = _elements(value)
        if binding.index >= 0:
            value = _unpacked(value, binding.index)
        if node.how == "+=":
            return _extended(before, value)
        if isinstance(value, Unknown) and node.annotation is not None:
            return self._annotated(node.annotation, scope) or value
        return _labelled(value, name)

    def _imported(self, node: Import, scope: Scope) -> Value:
        if not node.name:  # import a.b [as c]
            target = self.project.find(node.module, 0, scope.path)
            if target:
                return ModuleValue(target if node.alias or "." not in node.module else self._top(node.module, target))
            return self.external(node.module if node.alias else node.module.partition(".")[0])
        path = self.project.find(node.module, node.level, scope.path, node.name)
        if path is not None:
            return self.member(path, node.name)
        whole = f"{node.module}.{node.name}" if node.module else node.name
        submodule = (
            self.project.find(whole, node.level, scope.path) if node.level or not self._is_library(node) else None
        )
        if submodule is not None:
            return ModuleValue(submodule)
        return Unknown(node.name) if node.level else self.external(whole)

    def _is_library(self, node: Import) -> bool:
        return self.catalog.relevant(node.module)

    def _top(self, module: str, target: str) -> str:
        """`import a.b` binds a: the package's own file, if it has one."""
        depth = module.count(".")
        folder = target.removesuffix("/__init__.py").removesuffix(".py")
        for _ in range(depth):
            folder = folder.rpartition("/")[0]
        return f"{folder}/__init__.py" if folder else "__init__.py"

    def member(self, path: str, name: str) -> Value:
        """What a module of the project has under a name: what it defines or imports, or a submodule."""
        target = self.project.scope(path)
        if target is not None and (name in target.names or "*" in target.names):
            value = self.name(name, 0, target, None)
            if not isinstance(value, Unknown):
                return value
        if path.endswith("__init__.py"):
            folder = path.removesuffix("__init__.py")
            for candidate in (f"{folder}{name}.py", f"{folder}{name}/__init__.py"):
                if self.project.scope(candidate) is not None:
                    return ModuleValue(candidate)
        return Unknown(name)

    def external(self, path: str) -> External:
        """Something of a library, with every step of its path in the tables' spelling."""
        parts = path.split(".")
        spelled = self.catalog.canonical(parts[0])
        for part in parts[1:]:
            spelled = self.catalog.canonical(f"{spelled}.{part}")
        return External(spelled)

    # parameters

    def _parameter(self, param: Param, scope: Scope, frame: Frame | None) -> Value:
        function = scope if isinstance(scope, FunctionScope) else None
        if function is None:
            return Unknown(param.name)
        params = function.function.params
        owner = function.method_of
        if owner is not None and params and params[0] is param and not _is_static(function):
            return ClassValue(owner) if _is_classmethod(function) else Instance(owner)
        found: list[Value] = []
        if frame is None or frame.depth < MAX_FRAMES:
            for site in self._calls_of(function)[:MAX_CALLERS]:
                given = self.argument(site, function, param)
                if given is not None and not isinstance(given, Unknown):
                    found.append(given)
        if param.default is not None and not found:
            default = self.value(param.default, scope.parent or scope, None)
            default = self._injected(default)
            if not (isinstance(default, Known) and default.value is None):
                found.append(default)
        if not found and param.annotation is not None:
            noted = self._annotated(param.annotation, scope.parent or scope)
            if noted is not None:
                found.append(noted)
        return choice(found) if found else Unknown(param.name, Place(scope.path, function.function.line))

    def _calls_of(self, function: FunctionScope) -> list[Site]:
        sites = self.callers.get(id(function.function), [])
        owner = function.method_of
        if owner is not None and function.function.name == "__init__":
            sites = sites + self.callers.get(id(owner.cls), [])
        return sites

    def _injected(self, value: Value) -> Value:
        """The value that a FastAPI dependency provides."""
        if isinstance(value, External) and value.path in _DEPENDS and value.site and value.site.call.args:
            provider = self.value(value.site.call.args[0], value.site.scope, value.site.frame)
            return self.called(provider, value.site)
        return value

    def argument(self, site: Site, function: FunctionScope, param: Param) -> Value | None:
        """What a call gives a parameter, or None when it gives nothing we can see."""
        call = site.call
        for name, expr in call.keywords:
            if name == param.name:
                return self.value(expr, site.scope, site.frame)
        params = [one for one in function.function.params if not one.kind]
        if function.method_of is not None and not _is_static(function):
            params = params[1:]
        if param in params:
            index = params.index(param)
            if index < len(call.args) and not any(isinstance(arg, Star) for arg in call.args[: index + 1]):
                return self.value(call.args[index], site.scope, site.frame)
        for name, expr in call.keywords:
            if not name:
                spread = self.value(expr, site.scope, site.frame)
                if isinstance(spread, DictValue):
                    exact = spread.get(param.name)
                    if exact:
                        return choice(exact)
        return None

    def _annotated(self, annotation: Expr, scope: Scope) -> Value | None:
        """An object of the annotated class, where that is a class of the project or a known library's."""
        match annotation:
            case Lit(value) if isinstance(value, str) and value.isidentifier():
                return self._annotated(Name(value, annotation.line), scope)
            case Op("|", left, right):
                return self._annotated(left, scope) or self._annotated(right, scope)
            case Item(value, index):
                outer = self.value(value, scope)
                if isinstance(outer, External) and outer.path in ("typing.Optional", "typing.Union"):
                    first = index.items[0] if isinstance(index, Seq) and index.items else index
                    return self._annotated(first, scope)
                if isinstance(outer, External) and outer.path.endswith(".Annotated") and isinstance(index, Seq):
                    for extra in index.items[1:]:
                        given = self._injected(self.value(extra, scope))
                        if not isinstance(given, Unknown | External) or (
                            isinstance(given, External) and given.path not in _DEPENDS and given.site
                        ):
                            return given
                    return self._annotated(index.items[0], scope) if index.items else None
                return self._annotated(value, scope)
            case Name() | Attr():
                found = self.value(annotation, scope)
                if isinstance(found, ClassValue):
                    return Instance(found.scope)
                if isinstance(found, External) and self.catalog.relevant(found.path):
                    return External(self.catalog.canonical(f"{found.path}()"), None, found)
                # An alias for an annotation: `Llm = Annotated[ChatOpenAI, Depends(get_llm)]`.
                if isinstance(found, Instance):
                    return found
        return None

    # attributes and items

    def _attribute(self, base: Expr, name: str, expr: Expr, scope: Scope, frame: Frame | None) -> Value:
        owner = self.value(base, scope, frame)
        found = [self.attribute(one, name, frame) for one in (owner.options if isinstance(owner, Choice) else [owner])]
        known = [one for one in found if not isinstance(one, Unknown)]
        return choice(known) if known else Unknown(_dotted(expr), Place(scope.path, expr.line))

    def attribute(self, owner: Value, name: str, frame: Frame | None = None) -> Value:
        """`owner.name`."""
        match owner:
            case External(path):
                return External(self.catalog.canonical(f"{path}.{name}"), None, owner)
            case ModuleValue(path):
                return self.member(path, name)
            case Instance(cls, site):
                return self._instance_attribute(cls, site, name, frame)
            case ClassValue(cls):
                found = self._class_attribute(cls, name, frame, ClassValue(cls))
                return found if found is not None else Unknown(name)
            case Known() | TextValue() if name in _PASS_THROUGH:
                return owner
            case Environment() if name in _PASS_THROUGH:
                return owner
            case DictValue() if name in ("values", "keys", "items"):
                return owner
            case FunctionValue() | Partial():
                return Unknown(name)
            case Choice(alternatives):
                return choice([self.attribute(one, name, frame) for one in alternatives])
        return Unknown(name)

    def _instance_attribute(self, cls: ClassScope, site: Site | None, name: str, frame: Frame | None) -> Value:
        if site is not None:
            for keyword, expr in site.call.keywords:
                if keyword == name and "__init__" not in cls.methods:
                    return self.value(expr, site.scope, site.frame)
        for one in self.lineage(cls):
            assigned = one.fields.get(name)
            if assigned:
                values = []
                for method, statement in assigned[:MAX_OPTIONS]:
                    inner = self._construction(one, method, site) if site else frame
                    if statement.value is not None:
                        value = self.value(statement.value, method, inner)
                        if not (isinstance(value, Known) and value.value is None and len(assigned) > 1):
                            values.append(_labelled(value, name))
                        if isinstance(value, Unknown) and statement.annotation is not None:
                            noted = self._annotated(statement.annotation, method)
                            values += [noted] if noted else []
                known = [value for value in values if not isinstance(value, Unknown)]
                if known:
                    return choice(known)
        found = self._class_attribute(cls, name, frame, Instance(cls, site))
        if found is not None:
            return found
        # What the project's class does not define, its library base may.
        for base in self.library_bases(cls):
            return External(self.catalog.canonical(f"{base.path}().{name}"), None, base)
        return Unknown(name)

    def _construction(self, cls: ClassScope, method: FunctionScope, site: Site) -> Frame | None:
        if method.function.name != "__init__":
            return None
        depth = site.frame.depth + 1 if site.frame else 1
        return self._frame(method, site, depth) if depth <= MAX_FRAMES else None

    def _class_attribute(
        self, cls: ClassScope, name: str, frame: Frame | None, owner: Instance | ClassValue
    ) -> Value | None:
        for one in self.lineage(cls):
            if name not in one.names:
                continue
            method = one.methods.get(name)
            if method is not None:
                if any(
                    isinstance(d, Name) and d.id in ("property", "cached_property") for d in method.function.decorators
                ):
                    return self._returned(method, None)
                return FunctionValue(method, owner)
            value = self.name(name, 0, one, None)
            return self._field(value, one)
        return None

    def _field(self, value: Value, cls: ClassScope) -> Value:
        """The default of a pydantic or dataclass field."""
        if isinstance(value, External) and value.site and value.base and value.base.path in _FIELDS:
            call = value.site.call
            for name, expr in call.keywords:
                if name == "default":
                    return self.value(expr, cls)
                if name in ("default_factory", "factory"):
                    return self.called(self.value(expr, cls), value.site)
            if call.args and not isinstance(call.args[0], Opaque):
                return self.value(call.args[0], cls)
            return Unknown()
        return value

    def lineage(self, cls: ClassScope, limit: int = 12) -> list[ClassScope]:
        """A class and its base classes in the project, nearest first."""
        out, queue = [cls], [cls]
        while queue and len(out) < limit:
            current = queue.pop(0)
            for base in current.cls.bases:
                found = self.value(base, current.parent or current)
                if isinstance(found, ClassValue) and found.scope not in out:
                    out.append(found.scope)
                    queue.append(found.scope)
        return out

    def library_bases(self, cls: ClassScope) -> list[External]:
        """The classes of libraries that a class derives from, directly or not."""
        out = []
        for one in self.lineage(cls):
            for base in one.cls.bases:
                found = self.value(base, one.parent or one)
                if isinstance(found, External):
                    out.append(External(found.path.removesuffix("[]")))
        return out

    def _item(self, base: Value, index: Expr, scope: Scope, frame: Frame | None) -> Value:
        key = self.value(index, scope, frame)
        match base:
            case External("os.environ"):
                name = key.value if isinstance(key, Known) else ""
                return Environment(str(name), None, Place(scope.path, index.line))
            case External(path):
                return External(self.catalog.canonical(f"{path}[]"), None, base)
            case DictValue(entries):
                exact = base.get(key.value) if isinstance(key, Known) else []
                return choice(exact or [value for name, value in entries if name is not None] or [Unknown()])
            case ListValue(items):
                if isinstance(key, Known) and isinstance(key.value, int) and -len(items) <= key.value < len(items):
                    return items[key.value]
                return choice(items) if items else Unknown()
            case ClassValue(cls):  # an enum by name, or a generic class
                if isinstance(key, Known) and isinstance(key.value, str):
                    found = self._class_attribute(cls, key.value, frame, base)
                    if found is not None:
                        return found
                return base
            case Choice(alternatives):
                return choice([self._item(one, index, scope, frame) for one in alternatives])
            case Known() | TextValue():
                return base
        return Unknown("", Place(scope.path, index.line))

    # containers

    def _sequence(self, items: list[Expr], line: int, scope: Scope, frame: Frame | None) -> Value:
        out: list[Value] = []
        more = False
        for item in items[:2000]:
            value = self.value(item, scope, frame)
            if isinstance(item, Star):
                for one in options(value):
                    more = more or not isinstance(one, ListValue)
                    out += one.items if isinstance(one, ListValue) else [one]
            else:
                out.append(value)
        return ListValue(out, more, Place(scope.path, line))

    def _mapping(
        self, keys: list[Expr | None], values: list[Expr], line: int, scope: Scope, frame: Frame | None
    ) -> Value:
        entries: list[tuple[Value | None, Value]] = []
        more = False
        for key, expr in list(zip(keys, values, strict=True))[:2000]:
            value = self.value(expr, scope, frame)
            if key is None:
                for one in options(value):
                    more = more or not isinstance(one, DictValue)
                    entries += one.entries if isinstance(one, DictValue) else []
            else:
                entries.append((self.value(key, scope, frame), value))
        return DictValue(entries, more, Place(scope.path, line))

    def _comprehension(self, expr: Comp, scope: Scope, frame: Frame | None) -> Value:
        source = self.value(expr.source, scope, frame)
        items: list[Value] = []
        for one in options(source):
            if isinstance(one, ListValue):
                items += one.items
            elif isinstance(one, DictValue):
                items += [
                    ListValue([k, v]) if isinstance(expr.target, Seq) else k for k, v in one.entries if k is not None
                ]
        place = Place(scope.path, expr.line)
        if not items:
            return ListValue([self.value(expr.element, scope, frame)], True, place)
        made: list[Value] = []
        pairs: list[tuple[Value | None, Value]] = []
        for item in items[:100]:
            inner = Frame(scope, _targets(expr.target, item), frame, frame.depth if frame else 0)
            self._frames.append(inner)
            value = self.value(expr.element, scope, inner)
            made.append(value)
            if expr.key is not None:
                pairs.append((self.value(expr.key, scope, inner), value))
        return DictValue(pairs, False, place) if expr.key is not None else ListValue(made, False, place)

    def _operation(self, op: str, left: Expr, right: Expr, line: int, scope: Scope, frame: Frame | None) -> Value:
        first, second = self.value(left, scope, frame), self.value(right, scope, frame)
        place = Place(scope.path, line)
        if op == "|":
            if _in_chain(first) or _in_chain(second):
                parts = (*_chained(first), *_chained(second))
                return External(CHAIN, Site(Call(Name("|", line), [], [], line, line), scope, frame), None, parts)
            if isinstance(first, DictValue) and isinstance(second, DictValue):
                return DictValue(first.entries + second.entries, first.open or second.open, place)
        if op == "+":
            if isinstance(first, ListValue) or isinstance(second, ListValue):
                items = [one.items if isinstance(one, ListValue) else [one] for one in (first, second)]
                both = isinstance(first, ListValue) and isinstance(second, ListValue)
                return ListValue(items[0] + items[1], not both, place)
            if any(
                isinstance(one, TextValue) or (isinstance(one, Known) and isinstance(one.value, str))
                for one in (first, second)
            ):
                return _text([first, second], place)
        if op in ("%", "/") and isinstance(first, Known | TextValue | Environment):
            return _text([first, second], place) if op == "%" or isinstance(second, Known) else first
        return Unknown("", place)

    # calls

    def _call(self, call: Call, scope: Scope, frame: Frame | None) -> Value:
        site = Site(call, scope, frame)
        func = call.func
        if isinstance(func, Attr):
            owner = self.value(func.value, scope, frame)
            text = self._text_method(owner, func.name, call, scope, frame)
            if text is not None:
                return text
        return self.called(self.value(func, scope, frame), site)

    def _text_method(self, owner: Value, name: str, call: Call, scope: Scope, frame: Frame | None) -> Value | None:
        if isinstance(owner, DictValue) and name in ("get", "pop", "setdefault") and call.args:
            key = self.value(call.args[0], scope, frame)
            exact = owner.get(key.value) if isinstance(key, Known) else []
            default = [self.value(call.args[1], scope, frame)] if len(call.args) > 1 else []
            return choice(exact or [*(value for name, value in owner.entries if name is not None), *default])
        if isinstance(owner, DictValue) and name in ("values", "keys", "items"):
            pick = {"values": lambda k, v: v, "keys": lambda k, v: k, "items": lambda k, v: ListValue([k, v])}[name]
            return ListValue([pick(k, v) for k, v in owner.entries if k is not None], owner.open, owner.place)
        if isinstance(owner, DictValue) and name == "copy":
            return owner
        if not isinstance(owner, Known | TextValue | Environment | Choice):
            return None
        texts = [
            one
            for one in options(owner)
            if isinstance(one, TextValue) or (isinstance(one, Known) and isinstance(one.value, str))
        ]
        if not texts:
            return None
        place = Place(scope.path, call.line, call.end_line)
        if name in _PASS_THROUGH or name in ("replace", "split", "splitlines", "partition"):
            return owner if name not in ("split", "splitlines", "partition") else ListValue([owner], True, place)
        if name in ("format", "format_map"):
            given = [self.value(arg, scope, frame) for arg in call.args]
            given += [self.value(expr, scope, frame) for _, expr in call.keywords]
            return choice([_formatted(one, call, given, place) for one in texts])
        if name == "join" and call.args:
            joined = self.value(call.args[0], scope, frame)
            return _text(joined.items, place) if isinstance(joined, ListValue) else _text([joined], place)
        return None

    def called(self, func: Value, site: Site) -> Value:
        """What calling a value gives."""
        call, scope, frame = site.call, site.scope, site.frame
        match func:
            case External(path):
                return self._called_external(func, path.removesuffix("[]"), site)
            case FunctionValue(function):
                depth = frame.depth + 1 if frame else 1
                inner = self._frame(function, site, depth, func.owner) if depth <= MAX_FRAMES else None
                return self._returned(function, inner)
            case ClassValue(cls):
                return Instance(cls, site)
            case Partial(inner_func, args, keywords):
                if isinstance(inner_func, External):
                    return self._called_external(inner_func, inner_func.path, func.site)
                if isinstance(inner_func, FunctionValue):
                    made = self._frame(inner_func.scope, site, 1, inner_func.owner)
                    made.names.update(keywords)
                    return self._returned(inner_func.scope, made)
                return self.called(inner_func, site)
            case LambdaValue(body, inner_scope, inner_frame):
                return self.value(body, inner_scope, inner_frame)
            case Instance(cls):
                for one in self.lineage(cls):
                    method = one.methods.get("__call__")
                    if method is not None:
                        return self.called(FunctionValue(method, func), site)
                for base in self.library_bases(cls):
                    return External(self.catalog.canonical(f"{base.path}()()"), site, base)
            case Choice(alternatives):
                return choice([self.called(one, site) for one in alternatives])
        del call, scope
        return Unknown(_dotted(site.call.func), site.place)

    def _called_external(self, func: External, path: str, site: Site) -> Value:
        call, scope, frame = site.call, site.scope, site.frame
        if path in _ENV and call.args:
            name = self.value(call.args[0], scope, frame)
            default = self.value(call.args[1], scope, frame) if len(call.args) > 1 else None
            for keyword, expr in call.keywords:
                if keyword == "default":
                    default = self.value(expr, scope, frame)
            known = str(name.value) if isinstance(name, Known) else ""
            return Environment(known, default, site.place)
        if path == "os.path.join" or path.endswith(".joinpath"):
            parts: list[Value] = []
            for arg in call.args:
                parts += [*([Known("/", site.place)] if parts else []), self.value(arg, scope, frame)]
            return _text(parts, site.place)
        if path in _WRAPPERS and call.args:
            # `cast(T, x)` gives x; the others give what they wrap.
            return self.value(call.args[1 if path == "typing.cast" and len(call.args) > 1 else 0], scope, frame)
        if path == "builtins.dict" and not call.args:
            entries = [
                (Known(name, site.place), self.value(expr, scope, frame)) for name, expr in call.keywords if name
            ]
            return DictValue([*entries], any(not name for name, _ in call.keywords), site.place)
        if path == "functools.partial" and call.args:
            keywords = {name: self.value(expr, scope, frame) for name, expr in call.keywords if name}
            target = self.value(call.args[0], scope, frame)
            args = [self.value(arg, scope, frame) for arg in call.args[1:]]
            merged = Site(Call(call.args[0], call.args[1:], call.keywords, call.line, call.end_line), scope, frame)
            return Partial(target, args, keywords, merged)
        if path in ("builtins.super", "super"):
            return self._super(scope)
        for row, _ in self.catalog.calls.find(path):
            if row.returns == "self" and not row.makes and func.base is not None:
                return func.base
            if row.returns.startswith("argument:") and not row.makes:
                given = argument(call, row.returns.removeprefix("argument:"))
                if given is not None:
                    return self.value(given, scope, frame)
        return External(self.catalog.canonical(f"{path}()"), site, func)

    def _super(self, scope: Scope) -> Value:
        at: Scope | None = scope
        while at is not None and not isinstance(at, ClassScope):
            at = at.parent
        if isinstance(at, ClassScope):
            for base in self.library_bases(at):
                return External(f"{base.path}()", None, base)
        return Unknown("super()")

    def _frame(
        self, function: FunctionScope, site: Site, depth: int, owner: Instance | ClassValue | None = None
    ) -> Frame:
        names: dict[str, Value] = {}
        params = function.function.params
        for param in params:
            given = self.argument(site, function, param)
            if given is not None and not isinstance(given, Unknown):
                names[param.name] = given
            elif param.default is not None and given is None:
                default = self._injected(self.value(param.default, function.parent or function, None))
                if not (isinstance(default, Known) and default.value is None):
                    names[param.name] = default
        if owner is not None and params and function.method_of is not None and not _is_static(function):
            names[params[0].name] = owner
        made = Frame(function, names, None, depth)
        self._frames.append(made)
        return made

    def _returned(self, function: FunctionScope, frame: Frame | None) -> Value:
        found: list[Value] = []
        for statement in function.body:
            if isinstance(statement, Do) and statement.how in ("return", "yield"):
                value = self.value(statement.value, function, frame)
                if not (isinstance(value, Known) and value.value is None):
                    found.append(value)
        known = [value for value in found if not isinstance(value, Unknown)]
        if known:
            return choice(known)
        if function.function.returns is not None:
            noted = self._annotated(function.function.returns, function.parent or function)
            if noted is not None:
                return noted
        return Unknown(f"{function.function.name}()", Place(function.path, function.function.line))


def argument(call: Call, names: str) -> Expr | None:
    """The expression a call gives a parameter, by `name`, position or `name|position`; None when it is not given."""
    for one in names.split("|"):
        if one.lstrip("-").isdigit():
            index = int(one)
            plain = call.args
            if index < len(plain) and not any(isinstance(arg, Star) for arg in plain[: index + 1]):
                return plain[index]
        else:
            for keyword, expr in call.keywords:
                if keyword == one:
                    return expr
    return None


def choice(values: list[Value]) -> Value:
    """One value of several: flattened, without repeats, at most MAX_OPTIONS; Unknown only when nothing is known."""
    flat: list[Value] = []
    seen: set[object] = set()
    for value in values:
        for one in value.options if isinstance(value, Choice) else [value]:
            mark: object = (one.value, type(one.value)) if isinstance(one, Known) else id(one)
            if mark not in seen:
                seen.add(mark)
                flat.append(one)
    known = [one for one in flat if not isinstance(one, Unknown)]
    if len(known) == 1 and len(flat) == 1:
        return known[0]
    if not known:
        return flat[0] if flat else Unknown()
    kept = known[:MAX_OPTIONS]
    return kept[0] if len(kept) == 1 else Choice(kept)


def _visible(bindings: list[Binding], line: int) -> list[Binding]:
    """The bindings that can hold at a line: the last firm one before it and the soft ones after that."""
    before = [b for b in bindings if isinstance(b.node, Param) or not line or b.node.line < line] or bindings
    start = 0
    for index, binding in enumerate(before):
        if not binding.soft:
            start = index
    chosen = before[start:]
    # A bare annotation adds nothing where a value is known.
    valued = [b for b in chosen if not (isinstance(b.node, Assign) and b.node.value is None)]
    return valued or chosen


def _given(name: str, scope: Scope, frame: Frame | None) -> Value | None:
    while frame is not None:
        if frame.scope is scope and name in frame.names:
            return frame.names[name]
        frame = frame.parent
    return None


def _text(values: list[Value], place: Place) -> Value:
    parts: list[str | Value] = []
    for value in values:
        # One alternative is enough for the text's shape; the choice stays a part when there are several.
        if isinstance(value, Environment) and value.default is not None:
            value = value.default
        if isinstance(value, Known):
            piece = "" if value.value is None else str(value.value)
            if parts and isinstance(parts[-1], str):
                parts[-1] += piece
            else:
                parts.append(piece)
        elif isinstance(value, TextValue):
            parts.extend(value.parts)
        else:
            parts.append(value)
    if len(parts) <= 1 and all(isinstance(part, str) for part in parts):
        return Known(str(parts[0]) if parts else "", place)
    return TextValue(parts, place)


def _formatted(text: Value, call: Call, given: list[Value], place: Place) -> Value:
    parts: list[str | Value] = list(text.parts) if isinstance(text, TextValue) else [str(getattr(text, "value", ""))]
    return TextValue([*parts, *given], text.place if isinstance(text, TextValue | Known) else place, _label(text))


def _label(value: Value) -> str:
    return value.label if isinstance(value, Known | TextValue) else ""


def _labelled(value: Value, name: str) -> Value:
    """Text with the name it was given first, so that a prompt can be called by it."""
    if isinstance(value, Known) and isinstance(value.value, str) and not value.label:
        return Known(value.value, value.place, name)
    if isinstance(value, TextValue) and not value.label:
        return TextValue(value.parts, value.place, name)
    return value


def _elements(value: Value) -> Value:
    found: list[Value] = []
    for one in options(value):
        if isinstance(one, ListValue):
            found += one.items
        elif isinstance(one, DictValue):
            found += [key for key, _ in one.entries if key is not None]
        elif isinstance(one, External):
            found.append(External(f"{one.path}[]", None, one))
    return choice(found) if found else Unknown()


def _unpacked(value: Value, index: int) -> Value:
    found: list[Value] = []
    for one in options(value):
        if isinstance(one, ListValue):
            if index < len(one.items) and not one.open:
                found.append(one.items[index])
        elif isinstance(one, External):
            found.append(External(f"{one.path}[{index}]", None, one))
    return choice(found) if found else Unknown()


def _extended(before: list[Value], value: Value) -> Value:
    last = before.pop() if before else None
    if isinstance(last, ListValue) and isinstance(value, ListValue):
        return ListValue(last.items + value.items, last.open or value.open, last.place)
    if isinstance(last, Known | TextValue):
        joined = _text([last, value], last.place)
        return _labelled(joined, last.label) if last.label else joined
    return value


def _targets(target: Expr, item: Value) -> dict[str, Value]:
    if isinstance(target, Name):
        return {target.id: item}
    if isinstance(target, Seq) and isinstance(item, ListValue):
        return {part.id: one for part, one in zip(target.items, item.items, strict=False) if isinstance(part, Name)}
    return {}


def _in_chain(value: Value) -> bool:
    return any(isinstance(one, External) and one.path.startswith("langchain") for one in options(value))


def _chained(value: Value) -> tuple[Value, ...]:
    out: list[Value] = []
    for one in options(value):
        out += one.parts if isinstance(one, External) and one.path == CHAIN else [one]
    return tuple(out)


def _function(scope: object) -> FunctionScope:
    if not isinstance(scope, FunctionScope):
        raise TypeError("not a function")
    return scope


def _class(scope: object) -> ClassScope:
    if not isinstance(scope, ClassScope):
        raise TypeError("not a class")
    return scope


def _is_static(function: FunctionScope) -> bool:
    return any(isinstance(one, Name) and one.id == "staticmethod" for one in function.function.decorators)


def _is_classmethod(function: FunctionScope) -> bool:
    return any(isinstance(one, Name) and one.id in ("classmethod", "validator") for one in function.function.decorators)


def _dotted(expr: Expr) -> str:
    """An expression as short text: names and dots; anything else as …"""
    match expr:
        case Name(id):
            return id
        case Attr(value, name):
            return f"{_dotted(value)}.{name}"
        case Call(func):
            return f"{_dotted(func)}()"
        case Item(value):
            return f"{_dotted(value)}[]"
    return "…"


dotted = _dotted

_BUILTINS = frozenset(
    "open eval exec compile input print str int float bool list dict set tuple sorted iter next reversed frozenset "
    "repr getattr setattr map filter zip enumerate range len super bytes bytearray vars globals locals __import__ "
    "min max sum abs round any all isinstance type".split()
)

__all__ = ["CHAIN", "ModuleScope", "Resolver", "argument", "choice", "dotted"]
