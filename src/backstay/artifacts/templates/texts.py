"""Texts: which expressions of a template hold what somebody wrote in a message, and which a date."""

from jinja2 import nodes

from backstay.artifacts.templates import words
from backstay.artifacts.templates.strings import Strings
from backstay.artifacts.templates.syntax import arguments, walk
from backstay.artifacts.templates.words import Wording
from backstay.catalog.artifacts import folders as table

_KEYS = table.words("templates", "keys")
_NAMES = table.words("templates", "texts")
_MESSAGES = table.words("templates", "messages")
_SPREADING = frozenset({"string", "tojson", "join", "list", "lower", "upper", "trim", "e", "safe", "escape", "pprint"})
_COUNTING = frozenset({"length", "count", "int", "float", "wordcount"})
_CLOCKS = table.words("templates", "clocks")
_CHANGING = frozenset({"replace", "regex_replace", "re_sub", "truncate", "reverse", "sub", "translate"})
_MAX_DEPTH = 60
_PASSES = 4


class Texts:
    """Follows texts and dates through the variables and macros of one template."""

    def __init__(self, tree: nodes.Template, strings: Strings) -> None:
        self.strings = strings
        self._texts: set[str] = set()
        self._dates: set[str] = set()
        self._known: dict[tuple[int, bool], bool] = {}
        steps = [
            node for node in walk(tree) if isinstance(node, nodes.Assign | nodes.For | nodes.Call | nodes.AssignBlock)
        ]
        macros = {node.name: node for node in walk(tree) if isinstance(node, nodes.Macro)}
        for _ in range(_PASSES):
            before = len(self._texts) + len(self._dates)
            self._known = {}
            for node in steps:
                self._follow(node, macros)
            if len(self._texts) + len(self._dates) == before:
                break
        self._known = {}

    def _follow(self, node: nodes.Node, macros: dict[str, nodes.Macro]) -> None:
        match node:
            case nodes.Assign():
                self._mark(node.target, node.node)
            case nodes.For() if isinstance(node.iter, nodes.Call | nodes.Filter):  # the lines or words of a text
                self._mark(node.target, node.iter)
            case nodes.Call() if isinstance(node.node, nodes.Name) and node.node.name in macros:
                for name, value in zip(macros[node.node.name].args, node.args, strict=False):
                    self._mark(name, value)

    def _mark(self, target: nodes.Node, value: nodes.Node) -> None:
        name = (
            target.name
            if isinstance(target, nodes.Name)
            else f".{target.attr}"
            if isinstance(target, nodes.NSRef)
            else ""
        )
        if name and self.is_text(value):
            self._texts.add(name)
        if name and self.is_date(value):
            self._dates.add(name)

    def is_text(self, node: nodes.Node) -> bool:
        """Whether an expression holds the text of a message, or a piece of it."""
        return self._is(node, date=False, depth=0)

    def is_date(self, node: nodes.Node) -> bool:
        """Whether an expression holds the date or time, or a piece of it."""
        return self._is(node, date=True, depth=0)

    def is_messages(self, node: nodes.Node) -> bool:
        """Whether an expression is the conversation."""
        return isinstance(node, nodes.Name) and node.name in _MESSAGES

    def is_altered(self, node: "nodes.Filter | nodes.Call") -> bool:
        """Whether a filter or method changes the words of a text."""
        name, subject = _parts(node)
        if subject is None or name not in _CHANGING or not self.is_text(subject):
            return False
        kinds = {words.wording(one) for value in node.args[:1] for one in self.strings.closed(value)}
        return Wording.PLAIN in kinds or any(
            words.addressed(one) for value in node.args for one in self.strings.closed(value)
        )

    def rewritten(self, node: "nodes.Filter | nodes.Call") -> tuple[str, str] | None:
        """The words that a template replaces in messages, and by what; None when it replaces none."""
        name, subject = _parts(node)
        if (
            subject is None
            or name not in ("replace", "regex_replace")
            or len(node.args) < 2
            or not self.is_text(subject)
        ):
            return None
        for old in self.strings.closed(node.args[0]):
            for new in self.strings.closed(node.args[1]):
                plain = words.wording(old) is Wording.PLAIN and not words.mode(new)
                if (plain and old.casefold() != new.casefold()) or words.addressed(new) or words.urls(old):
                    return old, new
        return None

    def _is(self, node: nodes.Node, *, date: bool, depth: int) -> bool:
        if depth > _MAX_DEPTH:
            return False
        key = (id(node), date)
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = self._found(node, date, depth + 1)
        return known

    def _found(self, node: nodes.Node, date: bool, depth: int) -> bool:
        match node:
            case nodes.Name():
                return node.name in (self._dates if date else self._texts | _NAMES)
            case nodes.Getattr():
                if f".{node.attr}" in (self._dates if date else self._texts):
                    return True
                if date:
                    return self._is(node.node, date=True, depth=depth)
                return node.attr in _KEYS and self._of_message(node.node)
            case nodes.Getitem():
                if isinstance(node.arg, nodes.Const) and isinstance(node.arg.value, str):
                    return not date and node.arg.value in _KEYS and self._of_message(node.node)
                return self._is(node.node, date=date, depth=depth)
            case nodes.Filter() if node.node is not None:
                if node.name in _COUNTING and not date:
                    return False
                if not date and node.name in _SPREADING | {"map"} and self._conversation(node.node):
                    return node.name != "map" or self._mapped(node)
                return self._is(node.node, date=date, depth=depth)
            case nodes.Call():
                return self._called(node, date, depth)
            case nodes.Concat():
                return any(self._is(one, date=date, depth=depth) for one in node.nodes)
            case nodes.Add() | nodes.Sub() | nodes.Mul() | nodes.Mod() | nodes.FloorDiv() | nodes.Div():
                return self._is(node.left, date=date, depth=depth) or self._is(node.right, date=date, depth=depth)
            case nodes.And() | nodes.Or():
                return self._is(node.left, date=date, depth=depth) or self._is(node.right, date=date, depth=depth)
            case nodes.CondExpr():
                branches = [node.expr1] if node.expr2 is None else [node.expr1, node.expr2]
                return any(self._is(one, date=date, depth=depth) for one in branches)
        return False

    def _called(self, node: nodes.Call, date: bool, depth: int) -> bool:
        if isinstance(node.node, nodes.Name):
            if date:
                return node.node.name in _CLOCKS
            return any(self._is(one, date=date, depth=depth) for one in arguments(node))
        if isinstance(node.node, nodes.Getattr):
            if date and node.node.attr in _CLOCKS:
                return True
            if not date and node.node.attr == "get" and node.args:
                asked = self.strings.closed(node.args[0])
                if asked:
                    return any(one in _KEYS for one in asked) and self._of_message(node.node.node)
            if node.node.attr in ("items", "keys", "values", "get"):
                return False
            return self._is(node.node.node, date=date, depth=depth)
        return False

    def _of_message(self, node: nodes.Node) -> bool:
        # `.text` of anything may be a part of a message; a tool's or document's own text is as good as one.
        return not (isinstance(node, nodes.Name) and node.name in ("tool", "function", "param", "schema"))

    def _conversation(self, node: nodes.Node) -> bool:
        while isinstance(node, nodes.Filter | nodes.Getitem) and node.node is not None:
            node = node.node
        return self.is_messages(node) or (
            isinstance(node, nodes.Name) and node.name in ("message", "msg", "tools", "documents")
        )

    def _mapped(self, node: nodes.Filter) -> bool:
        asked = [one.value for one in node.kwargs if one.key == "attribute"] + node.args[:1]
        return any(text in _KEYS for one in asked for text in self.strings.closed(one))


def _parts(node: "nodes.Filter | nodes.Call") -> tuple[str, nodes.Node | None]:
    if isinstance(node, nodes.Filter):
        return node.name, node.node
    if isinstance(node.node, nodes.Getattr):
        return node.node.attr, node.node.node
    return "", None
