"""JavaScript's own lists, objects, maps and text: what their methods and the functions of `Object` give."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from backstay.code.facts import Call
from backstay.code.resolve.shapes import choice, text
from backstay.code.scopes import Scope
from backstay.code.values import (
    UNKNOWN,
    Choice,
    DictValue,
    Environment,
    External,
    Frame,
    FunctionValue,
    Known,
    ListValue,
    Place,
    Site,
    TextValue,
    Value,
    options,
)

if TYPE_CHECKING:
    from backstay.code.resolve.resolver import Resolver

MAX_FLAT_ITEMS = 2_000
MAX_CHAIN = 20  # methods of one schema
_CHECKS = (".parse()", ".safeParse()", ".parseAsync()", "createEnv()", "cleanEnv()")  # of Zod, T3 and envalid
# Methods whose result is, for our purposes, the list or the text itself.
_SAME_LIST = frozenset(
    ("slice", "reverse", "toReversed", "sort", "toSorted", "values", "filter", "splice", "fill", "with", "toSpliced")
)
_SAME_TEXT = frozenset(
    ("trim", "trimStart", "trimEnd", "toLowerCase", "toUpperCase", "toString", "valueOf", "normalize", "replaceAll")
)
_PARTS = frozenset(("slice", "substring", "substr", "charAt", "at"))
_VIEWS = frozenset(("values", "keys", "entries"))
_ASKING = frozenset(("concat", "join", "at"))  # what they give hangs on their arguments
_ONE = frozenset(("at", "pop", "shift", "find", "findLast"))
_METHODS = _SAME_LIST | _SAME_TEXT | _PARTS | _VIEWS | _ASKING | _ONE | {"bind", "flat", "set", "replace", "split"}


class JavaScript:
    def __init__(self, resolver: Resolver) -> None:
        self.r = resolver

    def method(self, owner: Value, call: Call, name: str, scope: Scope, frame: Frame | None) -> Value | None:
        """What calling a method of a list, an object, a map or text gives; None where nothing more is known."""
        if name not in _METHODS or scope.module.facts.language != "javascript":
            return None
        if name == "bind" and isinstance(owner, FunctionValue):
            return owner
        given = [self.r.value(arg, scope, frame) for arg in call.args[:20]] if name in _ASKING else []
        place = Place(scope.path, call.line, call.end_line)
        found = [self._method(one, name, given, place) for one in options(owner)]
        known = [one for one in found if one is not None]
        return choice(known) if known else None

    def _method(self, owner: Value, name: str, given: list[Value], place: Place) -> Value | None:
        match owner:
            case ListValue():
                return self._of_list(owner, name, given, place)
            case DictValue() if name in _VIEWS:
                return ListValue(view(owner, name), owner.open, owner.place)
            case DictValue() if name == "set":
                return owner
            case Known(value) if isinstance(value, str):
                return self._of_text(owner, name, given, place)
            case TextValue():
                return self._of_text(owner, name, given, place)
            case Environment() if name in _SAME_TEXT:
                return owner
        return None

    def _of_list(self, owner: ListValue, name: str, given: list[Value], place: Place) -> Value | None:
        if name in _SAME_LIST:
            return owner
        if name == "concat":
            items, more = list(owner.items), owner.open
            for value in given:
                for one in options(value):
                    items += one.items if isinstance(one, ListValue) else [one]
                    more = more or not isinstance(one, ListValue)
            return ListValue(items, more, place)
        if name == "flat":
            inner = islice((one for item in owner.items for one in _items(item)), MAX_FLAT_ITEMS)
            return ListValue(list(inner), owner.open)
        if name == "join":
            between = given[0] if given else Known(",", place)
            return text([one for item in owner.items for one in (between, item)][1:], place)
        if name in _ONE:
            position = given[0] if given and name == "at" else UNKNOWN
            if isinstance(position, Known) and isinstance(position.value, int) and not owner.open:
                return owner.items[position.value] if -len(owner.items) <= position.value < len(owner.items) else None
            return choice(owner.items) if owner.items else None
        return None

    def _of_text(self, owner: Value, name: str, given: list[Value], place: Place) -> Value | None:
        if name in _SAME_TEXT or name in _PARTS or name == "replace":
            return owner
        if name == "concat":
            return text([owner, *given], place)
        return ListValue([owner], True, place) if name == "split" else None

    def called(self, path: str, site: Site) -> Value | None:
        """What a function of the language gives that takes an object apart or puts it together."""
        args = site.call.args
        if path == "builtins.Map":
            pairs = self.r.value(args[0], site.scope, site.frame) if args else ListValue([])
            return self._paired(pairs, site.place, more=not args)
        if not path.startswith("builtins.Object.") or not args:
            return None
        given = [self.r.value(arg, site.scope, site.frame) for arg in args[:20]]
        name = path.removeprefix("builtins.Object.")
        if name in _VIEWS:
            found: list[Value] = [
                ListValue(view(one, name), one.open, one.place)
                for one in options(given[0])
                if isinstance(one, DictValue)
            ]
            return choice(found) if found else None
        if name == "fromEntries":
            return self._paired(given[0], site.place)
        if name == "assign":
            entries: list[tuple[Value | None, Value]] = []
            held = [one for value in given for one in options(value)]
            for one in held:
                entries += one.entries if isinstance(one, DictValue) else []
            more = any(not isinstance(one, DictValue) or one.open for one in held)
            # An object of a library that is only given some more properties stays what it is.
            whole = not isinstance(given[0], External)
            return DictValue(entries, more, site.place) if entries and whole else None
        return None

    def checked(self, owner: External, name: str) -> Value | None:
        """A variable of an environment that was checked by a schema: `schema.parse(process.env).NAME`."""
        at: External | None = owner
        if owner.path.endswith(".safeParse().data"):
            at = owner.base
        if at is None or at.site is None or not at.path.endswith(_CHECKS) or not name.isupper():
            return None
        given = [self.r.value(arg, at.site.scope, at.site.frame) for arg in at.site.call.args[:3]]
        if not at.path.endswith("createEnv()") and not any(self._is_environment(one) for one in given):
            return None
        shapes: list[Value] = [one for one in given if isinstance(one, DictValue)]
        made = at.base.base if at.base is not None else None  # z.object({...}) of z.object({...}).parse
        if made is not None and made.site is not None and made.site.call.args:
            shapes.append(self.r.value(made.site.call.args[0], made.site.scope, made.site.frame))
        defaults = [one for shape in shapes for one in self._defaults(shape, name)]
        return Environment(name, defaults[0] if defaults else None, at.site.place)

    def _is_environment(self, value: Value) -> bool:
        return isinstance(value, External) and self.r.variable(value.path)

    def _defaults(self, shape: Value, name: str) -> list[Value]:
        """The default that a schema gives a variable; `server` and `client` hold the schemas of `createEnv`."""
        if not isinstance(shape, DictValue):
            return []
        found: list[Value] = []
        for part in ("server", "client", "shared"):
            found += [one for inner in shape.get(part) for one in self._defaults(inner, name)]
        for one in shape.get(name):
            at = one if isinstance(one, External) else None
            for _ in range(MAX_CHAIN):
                if at is None:
                    break
                if at.path.endswith(".default()") and at.site is not None and at.site.call.args:
                    found.append(self.r.value(at.site.call.args[0], at.site.scope, at.site.frame))
                    break
                at = at.base
        return [one for one in found if isinstance(one, Known)]

    def _paired(self, pairs: Value, place: Place, *, more: bool = False) -> Value | None:
        """An object from a list of keys and values."""
        entries: list[tuple[Value | None, Value]] = []
        for one in options(pairs):
            if not isinstance(one, ListValue):
                return None
            more = more or one.open
            for pair in one.items:
                if isinstance(pair, ListValue) and len(pair.items) == 2:
                    entries.append((pair.items[0], pair.items[1]))
        return DictValue(entries, more, place)


def view(value: DictValue, name: str) -> list[Value]:
    """What `keys`, `values` or `entries` (or Python's `items`) of an object gives."""
    pairs = [(key, item) for key, item in value.entries if key is not None]
    if name in ("entries", "items"):
        return [ListValue([key, item]) for key, item in pairs]
    return [item if name == "values" else key for key, item in pairs]


def _items(value: Value) -> list[Value]:
    found: list[Value] = []
    for one in value.options if isinstance(value, Choice) else [value]:
        found += one.items if isinstance(one, ListValue) else [one]
    return found
