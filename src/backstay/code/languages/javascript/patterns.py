"""Patterns: what destructuring binds, of values and of parameters."""

from tree_sitter import Node

from backstay.code.facts import Assign, Attr, Either, Expr, Item, Name, Param, Seq, Star, Statement
from backstay.code.languages.javascript.annotations import Annotations
from backstay.code.languages.javascript.reader import MAX_DEPTH, bare, children

_PROPERTY = frozenset(("accessibility_modifier", "readonly", "override_modifier"))


class Patterns(Annotations):
    """Reads the targets of assignments, and parameters."""

    def bind(
        self,
        pattern: Node,
        value: Expr,
        out: list[Statement],
        depth: int,
        annotation: Expr | None = None,
        how: str = "=",
    ) -> None:
        """Assigns a value to a name, or its parts to the names of a pattern."""
        if depth > MAX_DEPTH:
            self.broken += 1
            return
        line = self._line(pattern)
        match pattern.type:
            case "object_pattern" | "object":
                base = value
                if not isinstance(value, Name) or how != "=":
                    base = self._synthetic("value", pattern)
                    self._emit(out, Assign(base, value, annotation, how, line, self._branch))
                for part in children(pattern):
                    self._bind_property(part, base, out, depth + 1)
            case "array_pattern" | "array":
                self._bind_array(pattern, value, out, depth, how)
            case "assignment_pattern" | "assignment_expression" | "object_assignment_pattern":
                left, right = pattern.child_by_field_name("left"), pattern.child_by_field_name("right")
                if left is not None:
                    default = [self.expr(right, depth)] if right is not None else []
                    self.bind(left, Either([value, *default], line), out, depth + 1)
            case "rest_pattern" | "spread_element" | "parenthesized_expression" | "non_null_expression":
                for part in children(pattern)[:1]:
                    self.bind(part, value, out, depth + 1)
            case "as_expression" | "satisfies_expression":
                inner = bare(pattern)
                if inner is not None:
                    self.bind(inner, value, out, depth + 1)
            case _:
                target = self._target(pattern, depth)
                self._emit(out, Assign(target, value, annotation, how, line, self._branch))

    def _target(self, node: Node, depth: int) -> Expr:
        if node.type in ("identifier", "shorthand_property_identifier_pattern", "shorthand_property_identifier"):
            return self._name(node)
        return self.expr(node, depth)

    def _bind_property(self, part: Node, base: Expr, out: list[Statement], depth: int) -> None:
        line = self._line(part)
        match part.type:
            case "pair_pattern" | "pair":
                key, inner = part.child_by_field_name("key"), part.child_by_field_name("value")
                if key is not None and inner is not None:
                    self.bind(inner, self._member(base, key, depth), out, depth + 1)
            case "object_assignment_pattern":  # { name = default }
                left = part.child_by_field_name("left")
                right = part.child_by_field_name("right")
                if left is not None and right is not None:
                    value = Either([self._member(base, left, depth), self.expr(right, depth)], line)
                    self.bind(left, value, out, depth + 1)
            case "rest_pattern" | "spread_element":
                self.bind(part, base, out, depth + 1)
            case "shorthand_property_identifier_pattern" | "shorthand_property_identifier":
                self.bind(part, self._member(base, part, depth), out, depth + 1)

    def _member(self, base: Expr, key: Node, depth: int) -> Expr:
        line = self._line(key)
        if key.type == "computed_property_name":
            inner = children(key)
            return Item(base, self.expr(inner[0], depth), line) if inner else base
        if key.type == "string":
            word = self._text(key)[1:-1]
        elif key.type == "number":
            return Item(base, self.expr(key, depth), line)
        else:
            word = self._text(key)
        self._words.add(word)
        return Attr(base, word, line)

    def _bind_array(self, pattern: Node, value: Expr, out: list[Statement], depth: int, how: str) -> None:
        line = self._line(pattern)
        items: list[Expr] = []
        later: list[tuple[Node, Expr]] = []
        hole = True
        for child in pattern.children:
            if not child.is_named:
                if child.type == ",":
                    if hole:
                        items.append(Name("_", line))
                    hole = True
                continue
            if child.type == "comment":
                continue
            hole = False
            starred = child.type in ("rest_pattern", "spread_element")
            parts = children(child) if starred else [child]
            if not parts:
                continue
            if parts[0].type in ("identifier", "member_expression", "subscript_expression"):
                target = self._target(parts[0], depth)
            else:
                target = self._synthetic("item", child)
                later.append((parts[0], target))
            items.append(Star(target, line) if starred else target)
        self._emit(out, Assign(Seq(items, line), value, None, how, line, self._branch))
        for inner, held in later:
            self.bind(inner, held, out, depth + 1)

    def params(self, node: Node | None, depth: int) -> tuple[list[Param], list[Statement], list[Statement]]:
        """Parameters, what the body begins with to take them apart, and what a constructor keeps on its object."""
        params: list[Param] = []
        prelude: list[Statement] = []
        kept: list[Statement] = []
        if node is None:
            return params, prelude, kept
        if node.type == "identifier":  # x => ...
            return [Param(self._text(node), None, None)], prelude, kept
        outer, self._branch = self._branch, 0
        for child in children(node):
            pattern = child.child_by_field_name("pattern")
            if pattern is None or pattern.type == "this":
                continue
            annotation = self.annotation(child.child_by_field_name("type"), depth)
            value = child.child_by_field_name("value")
            default = self.expr(value, depth) if value is not None else None
            kind = "*" if pattern.type == "rest_pattern" else ""
            inner = children(pattern) if kind else [pattern]
            if inner and inner[0].type == "identifier":
                name = self._text(inner[0])
            else:
                name = f"<parameter:{len(params)}>"
                if inner:
                    pending, self._pending = self._pending, []
                    self.bind(inner[0], Name(name, self._line(inner[0])), prelude, depth + 1)
                    self._emit(prelude)
                    self._pending = pending
            params.append(Param(name, default, annotation, kind))
            if any(one.type in _PROPERTY for one in child.children):
                line = self._line(pattern)
                target = Attr(Name("this", line), name, line)
                kept.append(Assign(target, Name(name, line), annotation, "=", line))
        self._branch = outer
        return params, prelude, kept
