"""Shapes: small questions to values and facts that need no resolver."""

import re
from collections.abc import Sequence
from itertools import product
from math import prod

from backstay.code.facts import Assign, Attr, Call, Expr, Item, Name, Param, Seq, Star
from backstay.code.scopes import Binding, ClassScope, FunctionScope, Scope
from backstay.code.values import (
    MAX_CHARACTERS,
    Choice,
    DictValue,
    Environment,
    External,
    Frame,
    Known,
    ListValue,
    Place,
    TextValue,
    Unknown,
    Value,
    options,
)

CHAIN = "langchain_core.runnables.RunnableSequence()"  # what `prompt | llm | parser` makes
MAX_OPTIONS = 64
MAX_WAYS = 16  # texts that one text with several possible parts is spelled out to
MAX_FILLED = 200  # characters of text whose fields are filled in; longer text is a template somebody maintains
_FIELD = re.compile(r"(\{\w{0,40}\})")
_PERCENT = re.compile(r"%[sd]")
# Methods and attributes whose result is, for our purposes, the text itself.
PASS_THROUGH = frozenset(
    (
        "strip",
        "lstrip",
        "rstrip",
        "lower",
        "upper",
        "title",
        "dedent",
        "value",
        "name",
        "as_posix",
        "get_secret_value",
        "removeprefix",
        "removesuffix",
        "encode",
        "decode",
        "expandtabs",
    )
)


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


def choice(values: Sequence[Value]) -> Value:
    """One value of several: flattened, without repeats, at most MAX_OPTIONS; Unknown only when nothing is known."""
    flat: list[Value] = []
    seen: set[object] = set()
    for value in values:
        for one in value.options if isinstance(value, Choice) else [value]:
            mark: object = (one.value, type(one.value)) if isinstance(one, Known) else id(one)
            if mark not in seen:
                seen.add(mark)
                flat.append(one)
    known: list[Value] = [one for one in flat if not isinstance(one, Unknown)]
    if len(known) == 1 and len(flat) == 1:
        return known[0]
    if not known:
        return flat[0] if flat else Unknown()
    kept = known[:MAX_OPTIONS]
    return kept[0] if len(kept) == 1 else Choice(kept)


def visible(bindings: list[Binding], line: int) -> list[Binding]:
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


def given(name: str, scope: Scope, frame: Frame | None) -> Value | None:
    while frame is not None:
        if frame.scope is scope and name in frame.names:
            return frame.names[name]
        frame = frame.parent
    return None


def text(values: list[Value], place: Place) -> Value:
    """Text put together from values; a short one that has a part with few known values is each text it can be."""
    ways = [one.options for one in values if isinstance(one, Choice)]
    if ways and prod(map(len, ways)) <= MAX_WAYS and _is_short(values):
        each = product(*(one.options if isinstance(one, Choice) else [one] for one in values))
        return choice([_text(list(way), place) for way in each])
    return _text(values, place)


def _is_short(values: list[Value]) -> bool:
    known = [option for one in values for option in (one.options if isinstance(one, Choice) else [one])]
    return all(isinstance(one, Known) and len(str(one.value)) <= MAX_FILLED for one in known)


def _text(values: list[Value], place: Place) -> Value:
    parts: list[str | Value] = []
    for given_value in values:
        value = given_value
        if isinstance(value, Environment) and value.default is not None:
            value = value.default
        if isinstance(value, Known):
            piece = "" if value.value is None else str(value.value)
            if parts and isinstance(parts[-1], str):
                parts[-1] = (parts[-1] + piece)[:MAX_CHARACTERS]
            else:
                parts.append(piece)
        elif isinstance(value, TextValue):
            parts.extend(value.parts)
        else:
            parts.append(value)
    if len(parts) <= 1 and all(isinstance(part, str) for part in parts):
        return Known(str(parts[0]) if parts else "", place)
    return TextValue(parts, place)


def formatted(text: Value, call: Call, given: list[Value], place: Place) -> Value:
    whole = _filled(text, call, given)
    if whole is not None:
        return Known(whole, place)
    parts: list[str | Value] = list(text.parts) if isinstance(text, TextValue) else [str(getattr(text, "value", ""))]
    return TextValue([*parts, *given], text.place if isinstance(text, TextValue | Known) else place, label(text))


def _filled(text: Value, call: Call, given: list[Value]) -> str | None:
    """Short text with all its fields filled, such as a model's name; None when anything is open."""
    plain = [one.value if isinstance(one, Known) else None for one in given]
    names = {name: plain[len(call.args) + at] for at, (name, _) in enumerate(call.keywords)}
    if not isinstance(text, Known) or not isinstance(text.value, str) or len(text.value) > MAX_FILLED:
        return None
    out, following = "", 0
    for piece in _FIELD.split(text.value):
        if not (piece.startswith("{") and piece.endswith("}")):
            out += piece
            continue
        field = piece[1:-1] or str(following)
        following += not piece[1:-1]
        value = (plain[int(field)] if int(field) < len(call.args) else None) if field.isdecimal() else names.get(field)
        if value is None:
            return None
        out += str(value)
    return None if "{" in out or "}" in out else out


def percented(first: Value, second: Value) -> str | None:
    """`"a-%s" % b` where both are known; None otherwise."""
    items = second.items if isinstance(second, ListValue) else [second]
    plain = [str(one.value) for one in items if isinstance(one, Known)]
    if not isinstance(first, Known) or not isinstance(first.value, str) or len(first.value) > MAX_FILLED:
        return None
    pieces = _PERCENT.split(first.value)
    if len(pieces) != len(plain) + 1 or len(plain) != len(items) or any("%" in piece for piece in pieces):
        return None
    return "".join(part for pair in zip(pieces, [*plain, ""], strict=True) for part in pair)


def label(value: Value) -> str:
    return value.label if isinstance(value, Known | TextValue) else ""


def labelled(value: Value, name: str) -> Value:
    """Text with the name it was given first, so that a prompt can be called by it."""
    if isinstance(value, Known) and isinstance(value.value, str) and not value.label:
        return Known(value.value, value.place, name)
    if isinstance(value, TextValue) and not value.label:
        return TextValue(value.parts, value.place, name)
    return value


def placed(value: Value, place: Place) -> Value:
    """A library's constant or a variable, which stand in none of our files, at the place where they are used."""
    if isinstance(value, Known) and not value.place.path:
        return Known(value.value, place, value.label)
    return Environment(value.name, value.default, place) if isinstance(value, Environment) else value


def elements(value: Value) -> Value:
    found: list[Value] = []
    for one in options(value):
        if isinstance(one, ListValue):
            found += one.items
        elif isinstance(one, DictValue):
            found += [key for key, _ in one.entries if key is not None]
        elif isinstance(one, External):
            found.append(External(f"{one.path}[]", None, one))
    return choice(found) if found else Unknown()


def unpacked(value: Value, index: int) -> Value:
    found: list[Value] = []
    for one in options(value):
        if isinstance(one, ListValue):
            if index < len(one.items) and not one.open:
                found.append(one.items[index])
        elif isinstance(one, External):
            found.append(External(f"{one.path}[]", None, one))
    return choice(found) if found else Unknown()


def extended(before: list[Value], value: Value) -> Value:
    last = before.pop() if before else None
    if isinstance(last, ListValue) and isinstance(value, ListValue):
        return ListValue(last.items + value.items, last.open or value.open, last.place)
    if isinstance(last, Known | TextValue):
        joined = text([last, value], last.place)
        return labelled(joined, last.label) if last.label else joined
    return value


def targets(target: Expr, item: Value) -> dict[str, Value]:
    if isinstance(target, Name):
        return {target.id: item}
    if isinstance(target, Seq) and isinstance(item, ListValue):
        return {part.id: one for part, one in zip(target.items, item.items, strict=False) if isinstance(part, Name)}
    return {}


def in_chain(value: Value) -> bool:
    return any(isinstance(one, External) and one.path.startswith("langchain") for one in options(value))


def chained(value: Value) -> tuple[Value, ...]:
    out: list[Value] = []
    for one in options(value):
        out += one.parts if isinstance(one, External) and one.path == CHAIN else [one]
    return tuple(out)


def as_function(scope: object) -> FunctionScope:
    if not isinstance(scope, FunctionScope):
        raise TypeError("not a function")
    return scope


def as_class(scope: object) -> ClassScope:
    if not isinstance(scope, ClassScope):
        raise TypeError("not a class")
    return scope


def is_static(function: FunctionScope) -> bool:
    return any(isinstance(one, Name) and one.id == "staticmethod" for one in function.function.decorators)


def is_classmethod(function: FunctionScope) -> bool:
    return any(isinstance(one, Name) and one.id in ("classmethod", "validator") for one in function.function.decorators)


def dotted(expr: Expr) -> str:
    """An expression as short text: names and dots; anything else as …"""
    match expr:
        case Name(id):
            return id if not id.startswith("<") else "…"  # a name that a front-end gave
        case Attr(Name(id), name) if id.startswith("<"):
            return name
        case Attr(value, name):
            return f"{dotted(value)}.{name}"
        case Call(func):
            return f"{dotted(func)}()"
        case Item(value):
            return f"{dotted(value)}[]"
    return "…"
