"""Strings: what text an expression of a template makes, as far as it is made of literals."""

import itertools
import re
from collections.abc import Callable

from jinja2 import nodes

from backstay.artifacts.templates.syntax import walk

OPEN = "\0"  # stands where a part is not known
_MAX_LENGTH = 2_000
_MAX_VALUES = 8
_MAX_DEPTH = 40

Values = tuple[str, ...]
_FIELD = re.compile(r"\{[A-Za-z0-9]{0,8}\}")


class Strings:
    """The literal texts of one template; names are followed to what is assigned to them anywhere in it."""

    def __init__(self, tree: nodes.Template) -> None:
        self.assigned: dict[str, list[nodes.Node]] = {}  # what a name, or `namespace.name`, is set to
        self.looped: dict[str, list[nodes.Node]] = {}  # what a loop's variable goes through
        self._known: dict[int, Values] = {}
        for node in walk(tree):
            if isinstance(node, nodes.Assign):
                self._assign(node.target, node.node)
            elif isinstance(node, nodes.AssignBlock):
                said = [part for one in node.body if isinstance(one, nodes.Output) for part in one.nodes]
                self._assign(node.target, nodes.Concat(said))
            elif isinstance(node, nodes.For) and isinstance(node.target, nodes.Name):
                self.looped.setdefault(node.target.name, []).append(node.iter)
            elif isinstance(node, nodes.Call) and isinstance(node.node, nodes.Name) and node.node.name == "namespace":
                for one in node.kwargs:
                    self.assigned.setdefault(f".{one.key}", []).append(one.value)

    def _assign(self, target: nodes.Node, value: nodes.Node) -> None:
        if isinstance(target, nodes.Name):
            self.assigned.setdefault(target.name, []).append(value)
        elif isinstance(target, nodes.NSRef):
            self.assigned.setdefault(f".{target.attr}", []).append(value)
        elif isinstance(target, nodes.Tuple) and isinstance(value, nodes.Tuple | nodes.List):
            for one, its in zip(target.items, value.items, strict=False):
                self._assign(one, its)

    def of(self, node: nodes.Node) -> Values:
        """The texts that an expression can have, with OPEN for unknown parts; nothing when it is no text."""
        return self._of(node, 0)

    def closed(self, node: nodes.Node) -> Values:
        """Those of its texts that are wholly known."""
        return tuple(one for one in self.of(node) if OPEN not in one)

    def items(self, node: nodes.Node) -> Values:
        """The texts of a list of literals, or of the one literal that stands there."""
        if isinstance(node, nodes.List | nodes.Tuple):
            return tuple(text for one in node.items[:200] for text in self.closed(one))
        if isinstance(node, nodes.Dict):
            return tuple(text for one in node.items[:200] for text in self.closed(one.key))
        if isinstance(node, nodes.Name):
            found = [text for one in self.looped.get(node.name, ())[:4] for text in self._listed(one)]
            found += [text for one in self.assigned.get(node.name, ())[:4] for text in self._listed(one)]
            return (*found, *self.closed(node))
        return self.closed(node)

    def _listed(self, node: nodes.Node) -> Values:
        if isinstance(node, nodes.Name):
            lists = [one for one in self.assigned.get(node.name, ())[:4] if isinstance(one, nodes.List | nodes.Tuple)]
            return tuple(text for one in lists for text in self.items(one))
        return self.items(node) if isinstance(node, nodes.List | nodes.Tuple | nodes.Dict) else ()

    def _of(self, node: nodes.Node, depth: int) -> Values:
        if depth > _MAX_DEPTH:
            return (OPEN,)
        known = self._known.get(id(node))
        if known is None:
            self._known[id(node)] = (OPEN,)  # a name that is set to something made of itself
            known = self._known[id(node)] = _bounded(self._made(node, depth + 1))
        return known

    def _made(self, node: nodes.Node, depth: int) -> Values:
        match node:
            case nodes.Const():
                return (node.value,) if isinstance(node.value, str) else ()
            case nodes.TemplateData():
                return (node.data,)
            case nodes.Name():
                return tuple(text for one in self.assigned.get(node.name, ())[:4] for text in self._of(one, depth))
            case nodes.Getattr():
                return tuple(
                    text for one in self.assigned.get(f".{node.attr}", ())[:4] for text in self._of(one, depth)
                )
            case nodes.Concat():
                return _joined([self._some(one, depth) for one in node.nodes])
            case nodes.Add():
                left, right = self._of(node.left, depth), self._of(node.right, depth)
                return _joined([left or (OPEN,), right or (OPEN,)]) if left or right else ()
            case nodes.Mul():
                text, times = (node.left, node.right) if self._of(node.left, depth) else (node.right, node.left)
                number = _number(times)
                return (
                    tuple(one * min(max(number, 0), 100) for one in self._of(text, depth)) if number is not None else ()
                )
            case nodes.Mod():
                return self._percent(node.left, _elements(node.right), depth)
            case nodes.CondExpr():
                other = self._of(node.expr2, depth) if node.expr2 else ()
                return self._of(node.expr1, depth) + other
            case nodes.Getitem():
                return self._item(node, depth)
            case nodes.Filter() if node.node is not None:
                return self._called(node.name, node.node, node.args, depth)
            case nodes.Call() if isinstance(node.node, nodes.Getattr):
                return self._called(node.node.attr, node.node.node, node.args, depth)
        return ()

    def _some(self, node: nodes.Node, depth: int) -> Values:
        return self._of(node, depth) or (str(_number(node)) if _number(node) is not None else OPEN,)

    def _item(self, node: nodes.Getitem, depth: int) -> Values:
        texts = self._of(node.node, depth)
        if isinstance(node.arg, nodes.Slice):
            start, stop, step = (
                None if one is None else _number(one) for one in (node.arg.start, node.arg.stop, node.arg.step)
            )
            return tuple(one[start:stop:step] for one in texts) if step != 0 else ()
        number = _number(node.arg)
        if number is None:
            return ()
        if isinstance(node.node, nodes.List | nodes.Tuple):
            return (
                self._of(node.node.items[number], depth)
                if -len(node.node.items) <= number < len(node.node.items)
                else ()
            )
        return tuple(one[number] for one in texts if -len(one) <= number < len(one))

    def _called(self, name: str, subject: nodes.Node, args: list[nodes.Expr], depth: int) -> Values:
        """A filter, or the method of the same name."""
        if name == "join":
            # A filter joins its subject by its argument; the method joins its argument by its subject.
            listed: nodes.Node = subject
            separator: nodes.Node | None = args[0] if args else None
            if not isinstance(subject, nodes.List | nodes.Tuple | nodes.Dict | nodes.Call) and args:
                listed, separator = args[0], subject
            between = self._of(separator, depth)[:1] if separator is not None else ("",)
            parts = [self._some(one, depth) for one in _elements(listed)]
            return tuple(text for one in between or (OPEN,) for text in _joined(_between(parts, one)))
        texts = self._of(subject, depth)
        if not texts:
            return ()
        if name == "format":
            return tuple(text for one in texts for text in self._formatted(one, args, depth))
        if name == "replace" and len(args) >= 2:
            old, new = self._of(args[0], depth), self._of(args[1], depth)
            return tuple(one.replace(a, b) for one in texts for a in old if a for b in new)
        change = _CHANGES.get(name)
        return tuple(change(one) for one in texts) if change else ()

    def _formatted(self, text: str, args: list[nodes.Expr], depth: int) -> Values:
        if "%" in text:
            return self._percent(nodes.Const(text), list(args), depth)
        pieces = _FIELD.split(text)
        if len(pieces) == 1:
            return (text,)
        values: list[Values] = []
        for number, field in enumerate(_FIELD.findall(text)):
            place = int(field[1:-1]) if field[1:-1].isdecimal() else number if field == "{}" else len(args)
            values.append(self._some(args[place], depth) if place < len(args) else (OPEN,))
        return _joined(
            [one for pair in zip([(piece,) for piece in pieces], [*values, ("",)], strict=True) for one in pair]
        )

    def _percent(self, left: nodes.Node, args: list[nodes.Node], depth: int) -> Values:
        found: list[str] = []
        for text in self._of(left, depth):
            parts: list[Values] = []
            waiting = list(args)
            for number, piece in enumerate(text.split("%")):
                if number == 0:
                    parts.append((piece,))
                    continue
                value: Values = self._character(waiting.pop(0), piece[:1], depth) if waiting else (OPEN,)
                parts += [value, (piece[1:],)]
            found += _joined(parts)
        return tuple(found)

    def _character(self, node: nodes.Node, conversion: str, depth: int) -> Values:
        number = _number(node)
        if conversion == "c" and number is not None and 0 <= number < 0x110000:
            return (chr(number),)
        return self._some(node, depth)


_CHANGES: dict[str, Callable[[str], str]] = {
    "lower": str.lower, "upper": str.upper, "title": str.title, "capitalize": str.capitalize, "strip": str.strip,
    "trim": str.strip, "string": str, "safe": str, "e": str, "escape": str, "reverse": lambda text: text[::-1],
    "list": str, "lstrip": str.lstrip, "rstrip": str.rstrip, "swapcase": str.swapcase, "casefold": str.casefold,
}  # fmt: skip


def _elements(node: nodes.Node) -> list[nodes.Node]:
    if isinstance(node, nodes.List | nodes.Tuple):
        return list(node.items[:200])
    if isinstance(node, nodes.Dict):
        return [one.key for one in node.items[:200]]
    if isinstance(node, nodes.Call) and isinstance(node.node, nodes.Name) and node.node.name == "dict":
        return [nodes.Const(one.key) for one in node.kwargs[:200]]
    return [node]


def _between(parts: list[Values], separator: str) -> list[Values]:
    return [one for part in parts for one in (part, (separator,))][:-1]


def _joined(parts: list[Values]) -> Values:
    made: Values = ("",)
    for part in parts:
        made = _bounded(tuple(a + b for a, b in itertools.product(made, part[:_MAX_VALUES])))
    return made


def _bounded(values: Values) -> Values:
    return tuple(dict.fromkeys(one[:_MAX_LENGTH] for one in values[: _MAX_VALUES * _MAX_VALUES]))[:_MAX_VALUES]


def _number(node: nodes.Node) -> int | None:
    if isinstance(node, nodes.Neg):
        number = _number(node.node) if isinstance(node.node, nodes.Const) else None
        return None if number is None else -number
    if isinstance(node, nodes.Const) and isinstance(node.value, int) and not isinstance(node.value, bool):
        return node.value
    return None
