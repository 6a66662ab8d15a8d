"""Java expressions: from the nodes of a syntax tree to facts."""

from collections.abc import Callable

import tree_sitter

from backstay.code.facts import Assign, Attr, Call, Either, Expr, Item, Lit, Name, Op, Opaque, Param, Seq, Statement
from backstay.code.languages.jvm.chains import CONSUMERS, Chains, Link, made
from backstay.code.languages.jvm.reader import MAX_DEPTH, WRAPPERS
from backstay.code.languages.jvm.settings import resource
from backstay.code.languages.jvm.texts import added, dedented, joined, number, unescaped

_PRIMITIVE = frozenset(("integral_type", "floating_point_type", "boolean_type", "void_type"))


class JavaExpressions(Chains):
    """Reads expressions and types."""

    def __init__(self, source: bytes) -> None:
        super().__init__(source)
        self._yields: list[list[Expr]] = []

    def _statement(self, node: tree_sitter.Node, depth: int, out: list[Statement]) -> None:
        raise NotImplementedError

    def _anonymous(self, node: tree_sitter.Node, base: Expr, body: tree_sitter.Node, depth: int) -> str:
        raise NotImplementedError

    def expr(self, node: tree_sitter.Node, depth: int) -> Expr:
        if depth > MAX_DEPTH:
            self.broken += 1
            return Opaque([], self._line(node))
        handler = _EXPRESSIONS.get(node.type)
        if handler is not None:
            return handler(self, node, depth + 1)
        return self._opaque(node.named_children, self._line(node), depth)

    def _identifier(self, node: tree_sitter.Node, depth: int) -> Expr:
        name = self._text(node)
        return self._resolved(name, self._line(node), inherited=not name[:1].isupper() or name.isupper())

    def _this_here(self, node: tree_sitter.Node, depth: int) -> Expr:
        return self._this(self._line(node))

    def _super(self, node: tree_sitter.Node, depth: int) -> Expr:
        line = self._line(node)
        return Call(Name("super", line), [], [], line, line)

    # chains

    def _chained(self, node: tree_sitter.Node, depth: int) -> Expr:
        links: list[Link] = []
        at: tree_sitter.Node | None = node
        while at is not None:
            name = at.child_by_field_name("name" if at.type == "method_invocation" else "field")
            below = at.child_by_field_name("object")
            if at.type == "method_invocation":
                given = at.child_by_field_name("arguments")
                nodes = tuple(given.named_children) if given is not None else ()
                line = self._line(name if name is not None and below is not None else at)
                links.append(Link(self._text(name), True, line, self._end(at), nodes))
            elif name is not None and name.type == "this":
                links.reverse()
                return self._chain(self._this(self._line(name), self._text(below)), links, depth)
            else:
                links.append(Link(self._text(name), False, self._line(name if name is not None else at), self._end(at)))
            if below is None or below.type not in ("method_invocation", "field_access"):
                break
            at = below
        links.reverse()
        inner = depth + len(links)
        if below is not None:
            value = self.expr(below, inner) if links[0].call else self._root(below, inner)
            return self._chain(value, links, depth)
        first = links.pop(0)
        if not first.call:
            return Opaque([], first.line)
        func = self._resolved(first.name, first.line, inherited=True)
        args, keywords = self._given(first, inner)
        return self._chain(Call(func, args, keywords, first.line, first.end), links, depth)

    def _root(self, node: tree_sitter.Node, depth: int) -> Expr:
        """What `a` in `a.b.C` is: a package's name is no inherited field."""
        return (
            self._resolved(self._text(node), self._line(node)) if node.type == "identifier" else self.expr(node, depth)
        )

    def _given(self, link: Link, depth: int) -> tuple[list[Expr], list[tuple[str, Expr]]]:
        args: list[Expr] = []
        keywords: list[tuple[str, Expr]] = []
        for node in link.nodes:
            if "comment" in node.type:
                continue
            alone = len(link.nodes) == 1 and link.name not in CONSUMERS
            setters = self._setters(node, depth) if alone else None
            if setters is not None:
                keywords.extend(setters)
            else:
                args.append(self.expr(node, depth))
        return args, keywords

    def _setters(self, node: tree_sitter.Node, depth: int) -> list[tuple[str, Expr]] | None:
        """`o -> o.model("x").limit(3)`: what a lambda sets on its parameter; None when it does anything else."""
        params, body = node.child_by_field_name("parameters"), node.child_by_field_name("body")
        if node.type != "lambda_expression" or params is None or body is None or params.type != "identifier":
            return None
        name = self._text(params)
        calls: list[tuple[str, tree_sitter.Node, tree_sitter.Node]] = []
        at: tree_sitter.Node | None = body
        while at is not None and at.type == "method_invocation" and len(calls) < MAX_DEPTH:
            given = at.child_by_field_name("arguments")
            if given is None or not given.named_child_count:
                return None
            calls.append((self._text(at.child_by_field_name("name")), at, given))
            at = at.child_by_field_name("object")
        if not calls or at is None or at.type != "identifier" or self._text(at) != name:
            return None
        holder = Call(Name(name, self._line(node)), [], [], 0, 0)
        self._kept.append(holder)
        for setter, call, given in reversed(calls):
            link = Link(setter, True, self._line(call), self._end(call), tuple(given.named_children))
            self._set(holder, link, depth + 1)
        return holder.keywords

    # objects, functions

    def _new(self, node: tree_sitter.Node, depth: int) -> Expr:
        kind, given = node.child_by_field_name("type"), node.child_by_field_name("arguments")
        line, end = self._line(node), self._end(node)
        base = self._bare_type(kind, depth) if kind is not None else Opaque([], line)
        link = Link("new", True, line, end, tuple(given.named_children) if given is not None else ())
        args, keywords = self._given(link, depth)
        body = next((child for child in node.named_children if child.type == "class_body"), None)
        if body is not None:
            base = Name(self._anonymous(node, base, body, depth), line)
        value, _ = made(Call(base, args, keywords, line, end))
        return self._chain(value, [], depth)

    def _new_array(self, node: tree_sitter.Node, depth: int) -> Expr:
        value = node.child_by_field_name("value")
        return self.expr(value, depth) if value is not None else Seq([], self._line(node))

    def _lambda(self, node: tree_sitter.Node, depth: int) -> Expr:
        params, body = node.child_by_field_name("parameters"), node.child_by_field_name("body")

        def read_params() -> list[Param]:
            if params is None:
                return []
            if params.type == "identifier":
                return [Param(self._declare(self._text(params)).name, None, None)]
            if params.type == "inferred_parameters":
                return [Param(self._declare(self._text(one)).name, None, None) for one in params.named_children]
            return self._params(params, depth)

        return self._hoisted(node, read_params, lambda out: self._lambda_body(body, depth, out))

    def _lambda_body(self, body: tree_sitter.Node | None, depth: int, out: list[Statement]) -> None:
        raise NotImplementedError

    def _params(self, node: tree_sitter.Node, depth: int) -> list[Param]:
        raise NotImplementedError

    def _reference(self, node: tree_sitter.Node, depth: int) -> Expr:
        parts = [child for child in node.named_children if child.type != "type_arguments"]
        if not parts:
            return Opaque([], self._line(node))
        first = parts[0]
        owner = self.expr(first, depth) if first.type not in _TYPES else self._bare_type(first, depth)
        if len(parts) == 1:  # X::new
            return owner
        return Attr(owner, self._word(self._text(parts[-1])), self._line(node))

    # literals

    def _string(self, node: tree_sitter.Node, depth: int) -> Expr:
        raw, line, end = self._text(node), self._line(node), self._end(node)
        inner = [child for child in node.named_children if child.type == "string_interpolation"]
        if inner:
            parts: list[Expr] = [
                self._literal(unescaped(self._text(child)), self._line(child), self._end(child))
                if child.type != "string_interpolation"
                else self._only(child, depth)
                for child in node.named_children
            ]
            return joined(parts, line, end)
        if raw.startswith('"""'):
            text = raw[3:-3] if len(raw) >= 6 else ""
            return self._literal(unescaped(dedented(text.partition("\n")[2])), line, end)
        return self._literal(unescaped(raw[1:-1]), line, end)

    def _character(self, node: tree_sitter.Node, depth: int) -> Expr:
        return Lit(unescaped(self._text(node)[1:-1]), self._line(node))

    def _number(self, node: tree_sitter.Node, depth: int) -> Expr:
        return number(self._text(node), self._line(node))

    def _constant(self, node: tree_sitter.Node, depth: int) -> Expr:
        return Lit({"true": True, "false": False}.get(node.type), self._line(node))

    def _sequence(self, node: tree_sitter.Node, depth: int) -> Expr:
        items = [self.expr(child, depth) for child in node.named_children if "comment" not in child.type]
        return Seq(items, self._line(node))

    # operators

    def _binary(self, node: tree_sitter.Node, depth: int) -> Expr:
        left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
        op = self._text(node.child_by_field_name("operator"))
        line = self._line(node)
        if left is None or right is None:
            return Opaque([], line)
        # A chain `a + b + c + ...` leans left; it is walked in a loop, as generated code makes it thousands long.
        terms = [right]
        while left.type == "binary_expression" and self._text(left.child_by_field_name("operator")) == op:
            below, beside = left.child_by_field_name("left"), left.child_by_field_name("right")
            if below is None or beside is None:
                break
            terms.append(beside)
            left = below
        parts = [self.expr(term, depth) for term in (left, *reversed(terms))]
        if op == "+":
            return added(parts, line, self._end(node))
        if len(parts) > 2:
            return Opaque([part for part in parts if not isinstance(part, Lit)], line)
        return Op(op, parts[0], parts[1], line)

    def _unary(self, node: tree_sitter.Node, depth: int) -> Expr:
        inner = node.child_by_field_name("operand")
        if inner is None:
            return Opaque([], self._line(node))
        value = self.expr(inner, depth)
        if isinstance(value, Lit) and isinstance(value.value, int | float) and not isinstance(value.value, bool):
            sign = self._text(node.child_by_field_name("operator"))
            if sign in ("-", "+"):
                return Lit(-value.value if sign == "-" else value.value, value.line)
        return Opaque([value] if not isinstance(value, Lit) else [], self._line(node))

    def _ternary(self, node: tree_sitter.Node, depth: int) -> Expr:
        condition = node.child_by_field_name("condition")
        if condition is not None:
            self._tested(self.expr(condition, depth), self._before)
        options = [
            self.expr(child, depth)
            for child in (node.child_by_field_name("consequence"), node.child_by_field_name("alternative"))
            if child is not None
        ]
        return Either(options, self._line(node))

    def _tested(self, value: Expr, out: list[Statement]) -> None:
        """A condition is kept where something may be called in it."""
        raise NotImplementedError

    def _cast(self, node: tree_sitter.Node, depth: int) -> Expr:
        value = node.child_by_field_name("value")
        return self.expr(value, depth) if value is not None else Opaque([], self._line(node))

    def _assigned(self, node: tree_sitter.Node, depth: int) -> Expr:
        """`a = b` within an expression: said before, and its value."""
        out: list[Statement] = []
        value = self._assign(node, depth, out)
        self._before += out
        return value

    def _assign(self, node: tree_sitter.Node, depth: int, out: list[Statement]) -> Expr:
        raise NotImplementedError

    def _instance_of(self, node: tree_sitter.Node, depth: int) -> Expr:
        left, line = node.child_by_field_name("left"), self._line(node)
        value = self.expr(left, depth) if left is not None else Opaque([], line)
        name, kind = node.child_by_field_name("name"), node.child_by_field_name("right")
        if name is not None:
            noted = self.type(kind, depth) if kind is not None else None
            local = self._declare(self._text(name), self._text(kind))
            self._before.append(Assign(Name(local.name, line), value, noted, "=", line, self._branch))
            return Opaque([], line)
        return Opaque([value], line)

    def _item(self, node: tree_sitter.Node, depth: int) -> Expr:
        value, index = node.child_by_field_name("array"), node.child_by_field_name("index")
        if value is None or index is None:
            return Opaque([], self._line(node))
        return Item(self.expr(value, depth), self.expr(index, depth), self._line(node))

    def _switch(self, node: tree_sitter.Node, depth: int) -> Expr:
        """A switch with a value: one of those that its cases give."""
        self._yields.append([])
        self._cases(node, depth, self._before, self._yields[-1])
        return Either(self._yields.pop(), self._line(node))

    def _cases(self, node: tree_sitter.Node, depth: int, out: list[Statement], values: list[Expr] | None) -> None:
        raise NotImplementedError

    # types

    def type(self, node: tree_sitter.Node, depth: int) -> Expr:
        """A type as an annotation: `List<Foo>` is List[Foo]."""
        line = self._line(node)
        if depth > MAX_DEPTH:
            self.broken += 1
            return Opaque([], line)
        match node.type:
            case "generic_type" if node.named_children:
                outer = node.named_children[0]
                args: list[Expr] = []
                for child in node.named_children[1:]:
                    args += [self.type(one, depth + 1) for one in child.named_children if "annotation" not in one.type]
                return self._generic(self.type(outer, depth + 1), self._text(outer), args, line)
            case "array_type":
                inner = node.child_by_field_name("element")
                element = self.type(inner, depth + 1) if inner is not None else Opaque([], line)
                return Item(Name("Array", line), element, line)
            case "scoped_type_identifier":
                return self._type_path(self._text(node), line)
            case "annotated_type" | "wildcard" | "catch_type":
                kinds = [child for child in node.named_children if "annotation" not in child.type]
                return self.type(kinds[-1], depth + 1) if kinds else Name("Object", line)
        return self._resolved(self._text(node), line)

    def _bare_type(self, node: tree_sitter.Node, depth: int) -> Expr:
        """A type without its arguments."""
        while node.type in ("generic_type", "annotated_type") and node.named_children:
            kinds = [child for child in node.named_children if "annotation" not in child.type]
            if not kinds:
                break
            node = kinds[0]
        if node.type == "array_type":
            return self.type(node, depth)
        return self._type_path(self._text(node), self._line(node))

    def _class_literal(self, node: tree_sitter.Node, depth: int) -> Expr:
        inner = node.named_children
        return self._bare_type(inner[0], depth) if inner else Opaque([], self._line(node))

    def _type_text(self, node: tree_sitter.Node | None) -> str:
        """A type's name as written, for telling builders; what is within a wrapper."""
        text = self._text(node)
        head, _, rest = text.partition("<")
        return rest.rstrip(">") if head in WRAPPERS else head

    # annotations

    def _annotations(self, modifiers: tree_sitter.Node | None, depth: int) -> list[Expr]:
        return [
            self._annotation(child, depth)
            for child in (modifiers.named_children if modifiers is not None else ())
            if child.type in ("annotation", "marker_annotation")
        ]

    def _annotation(self, node: tree_sitter.Node, depth: int) -> Expr:
        name, given = node.child_by_field_name("name"), node.child_by_field_name("arguments")
        line = self._line(node)
        func = self._type_path(self._text(name), line)
        if given is None:
            return func
        args: list[Expr] = []
        keywords: list[tuple[str, Expr]] = []
        for child in given.named_children:
            if child.type == "element_value_pair":
                value = child.child_by_field_name("value")
                key = self._text(child.child_by_field_name("key"))
                if value is not None:
                    said = self._element(value, depth + 1)
                    if key == "fromResource" and isinstance(said, Lit):
                        args.append(resource(str(said.value), line))
                    else:
                        keywords.append((key, said))
            elif "comment" not in child.type:
                args.append(self._element(child, depth + 1))
        return Call(func, args, keywords, line, self._end(node))

    def _element(self, node: tree_sitter.Node, depth: int) -> Expr:
        if depth > MAX_DEPTH:
            self.broken += 1
            return Opaque([], self._line(node))
        if node.type in ("annotation", "marker_annotation"):
            return self._annotation(node, depth)
        if node.type == "element_value_array_initializer":
            return Seq([self._element(child, depth + 1) for child in node.named_children], self._line(node))
        return self.expr(node, depth)


_TYPES = frozenset(("generic_type", "array_type", "scoped_type_identifier", "type_identifier", *_PRIMITIVE))

_EXPRESSIONS: dict[str, Callable[[JavaExpressions, tree_sitter.Node, int], Expr]] = {
    "identifier": JavaExpressions._identifier,
    "this": JavaExpressions._this_here,
    "super": JavaExpressions._super,
    "method_invocation": JavaExpressions._chained,
    "field_access": JavaExpressions._chained,
    "object_creation_expression": JavaExpressions._new,
    "array_creation_expression": JavaExpressions._new_array,
    "array_initializer": JavaExpressions._sequence,
    "lambda_expression": JavaExpressions._lambda,
    "method_reference": JavaExpressions._reference,
    "string_literal": JavaExpressions._string,
    "character_literal": JavaExpressions._character,
    "decimal_integer_literal": JavaExpressions._number,
    "hex_integer_literal": JavaExpressions._number,
    "octal_integer_literal": JavaExpressions._number,
    "binary_integer_literal": JavaExpressions._number,
    "decimal_floating_point_literal": JavaExpressions._number,
    "true": JavaExpressions._constant,
    "false": JavaExpressions._constant,
    "null_literal": JavaExpressions._constant,
    "binary_expression": JavaExpressions._binary,
    "unary_expression": JavaExpressions._unary,
    "ternary_expression": JavaExpressions._ternary,
    "cast_expression": JavaExpressions._cast,
    "assignment_expression": JavaExpressions._assigned,
    "instanceof_expression": JavaExpressions._instance_of,
    "array_access": JavaExpressions._item,
    "switch_expression": JavaExpressions._switch,
    "class_literal": JavaExpressions._class_literal,
    "parenthesized_expression": JavaExpressions._only,
    **dict.fromkeys(_TYPES, JavaExpressions.type),
}
