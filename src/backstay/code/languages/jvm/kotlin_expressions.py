"""Kotlin expressions: from the nodes of a syntax tree to facts."""

import re
from collections.abc import Callable

import tree_sitter

from backstay.code.facts import (
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
    Param,
    Seq,
    Star,
    Statement,
)
from backstay.code.languages.jvm.chains import Chains, Link, made
from backstay.code.languages.jvm.kotlin_scopes import COLLECTIONS, PAIRS, SCOPES
from backstay.code.languages.jvm.reader import MAX_DEPTH
from backstay.code.languages.jvm.settings import resource
from backstay.code.languages.jvm.texts import added, joined, number, unescaped

_SHORT = re.compile(r"\\.|\$([A-Za-z_]\w*)", re.DOTALL)  # an escape, or `$name` in a text
_CONSTANTS = {"true": True, "false": False, "null": None}
_LAMBDAS = frozenset(("annotated_lambda", "lambda_literal"))
_CLASS_OBJECTS = frozenset(("java", "javaObjectType", "javaPrimitiveType", "kotlin"))
STATEMENTS = frozenset(
    (
        "assignment",
        "property_declaration",
        "function_declaration",
        "class_declaration",
        "object_declaration",
        "for_statement",
        "while_statement",
        "do_while_statement",
        "return_expression",
        "throw_expression",
    )
)
TYPES = frozenset(("user_type", "nullable_type", "function_type", "parenthesized_type", "non_nullable_type"))


class KotlinExpressions(Chains):
    """Reads expressions and types."""

    def _statement(self, node: tree_sitter.Node, depth: int, out: list[Statement]) -> None:
        raise NotImplementedError

    def _params(self, node: tree_sitter.Node, depth: int) -> list[Param]:
        raise NotImplementedError

    def _object(self, node: tree_sitter.Node, depth: int) -> Expr:
        raise NotImplementedError

    def _function_body(self, node: tree_sitter.Node | None, depth: int, out: list[Statement]) -> None:
        raise NotImplementedError

    def _inlined(self, node: tree_sitter.Node, receiver: Expr | None, depth: int, takes: bool) -> Expr:
        raise NotImplementedError

    def _scoped(self, value: Expr, link: Link, depth: int) -> Expr | None:
        raise NotImplementedError

    def _received(self, node: tree_sitter.Node, depth: int, plain: bool) -> tuple[list[tuple[str, Expr]], bool]:
        raise NotImplementedError

    def expr(self, node: tree_sitter.Node, depth: int) -> Expr:
        if depth > MAX_DEPTH:
            self.broken += 1
            return Opaque([], self._line(node))
        handler = _EXPRESSIONS.get(node.type)
        if handler is not None:
            return handler(self, node, depth + 1)
        if node.type in STATEMENTS:
            self._statement(node, depth + 1, self._before)
            return Opaque([], self._line(node))
        return self._opaque(node.named_children, self._line(node), depth)

    def _ident(self, node: tree_sitter.Node | None) -> str:
        return self._text(node).strip("`")

    def _identifier(self, node: tree_sitter.Node, depth: int) -> Expr:
        name, line = self._ident(node), self._line(node)
        return Lit(_CONSTANTS[name], line) if name in _CONSTANTS else self._resolved(name, line)

    def _this_here(self, node: tree_sitter.Node, depth: int) -> Expr:
        label = node.named_children
        return self._this(self._line(node), self._text(label[0]) if label else "")

    def _super(self, node: tree_sitter.Node, depth: int) -> Expr:
        line = self._line(node)
        return Call(Name("super", line), [], [], line, line)

    # chains

    def _chained(self, node: tree_sitter.Node, depth: int) -> Expr:
        links: list[Link] = []
        given: tuple[tree_sitter.Node, ...] | None = None  # the arguments of what stands before
        end = self._end(node)
        at = node
        while True:
            inner = at.named_children
            if at.type == "call_expression" and inner:
                own = _arguments(inner[1:])
                trailing = given is not None and len(own) == len(_arguments(inner[1:], lambdas=False))
                if given is not None and not (trailing and all(one.type in _LAMBDAS for one in given)):
                    links.append(Link("", True, self._line(at), end, given))
                    given = None
                given = own + (given or ())
                at, end = inner[0], self._end(at)
            elif at.type == "navigation_expression" and len(inner) >= 2:
                name = self._ident(inner[-1])
                line = self._line(inner[-1])
                if given is not None or not self._is_class_object(at, name):
                    links.append(Link(name, given is not None, line, end, given or ()))
                given, at, end = None, inner[0], self._end(at)
            elif at.type == "unary_expression" and inner and self._source[at.end_byte - 2 : at.end_byte] == b"!!":
                at = inner[0]
            else:
                break
        links.reverse()
        below = depth + len(links) + 1
        if given is None:
            return self._chain(self.expr(at, below), links, depth)
        if at.type == "identifier":
            first = self._first(Link(self._ident(at), True, self._line(at), end, given), below)
        else:
            value = self.expr(at, below)
            first = self._link(value, Link("", True, self._line(at), end, given), below)
        return self._chain(first, links, depth)

    def _is_class_object(self, node: tree_sitter.Node, name: str) -> bool:
        """`X::class` and `X::class.java` are X."""
        if name == "class" and any(child.type == "::" for child in node.children):
            return True
        below = node.named_children[0]
        return (
            name in _CLASS_OBJECTS and below.type == "navigation_expression" and self._text(below).endswith("::class")
        )

    def _first(self, link: Link, depth: int) -> Expr:
        """The call of a bare name: a function, a constructor, or something that holds or runs what it is given."""
        name, line = link.name, link.line
        if self._is_free(name):
            if name in COLLECTIONS and not _lambda_of(link):
                return Seq(self._given(link, depth)[0], line)
            if name in PAIRS:
                return self._mapped(link, depth)
            held = self._scoped(Name(name, line), link, depth)
            if held is not None:
                self._words.add(name)
                return held
        func = self._resolved(name, line)
        args, keywords = self._given(link, depth)
        value, _ = made(Call(func, args, keywords, line, link.end))
        return self._chain(value, [], depth)

    def _is_free(self, name: str) -> bool:
        """Whether nothing in the file gives a name a meaning of its own."""
        if name in self._fixed and name not in SCOPES:
            return False
        return self._local(name) is None and isinstance(self._resolved(name, 0), Name)

    def _mapped(self, link: Link, depth: int) -> Expr:
        keys: list[Expr | None] = []
        values: list[Expr] = []
        for arg in self._given(link, depth)[0]:
            if isinstance(arg, Seq) and len(arg.items) == 2:
                keys.append(arg.items[0])
                values.append(arg.items[1])
            else:
                keys.append(None)
                values.append(arg.value if isinstance(arg, Star) else arg)
        return Map(keys, values, link.line)

    def _special(self, value: Expr, link: Link, depth: int) -> Expr | None:
        return self._scoped(value, link, depth)

    def _given(self, link: Link, depth: int) -> tuple[list[Expr], list[tuple[str, Expr]]]:
        args: list[Expr] = []
        keywords: list[tuple[str, Expr]] = []
        for node in link.nodes:
            if node.type in _LAMBDAS:
                typed = link.name[:1].isupper()
                found, whole = self._received(node, depth, plain=not typed)
                if link.name not in SCOPES:
                    keywords.extend(found)
                if not (typed and whole and found):
                    args.append(self.expr(node, depth))
                continue
            inner = [child for child in node.named_children if "comment" not in child.type]
            if len(inner) == 2 and any(child.type == "=" for child in node.children):
                keywords.append((self._ident(inner[0]), self.expr(inner[1], depth)))
            elif inner:
                args.append(self.expr(inner[-1], depth))
        return args, keywords

    # functions

    def _lambda(self, node: tree_sitter.Node, depth: int) -> Expr:
        literal = literal_of(node)
        if literal is None:
            return self._opaque(node.named_children, self._line(node), depth)
        names, statements = self._parts(literal)
        if not names and b"it" in self._source[literal.start_byte : literal.end_byte]:
            names = ["it"]

        def params() -> list[Param]:
            return [Param(self._declare(name).name, None, None) for name in names]

        return self._hoisted(literal, params, lambda out: self._body(statements, depth, out))

    def _parts(self, literal: tree_sitter.Node) -> tuple[list[str], list[tree_sitter.Node]]:
        """The parameters of a lambda, where they are named, and its statements."""
        names: list[str] = []
        statements: list[tree_sitter.Node] = []
        for child in literal.named_children:
            if child.type == "lambda_parameters":
                names = [
                    self._ident(one.named_children[0]) if one.type == "variable_declaration" else self._text(one)
                    for one in child.named_children
                    if one.named_children
                ]
            elif "comment" not in child.type:
                statements.append(child)
        return names, statements

    def _body(self, statements: list[tree_sitter.Node], depth: int, out: list[Statement]) -> None:
        """Statements of which the last is what a lambda gives."""
        for child in statements[:-1]:
            self._statement(child, depth, out)
        for child in statements[-1:]:
            if child.type in STATEMENTS:
                self._statement(child, depth, out)
            else:
                outer, self._before = self._before, []
                at, value = len(out), self.expr(child, depth)
                out.append(Do(value, "return", self._line(child)))
                self._flush(out, at, outer)

    def _anonymous_function(self, node: tree_sitter.Node, depth: int) -> Expr:
        given = next((one for one in node.named_children if one.type == "function_value_parameters"), None)
        body = next((one for one in node.named_children if one.type == "function_body"), None)
        return self._hoisted(
            node,
            lambda: self._params(given, depth) if given is not None else [],
            lambda out: self._function_body(body, depth, out),
        )

    def _reference(self, node: tree_sitter.Node, depth: int) -> Expr:
        parts = node.named_children
        if not parts:
            return Opaque([], self._line(node))
        if len(parts) == 1:
            return self._resolved(self._ident(parts[0]), self._line(node))
        owner = self.expr(parts[0], depth)
        name = self._ident(parts[-1])
        return owner if name == "class" else Attr(owner, self._word(name), self._line(node))

    # literals

    def _string(self, node: tree_sitter.Node, depth: int) -> Expr:
        line, end = self._line(node), self._end(node)
        raw = node.type == "multiline_string_literal"
        quote = 3 if raw else 1
        parts: list[Expr] = []
        at = node.start_byte + quote
        for child in node.named_children:
            if child.type == "interpolation":
                self._piece(at, child.start_byte, raw, self._line(child), parts)
                parts.append(self._only(child, depth))
                at = child.end_byte
        self._piece(at, max(at, node.end_byte - quote), raw, line, parts)
        return joined(parts, line, end) if parts else Lit("", line, end)

    def _piece(self, start: int, end: int, raw: bool, line: int, parts: list[Expr]) -> None:
        """Text between interpolations; the grammar leaves a `$name` in it."""
        text = self._source[start:end].decode("utf-8", "replace")
        last = 0
        for found in _SHORT.finditer(text) if "$" in text else ():
            name = found.group(1)
            if name is None and not raw:
                continue
            if name is not None and name not in _CONSTANTS:
                self._cut(text[last : found.start()], raw, line, parts)
                parts.append(self._this(line) if name == "this" else self._resolved(name, line))
                last = found.end()
        self._cut(text[last:], raw, line, parts)

    def _cut(self, text: str, raw: bool, line: int, parts: list[Expr]) -> None:
        if text:
            first = line + text.count("\n") if parts else line
            parts.append(self._literal(text if raw else unescaped(text), line, first))

    def _character(self, node: tree_sitter.Node, depth: int) -> Expr:
        return Lit(unescaped(self._text(node)[1:-1]), self._line(node))

    def _number(self, node: tree_sitter.Node, depth: int) -> Expr:
        return number(self._text(node), self._line(node))

    def _sequence(self, node: tree_sitter.Node, depth: int) -> Expr:
        items = [self.expr(child, depth) for child in node.named_children if "comment" not in child.type]
        return Seq(items, self._line(node))

    # operators

    def _binary(self, node: tree_sitter.Node, depth: int) -> Expr:
        left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
        op, line = self._text(node.child_by_field_name("operator")), self._line(node)
        if left is None or right is None:
            return Opaque([], line)
        terms = [right]
        while left.type == "binary_expression" and self._text(left.child_by_field_name("operator")) == op:
            below, beside = left.child_by_field_name("left"), left.child_by_field_name("right")
            if below is None or beside is None:
                break
            terms.append(beside)
            left = below
        if op == "?:":
            first = self.expr(left, depth)
            options = [first]
            self._branch += 1
            for term in reversed(terms):
                value = self.expr(term, depth)
                if term.type not in STATEMENTS:
                    options.append(value)
            self._branch -= 1
            return Either(options, line) if len(options) > 1 else first
        parts = [self.expr(term, depth) for term in (left, *reversed(terms))]
        if op == "+":
            return added(parts, line, self._end(node))
        if len(parts) > 2:
            return Opaque([part for part in parts if not isinstance(part, Lit)], line)
        return Op(op, parts[0], parts[1], line)

    def _unary(self, node: tree_sitter.Node, depth: int) -> Expr:
        inner = node.child_by_field_name("argument")
        if inner is None:
            return Opaque([], self._line(node))
        value = self.expr(inner, depth)
        sign = self._text(node.child_by_field_name("operator"))
        if sign == "!!":
            return value
        if sign == "-" and isinstance(value, Lit) and type(value.value) in (int, float):
            return Lit(-float(value.value) if isinstance(value.value, float) else -int(value.value or 0), value.line)
        return Opaque([value] if sign == "+" or not isinstance(value, Lit) else [], self._line(node))

    def _infix(self, node: tree_sitter.Node, depth: int) -> Expr:
        parts = [child for child in node.named_children if "comment" not in child.type]
        line = self._line(node)
        if len(parts) != 3:
            return self._opaque(parts, line, depth)
        left, right, name = self.expr(parts[0], depth), self.expr(parts[2], depth), self._ident(parts[1])
        if name == "to":
            return Seq([left, right], line)
        return Call(Attr(left, self._word(name), line), [right], [], line, self._end(node))

    def _left(self, node: tree_sitter.Node, depth: int) -> Expr:
        """`a as B` is a; whether `a is B` is no value we follow."""
        left = node.child_by_field_name("left")
        value = self.expr(left, depth) if left is not None else Opaque([], self._line(node))
        return value if node.type == "as_expression" else Opaque([value], self._line(node))

    def _item(self, node: tree_sitter.Node, depth: int) -> Expr:
        parts = [self.expr(child, depth) for child in node.named_children if "comment" not in child.type]
        if len(parts) < 2:
            return Opaque(parts, self._line(node))
        return Item(parts[0], parts[1] if len(parts) == 2 else Seq(parts[1:], self._line(node)), self._line(node))

    def _spread(self, node: tree_sitter.Node, depth: int) -> Expr:
        return Star(self._only(node, depth), self._line(node))

    # choices

    def _choice(self, node: tree_sitter.Node, depth: int) -> Expr:
        """`if`, `when` and `try` as values: one of what their branches give."""
        values: list[Expr] = []
        self._choose(node, depth, self._before, values)
        return Either(values, self._line(node)) if values else Opaque([], self._line(node))

    def _choose(self, node: tree_sitter.Node, depth: int, out: list[Statement], values: list[Expr] | None) -> None:
        raise NotImplementedError

    # types

    def type(self, node: tree_sitter.Node, depth: int) -> Expr:
        """A type as an annotation: `List<Foo>?` is List[Foo]."""
        line = self._line(node)
        if depth > MAX_DEPTH:
            self.broken += 1
            return Opaque([], line)
        match node.type:
            case "user_type":
                names = [self._ident(child) for child in node.named_children if child.type == "identifier"]
                args: list[Expr] = []
                for child in node.named_children:
                    if child.type == "type_arguments":
                        args = [self.type(one, depth + 1) for one in child.named_children]
                return self._generic(self._type_path(".".join(names), line), names[-1] if names else "", args, line)
            case "function_type":
                return Name("Function", line)
            case "identifier":
                return self._resolved(self._ident(node), line)
        kinds = [child for child in node.named_children if child.type in TYPES]
        return self.type(kinds[-1], depth + 1) if kinds else Name("Any", line)

    # annotations

    def _annotations(self, modifiers: tree_sitter.Node | None, depth: int) -> list[Expr]:
        out: list[Expr] = []
        for child in modifiers.named_children if modifiers is not None else ():
            if child.type != "annotation":
                continue
            for one in child.named_children:
                if one.type == "user_type":
                    out.append(self.type(one, depth))
                elif one.type == "constructor_invocation" and one.named_children:
                    line = self._line(one)
                    func = self.type(one.named_children[0], depth)
                    nodes = _arguments(one.named_children[1:])
                    args, keywords = self._given(Link("@", True, line, self._end(one), nodes), depth)
                    said = next((value for name, value in keywords if name == "fromResource"), None)
                    if isinstance(said, Lit):
                        args.append(resource(str(said.value), line))
                        keywords = [pair for pair in keywords if pair[1] is not said]
                    out.append(Call(func, args, keywords, line, self._end(one)))
        return out


def _arguments(nodes: list[tree_sitter.Node], lambdas: bool = True) -> tuple[tree_sitter.Node, ...]:
    out: list[tree_sitter.Node] = []
    for node in nodes:
        if node.type == "value_arguments":
            out += [child for child in node.named_children if child.type == "value_argument"]
        elif node.type in _LAMBDAS and lambdas:
            out.append(node)
    return tuple(out)


def _lambda_of(link: Link) -> tree_sitter.Node | None:
    """The lambda that a call is given last."""
    return literal_of(link.nodes[-1]) if link.nodes and link.nodes[-1].type in _LAMBDAS else None


def literal_of(node: tree_sitter.Node) -> tree_sitter.Node | None:
    if node.type == "annotated_lambda":
        return next((child for child in node.named_children if child.type == "lambda_literal"), None)
    return node if node.type == "lambda_literal" else None


_EXPRESSIONS: dict[str, Callable[[KotlinExpressions, tree_sitter.Node, int], Expr]] = {
    "identifier": KotlinExpressions._identifier,
    "this_expression": KotlinExpressions._this_here,
    "super_expression": KotlinExpressions._super,
    "call_expression": KotlinExpressions._chained,
    "navigation_expression": KotlinExpressions._chained,
    "lambda_literal": KotlinExpressions._lambda,
    "annotated_lambda": KotlinExpressions._lambda,
    "anonymous_function": KotlinExpressions._anonymous_function,
    "object_literal": lambda self, node, depth: self._object(node, depth),
    "callable_reference": KotlinExpressions._reference,
    "string_literal": KotlinExpressions._string,
    "multiline_string_literal": KotlinExpressions._string,
    "character_literal": KotlinExpressions._character,
    "number_literal": KotlinExpressions._number,
    "float_literal": KotlinExpressions._number,
    "collection_literal": KotlinExpressions._sequence,
    "binary_expression": KotlinExpressions._binary,
    "unary_expression": KotlinExpressions._unary,
    "infix_expression": KotlinExpressions._infix,
    "as_expression": KotlinExpressions._left,
    "is_expression": KotlinExpressions._left,
    "index_expression": KotlinExpressions._item,
    "spread_expression": KotlinExpressions._spread,
    "parenthesized_expression": KotlinExpressions._only,
    "if_expression": KotlinExpressions._choice,
    "when_expression": KotlinExpressions._choice,
    "try_expression": KotlinExpressions._choice,
}
