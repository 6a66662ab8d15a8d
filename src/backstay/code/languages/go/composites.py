"""Go composite literals: structs as calls of their type with keywords, slices as sequences, maps as maps."""

from backstay.code.facts import Assign, Call, Class, Expr, Lit, Map, Name, Opaque, Seq, Statement
from backstay.code.languages.go.expressions import MAX_DEPTH, Expressions, Node

_SLICES = frozenset(("slice_type", "array_type", "implicit_length_array_type"))


class Composites(Expressions):
    """Reads composite literals, and the fields of structs."""

    def __init__(self, source: bytes, path: str) -> None:
        super().__init__(source, path)
        self._anonymous: dict[int, str] = {}  # where a struct type without a name stands -> the name it is given

    def composite(self, node: Node, depth: int) -> Expr:
        kind, body = node.child_by_field_name("type"), node.child_by_field_name("body")
        if kind is None or body is None:
            return Opaque([], self._line(node))
        return self._literal(kind, body, depth)

    def _literal(self, kind: Node | None, body: Node, depth: int) -> Expr:
        """`{...}` of a type; None is a type that is declared elsewhere."""
        line = self._line(kind if kind is not None else body)
        if depth > MAX_DEPTH:
            self.broken += 1
            return Opaque([], line)
        kind = self._underlying(kind)
        if kind is None:
            return self._untyped(body, depth, line)
        if kind.type in _SLICES:
            element = kind.child_by_field_name("element")
            items = [self._value(element, _last(child), depth + 1) for child in self._inner(body)]
            return Seq(items, line)
        if kind.type == "map_type":
            return self._map(body, depth, line, kind.child_by_field_name("key"), kind.child_by_field_name("value"))
        return self._struct(kind, body, depth, line)

    def _underlying(self, kind: Node | None) -> Node | None:
        """The type of a literal: the one behind a pointer, and what the file declares a slice or map type to be."""
        for _ in range(MAX_DEPTH):
            if kind is None:
                return None
            if kind.type in ("pointer_type", "parenthesized_type"):
                inner = self._inner(kind)
                kind = inner[0] if inner else None
            elif kind.type == "type_identifier":
                declared = self._types.get(self._text(kind))
                if declared is None or declared.type not in (*_SLICES, "map_type", "type_identifier"):
                    return kind
                if self._text(declared) == self._text(kind):
                    return kind
                kind = declared
            else:
                return kind
        return kind

    def _struct(self, kind: Node, body: Node, depth: int, line: int) -> Expr:
        elements = self._inner(body)
        if any(child.type == "keyed_element" and self._key(child) is None for child in elements):
            return self._map(body, depth, line, None, None)  # `gin.H{"model": name}`
        if any(_is_bare(_last(child)) for child in elements if child.type != "keyed_element"):
            return self._untyped(body, depth, line)  # `Messages{{Role: "user"}}`
        if kind.type == "qualified_type" and elements and all(child.type != "keyed_element" for child in elements):
            # Fields of another package's struct are always named, or vet complains: this is a slice.
            return Seq([self._value(None, child, depth + 1) for child in elements], line)
        if kind.type == "struct_type":
            callee: Expr = Name(self._unnamed(kind, depth), line)
        else:
            named = kind.child_by_field_name("type") if kind.type == "generic_type" else kind
            callee = self.expr(named if named is not None else kind, depth + 1)
        args: list[Expr] = []
        keywords: list[tuple[str, Expr]] = []
        for child in elements:
            key = self._key(child) if child.type == "keyed_element" else None
            value = self._value(None, _last(child), depth + 1, key or "")
            if key:
                keywords.append((key, value))
            else:
                args.append(value)
        return self.struct(Call(callee, args, keywords, line, self._end(body)))

    def _untyped(self, body: Node, depth: int, line: int) -> Expr:
        """`{...}` whose type nobody here knows: a map by the names of its fields, or a sequence."""
        elements = self._inner(body)
        if any(child.type == "keyed_element" for child in elements):
            return self._map(body, depth, line, None, None)
        return Seq([self._value(None, _last(child), depth + 1) for child in elements], line)

    def _map(self, body: Node, depth: int, line: int, of_keys: Node | None, of_values: Node | None) -> Expr:
        keys: list[Expr | None] = []
        values: list[Expr] = []
        for child in self._inner(body):
            key = child.child_by_field_name("key") if child.type == "keyed_element" else None
            name = self._key(child) if key is not None else None
            if key is None:
                continue
            if name and of_values is None:
                keys.append(Lit(name, self._line(key)))
            else:
                keys.append(self._value(of_keys, key, depth + 1))
            values.append(self._value(of_values, _last(child), depth + 1, name or ""))
        return Map(keys, values, line)

    def _key(self, child: Node) -> str | None:
        """The field that a keyed element names; None when its key is no name."""
        key = child.child_by_field_name("key")
        inner = self._inner(key)
        return self._text(inner[0]) if len(inner) == 1 and inner[0].type == "identifier" else None

    def _value(self, kind: Node | None, node: Node | None, depth: int, name: str = "") -> Expr:
        """An element; one in bare braces is of the type that its list or map holds."""
        inner = self._inner(node)[0] if node is not None and self._inner(node) else node
        if node is None or inner is None:
            return Opaque([], 0)
        if node.type != "literal_element":
            inner = node
        if inner.type == "literal_value":
            return self._literal(kind, inner, depth)
        if inner.type == "func_literal":
            return self.function_literal(inner, depth, name or "anonymous")
        return self.expr(inner, depth)

    def _unnamed(self, kind: Node, depth: int) -> str:
        """The name of a class that stands for a struct type without one."""
        name = self._anonymous.get(kind.start_byte)
        if name is None:
            name = f"<struct:{self._line(kind)}:{kind.start_point[1]}>"
            self._anonymous[kind.start_byte] = name
            bases, fields = self.fields(kind, depth)
            self._hoisted.append(Class(name, bases, [], [], fields, self._line(kind), self._end(kind)))
        self._words.add(name)
        return name

    def fields(self, kind: Node, depth: int) -> tuple[list[Expr], list[Statement]]:
        """The types that a struct embeds, and its fields."""
        bases: list[Expr] = []
        out: list[Statement] = []
        for block in self._inner(kind):
            for field in self._inner(block):
                noted = field.child_by_field_name("type") if field.type == "field_declaration" else None
                if noted is None:
                    continue
                line = self._line(field)
                names = self.names(field)
                for name in names:
                    annotation = self.expr(noted, depth + 1)
                    out.append(Assign(Name(self._text(name), line), None, annotation, ":", line))
                if not names:
                    base = self.expr(noted, depth + 1)
                    bases.append(base)
                    own = self._text(noted).partition("[")[0].rpartition(".")[2].lstrip("*")
                    out.append(Assign(Name(own, line), None, self.expr(noted, depth + 1), ":", line))
        return bases, out


def _last(child: Node) -> Node | None:
    """The value of an element, keyed or not."""
    return child.child_by_field_name("value") if child.type == "keyed_element" else child


def _is_bare(node: Node | None) -> bool:
    return node is not None and any(inner.type == "literal_value" for inner in node.named_children)
