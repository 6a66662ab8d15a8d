"""Conditions: what `if` and `switch` say of a name within what they stand over."""

import re

from tree_sitter import Node

from backstay.code.facts import Expr, Narrow, Seq, Statement
from backstay.code.languages.javascript.exports import Exports
from backstay.code.languages.javascript.reader import MAX_DEPTH, bare, children

_VALUES = frozenset(("string", "template_string", "number", "member_expression", "identifier"))
_LEAVING = frozenset(("break_statement", "return_statement", "throw_statement", "continue_statement"))
MAX_LINE = 400
# What a line may begin with before a branch: nothing, or the condition or case that it is the branch of.
_CONDITION = re.compile(rb"\s*(?:(?:\}\s*)?(?:else\s+)?if\b[^;{}]*|case\b[^;{}]*:\s*|default:\s*)?")


class Conditions(Exports):
    """Reads conditions."""

    def narrowed(self, condition: Node | None, block: Node | None, depth: int, out: list[Statement]) -> None:
        """What `name === value`, `values.includes(name)` and `&&` of them say of the name within the block.

        Facts know lines only; a block that shares its lines with other code tells nothing.
        """
        if block is None or condition is None or depth > MAX_DEPTH:
            return
        at = bare(condition)
        if at is None:
            return
        if at.type == "binary_expression":
            sign = self._text(at.child_by_field_name("operator"))
            left, right = at.child_by_field_name("left"), at.child_by_field_name("right")
            if sign == "&&":
                self.narrowed(left, block, depth + 1, out)
                self.narrowed(right, block, depth + 1, out)
            elif sign in ("===", "==") and left is not None and right is not None:
                name, value = (left, right) if left.type == "identifier" else (right, left)
                if name.type == "identifier" and value.type in _VALUES:
                    self._narrow(name, [self.expr(value, depth)], "==", block, block, out)
        elif at.type == "call_expression":
            func, arguments = at.child_by_field_name("function"), at.child_by_field_name("arguments")
            given = children(arguments) if arguments is not None else []
            if func is None or func.type != "member_expression" or len(given) != 1 or given[0].type != "identifier":
                return
            values = func.child_by_field_name("object")
            if values is not None and self._text(func.child_by_field_name("property")) == "includes":
                self._narrow(given[0], [self.expr(values, depth)], "in", block, block, out)

    def cases(self, node: Node, depth: int, out: list[Statement]) -> None:
        """What each case of a `switch` over a name says of it; one that falls through says it of the next as well."""
        name, body = bare(node.child_by_field_name("value")), node.child_by_field_name("body")
        if name is None or name.type != "identifier" or body is None:
            return
        values: list[Node] | None = []
        for case in children(body):
            value = case.child_by_field_name("value")
            if value is None or value.type not in _VALUES or values is None:
                values = None  # `default`, or something to work out
            else:
                values.append(value)
            inside = case.children_by_field_name("body")
            if not inside:
                continue
            if values:
                found = [self.expr(one, depth) for one in values]
                options: list[Expr] = found if len(found) == 1 else [Seq(found, self._line(case))]
                self._narrow(name, options, "==" if len(found) == 1 else "in", inside[0], inside[-1], out)
            if _leaves(inside[-1]):
                values = []

    def _narrow(self, name: Node, values: list[Expr], how: str, first: Node, last: Node, out: list[Statement]) -> None:
        start, until = self._line(first), self._end(last)
        if first == last and first.type == "statement_block" and until > start:
            until -= 1  # the line of the closing brace may go on with another branch
        elif not self._has_lines_of_its_own(first.start_byte, last.end_byte):
            return
        self._emit(out, Narrow(self._text(name), values[0], how, start, until))

    def _has_lines_of_its_own(self, start: int, end: int) -> bool:
        """Whether no other statement stands on the lines of code; before it, only its own condition may."""
        begin = self._source.rfind(b"\n", max(0, start - MAX_LINE), start) + 1
        stop = self._source.find(b"\n", end, end + MAX_LINE)
        if (not begin and start > MAX_LINE) or (stop < 0 and end + MAX_LINE < len(self._source)):
            return False
        before = self._source[begin:start]
        after = self._source[end : stop if stop >= 0 else len(self._source)].partition(b"//")[0]
        return not after.strip(b" \t\r;") and _CONDITION.fullmatch(before) is not None


def _leaves(node: Node) -> bool:
    """Whether nothing after a statement is run."""
    if node.type == "statement_block":
        inner = children(node)
        return bool(inner) and inner[-1].type in _LEAVING
    return node.type in _LEAVING
