"""C# members: fields, properties, methods and constructors."""

from dataclasses import dataclass, field

import tree_sitter

from backstay.code.facts import Assign, Attr, Call, Do, Expr, Function, Name, Param, Statement
from backstay.code.languages.dotnet.functions import Decorators
from backstay.code.languages.dotnet.scopes import INSTANCE, STATIC, TYPE, TypeContext
from backstay.code.languages.dotnet.statements import Statements, value_of

TYPES = frozenset(
    ("class_declaration", "record_declaration", "struct_declaration", "interface_declaration", "enum_declaration")
)
CALLABLE = frozenset(("method_declaration", "property_declaration", "event_declaration"))


@dataclass
class Body:
    """A type's body while it is read. `first` is what its constructors do before their own statements."""

    static: bool
    primary: frozenset[str]  # the type's own parameters
    out: list[Statement] = field(default_factory=list)
    first: list[Statement] = field(default_factory=list)
    constructors: list[Function] = field(default_factory=list)


class Members(Statements):
    """Reads the members of types."""

    def __init__(self, source: bytes) -> None:
        super().__init__(source)
        self.main = False

    def modifiers(self, node: tree_sitter.Node) -> set[str]:
        return {self._text(child) for child in node.children if child.type == "modifier"}

    def _name_of(self, node: tree_sitter.Node) -> str:
        return self._text(node.child_by_field_name("name")).removeprefix("@")

    def gather(self, context: TypeContext, members: list[tree_sitter.Node], depth: int) -> None:
        """The names that bare identifiers in a type can mean, and their types."""
        for member in members:
            if member.type in TYPES or member.type == "delegate_declaration":
                context.members[self._name_of(member)] = TYPE
        for member in members:
            modifiers = self.modifiers(member)
            kind = STATIC if context.static or "static" in modifiers or "const" in modifiers else INSTANCE
            if member.type in CALLABLE:
                self._gather_one(context, self._name_of(member), kind, member.child_by_field_name("type"), depth)
            for variables in member.named_children if member.type.endswith("field_declaration") else ():
                for one in variables.named_children if variables.type == "variable_declaration" else ():
                    if one.type == "variable_declarator":
                        noted = variables.child_by_field_name("type")
                        self._gather_one(context, self._name_of(one), kind, noted, depth)

    def _gather_one(
        self, context: TypeContext, name: str, kind: str, type_node: tree_sitter.Node | None, depth: int
    ) -> None:
        context.members[name] = kind
        self._declares(name, type_node)
        if type_node is None:
            return
        noted = self.type_(type_node, depth)
        if noted is not None:
            self._member_types[name] = noted
        if self._text(type_node).rstrip("?") == name:
            context.coloured.add(name)

    def member(self, node: tree_sitter.Node, depth: int, body: Body) -> None:
        """Reads one member of a type."""
        modifiers = self.modifiers(node)
        static = body.static or "static" in modifiers or "const" in modifiers
        match node.type:
            case "field_declaration" | "event_field_declaration":
                for child in node.named_children:
                    if child.type == "variable_declaration":
                        self._fields(child, depth, body, static)
            case "property_declaration" | "indexer_declaration" | "event_declaration":
                self._property(node, depth, body, static)
            case "constructor_declaration":
                if "static" in modifiers:
                    self._method(node, "<static>", depth, body.out, True)
                else:
                    body.constructors.append(self._constructor(node, depth))
            case "method_declaration":
                name = self._identifier_text(node.child_by_field_name("name"))
                self.main = self.main or (name == "Main" and static)
                self._method(node, name, depth, body.out, static)
            case "operator_declaration" | "conversion_operator_declaration":
                self._method(node, "operator", depth, body.out, True)
            case "destructor_declaration":
                self._method(node, "Finalize", depth, body.out, False)
            case _:
                self.statement(node, depth, body.out)

    # methods

    def _method(self, node: tree_sitter.Node, name: str, depth: int, out: list[Statement], static: bool) -> None:
        decorators = self.decorators(node, depth)
        line = self._line(node)
        if static:
            decorators.append(Name("staticmethod", line))
            if self._extends(node):
                decorators.append(Name("extensionmethod", line))
        bodies = ("block", "arrow_expression_clause")
        if node.child_by_field_name("body") is None and not any(one.type in bodies for one in node.named_children):
            decorators.append(Name("abstract", line))
        out.append(self._code(node, name, depth, decorators, static))

    def _code(
        self, node: tree_sitter.Node, name: str, depth: int, decorators: Decorators, static: bool, value: bool = False
    ) -> Function:
        around, self._static = self._static, static
        inside, self._in_class_body = self._in_class_body, False
        function = self.function(node, name, depth, decorators, not static, value)
        self._static, self._in_class_body = around, inside
        return function

    def _extends(self, node: tree_sitter.Node) -> bool:
        """Whether the first parameter is marked `this`."""
        listed = node.child_by_field_name("parameters")
        first = next((one for one in listed.named_children if one.type == "parameter"), None) if listed else None
        return first is not None and "this" in self.modifiers(first)

    def _constructor(self, node: tree_sitter.Node, depth: int) -> Function:
        chained = next((child for child in node.named_children if child.type == "constructor_initializer"), None)
        function = self._code(node, "__init__", depth, self.decorators(node, depth), False)
        if chained is not None:
            around, self._words = self._words, set()
            self._locals.enter()
            for param in function.params:
                self._locals.add(param.name)
            arguments = next((child for child in chained.named_children if child.type == "argument_list"), None)
            base = any(child.type == "base" for child in chained.children)
            function.body[:0] = self._chained(base, arguments, depth)
            self._locals.leave()
            function.words = sorted({*function.words, *self._words})
            around |= self._words
            self._words = around
        return function

    def _chained(self, base: bool, arguments: tree_sitter.Node | None, depth: int) -> list[Statement]:
        """`: base(...)` or `: this(...)`."""
        if arguments is None:
            return []
        line, end = self._line(arguments), self._end(arguments)
        pending, self._pending = self._pending, []
        inside, self._in_class_body = self._in_class_body, False
        args, keywords = self._arguments(arguments, depth + 1)
        owner: Expr = Call(Name("super", line), [], [], line, line) if base else Name("this", line)
        call = Call(Attr(owner, "__init__", line), args, keywords, line, end)
        out: list[Statement] = [*self._pending, Do(call, "", line)]
        self._pending, self._in_class_body = pending, inside
        return out

    def primary_names(self, node: tree_sitter.Node | None) -> frozenset[str]:
        """The names of a type's own parameters."""
        return frozenset(self._name_of(child) for child in node.named_children) - {""} if node else frozenset()

    def primary(
        self, node: tree_sitter.Node, arguments: tree_sitter.Node | None, first: list[Statement], depth: int
    ) -> Function:
        """The constructor that a type's own parameters make; they are fields too."""
        line = self._line(node)
        around, self._words = self._words, set()
        self._locals.enter()
        params = [Param("this", None, None), *self.params(node, depth)]
        body = self._chained(True, arguments, depth)
        self._locals.leave()
        for param in params[1:]:
            target = Attr(Name("this", line), param.name, line)
            body.append(Assign(target, Name(param.name, line), param.annotation, "=", line))
        # What the fields' values mention was read before, into the words of the type.
        self._words |= around
        words = sorted(self._words)
        return Function("__init__", params, [], [*body, *first], line, self._end(node), None, words, texts=self._texts)

    # fields and properties

    def _fields(self, node: tree_sitter.Node, depth: int, body: Body, static: bool) -> None:
        noted = self.type_(node.child_by_field_name("type"), depth)
        for child in node.named_children:
            if child.type == "variable_declarator":
                name = self._identifier_text(child.child_by_field_name("name"))
                self._initialised_member(name, value_of(child), noted, self._line(child), depth, body, static)

    def _initialised_member(
        self,
        name: str,
        value_node: tree_sitter.Node | None,
        noted: Expr | None,
        line: int,
        depth: int,
        body: Body,
        static: bool,
    ) -> None:
        """A field or property. A value that uses the type's own parameters is set where these are known."""
        if value_node is None:
            body.out.append(Assign(Name(name, line), None, noted, ":", line))
            return
        words, self._words = self._words, set()
        self._locals.enter()
        for one in () if static else body.primary:
            self._locals.add(one)
        value = self.expr(value_node, depth, noted)
        self._locals.leave()
        constructed = not static and not body.primary.isdisjoint(self._words)
        words |= self._words
        self._words = words
        if constructed:
            for function in self._pending:  # lambdas: they stand in the constructor now
                if isinstance(function, Function) and function.name.startswith("<"):
                    function.decorators = [one for one in function.decorators if not _is_static(one)]
            self._emit(body.first, Assign(Attr(Name("this", line), name, line), value, noted, "=", line))
            body.out.append(Assign(Name(name, line), None, noted, ":", line))
        else:
            self._emit(body.out, Assign(Name(name, line), value, noted, "=", line))

    def _property(self, node: tree_sitter.Node, depth: int, body: Body, static: bool) -> None:
        name = self._identifier_text(node.child_by_field_name("name")) or "__getitem__"
        line = self._line(node)
        noted = self.type_(node.child_by_field_name("type"), depth)
        decorators: Decorators = self.decorators(node, depth)
        if node.type == "property_declaration":
            decorators.append(Name("property", line))
        if static:
            decorators.append(Name("staticmethod", line))
        value = node.child_by_field_name("value")
        if value is not None and value.type == "arrow_expression_clause":
            body.out.append(self._getter(node, name, depth, decorators, noted, static))
            return
        accessors = node.child_by_field_name("accessors")
        computed = False
        for accessor in accessors.named_children if accessors is not None else ():
            if accessor.type != "accessor_declaration" or accessor.child_by_field_name("body") is None:
                continue
            computed = True
            kind = next((child.type for child in accessor.children if not child.is_named), "")
            if kind == "get":
                body.out.append(self._getter(accessor, name, depth, decorators, noted, static))
            else:
                plain: Decorators = [Name("staticmethod", line)] if static else []
                body.out.append(self._code(accessor, f"<{kind}:{name}>", depth + 1, plain, static, True))
        if not computed or value is not None:
            self._initialised_member(name, value, noted, line, depth, body, static)

    def _getter(
        self, node: tree_sitter.Node, name: str, depth: int, decorators: Decorators, noted: Expr | None, static: bool
    ) -> Function:
        """A property that computes its value: a function that is read like a field."""
        function = self._code(node, name, depth + 1, decorators, static)
        function.returns = noted
        return function


def _is_static(decorator: Expr) -> bool:
    return isinstance(decorator, Name) and decorator.id == "staticmethod"
