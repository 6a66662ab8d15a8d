"""Classes: fields, methods, decorators, interfaces and enums."""

from tree_sitter import Node

from backstay.code.facts import Assign, Attr, Call, Class, Do, Expr, Function, Lit, Name, Param, Star, Statement
from backstay.code.languages.javascript.functions import Functions
from backstay.code.languages.javascript.reader import MAX_DEPTH, children

_INTERFACES = frozenset(("interface_declaration", "object_type"))
_METHODS = frozenset(("method_definition", "method_signature", "abstract_method_signature"))


class Classes(Functions):
    """Reads classes."""

    def cls(self, node: Node, name: str, depth: int, out: list[Statement], decorators: list[Expr]) -> None:
        """Adds a class, an interface or the object type that a name stands for."""
        decorators = decorators + self._decorators(node, depth)
        bases = [base for child in node.named_children for base in self._bases(child, depth)]
        body = node if node.type == "object_type" else node.child_by_field_name("body")
        pending, self._pending = self._pending, []
        inside = self._members(body, node, bool(bases), depth + 1) if body is not None and depth < MAX_DEPTH else []
        self._pending = pending
        line = self._line(node)
        # Whoever calls a method of an interface calls that of a class which implements it.
        keywords: list[tuple[str, Expr]] = [("interface", Lit(True, line))] if node.type in _INTERFACES else []
        self._emit(out, Class(name, bases, keywords, decorators, inside, line, self._end(node)))

    def _decorators(self, node: Node, depth: int) -> list[Expr]:
        found: list[Expr] = []
        for child in node.named_children:
            if child.type == "decorator":
                found += [self.expr(inner, depth) for inner in children(child)[:1]]
        return found

    def _bases(self, node: Node, depth: int) -> list[Expr]:
        """What a class extends and implements, and an interface extends."""
        if node.type == "class_heritage":
            return [base for child in node.named_children for base in self._bases(child, depth + 1)]
        if node.type == "extends_clause":
            value = node.child_by_field_name("value")
            return [self.expr(value, depth)] if value is not None else []
        if node.type in ("implements_clause", "extends_type_clause"):
            found = [self.annotation(child, depth) for child in children(node)]
            return [one for one in found if one is not None]
        return []

    def _members(self, body: Node, node: Node, derived: bool, depth: int) -> list[Statement]:
        out: list[Statement] = []
        first: list[Statement] = []  # what the constructor runs for the fields
        words: set[str] = set()
        constructor: Node | None = None
        decorators: list[Expr] = []
        branch, self._branch = self._branch, 0
        for child in body.named_children:
            match child.type:
                case "decorator":
                    decorators += [self.expr(inner, depth) for inner in children(child)[:1]]
                    continue
                case "comment":
                    continue
                case "public_field_definition" | "property_signature":
                    self._field(child, out, first, words, depth)
                case "class_static_block":
                    out += self.block(child.child_by_field_name("body"), depth)
                case "ERROR":
                    self.broken += 1
                case kind if kind in _METHODS:
                    if kind == "method_definition" and self._text(child.child_by_field_name("name")) == "constructor":
                        constructor = child
                    else:
                        self._emit(out, self._method(child, decorators, depth))
            decorators = []
        if constructor is not None:
            made = self.method(constructor, "__init__", depth, [], first)
            made.words = sorted(words.union(made.words))
            self._emit(out, made)
        elif first:
            out.append(self._construct(node, derived, first, words))
        self._words |= words
        self._branch = branch
        return out

    def _construct(self, node: Node, derived: bool, first: list[Statement], words: set[str]) -> Function:
        """The constructor that a class without one has: it hands on its arguments, then sets the fields."""
        line = self._line(node)
        params = [Param("this", None, None)]
        body = first
        if derived:
            params.append(Param("args", None, None, "*"))
            given: list[Expr] = [Star(Name("args", line), line)]
            body = [Do(Call(above(line), given, [], line, line), "", line), *first]
            words = words | {"super", "__init__"}
        return Function("__init__", params, [], body, line, self._end(node), None, sorted(words))

    def _field(self, node: Node, out: list[Statement], first: list[Statement], words: set[str], depth: int) -> None:
        name_node = node.child_by_field_name("name")
        if name_node is None:
            return
        name, line = self.key(name_node), self._line(node)
        annotation = self.annotation(node.child_by_field_name("type"), depth)
        value = node.child_by_field_name("value")
        static = any(child.type == "static" for child in node.children)
        function = self.written(value)
        if function is not None:  # name = () => ...
            decorators: list[Expr] = [Name("staticmethod", line)] if static else []
            self._emit(out, self.method(function, name, depth, decorators, []))
            return
        target = Name(name, line)
        if value is None:
            out.append(Assign(target, None, annotation, ":", line))
            return
        around, self._words = self._words, set()
        given = self.expr(value, depth)
        used, self._words = self._words, around
        self._words |= used
        if not static and (self._pending or "this" in used):
            # It needs the object, or code of its own: the constructor is where it is run.
            if annotation is not None:
                out.append(Assign(target, None, annotation, ":", line))
            self._emit(first, Assign(Attr(Name("this", line), name, line), given, annotation, "=", line))
            words |= used | {name}
            return
        for one in self._pending:
            if isinstance(one, Function):
                one.decorators.append(Name("staticmethod", one.line))
        self._emit(out, Assign(target, given, annotation, "=", line))

    def _method(self, node: Node, decorators: list[Expr], depth: int) -> Function:
        line = self._line(node)
        name = self.key(node.child_by_field_name("name"))
        if node.type == "abstract_method_signature":
            decorators = [*decorators, Name("abstract", line)]
        for child in node.children:
            match child.type:
                case "static":
                    decorators = [*decorators, Name("staticmethod", line)]
                case "get":
                    decorators = [*decorators, Name("property", line)]
                case "set":
                    name = f"<set {name}:{line}>"
                case "property_identifier" | "formal_parameters":
                    break
        return self.method(node, name, depth, decorators, [])

    def key(self, node: Node | None) -> str:
        """The name of a member, as code says it; the text within brackets for a computed one."""
        if node is None:
            return ""
        word = self._text(node)
        if node.type == "string":
            word = word[1:-1]
        elif node.type == "computed_property_name":
            word = word[1:-1].strip("\"'`")
        self._words.add(word)
        return word

    def enum(self, node: Node, out: list[Statement]) -> None:
        """Adds an enum: a class whose fields are its members; one without a value is called like itself."""
        body: list[Statement] = []
        members = node.child_by_field_name("body")
        for child in children(members) if members is not None else []:
            line = self._line(child)
            key = child.child_by_field_name("name") if child.type == "enum_assignment" else child
            value = child.child_by_field_name("value") if child.type == "enum_assignment" else None
            name = self.key(key)
            given = self.expr(value, 1) if value is not None else Lit(name, line)
            self._sees(name)
            body.append(Assign(Name(name, line), given, None, "=", line))
        name = self._text(node.child_by_field_name("name"))
        self._emit(out, Class(name, [], [], [], body, self._line(node), self._end(node)))


def above(line: int) -> Expr:
    """The constructor of the class above: `super().__init__`."""
    return Attr(Call(Name("super", line), [], [], line, line), "__init__", line)
