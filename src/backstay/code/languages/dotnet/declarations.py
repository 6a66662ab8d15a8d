"""C# files, namespaces and types: from the nodes of a syntax tree to facts."""

import re
from collections.abc import Callable

import tree_sitter
import tree_sitter_c_sharp

from backstay.code.facts import Assign, Attr, Call, Class, Expr, Function, Import, Lit, Module, Name, Statement
from backstay.code.languages.dotnet.members import CALLABLE, TYPES, Body, Members
from backstay.code.languages.dotnet.reading import MAX_DEPTH
from backstay.code.languages.dotnet.scopes import INSTANCE, Locals, TypeContext
from backstay.code.loops import loops
from backstay.trees import tree

_LANGUAGE = tree_sitter.Language(tree_sitter_c_sharp.language())
_FILE_BASED = re.compile(rb"^#[:!]", re.MULTILINE)


def parse_source(path: str, source: bytes) -> Module:
    """The facts of a file. What does not parse is skipped and counted in `broken`; the rest is still understood."""
    if b"#:" in source or source.startswith(b"#!"):  # what `dotnet run file.cs` reads, and the grammar does not
        source = _FILE_BASED.sub(b"//", source)
    parsed = tree(_LANGUAGE, source)
    if parsed is None:
        return Module(path, "dotnet", [], broken=1)
    reader = _Reader(source)
    body = reader.block(parsed.root_node, 0)
    broken = reader.broken or int(parsed.root_node.has_error)
    return Module(path, "dotnet", body, reader.main, broken, loops=loops(parsed))


class _Reader(Members):
    """Reads the declarations of one syntax tree."""

    def statement(self, node: tree_sitter.Node, depth: int, out: list[Statement]) -> None:
        handler = _DECLARATIONS.get(node.type) if depth <= MAX_DEPTH else None
        if handler is not None:
            handler(self, node, depth, out)
        else:
            super().statement(node, depth, out)

    def _top_level(self, node: tree_sitter.Node, depth: int, out: list[Statement]) -> None:
        self.main = self.main or any(child.type != "local_function_statement" for child in node.named_children)
        for child in node.named_children:
            self.statement(child, depth + 1, out)

    def _using_directive(self, node: tree_sitter.Node, depth: int, out: list[Statement]) -> None:
        alias = node.child_by_field_name("name")
        targets = [one for one in node.named_children if alias is None or one.start_byte != alias.start_byte]
        if not targets:
            return
        line, path = self._line(node), "".join(self._text(targets[-1]).split()).removeprefix("global::")
        path = path.partition("<")[0]
        if alias is None:
            out.append(Import(path, "*", "", 0, line))
        else:
            module, _, name = path.rpartition(".")
            out.append(Import(module, name, self._text(alias), 0, line))

    def _namespace(self, node: tree_sitter.Node, depth: int, out: list[Statement]) -> None:
        """The members of a namespace go to the module's level: its name is in the file's heading."""
        for child in node.named_children:
            if child.type not in ("identifier", "qualified_name", "comment"):
                self.statement(child, depth + 1, out)

    def _type_declaration(self, node: tree_sitter.Node, depth: int, out: list[Statement]) -> None:
        name = self._identifier_text(node.child_by_field_name("name"))
        line = self._line(node)
        context = TypeContext(Attr(self._types[-1].expr, name, line) if self._types else Name(name, line))
        modifiers = self.modifiers(node)
        listed = next((child for child in node.named_children if child.type == "base_list"), None)
        context.open, context.static = listed is not None or "partial" in modifiers, "static" in modifiers
        decorators = self.decorators(node, depth)
        keywords: list[tuple[str, Expr]] = []
        if node.type == "interface_declaration":
            keywords.append(("interface", Lit(True, line)))
        bases, arguments = self._bases(listed, depth)
        around = (self._types, self._static, self._locals, self._pending, self._made, self._branch)
        outside = (self._member_types, self._in_class_body)
        self._types, self._static, self._locals = [*self._types, context], True, Locals()
        self._pending, self._made, self._branch = [], {}, 0
        self._member_types, self._in_class_body = {}, True
        mentioned, self._words = self._words, set()
        if node.type == "enum_declaration":
            inside = self._enum(node.child_by_field_name("body"), depth + 1)
        else:
            inside = self._members(node, context, arguments, depth + 1)
        self._types, self._static, self._locals, self._pending, self._made, self._branch = around
        self._member_types, self._in_class_body = outside
        mentioned |= self._words
        self._words = mentioned
        out.append(Class(name, bases, keywords, decorators, inside, line, self._end(node)))

    def _members(
        self, node: tree_sitter.Node, context: TypeContext, arguments: tree_sitter.Node | None, depth: int
    ) -> list[Statement]:
        listed = next((child for child in node.named_children if child.type == "parameter_list"), None)
        body = Body(context.static, self.primary_names(listed))
        members = _members(node.child_by_field_name("body"))
        self.gather(context, members, depth)
        for name in body.primary:
            context.members.setdefault(name, INSTANCE)
        for member in members:
            self.member(member, depth, body)
        if listed is not None:
            body.constructors.append(self.primary(listed, arguments, body.first, depth))
        # Who asks for one of several overloads by its name gets the last: the one that does most.
        return _longest_last(body.out) + sorted(body.constructors, key=lambda one: len(one.body))

    def _bases(self, node: tree_sitter.Node | None, depth: int) -> tuple[list[Expr], tree_sitter.Node | None]:
        """The base types, and what a primary constructor hands to the first."""
        bases: list[Expr] = []
        arguments: tree_sitter.Node | None = None
        for child in node.named_children if node is not None else ():
            if child.type == "argument_list":
                arguments = child
            elif child.type == "primary_constructor_base_type":
                for inner in child.named_children:
                    if inner.type == "argument_list":
                        arguments = inner
                    elif inner.type != "comment":
                        bases.append(self._type(inner, depth + 1))
            elif child.type != "comment":
                bases.append(self._type(child, depth + 1))
        return bases, arguments

    def _enum(self, body: tree_sitter.Node | None, depth: int) -> list[Statement]:
        out: list[Statement] = []
        for member in body.named_children if body is not None else ():
            if member.type != "enum_member_declaration":
                continue
            name, line = self._identifier_text(member.child_by_field_name("name")), self._line(member)
            # `[Description("gpt-4o")] Gpt4o`: the text that stands for the member says more than its number.
            told = [
                one
                for decorator in self.decorators(member, depth)
                if isinstance(decorator, Call)
                for one in [*decorator.args, *(value for _, value in decorator.keywords)]
                if isinstance(one, Lit) and isinstance(one.value, str)
            ]
            given = member.child_by_field_name("value")
            value: Expr = told[0] if told else Lit(name, line)
            if not told and given is not None:
                value = self.expr(given, depth)
            self._emit(out, Assign(Name(name, line), value, None, "=", line))
        return out

    def _loose(self, node: tree_sitter.Node, depth: int, out: list[Statement]) -> None:
        """A member outside of any type, as broken code has them."""
        name = self._identifier_text(node.child_by_field_name("name"))
        self._emit(out, self.function(node, name, depth, self.decorators(node, depth)))


def _longest_last(statements: list[Statement]) -> list[Statement]:
    """The same statements, with methods of one name in the order of their length."""
    methods: dict[str, list[Function]] = {}
    for one in statements:
        if isinstance(one, Function):
            methods.setdefault(one.name, []).append(one)
    order = {name: iter(sorted(found, key=lambda one: len(one.body))) for name, found in methods.items()}
    return [next(order[one.name]) if isinstance(one, Function) else one for one in statements]


def _members(body: tree_sitter.Node | None) -> list[tree_sitter.Node]:
    """The members of a type, those within `#if` and broken places too."""
    found: list[tree_sitter.Node] = []
    stack = list(reversed(body.named_children)) if body is not None else []
    while stack:
        node = stack.pop()
        if node.type.startswith("preproc_") or node.type == "ERROR":
            stack += reversed(node.named_children)
        elif node.type != "comment":
            found.append(node)
    return found


_DECLARATIONS: dict[str, Callable[[_Reader, tree_sitter.Node, int, list[Statement]], None]] = {
    "global_statement": _Reader._top_level,
    "using_directive": _Reader._using_directive,
    "namespace_declaration": _Reader._namespace,
    "file_scoped_namespace_declaration": _Reader._namespace,
    "declaration_list": _Reader._namespace,
    **dict.fromkeys(TYPES, _Reader._type_declaration),
    **dict.fromkeys(CALLABLE, _Reader._loose),
    "constructor_declaration": _Reader._loose,
}
