"""The Kotlin front-end: source parsed by tree-sitter, to facts."""

import re
from collections.abc import Callable

import tree_sitter
import tree_sitter_kotlin

from backstay.code.facts import Assign, Attr, Call, Class, Do, Expr, Item, Lit, Module, Name, Param, Statement
from backstay.code.languages.jvm.chains import Link, last_name
from backstay.code.languages.jvm.imports import bound
from backstay.code.languages.jvm.kotlin_expressions import TYPES
from backstay.code.languages.jvm.kotlin_statements import KotlinStatements, child_of
from backstay.code.languages.jvm.lombok import generated
from backstay.code.languages.jvm.reader import Owner, ignored, reordered
from backstay.code.languages.jvm.settings import configured
from backstay.code.loops import loops
from backstay.trees import tree as bounded

_LANGUAGE = tree_sitter.Language(tree_sitter_kotlin.language())
# What the grammar takes for comparisons: `call<Type>(value)`. Type arguments of calls mean nothing to us.
_TYPE_ARGUMENTS = re.compile(rb"(?<=\w)<[\w.,?*<> \t]{1,120}>(?=\()")
# What it does not read: a declaration that ends with the block around it, on one line.
_BLOCK_END = re.compile(rb"(?<=[^\s{(;,]) \}")
_DECLARATIONS = frozenset(("class_declaration", "object_declaration", "companion_object"))


def parse(path: str, source: bytes) -> Module:
    """The facts of a file. What does not parse is skipped and counted in `broken`."""
    # Same length, so that places and text are those of the source.
    readable = _TYPE_ARGUMENTS.sub(lambda found: b" " * len(found.group()), source)
    tree = bounded(_LANGUAGE, readable)
    if tree is None:
        return Module(path, "jvm", [], False, 1)
    if tree.root_node.has_error:
        other = bounded(_LANGUAGE, _BLOCK_END.sub(b";}", readable))
        tree = other if other is not None and _faults(other) < _faults(tree) else tree
    reader = _Kotlin(source)
    body = reader.file(tree.root_node)
    broken = reader.broken or int(tree.root_node.has_error)
    return Module(path, "jvm", body, reader.main, broken, loops=loops(tree))


def _faults(tree: tree_sitter.Tree) -> int:
    """How many bytes of a file did not parse; at least one where anything did not."""
    lost, stack = int(tree.root_node.has_error), [tree.root_node]
    while stack:
        node = stack.pop()
        if node.is_error or node.is_missing:
            lost += max(1, node.end_byte - node.start_byte)
        elif node.has_error:
            stack.extend(node.children)
    return lost


class _Kotlin(KotlinStatements):
    """Reads one file: its functions, its classes and what they declare."""

    def file(self, node: tree_sitter.Node) -> list[Statement]:
        for child in node.named_children:
            if child.type == "import":
                self._fixed.add(bound(*self._import_path(child)))
            elif child.type in ("function_declaration", "class_declaration", "object_declaration"):
                self._fixed.add(self._ident(child.child_by_field_name("name")))
        out: list[Statement] = []
        for child in node.named_children:
            self._statement(child, 1, out)
        return out

    def _definition(self, node: tree_sitter.Node, depth: int, out: list[Statement]) -> bool:
        handler = _DEFINITIONS.get(node.type)
        if handler is not None:
            handler(self, node, depth, out)
        return handler is not None

    # functions

    def _function_statement(self, node: tree_sitter.Node, depth: int, out: list[Statement]) -> None:
        owner = self._scopes[-1] if isinstance(self._scopes[-1], Owner) else None
        name_node = node.child_by_field_name("name")
        name = self._ident(name_node)
        given = child_of(node, "function_value_parameters")
        body = child_of(node, "function_body")
        decorators = [one for one in self._annotations(child_of(node, "modifiers"), depth) if not ignored(_called(one))]
        static = owner is None or owner.members.get(name) == "static"
        if owner is not None and static:
            decorators.insert(0, Name("staticmethod", self._line(node)))
        start = name_node.start_byte if name_node is not None else 0
        receiver = next((one for one in node.named_children if one.type in TYPES and one.end_byte <= start), None)
        returned = next((one for one in node.named_children if one.type in TYPES and one.start_byte > start), None)
        if name == "main" and len(self._scopes) == 1:
            self.main = True
        if owner is None and len(self._scopes) > 1:
            self._declare(name)

        def params() -> list[Param]:
            own = self._params(given, depth) if given is not None else []
            if receiver is not None:
                self._declare("this")
                return [Param("this", None, self.type(receiver, depth)), *own]
            return own if static else [Param("this", None, None), *own]

        def returns() -> Expr | None:
            return self.type(returned, depth) if returned is not None else None

        shared = static if owner is not None else None
        out.append(
            self._function(
                name,
                node,
                params,
                lambda body_out: self._function_body(body, depth, body_out),
                decorators,
                returns,
                shared,
            )
        )

    def _function_body(self, node: tree_sitter.Node | None, depth: int, out: list[Statement]) -> None:
        for child in node.named_children if node is not None else ():
            if child.type == "block":
                for inner in child.named_children:
                    self._statement(inner, depth, out)
            elif "comment" not in child.type:
                outer, self._before = self._before, []
                at, value = len(out), self.expr(child, depth)
                out.append(Do(value, "return", self._line(child)))
                self._flush(out, at, outer)

    def _params(self, node: tree_sitter.Node, depth: int) -> list[Param]:
        out: list[Param] = []
        noted: list[Expr] = []
        various = ""
        for child in node.named_children:
            if child.type == "parameter_modifiers":
                noted = self._annotations(child, depth)
                various = "*" if "vararg" in self._text(child) else ""
            elif child.type in ("parameter", "class_parameter"):
                modifiers = child_of(child, "modifiers")
                noted = noted or self._annotations(modifiers, depth)
                various = various or ("*" if modifiers is not None and "vararg" in self._text(modifiers) else "")
                kind = next((one for one in child.named_children if one.type in TYPES), None)
                annotation = self.type(kind, depth) if kind is not None else None
                name = next((self._ident(one) for one in child.named_children if one.type == "identifier"), "")
                self._declare(name, self._text(kind))
                default = next(iter(_after_equals(child)), None)
                value = self.expr(default, depth) if default is not None else configured(noted, annotation)
                out.append(Param(name, value, annotation, various))
                noted, various = [], ""
            elif out and "comment" not in child.type:
                out[-1].default = self.expr(child, depth)
        return out

    # classes

    def _class(self, node: tree_sitter.Node, depth: int, out: list[Statement]) -> None:
        modifiers = child_of(node, "modifiers")
        decorators = [one for one in self._annotations(modifiers, depth) if not ignored(_called(one))]
        name = self._ident(node.child_by_field_name("name"))
        if not isinstance(self._scopes[-1], Owner) and len(self._scopes) > 1:
            self._capture(self._line(node))
        out.append(self._class_of(node, name, decorators, depth))

    def _object(self, node: tree_sitter.Node, depth: int) -> Expr:
        """`object : Base(...) { }` as a value: an object of a class without a name."""
        line = self._line(node)
        self._capture(line)
        name = self._synthetic(node)
        outer, self._before = self._before, []
        cls = self._class_of(node, name, [], depth)
        self._before = [*outer, *self._before, cls]
        return Call(Name(name, line), [], [], line, self._end(node))

    def _class_of(self, node: tree_sitter.Node, name: str, decorators: list[Expr], depth: int) -> Class:
        outer = self._scopes[-1]
        owner = Owner(name, [*outer.path, name] if isinstance(outer, Owner) else [name])
        bases, handed = self._bases(node, depth)
        owner.inherits = bool(bases)
        body = child_of(node, "class_body", "enum_class_body")
        parts = [one for one in body.named_children if "comment" not in one.type] if body is not None else []
        static = node.type == "object_declaration"
        constructor = child_of(node, "primary_constructor")
        given = child_of(constructor, "class_parameters") if constructor is not None else None
        self._collect(given, parts, owner, static)
        taken = [self._parameter_name(one) for one in given.named_children] if given is not None else []
        later = [one for one in parts if not static and self._is_later(one, taken)]
        statements: list[Statement] = []
        with self._owned(owner):
            if given is not None or handed or later:
                statements.append(self._constructor_of(node, given, handed, later, depth))
            for child in parts:
                if child not in later or child.type == "property_declaration":
                    self._part(child, depth, statements, declared=child in later)
        statements += generated(decorators, statements, self._line(node))
        reordered(statements)
        keywords: list[tuple[str, Expr]] = []
        if any(child.type == "interface" for child in node.children):
            keywords.append(("interface", Lit(True, self._line(node))))
        return Class(name, bases, keywords, decorators, statements, self._line(node), self._end(node))

    def _bases(self, node: tree_sitter.Node, depth: int) -> tuple[list[Expr], list[tree_sitter.Node]]:
        """The classes that a class derives from, and the nodes of what its base's constructor is given."""
        bases: list[Expr] = []
        handed: list[tree_sitter.Node] = []
        listed = child_of(node, "delegation_specifiers")
        for one in listed.named_children if listed is not None else ():
            inner = one.named_children[0] if one.named_children else one
            if inner.type == "constructor_invocation" and inner.named_children:
                bases.append(self.type(inner.named_children[0], depth))
                for child in inner.named_children[1:]:
                    handed += [arg for arg in child.named_children if arg.type == "value_argument"]
            else:
                kinds = (
                    [inner] if inner.type in TYPES else [kind for kind in inner.named_children if kind.type in TYPES]
                )
                bases += [self.type(kind, depth) for kind in kinds[:1]]
        return bases, handed

    def _parameter_name(self, node: tree_sitter.Node) -> str:
        return next((self._ident(one) for one in node.named_children if one.type == "identifier"), "")

    def _is_later(self, node: tree_sitter.Node, taken: list[str]) -> bool:
        """Whether a part of a class is run by its constructor: it uses what that is given, or is an `init` block."""
        if node.type == "anonymous_initializer":
            return True
        if node.type != "property_declaration" or not taken:
            return False
        _, _, value = self._property_parts(node)
        value = value or child_of(node, "property_delegate")
        if value is None:
            return False
        words = set(re.findall(rb"\w+", self._source[value.start_byte : value.end_byte]))
        return any(name.encode() in words for name in taken)

    def _collect(
        self, given: tree_sitter.Node | None, parts: list[tree_sitter.Node], owner: Owner, static: bool
    ) -> None:
        for param in given.named_children if given is not None else ():
            if any(child.type in ("val", "var") for child in param.children):
                name = self._parameter_name(param)
                owner.members[name] = "instance"
                owner.types[name] = self._text(next((one for one in param.named_children if one.type in TYPES), None))
        for child in parts:
            name = self._ident(child.child_by_field_name("name"))
            if child.type == "property_declaration":
                names, kind, _ = self._property_parts(child)
                for field in names:
                    owner.members[field] = "static" if static else "instance"
                    owner.types[field] = self._text(kind)
            elif child.type == "function_declaration":
                owner.members.setdefault(name, "static" if static else "instance")
            elif child.type == "companion_object":
                body = child_of(child, "class_body")
                self._collect(None, body.named_children if body is not None else [], owner, True)
            elif child.type == "enum_entry":
                owner.members[self._parameter_name(child)] = "static"
            elif child.type in _DECLARATIONS:
                owner.members.setdefault(name, "type")

    def _part(self, node: tree_sitter.Node, depth: int, out: list[Statement], declared: bool) -> None:
        """A member of a class; `declared`: its value is the constructor's, here stands only its name."""
        if declared:
            names, kind, _ = self._property_parts(node)
            noted = self.type(kind, depth) if kind is not None else None
            out += [Assign(Name(name, self._line(node)), None, noted, ":", self._line(node)) for name in names]
        elif node.type == "companion_object":
            body = child_of(node, "class_body")
            for child in body.named_children if body is not None else ():
                self._part(child, depth, out, declared=False)
        elif node.type == "property_declaration" and child_of(node, "getter") is not None:
            self._computed(node, depth, out)
        else:
            self._statement(node, depth, out)

    def _computed(self, node: tree_sitter.Node, depth: int, out: list[Statement]) -> None:
        """A property with a getter is a method that is read like a field."""
        names, kind, value = self._property_parts(node)
        getter, owner = child_of(node, "getter"), self._owner()
        body = child_of(getter, "function_body") if getter is not None else None
        if value is not None or body is None or owner is None or not names:
            self._statement(node, depth, out)
            return
        static = owner.members.get(names[0]) == "static"
        line = self._line(node)
        decorators: list[Expr] = [Name("staticmethod", line)] if static else [Name("property", line)]
        function = self._function(
            names[0],
            node,
            lambda: [] if static else [Param("this", None, None)],
            lambda inner: self._function_body(body, depth, inner),
            decorators,
            lambda: self.type(kind, depth) if kind is not None else None,
            static,
        )
        out.append(function)

    def _constructor_of(
        self,
        node: tree_sitter.Node,
        given: tree_sitter.Node | None,
        handed: list[tree_sitter.Node],
        later: list[tree_sitter.Node],
        depth: int,
    ) -> Statement:
        def params() -> list[Param]:
            return [Param("this", None, None), *(self._params(given, depth) if given is not None else [])]

        def body(out: list[Statement]) -> None:
            if handed:
                line = self._line(handed[0])
                outer, self._before = self._before, []
                args, keywords = self._given(Link("super", True, line, line, tuple(handed)), depth)
                out += self._before
                self._before = outer
                out.append(Do(Call(Name("super", line), args, keywords, line, line), "", line))
            for param in given.named_children if given is not None else ():
                if any(child.type in ("val", "var") for child in param.children):
                    name, line = self._parameter_name(param), self._line(param)
                    out.append(Assign(Attr(Name("this", line), name, line), self._name(name, line), None, "=", line))
            for part in later:
                if part.type == "anonymous_initializer":
                    for child in part.named_children:
                        self._statement(child, depth, out)
                else:
                    self._set_property(part, depth, out)

        decorators = self._annotations(child_of(child_of(node, "primary_constructor"), "modifiers"), depth)
        return self._function("__init__", given or node, params, body, decorators, static=False)

    def _set_property(self, node: tree_sitter.Node, depth: int, out: list[Statement]) -> None:
        names, kind, value = self._property_parts(node)
        noted = self.type(kind, depth) if kind is not None else None
        outer, self._before = self._before, []
        given = self.expr(value, depth) if value is not None else self._delegate(node, depth)
        out += self._before
        self._before = outer
        line = self._line(node)
        if given is not None:
            out += [Assign(Attr(Name("this", line), self._word(name), line), given, noted, "=", line) for name in names]

    def _secondary(self, node: tree_sitter.Node, depth: int, out: list[Statement]) -> None:
        given, call = child_of(node, "function_value_parameters"), child_of(node, "constructor_delegation_call")
        block = child_of(node, "block")

        def params() -> list[Param]:
            return [Param("this", None, None), *(self._params(given, depth) if given is not None else [])]

        def body(inner: list[Statement]) -> None:
            if call is not None:
                line = self._line(call)
                nodes = [
                    one for part in call.named_children for one in part.named_children if one.type == "value_argument"
                ]
                args, keywords = self._given(Link("super", True, line, line, tuple(nodes)), depth)
                first: Expr = Name("super", line)
                if self._text(call).startswith("this"):
                    first = Attr(Name("this", line), "__init__", line)
                inner.append(Do(Call(first, args, keywords, line, line), "", line))
            for child in block.named_children if block is not None else ():
                self._statement(child, depth, inner)

        out.append(self._function("__init__", node, params, body, [], static=False))

    def _enum_entry(self, node: tree_sitter.Node, depth: int, out: list[Statement]) -> None:
        owner, name = self._owner(), self._parameter_name(node)
        if owner is None or not name:
            return
        line = self._line(node)
        nodes = [one for part in node.named_children if part.type == "value_arguments" for one in part.named_children]
        args, keywords = self._given(Link(name, True, line, self._end(node), tuple(nodes)), depth)
        value: Expr = Lit(name, line)
        if args or keywords:
            value = Call(self._path(owner, line), args, keywords, line, self._end(node))
        out.append(Assign(Name(name, line), value, None, "=", line))

    def _alias(self, node: tree_sitter.Node, depth: int, out: list[Statement]) -> None:
        kind = next((one for one in node.named_children if one.type in TYPES), None)
        name = node.child_by_field_name("type")
        if kind is not None and name is not None:
            target = Name(self._ident(name), self._line(node))
            value = self.type(kind, depth)
            value = value.value if isinstance(value, Item) else value
            out.append(Assign(target, value, None, "=", self._line(node), self._branch))


def _after_equals(node: tree_sitter.Node) -> list[tree_sitter.Node]:
    children = node.children
    at = next((index for index, child in enumerate(children) if child.type == "="), len(children))
    return [child for child in children[at + 1 :] if child.is_named and "comment" not in child.type]


def _called(decorator: Expr) -> str:
    return last_name(decorator.func if isinstance(decorator, Call) else decorator)


_DEFINITIONS: dict[str, Callable[[_Kotlin, tree_sitter.Node, int, list[Statement]], None]] = {
    "function_declaration": _Kotlin._function_statement,
    "class_declaration": _Kotlin._class,
    "object_declaration": _Kotlin._class,
    "secondary_constructor": _Kotlin._secondary,
    "enum_entry": _Kotlin._enum_entry,
    "type_alias": _Kotlin._alias,
}
