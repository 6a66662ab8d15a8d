"""Expressions: what JavaScript's and TypeScript's expressions say, as facts."""

from collections.abc import Callable

from tree_sitter import Node

from backstay.code.facts import (
    Assign,
    Attr,
    Call,
    Do,
    Either,
    Expr,
    Item,
    Lit,
    Map,
    Name,
    Op,
    Opaque,
    Seq,
    Star,
    Text,
    parts,
)
from backstay.code.languages.javascript.calls import Calls
from backstay.code.languages.javascript.reader import MAX_LITERAL, bare, children
from backstay.code.languages.javascript.text import joined, number, total, unescaped

_EITHER = frozenset(("||", "&&", "??"))


class Expressions(Calls):
    """Reads expressions."""

    def _identifier(self, node: Node, depth: int) -> Expr:
        return self._name(node)

    def _only(self, node: Node, depth: int) -> Expr:
        """What is transparent: parentheses, casts, `await`; the first child is the value."""
        inner = children(node)
        return self.expr(inner[0], depth) if inner else Opaque([], self._line(node))

    def _last(self, node: Node, depth: int) -> Expr:
        """`<T>value`."""
        inner = children(node)
        return self.expr(inner[-1], depth) if inner else Opaque([], self._line(node))

    def _attribute(self, node: Node, depth: int) -> Expr:
        value, name = node.child_by_field_name("object"), node.child_by_field_name("property")
        if value is None or name is None:
            return Opaque([], self._line(node))
        word = self._text(name)
        self._words.add(word)
        if value.type == "super":
            self._words.add("super")
            line = self._line(value)
            return Attr(Call(Name("super", line), [], [], line, line), word, line)
        # The attribute's own line: in a chain over several lines that is where a reader looks.
        return Attr(self.expr(value, depth), word, self._line(name))

    def _subscript(self, node: Node, depth: int) -> Expr:
        value, index = node.child_by_field_name("object"), node.child_by_field_name("index")
        if value is None or index is None:
            return Opaque([], self._line(node))
        return Item(self.expr(value, depth), self.expr(index, depth), self._line(node))

    def _string(self, node: Node, depth: int) -> Expr:
        raw = self._text(node)[1:-1]
        text = (unescaped(raw) if "\\" in raw else raw)[:MAX_LITERAL]
        self._sees(text)
        return Lit(text, self._line(node), self._end(node))

    def _template(self, node: Node, depth: int) -> Expr:
        found: list[Expr] = []
        at = node.start_byte + 1
        for child in node.named_children:
            if child.type != "template_substitution":
                continue
            self._piece(at, child.start_byte, self._line(child), found)
            inner = children(child)
            found.append(self.expr(inner[0], depth) if inner else Opaque([], self._line(child)))
            at = child.end_byte
        line, end = self._line(node), self._end(node)
        self._piece(at, node.end_byte - 1, end if found else line, found)
        if not found:
            return Lit("", line, end)
        if len(found) == 1 and isinstance(found[0], Lit) and isinstance(found[0].value, str):
            return Lit(found[0].value, line, end)
        return Text(found, line, end)

    def _piece(self, start: int, end: int, line: int, found: list[Expr]) -> None:
        if start < end:
            raw = self._source[start:end].decode("utf-8", "replace")
            text = (unescaped(raw) if "\\" in raw else raw)[:MAX_LITERAL]
            self._sees(text)
            found.append(Lit(text, max(line - raw.count("\n"), 1), line))

    def _number(self, node: Node, depth: int) -> Expr:
        value = number(self._text(node))
        return Lit(value, self._line(node)) if value is not None else Opaque([], self._line(node))

    def _constant(self, node: Node, depth: int) -> Expr:
        return Lit({"true": True, "false": False}.get(node.type), self._line(node))

    def _array(self, node: Node, depth: int) -> Expr:
        return Seq([self.expr(child, depth) for child in children(node)], self._line(node))

    def _spread(self, node: Node, depth: int) -> Expr:
        return Star(self._only(node, depth), self._line(node))

    def _object(self, node: Node, depth: int) -> Expr:
        keys: list[Expr | None] = []
        values: list[Expr] = []
        for child in node.named_children:
            match child.type:
                case "pair":
                    key, value = child.child_by_field_name("key"), child.child_by_field_name("value")
                    if key is not None and value is not None:
                        named = self._key(key, depth)
                        keys.append(named)
                        values.append(self._valued(value, named, depth))
                case "shorthand_property_identifier":
                    name = self._name(child)
                    keys.append(Lit(name.id, name.line))
                    values.append(name)
                case "spread_element":
                    keys.append(None)
                    values.append(self._only(child, depth))
                case "method_definition":
                    key = child.child_by_field_name("name")
                    if key is not None:
                        keys.append(self._key(key, depth))
                        values.append(self._object_method(child, depth))
                case "ERROR":
                    self.broken += 1
        return Map(keys, values, self._line(node))

    def _key(self, node: Node, depth: int) -> Expr:
        if node.type == "property_identifier":
            word = self._text(node)
            self._words.add(word)
            return Lit(word, self._line(node))
        return self._only(node, depth) if node.type == "computed_property_name" else self.expr(node, depth)

    def _valued(self, value: Node, key: Expr, depth: int) -> Expr:
        function = self.written(value)
        if function is not None and isinstance(key, Lit):
            return self.hoist(function, str(key.value), depth)
        return self.expr(value, depth)

    def _object_method(self, node: Node, depth: int) -> Expr:
        line = self._line(node)
        getter = any(child.type == "get" for child in node.children)
        name = self._synthetic(self.key(node.child_by_field_name("name")), node)
        self._pending.append(self.function(node, name.id, depth))
        return Call(name, [], [], line, line) if getter else name

    def _binary(self, node: Node, depth: int) -> Expr:
        sign = self._text(node.child_by_field_name("operator"))
        line = self._line(node)
        if sign in _EITHER:
            return Either([self.expr(one, depth) for one in self._operands(node, _EITHER)], line)
        if sign == "+":
            terms = [self.expr(one, depth) for one in self._operands(node, frozenset("+"))]
            if any(isinstance(one, Text) or (isinstance(one, Lit) and isinstance(one.value, str)) for one in terms):
                return joined(terms, line, self._end(node))
            return total(terms, line)
        left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
        if left is None or right is None:
            return self._opaque(node, depth)
        first, second = self.expr(left, depth), self.expr(right, depth)
        if sign in ("-", "*", "/", "%", "|", "&"):
            return Op(sign, first, second, line)
        return Opaque([one for one in (first, second) if not isinstance(one, Lit)], line)

    def _operands(self, node: Node, signs: frozenset[str]) -> list[Node]:
        """The operands of a chain of operators that leans left, as generated code makes them thousands long."""
        found: list[Node] = []
        at: Node | None = node
        while at is not None and at.type == "binary_expression":
            left, right = at.child_by_field_name("left"), at.child_by_field_name("right")
            if left is None or right is None or self._text(at.child_by_field_name("operator")) not in signs:
                break
            found.append(right)
            at = left
        if at is not None:
            found.append(at)
        found.reverse()
        return found

    def _unary(self, node: Node, depth: int) -> Expr:
        inner = node.child_by_field_name("argument")
        if inner is None:
            return Opaque([], self._line(node))
        sign = self._text(node.child_by_field_name("operator"))
        if sign == "void" and inner.type == "number":
            return Lit(None, self._line(node))
        value = self.expr(inner, depth)
        if isinstance(value, Lit):
            if sign in ("-", "+") and isinstance(value.value, int | float) and not isinstance(value.value, bool):
                return Lit(-value.value if sign == "-" else value.value, value.line)
            return Opaque([], self._line(node))
        return value if sign == "void" else Opaque([value], self._line(node))

    def _conditional(self, node: Node, depth: int) -> Expr:
        """`c ? a : d ? b : e`: it leans right; what the conditions do is done before."""
        options: list[Expr] = []
        at: Node | None = node
        while at is not None and at.type == "ternary_expression":
            condition, value = at.child_by_field_name("condition"), at.child_by_field_name("consequence")
            if condition is not None:
                self._aside_of(condition, depth)
            if value is not None:
                options.append(self.expr(value, depth))
            at = at.child_by_field_name("alternative")
            at = bare(at) if at is not None and at.type == "parenthesized_expression" else at
        if at is not None:
            options.append(self.expr(at, depth))
        return Either(options, self._line(node))

    def _aside_of(self, node: Node, depth: int) -> None:
        value = self.expr(node, depth)
        if _acts(value):
            self._pending.append(Do(value, "", self._line(node)))

    def _sequence(self, node: Node, depth: int) -> Expr:
        """`(a, b)`: b; a is done before."""
        inner = children(node)
        while inner and inner[-1].type == "sequence_expression":
            inner[-1:] = children(inner[-1])
        for one in inner[:-1]:
            self._aside_of(one, depth)
        return self.expr(inner[-1], depth) if inner else Opaque([], self._line(node))

    def _assignment(self, node: Node, depth: int) -> Expr:
        """An assignment within an expression: done before; its value is what it was assigned to."""
        left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
        if left is None or right is None:
            return Opaque([], self._line(node))
        value = self.expr(right, depth)
        sign = self._text(node.child_by_field_name("operator"))
        target = bare(left)
        if node.type == "assignment_expression" and target is not None and target.type.endswith("_pattern"):
            held = self._keep("value", value, node)
            self.bind(target, held, self._pending, depth)
            return held
        to = self.expr(left, depth)
        soft = sign in ("||=", "&&=", "??=")
        how = "=" if soft or not sign or sign == "=" else "+="
        self._pending.append(Assign(to, value, None, how, self._line(node), self._branch + soft))
        return to if isinstance(to, Name | Attr) else Opaque([], self._line(node))

    def _function_value(self, node: Node, depth: int) -> Expr:
        return self.hoist(node, "anonymous", depth)

    def _class_value(self, node: Node, depth: int) -> Expr:
        own = node.child_by_field_name("name")
        name = self._synthetic(self._text(own) if own is not None else "class", node)
        pending, self._pending = self._pending, []
        self.cls(node, name.id, depth, pending, [])
        self._pending = pending + self._pending
        return name

    def _yield(self, node: Node, depth: int) -> Expr:
        for inner in children(node)[:1]:
            value = self.expr(inner, depth)
            self._pending.append(Do(value, "yield", self._line(node)))
        return Opaque([], self._line(node))

    def _meta(self, node: Node, depth: int) -> Expr:
        """`import.meta`; `new.target` has no value."""
        line = self._line(node)
        return Attr(Name("import", line), "meta", line) if self._text(node) == "import.meta" else Opaque([], line)

    def _nothing(self, node: Node, depth: int) -> Expr:
        return Opaque([], self._line(node))

    def _jsx(self, node: Node, depth: int) -> Expr:
        """The expressions in an element and all within it, however deep, and the components it names."""
        found: list[Expr] = []
        stack = [node]
        while stack:
            at = stack.pop()
            match at.type:
                case "jsx_expression":
                    found += [self.expr(inner, depth) for inner in children(at)]
                case "identifier" if self._source[at.start_byte : at.start_byte + 1].isupper():
                    found.append(self._name(at))
                case "member_expression":
                    found.append(self.expr(at, depth))
                case "jsx_text" | "string" | "property_identifier" | "jsx_closing_element":
                    pass
                case _:
                    stack += reversed(at.named_children)
        return Opaque([one for one in found if not isinstance(one, Lit)], self._line(node))


def _acts(value: Expr) -> bool:
    """Whether an expression calls anything."""
    stack = [value]
    while stack:
        one = stack.pop()
        if isinstance(one, Call):
            return True
        stack.extend(parts(one))
    return False


_E = Expressions
_TABLE: dict[str, Callable[[Expressions, Node, int], Expr]] = {
    "identifier": _E._identifier,
    "this": _E._identifier,
    "shorthand_property_identifier": _E._identifier,
    "member_expression": _E._attribute,
    "call_expression": _E.call,
    "new_expression": _E.new,
    "subscript_expression": _E._subscript,
    "string": _E._string,
    "template_string": _E._template,
    "number": _E._number,
    "true": _E._constant,
    "false": _E._constant,
    "null": _E._constant,
    "undefined": _E._constant,
    "array": _E._array,
    "object": _E._object,
    "spread_element": _E._spread,
    "binary_expression": _E._binary,
    "unary_expression": _E._unary,
    "ternary_expression": _E._conditional,
    "sequence_expression": _E._sequence,
    "assignment_expression": _E._assignment,
    "augmented_assignment_expression": _E._assignment,
    "arrow_function": _E._function_value,
    "function_expression": _E._function_value,
    "generator_function": _E._function_value,
    "class": _E._class_value,
    "yield_expression": _E._yield,
    "meta_property": _E._meta,
    "regex": _E._nothing,
    "jsx_element": _E._jsx,
    "jsx_self_closing_element": _E._jsx,
    "jsx_fragment": _E._jsx,
    "parenthesized_expression": _E._only,
    "await_expression": _E._only,
    "as_expression": _E._only,
    "satisfies_expression": _E._only,
    "non_null_expression": _E._only,
    "instantiation_expression": _E._only,
    "computed_property_name": _E._only,
    "type_assertion": _E._last,
}
Expressions.expressions = _TABLE
