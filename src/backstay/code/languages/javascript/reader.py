"""The reader: what reading one syntax tree keeps in mind, and the table of expressions it goes by."""

import re
from collections.abc import Callable
from typing import Any, ClassVar

from tree_sitter import Node

from backstay.code.facts import Assign, Expr, Lit, Name, Opaque, Statement

MAX_DEPTH = 150
MAX_LITERAL = 200_000
MIN_TEXT = 100
_DIGIT = re.compile(r"\d")
FUNCTIONS = frozenset(("arrow_function", "function_expression", "generator_function"))
_WRAPPERS = frozenset(("parenthesized_expression", "as_expression", "satisfies_expression", "non_null_expression"))


class Reader:
    """The state of reading a tree.

    `_pending` are statements that an expression needs before the one it stands in: functions written within it,
    values that are taken apart, assignments. `_words` and `_texts` are what the function being read mentions.
    """

    expressions: ClassVar[dict[str, Callable[[Any, Node, int], Expr]]] = {}

    def __init__(self, source: bytes) -> None:
        self._source = source
        self.broken = 0
        self.main = False
        self.loops: list[tuple[int, int]] = []  # first and last lines, outer ones first
        self._pending: list[Statement] = []
        self._words: set[str] = set()
        self._texts = False
        self._branch = 0
        self._inside = 0  # how many functions deep

    def expr(self, node: Node, depth: int) -> Expr:
        """An expression's facts; something opaque with what is within where it has no value to follow."""
        if depth > MAX_DEPTH:
            self.broken += 1
            return Opaque([], self._line(node))
        kind = node.type
        handler = self.expressions.get(kind)
        if handler is not None:
            return handler(self, node, depth + 1)
        if kind == "ERROR":
            self.broken += 1
        return self._opaque(node, depth)

    def _opaque(self, node: Node, depth: int) -> Expr:
        children = [self.expr(child, depth + 1) for child in node.named_children if child.type != "comment"]
        return Opaque([child for child in children if not isinstance(child, Lit)], self._line(node))

    def block(self, node: Node | None, depth: int) -> list[Statement]:
        """The statements of a block."""
        raise NotImplementedError

    def _emit(self, out: list[Statement], *statements: Statement) -> None:
        """Adds statements after what their expressions need before them."""
        if self._pending and out is not self._pending:
            out += self._pending
            self._pending = []
        out += statements

    def _assign(self, out: list[Statement], target: Expr, value: Expr, line: int, how: str = "=") -> None:
        self._emit(out, Assign(target, value, None, how, line, self._branch))

    def _line(self, node: Node) -> int:
        return node.start_point[0] + 1

    def _end(self, node: Node) -> int:
        return node.end_point[0] + 1

    def _text(self, node: Node | None) -> str:
        if node is None:
            return ""
        return self._source[node.start_byte : node.end_byte].decode("utf-8", "replace")

    def _name(self, node: Node) -> Name:
        word = self._text(node)
        self._words.add(word)
        return Name(word, self._line(node))

    def _synthetic(self, hint: str, node: Node) -> Name:
        """A name that no source can spell, for a value that has none there."""
        row, column = node.start_point
        word = f"<{hint}:{row + 1}:{column + 1}>"
        self._words.add(word)
        return Name(word, row + 1)

    def _keep(self, hint: str, value: Expr, node: Node) -> Expr:
        """A value that can be mentioned twice: a name stays, anything else is given one."""
        if isinstance(value, Name):
            return value
        name = self._synthetic(hint, node)
        self._assign(self._pending, name, value, name.line)
        return name

    def _sees(self, text: str) -> None:
        """Notes a literal that can be the id of a model or a piece of a prompt."""
        if not self._texts:
            self._texts = len(text) >= MIN_TEXT or (len(text) > 1 and _DIGIT.search(text) is not None)


def children(node: Node) -> list[Node]:
    """The named children that are not comments."""
    return [child for child in node.named_children if child.type != "comment"]


def bare(node: Node | None) -> Node | None:
    """An expression without the parentheses, casts and assertions around it."""
    for _ in range(MAX_DEPTH):
        if node is None or node.type not in _WRAPPERS:
            break
        inner = children(node)
        node = inner[0] if inner else None
    return node
