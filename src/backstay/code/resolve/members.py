"""Members: attributes of modules, classes, objects and library values, and items of containers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from backstay.code.facts import Assign, Expr, Name, Opaque, Seq, Star
from backstay.code.resolve.calls import MAX_FRAMES
from backstay.code.resolve.paths import path_of
from backstay.code.resolve.shapes import MAX_OPTIONS, PASS_THROUGH, choice, dotted, labelled, placed
from backstay.code.scopes import ClassScope, FunctionScope, Scope
from backstay.code.values import (
    NOWHERE,
    Choice,
    ClassValue,
    DictValue,
    Environment,
    External,
    Frame,
    FunctionValue,
    Instance,
    Known,
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

_FIELDS = frozenset(("pydantic.Field", "dataclasses.field", "pydantic.fields.Field", "attr.ib", "attrs.field"))


class Members:
    def __init__(self, resolver: Resolver) -> None:
        self.r = resolver

    def of(self, base: Expr, name: str, expr: Expr, scope: Scope, frame: Frame | None) -> Value:
        owner = self.r.value(base, scope, frame)
        found = [self.attribute(one, name, frame) for one in (owner.options if isinstance(owner, Choice) else [owner])]
        known = [one for one in found if not isinstance(one, Unknown)]
        place = Place(scope.path, expr.line)
        return choice([self._standing(one, scope, place) for one in known]) if known else Unknown(dotted(expr), place)

    def _standing(self, value: Value, scope: Scope, place: Place) -> Value:
        """A library's constant or a variable at the place where it is used."""
        if isinstance(value, Environment) and value.default is None and value.place is NOWHERE:
            return self.r.configured.variable(value.name, scope.path, place)
        return placed(value, place)

    def attribute(self, owner: Value, name: str, frame: Frame | None = None) -> Value:
        """`owner.name`."""
        match owner:
            case External(path):
                if self.r.variable(path):
                    return Environment(name, None, NOWHERE)  # who asks says where, and what stands in for it
                checked = self.r.javascript.checked(owner, name)
                if checked is not None:
                    return checked
                plain = self.r.library(f"{path}.{name}", None, owner)
                default = self.r.commandline.attribute(owner, name)
                # What a user may set stays beside the default: it is outside input.
                return choice([default, plain]) if default is not None else plain
            case ModuleValue(path):
                member = self.r.names.member(path, name)
                whole = self.r.names.member(path, "default") if isinstance(member, Unknown) else member
                if isinstance(member, Unknown) and not isinstance(whole, Unknown | ModuleValue):
                    return self.attribute(whole, name, frame)  # of what `module.exports` is
                return member
            case Instance(cls, site):
                return self._instance_attribute(cls, site, name, frame)
            case ClassValue(cls):
                found = self.of_class(cls, name, frame, ClassValue(cls))
                if found is not None:
                    return found
                for base in self.library_bases(cls):
                    return self.r.library(f"{base.path}.{name}", None, base)
                return Unknown(name)
            case Known() if name in ("parent", "parents") and path_of(owner):
                return self.r.paths.attribute(owner, name) or owner
            case Known() | TextValue() if name in PASS_THROUGH:
                return owner
            case Environment() if name in PASS_THROUGH:
                return owner
            case DictValue() if owner.get(name):
                return choice(owner.get(name))
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
                    return self.r.value(expr, site.scope, site.frame)
                if not keyword and "__init__" not in cls.methods:
                    for spread in options(self.r.value(expr, site.scope, site.frame)):
                        if isinstance(spread, DictValue) and spread.get(name):
                            return choice(spread.get(name))
            given = self._by_position(cls, site, name)
            if given is not None:
                return given
        constructor = next((one for one in self.lineage(cls) if "__init__" in one.methods), None)
        for one in self.lineage(cls):
            given = self.r.files.attribute(one, name)
            if given is not None:
                return given
            assigned = one.fields.get(name)
            if assigned:
                values = []
                for method, statement in assigned[:MAX_OPTIONS]:
                    # A base's constructor gets what `super().__init__` says, not what the class is called with.
                    inner = self._construction(one, method, site) if site and one is constructor else None
                    inner = inner if site else frame
                    if statement.value is not None:
                        value = self.r.value(statement.value, method, inner)
                        if not (isinstance(value, Known) and value.value is None and len(assigned) > 1):
                            values.append(labelled(value, name))
                        if isinstance(value, Unknown) and statement.annotation is not None:
                            noted = self.r.parameters.annotated(statement.annotation, method)
                            values += [noted] if noted else []
                known = [value for value in values if not isinstance(value, Unknown)]
                if known:
                    return choice(known)
        made = self.r.objects.field(cls, name) if site is None else None
        if made is not None:
            return made
        found = self.of_class(cls, name, frame, Instance(cls, site))
        if found is None or isinstance(found, Unknown) or getattr(found, "path", "").startswith("builtins."):
            found = self.r.configured.setting(cls, name) or found
        if found is not None:
            return self.r.objects.implemented(found, name) or found
        # What the project's class does not define, its library base may.
        for base in self.library_bases(cls):
            return self.r.library(f"{base.path}().{name}", None, base)
        return Unknown(name)

    def _by_position(self, cls: ClassScope, site: Site, name: str) -> Value | None:
        """What a call without names gives a field of a dataclass or named tuple."""
        if not site.call.args or "__init__" in cls.methods:
            return None
        fields = [
            one.target.id
            for base in reversed(self.lineage(cls))
            for one in base.body
            if isinstance(one, Assign) and one.annotation is not None and isinstance(one.target, Name)
        ]
        order = list(dict.fromkeys(fields))
        at = order.index(name) if name in order else len(site.call.args)
        if at < len(site.call.args) and not any(isinstance(arg, Star) for arg in site.call.args[: at + 1]):
            return self.r.value(site.call.args[at], site.scope, site.frame)
        return None

    def _construction(self, cls: ClassScope, method: FunctionScope, site: Site) -> Frame | None:
        if method.function.name != "__init__":
            return None
        depth = site.frame.depth + 1 if site.frame else 1
        return self.r.calls.frame(method, site, depth) if depth <= MAX_FRAMES else None

    def of_class(self, cls: ClassScope, name: str, frame: Frame | None, owner: Instance | ClassValue) -> Value | None:
        for one in self.lineage(cls):
            if name not in one.names:
                continue
            method = one.methods.get(name)
            if method is not None:
                if any(
                    isinstance(d, Name) and d.id in ("property", "cached_property") for d in method.function.decorators
                ):
                    return self.r.calls.returned(method, None)
                return FunctionValue(method, owner)
            value = self.r.names.name(name, 0, one, None)
            return self._field(value, one)
        return None

    def _field(self, value: Value, cls: ClassScope) -> Value:
        """The default of a pydantic or dataclass field."""
        if isinstance(value, External) and value.site and value.base and value.base.path in _FIELDS:
            call = value.site.call
            for name, expr in call.keywords:
                if name == "default":
                    return self.r.value(expr, cls)
                if name in ("default_factory", "factory"):
                    return self.r.calls.called(self.r.value(expr, cls), value.site)
            if call.args and not isinstance(call.args[0], Opaque):
                return self.r.value(call.args[0], cls)
            return Unknown()
        return value

    def lineage(self, cls: ClassScope, limit: int = 12) -> list[ClassScope]:
        """A class and its base classes in the project, nearest first."""
        out, queue = [cls], [cls]
        out += self._elsewhere(cls)
        queue += out[1:]
        while queue and len(out) < limit:
            current = queue.pop(0)
            for base in current.cls.bases:
                found = self.r.value(base, current.parent or current)
                if isinstance(found, ClassValue) and found.scope not in out:
                    out.append(found.scope)
                    queue.append(found.scope)
        return out

    def _elsewhere(self, cls: ClassScope) -> list[ClassScope]:
        """The parts of a class that stand in other files, in languages that allow that."""
        found: list[ClassScope] = []
        for path in self.r.project.modules.parts(cls.cls.name, cls.path) if cls.parent is cls.module else ():
            module = self.r.project.scope(path) if path != cls.path else None
            for one in module.children if module is not None else ():
                if isinstance(one, ClassScope) and one.cls.name == cls.cls.name:
                    found.append(one)
        return found

    def library_bases(self, cls: ClassScope) -> list[External]:
        """The classes of libraries that a class derives from, directly or not."""
        out = []
        for one in self.lineage(cls):
            for base in one.cls.bases:
                found = self.r.value(base, one.parent or one)
                if isinstance(found, External):
                    out.append(External(found.path.removesuffix("[]")))
        return out

    def item(self, base: Value, index: Expr, scope: Scope, frame: Frame | None) -> Value:
        key = self.r.value(index, scope, frame)
        match base:
            case External(path) if self.r.variable(path, item=True):
                name = key.value if isinstance(key, Known) else ""
                return self.r.configured.variable(str(name), scope.path, Place(scope.path, index.line))
            case External("typing.Annotated" | "typing_extensions.Annotated") if isinstance(index, Seq):
                # An alias for an annotation: `Llm = Annotated[ChatOpenAI, Depends(get_llm)]`.
                return self.r.parameters.noted(index, scope) or External(f"{base.path}[]", None, base)
            case External(path):
                return self.r.library(f"{path}[]", None, base)
            case DictValue(entries):
                exact = [one for each in options(key) if isinstance(each, Known) for one in base.get(each.value)]
                return choice(exact or [value for name, value in entries if name is not None] or [Unknown()])
            case ListValue(items):
                if isinstance(key, Known) and isinstance(key.value, int) and -len(items) <= key.value < len(items):
                    return items[key.value]
                return choice(items) if items else Unknown()
            case ClassValue(cls):  # an enum by name, or a generic class
                if isinstance(key, Known) and isinstance(key.value, str):
                    found = self.of_class(cls, key.value, frame, base)
                    if found is not None:
                        return found
                return base
            case Choice(alternatives):
                return choice([self.item(one, index, scope, frame) for one in alternatives])
            case Known() | TextValue():
                return base
        return Unknown("", Place(scope.path, index.line))
