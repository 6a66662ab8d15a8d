"""Calls: what calling a value gives: a library object, a project function's result, text, an environment variable."""

from __future__ import annotations

from typing import TYPE_CHECKING

from backstay.code.facts import Attr, Call, Do, Name
from backstay.code.resolve.shapes import PASS_THROUGH, argument, choice, dotted, formatted, is_static, labelled, text
from backstay.code.scopes import ClassScope, FunctionScope, Scope
from backstay.code.values import (
    UNKNOWN,
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

if TYPE_CHECKING:
    from backstay.code.resolve.resolver import Resolver

MAX_FRAMES = 4
MAX_ROWS = 200  # of a zip or enumeration
MAX_CONTEXTS = 24  # sets of arguments for which one function is looked at


class Calling:
    def __init__(self, resolver: Resolver) -> None:
        self.r = resolver
        self._active: set[int] = set()
        self._completed: dict[tuple[int, int], Site] = {}

    def call(self, call: Call, scope: Scope, frame: Frame | None) -> Value:
        site = Site(call, scope, frame)
        func = call.func
        if isinstance(func, Attr):
            owner = self.r.value(func.value, scope, frame)
            text = self._text_method(owner, func.name, call, scope, frame)
            if text is not None:
                return text
            read = self.r.contents.method(owner, call, func.name, scope, frame)
            read = read or self.r.paths.method(owner, call, func.name, scope, frame)
            if read is not None:
                return read
            idiom = self.r.javascript.method(owner, call, func.name, scope, frame)
            if idiom is not None:
                return idiom
            if func.name == "as_view" and isinstance(owner, ClassValue):
                return owner  # a class based view: its methods are the handlers
            service = self.r.registrations.asked(call, scope)
            if service is not None and not self._has_row(owner, func.name):
                return service
        return self.called(self.r.value(func, scope, frame), site)

    def _has_row(self, owner: Value, name: str) -> bool:
        """Whether a table says what a method of a library's object gives."""
        return any(
            isinstance(one, External) and self.r.catalog.calls.find(f"{one.path}.{name}") for one in options(owner)
        )

    def _text_method(self, owner: Value, name: str, call: Call, scope: Scope, frame: Frame | None) -> Value | None:
        if isinstance(owner, DictValue) and name in ("get", "pop", "setdefault") and call.args:
            keys = options(self.r.value(call.args[0], scope, frame))
            exact = [one for key in keys if isinstance(key, Known) for one in owner.get(key.value)]
            default = [self.r.value(call.args[1], scope, frame)] if len(call.args) > 1 else []
            return choice(exact or [*(value for name, value in owner.entries if name is not None), *default])
        if isinstance(owner, DictValue) and name in ("values", "keys", "items"):
            return ListValue(_view(owner, name), owner.open, owner.place)
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
        if name in PASS_THROUGH or name in (
            "replace",
            "open",
            "resolve",
            "absolute",
            "expanduser",
            "split",
            "splitlines",
            "partition",
        ):
            return owner if name not in ("split", "splitlines", "partition") else ListValue([owner], True, place)
        if name in ("format", "format_map"):
            given = [self.r.value(arg, scope, frame) for arg in call.args]
            given += [self.r.value(expr, scope, frame) for _, expr in call.keywords]
            return choice([self.r.contents.filled(one, given) or formatted(one, call, given, place) for one in texts])
        if name == "join" and call.args:
            joined = self.r.value(call.args[0], scope, frame)
            if not isinstance(joined, ListValue):
                return text([joined], place)
            return text([one for item in joined.items for one in (texts[0], item)][1:], place)
        return None

    def called(self, func: Value, site: Site) -> Value:
        """What calling a value gives."""
        frame = site.frame
        match func:
            case External(path):
                return self._called_external(func, path.removesuffix("[]"), site)
            case FunctionValue(function):
                depth = frame.depth + 1 if frame else 1
                # Past the limits a call is looked at like any other of that function: cheaper, and less precise.
                one_of_many = depth > MAX_FRAMES or self.r.contexts[id(function.function)] >= MAX_CONTEXTS
                inner = None if one_of_many else self.frame(function, site, depth, func.owner)
                return self.returned(function, inner)
            case ClassValue(cls):
                return Instance(cls, site)
            case Partial(inner_func, _, keywords):
                if isinstance(inner_func, External):
                    return self._called_external(inner_func, inner_func.path, self.completed(func, site))
                if isinstance(inner_func, FunctionValue):
                    made = self.frame(inner_func.scope, site, 1, inner_func.owner)
                    made = self.r.framed(inner_func.scope, {**made.names, **keywords}, 1)
                    return self.returned(inner_func.scope, made)
                return self.called(inner_func, site)
            case LambdaValue(body, inner_scope, inner_frame):
                return self.r.value(body, inner_scope, inner_frame)
            case Instance(cls):
                for one in self.r.members.lineage(cls):
                    method = one.methods.get("__call__")
                    if method is not None:
                        return self.called(FunctionValue(method, func), site)
                for base in self.r.members.library_bases(cls):
                    return self.r.library(f"{base.path}()()", site, base)
            case ModuleValue(path):  # what `module.exports` is
                return self.called(self.r.names.member(path, "default"), site)
            case Choice(alternatives):
                return choice([self.called(one, site) for one in alternatives])
            case Known() | TextValue() | Environment() if not site.call.args and not site.call.keywords:
                return func  # a record's component, by its accessor: `settings.model()`
        default = self._looked_up(site)
        return default if default is not None else Unknown(dotted(site.call.func), site.place)

    def completed(self, func: Partial, site: Site) -> Site:
        """The call of a partial with all its arguments; with those given first where the two stand apart."""
        key = (id(func.site.call), id(site.call))
        known = self._completed.get(key)
        if known is None:
            known = func.site
            if func.site.scope is site.scope and func.site.frame is site.frame:
                first, call = func.site.call, site.call
                given = {name for name, _ in call.keywords}
                keywords = [*(pair for pair in first.keywords if pair[0] not in given), *call.keywords]
                whole = Call(first.func, first.args + call.args, keywords, call.line, call.end_line)
                known = Site(whole, site.scope, site.frame)
            self._completed[key] = known
        return known

    def _called_external(self, func: External, path: str, site: Site) -> Value:
        call, scope, frame = site.call, site.scope, site.frame
        if path in self.r.catalog.environment and call.args:
            name = self.r.value(call.args[0], scope, frame)
            default = self.r.value(call.args[1], scope, frame) if len(call.args) > 1 else None
            for keyword, expr in call.keywords:
                if keyword == "default":
                    default = self.r.value(expr, scope, frame)
            known = str(name.value) if isinstance(name, Known) else ""
            if default is None:
                return self.r.configured.variable(known, scope.path, site.place)
            return Environment(known, default, site.place)
        if path == "builtins.getattr" and len(call.args) > 1:
            name = self.r.value(call.args[1], scope, frame)
            if isinstance(name, Known) and isinstance(name.value, str):
                found = self.r.members.attribute(self.r.value(call.args[0], scope, frame), name.value, frame)
                return choice([found, *(self.r.value(arg, scope, frame) for arg in call.args[2:3])])
        if path == "builtins.zip" and call.args:
            columns = [self._column(self.r.value(arg, scope, frame)) for arg in call.args]
            return ListValue([ListValue(list(row)) for row in zip(*columns, strict=False)], True, site.place)
        if path == "builtins.enumerate" and call.args:
            rows = self._column(self.r.value(call.args[0], scope, frame))
            return ListValue([ListValue([Known(at, site.place), one]) for at, one in enumerate(rows)], True, site.place)
        read = self.r.paths.called(path, site) or self.r.contents.called(func, path, site)
        if read is not None:
            return read
        if path == "os.path.join" or path.endswith(".joinpath"):
            parts: list[Value] = []
            for arg in call.args:
                parts += [*([Known("/", site.place)] if parts else []), self.r.value(arg, scope, frame)]
            return text(parts, site.place)
        for wrapper in self.r.catalog.wrappers.find(path):
            wrapped = argument(call, wrapper.argument)
            if wrapped is not None:
                return self.r.value(wrapped, scope, frame)
        if path == "builtins.dict" and not call.args:
            entries = [
                (Known(name, site.place), self.r.value(expr, scope, frame)) for name, expr in call.keywords if name
            ]
            return DictValue([*entries], any(not name for name, _ in call.keywords), site.place)
        if path == "builtins.embedded" and call.args:
            return self.r.files.text(self.r.value(call.args[0], scope, frame))
        if path == "functools.partial" and call.args:
            keywords = {name: self.r.value(expr, scope, frame) for name, expr in call.keywords if name}
            target = self.r.value(call.args[0], scope, frame)
            args = [self.r.value(arg, scope, frame) for arg in call.args[1:]]
            merged = Site(Call(call.args[0], call.args[1:], call.keywords, call.line, call.end_line), scope, frame)
            return Partial(target, args, keywords, merged)
        if path in ("builtins.super", "super"):
            return self._super(scope)
        filled = self.r.commandline.filled(func, path)
        if filled is not None:
            return filled
        held = self.r.javascript.called(path, site)
        if held is not None:
            return held
        default = self._looked_up(site) if path.endswith((".get", "builtins.getattr")) else None
        if default is not None:
            return choice([default, self.r.library(f"{path}()", site, func)])
        for row, _ in self.r.catalog.calls.find(path):
            if row.returns == "self" and row.makes in ("", "endpoint") and func.base is not None:
                return func.base
            if row.returns.startswith("argument:") and not row.makes:
                given = argument(call, row.returns.removeprefix("argument:"))
                if given is not None:
                    return self.r.value(given, scope, frame)
            if row.returns.startswith("receiver:") and isinstance(func.base, External):
                held = self._held(func.base, row.returns.removeprefix("receiver:"), site)
                if held is not None:
                    return held
        return self.r.library(f"{path}()", site, func)

    def _held(self, receiver: External, spec: str, site: Site) -> Value | None:
        """What the receiver was made with: `names.{0}` is the entry of a parameter under the key that is asked for."""
        names, _, asked = spec.partition(".")
        made = receiver.site
        if made is None:
            return None
        expr = argument(made.call, names)
        given = [self.r.value(expr, made.scope, made.frame)] if expr is not None else []
        for arg in made.call.args[:1]:
            for one in options(self.r.value(arg, made.scope, made.frame)):
                given += [item for name in names.split("|") if isinstance(one, DictValue) for item in one.get(name)]
        key = argument(site.call, asked.strip("{}"))
        wanted = self.r.value(key, site.scope, site.frame) if key is not None else UNKNOWN
        asked_for = [one for one in options(wanted) if isinstance(one, Known)]
        found: list[Value] = []
        for held in given:
            for one in options(held):
                if isinstance(one, DictValue):
                    exact = [item for each in asked_for for item in one.get(each.value)]
                    found += exact or [item for name, item in one.entries if name is not None]
        return choice(found) if found else None

    def _looked_up(self, site: Site) -> Value | None:
        """The default of `settings.get("model", "x")` or `getattr(settings, "model", "x")`, where it is a known one."""
        func, given = site.call.func, site.call.args
        if isinstance(func, Attr) and func.name == "get" and len(given) == 2:
            name, default = given
        elif isinstance(func, Name) and func.id == "getattr" and len(given) == 3:
            _, name, default = given
        else:
            return None
        key = self.r.value(name, site.scope, site.frame)
        value = self.r.value(default, site.scope, site.frame)
        usable = isinstance(value, Known) and isinstance(value.value, str) and value.value
        return value if usable and isinstance(key, Known) and isinstance(key.value, str) else None

    def _column(self, value: Value) -> list[Value]:
        """The elements of what `zip` and `enumerate` are given, as far as they are known."""
        found = [one for each in options(value) for one in _items(each)]
        return found[:MAX_ROWS] or [Unknown()]

    def _super(self, scope: Scope) -> Value:
        at: Scope | None = scope
        while at is not None and not isinstance(at, ClassScope):
            at = at.parent
        if isinstance(at, ClassScope):
            above = self.r.members.lineage(at)[1:]
            if above:
                return Instance(above[0])
            for base in self.r.members.library_bases(at):
                return External(f"{base.path}()", None, base)
        return Unknown("super()")

    def frame(
        self, function: FunctionScope, site: Site, depth: int, owner: Instance | ClassValue | None = None
    ) -> Frame:
        names: dict[str, Value] = {}
        params = function.function.params
        for param in params:
            given = self.r.parameters.argument(site, function, param)
            if given is None and param.default is not None:
                given = self.r.parameters.injected(self.r.value(param.default, function.parent or function, None))
                if isinstance(given, Known) and given.value is None:
                    given = None
            if given is None or isinstance(given, Unknown):
                # In a frame, other callers do not speak for this call; the annotation may.
                noted = param.annotation and self.r.parameters.annotated(param.annotation, function.parent or function)
                given = noted or UNKNOWN
            names[param.name] = given
        if owner is not None and params and function.method_of is not None and not is_static(function):
            names[params[0].name] = owner
        return self.r.framed(function, names, depth)

    def returned(self, function: FunctionScope, frame: Frame | None) -> Value:
        """What a function hands back; nothing while it is being asked already, as recursion adds nothing new."""
        key = (id(function.function), id(frame) if frame else 0)
        known = self.r.results.get(key)
        if known is not None:
            return known
        if key[0] in self._active:
            return UNKNOWN
        self._active.add(key[0])
        leaps = self.r.leaps
        try:
            result = self._returned(function, frame)
        finally:
            self._active.discard(key[0])
        if leaps == self.r.leaps:
            self.r.results[key] = result
        return result

    def _returned(self, function: FunctionScope, frame: Frame | None) -> Value:
        found: list[Value] = []
        for statement in function.body:
            if isinstance(statement, Do) and statement.how in ("return", "yield"):
                if frame is not None and self.r.names.dead(statement.line, function, frame):
                    continue
                value = self.r.value(statement.value, function, frame)
                if not (isinstance(value, Known) and value.value is None):
                    found.append(value)
        name = function.function.name
        known = [
            labelled(value, name) if isinstance(value, TextValue) and not name.startswith("<") else value
            for value in found
            if not isinstance(value, Unknown)
        ]
        if known:
            return choice(known)
        if function.function.returns is not None:
            noted = self.r.parameters.annotated(function.function.returns, function.parent or function)
            if noted is not None:
                return noted
        return Unknown(f"{function.function.name}()", Place(function.path, function.function.line))


def _items(value: Value) -> list[Value]:
    if isinstance(value, ListValue):
        return value.items
    if isinstance(value, DictValue):
        return [key for key, _ in value.entries if key is not None]
    return [External(f"{value.path}[]", None, value)] if isinstance(value, External) else []


def _view(value: DictValue, name: str) -> list[Value]:
    """What `values()`, `keys()` or `items()` of a dictionary gives."""
    pairs = [(key, item) for key, item in value.entries if key is not None]
    if name == "items":
        return [ListValue([key, item]) for key, item in pairs]
    return [item if name == "values" else key for key, item in pairs]
