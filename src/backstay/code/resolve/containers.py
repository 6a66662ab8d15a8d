"""Containers: lists, dictionaries, comprehensions and the operators that join values."""

from __future__ import annotations

from typing import TYPE_CHECKING

from backstay.code.facts import Assign, Call, Comp, Expr, Name, Seq, Star
from backstay.code.resolve.shapes import CHAIN, chained, choice, elements, in_chain, percented, targets, text
from backstay.code.scopes import ClassScope, Scope
from backstay.code.values import (
    UNKNOWN,
    ClassValue,
    DictValue,
    Environment,
    External,
    Frame,
    Known,
    ListValue,
    Place,
    Site,
    TextValue,
    Unknown,
    Value,
    options,
)

if TYPE_CHECKING:
    from backstay.code.resolve.resolver import Resolver


class Containers:
    def __init__(self, resolver: Resolver) -> None:
        self.r = resolver

    def sequence(self, items: list[Expr], line: int, scope: Scope, frame: Frame | None) -> Value:
        out: list[Value] = []
        more = False
        for item in items[:2000]:
            value = self.r.value(item, scope, frame)
            if isinstance(item, Star):
                for one in options(value):
                    more = more or not isinstance(one, ListValue)
                    out += one.items if isinstance(one, ListValue) else [one]
            else:
                out.append(value)
        return ListValue(out, more, Place(scope.path, line))

    def mapping(
        self, keys: list[Expr | None], values: list[Expr], line: int, scope: Scope, frame: Frame | None
    ) -> Value:
        entries: list[tuple[Value | None, Value]] = []
        more = False
        for key, expr in list(zip(keys, values, strict=True))[:2000]:
            value = self.r.value(expr, scope, frame)
            if key is None:
                for one in options(value):
                    more = more or not isinstance(one, DictValue)
                    # What a library hands over to be spread, such as the tools of a server, is kept for its maker.
                    held: list[tuple[Value | None, Value]] = [(None, one)] if isinstance(one, External) else []
                    entries += one.entries if isinstance(one, DictValue) else held
            else:
                entries.append((self.r.value(key, scope, frame), value))
        return DictValue(entries, more, Place(scope.path, line))

    def elements(self, value: Value) -> Value:
        """What an iteration over a value gives; of an enumeration, its members."""
        found: list[Value] = []
        for one in options(value):
            found += self.members(one.scope) if isinstance(one, ClassValue) else options(elements(one))
        return choice(found) if found else UNKNOWN

    def members(self, cls: ClassScope) -> list[Value]:
        """The values of a class's plain attributes: the members of an enumeration."""
        names = dict.fromkeys(
            statement.target.id
            for statement in cls.body
            if isinstance(statement, Assign) and isinstance(statement.target, Name) and statement.value is not None
        )
        found = [self.r.members.of_class(cls, name, None, ClassValue(cls)) for name in names if name[0] != "_"]
        return [one for one in found if one is not None]

    def comprehension(self, expr: Comp, scope: Scope, frame: Frame | None) -> Value:
        source = self.r.value(expr.source, scope, frame)
        items: list[Value] = []
        for one in options(source):
            if isinstance(one, ListValue):
                items += one.items
            elif isinstance(one, DictValue):
                items += [
                    ListValue([k, v]) if isinstance(expr.target, Seq) else k for k, v in one.entries if k is not None
                ]
            elif isinstance(one, ClassValue):
                items += self.members(one.scope)
        place = Place(scope.path, expr.line)
        if not items:
            return ListValue([self.r.value(expr.element, scope, frame)], True, place)
        made: list[Value] = []
        pairs: list[tuple[Value | None, Value]] = []
        for item in items[:100]:
            inner = Frame(scope, targets(expr.target, item), frame, frame.depth if frame else 0, inner=True)
            self.r.keep(inner)
            value = self.r.value(expr.element, scope, inner)
            made.append(value)
            if expr.key is not None:
                pairs.append((self.r.value(expr.key, scope, inner), value))
        return DictValue(pairs, False, place) if expr.key is not None else ListValue(made, False, place)

    def operation(self, op: str, left: Expr, right: Expr, line: int, scope: Scope, frame: Frame | None) -> Value:
        first, second = self.r.value(left, scope, frame), self.r.value(right, scope, frame)
        place = Place(scope.path, line)
        if op == "|":
            if in_chain(first) or in_chain(second):
                parts = (*chained(first), *chained(second))
                return External(CHAIN, Site(Call(Name("|", line), [], [], line, line), scope, frame), None, parts)
            if isinstance(first, DictValue) and isinstance(second, DictValue):
                return DictValue(first.entries + second.entries, first.open or second.open, place)
        if op == "+":
            if isinstance(first, ListValue) or isinstance(second, ListValue):
                items: list[Value] = []
                for one in (first, second):
                    items += one.items if isinstance(one, ListValue) else [one]
                both = isinstance(first, ListValue) and isinstance(second, ListValue)
                return ListValue(items, not both, place)
            if any(
                isinstance(one, TextValue) or (isinstance(one, Known) and isinstance(one.value, str))
                for one in (first, second)
            ):
                return text([first, second], place)
            if isinstance(first, External) and isinstance(second, External):  # two lists that a library made
                return ListValue([first, second], True, place)
        if op in ("%", "/") and isinstance(first, Known | TextValue | Environment):
            if op == "/":  # of paths
                return text([first, Known("/", place), second], place)
            whole = percented(first, second)
            return Known(whole, place) if whole is not None else text([first, second], place)
        return Unknown("", place)
