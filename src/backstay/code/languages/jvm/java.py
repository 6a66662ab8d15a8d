"""The Java front-end: source of any Java version, parsed by tree-sitter, to facts."""

from collections.abc import Callable

import tree_sitter
import tree_sitter_java

from backstay.code.facts import Assign, Attr, Call, Class, Expr, Function, Lit, Module, Name, Param, Statement
from backstay.code.languages.jvm.chains import last_name
from backstay.code.languages.jvm.imports import bound
from backstay.code.languages.jvm.java_statements import JavaStatements
from backstay.code.languages.jvm.lombok import generated
from backstay.code.languages.jvm.reader import Owner, ignored, reordered
from backstay.code.languages.jvm.settings import configured
from backstay.code.loops import loops
from backstay.trees import tree as bounded

_LANGUAGE = tree_sitter.Language(tree_sitter_java.language())
_CLASSES = frozenset(
    (
        "class_declaration",
        "interface_declaration",
        "enum_declaration",
        "record_declaration",
        "annotation_type_declaration",
    )
)
_FIELDS = frozenset(("field_declaration", "constant_declaration"))


def parse(path: str, source: bytes) -> Module:
    """The facts of a file. What does not parse is skipped and counted in `broken`."""
    tree = bounded(_LANGUAGE, source)
    if tree is None:
        return Module(path, "jvm", [], False, 1)
    reader = _Java(source)
    body = reader.file(tree.root_node)
    broken = reader.broken or int(tree.root_node.has_error)
    return Module(path, "jvm", body, reader.main, broken, loops=loops(tree))


class _Java(JavaStatements):
    """Reads one file: its classes and what they declare."""

    def file(self, node: tree_sitter.Node) -> list[Statement]:
        for child in node.named_children:
            if child.type == "import_declaration":
                name, static = self._import_path(child)
                self._fixed.add(bound(name, ""))
                self._hides = self._hides or (static and name.endswith("*"))
        out: list[Statement] = []
        for child in node.named_children:
            self._statement(child, 1, out)
        return out

    def _definition(self, node: tree_sitter.Node, depth: int, out: list[Statement]) -> bool:
        handler = _DEFINITIONS.get(node.type)
        if handler is not None:
            handler(self, node, depth, out)
        return handler is not None

    def _class(self, node: tree_sitter.Node, depth: int, out: list[Statement]) -> None:
        modifiers = _modifiers(node)
        decorators = [one for one in self._annotations(modifiers, depth) if not ignored(last_name(_named(one)))]
        name = self._text(node.child_by_field_name("name"))
        bases: list[Expr] = []
        for clause in node.named_children:
            if clause.type in ("superclass", "super_interfaces", "extends_interfaces"):
                for kind in clause.named_children:
                    kinds = kind.named_children if kind.type == "type_list" else [kind]
                    bases += [self.type(one, depth) for one in kinds]
        if not isinstance(self._scopes[-1], Owner) and len(self._scopes) > 1:
            self._capture(self._line(node))
        body = node.child_by_field_name("body")
        out.append(self._class_of(node, name, bases, decorators, body, depth))

    def _class_of(
        self,
        node: tree_sitter.Node,
        name: str,
        bases: list[Expr],
        decorators: list[Expr],
        body: tree_sitter.Node | None,
        depth: int,
    ) -> Class:
        outer = self._scopes[-1]
        path = [*outer.path, name] if isinstance(outer, Owner) else [name]
        owner = Owner(name, path, inherits=bool(bases))
        parts = _members(body)
        self._collect(node, parts, owner)
        statements: list[Statement] = []
        with self._owned(owner):
            components = node.child_by_field_name("parameters") if node.type == "record_declaration" else None
            compact = next((one for one in parts if one.type == "compact_constructor_declaration"), None)
            if components is not None:
                statements.append(self._record(node, components, compact, depth))
            for child in parts:
                if child is not compact:
                    self._statement(child, depth, statements)
        statements += generated(decorators, statements, self._line(node))
        reordered(statements)
        keywords: list[tuple[str, Expr]] = []
        if node.type == "interface_declaration":
            keywords.append(("interface", Lit(True, self._line(node))))
        return Class(name, bases, keywords, decorators, statements, self._line(node), self._end(node))

    def _collect(self, node: tree_sitter.Node, parts: list[tree_sitter.Node], owner: Owner) -> None:
        """The names that a class declares, so that code in it can use them bare."""
        plain = node.type not in ("interface_declaration", "annotation_type_declaration")
        components = node.child_by_field_name("parameters") if node.type == "record_declaration" else None
        for param in components.named_children if components is not None else ():
            owner.members[self._text(param.child_by_field_name("name"))] = "instance"
        for child in parts:
            name = self._text(child.child_by_field_name("name"))
            if child.type in _FIELDS:
                static = self._is_static(child) or not plain
                for one in child.children_by_field_name("declarator"):
                    field = self._text(one.child_by_field_name("name"))
                    owner.members[field] = "static" if static else "instance"
                    owner.types[field] = self._type_text(child.child_by_field_name("type"))
            elif child.type == "method_declaration":
                owner.members.setdefault(name, "static" if self._is_static(child) else "instance")
            elif child.type == "enum_constant":
                owner.members[name] = "static"
            elif child.type in _CLASSES:
                owner.members.setdefault(name, "type")

    def _is_static(self, node: tree_sitter.Node) -> bool:
        modifiers = _modifiers(node)
        return modifiers is not None and any(child.type == "static" for child in modifiers.children)

    def _anonymous(self, node: tree_sitter.Node, base: Expr, body: tree_sitter.Node, depth: int) -> str:
        self._capture(self._line(node))
        name = self._synthetic(node)
        outer, self._before = self._before, []
        cls = self._class_of(node, name, [base], [], body, depth)
        self._before = [*outer, *self._before, cls]
        return name

    def _field(self, node: tree_sitter.Node, depth: int, out: list[Statement]) -> None:
        kind, modifiers = node.child_by_field_name("type"), _modifiers(node)
        noted = self.type(kind, depth) if kind is not None else None
        setting = configured(self._annotations(modifiers, depth), noted)
        for one in node.children_by_field_name("declarator"):
            value = one.child_by_field_name("value")
            given = self._plain(self.expr(value, depth)) if value is not None else setting
            line = self._line(one)
            name = Name(self._text(one.child_by_field_name("name")), line)
            out.append(Assign(name, given, noted, "=" if given else ":", line))

    def _method(self, node: tree_sitter.Node, depth: int, out: list[Statement]) -> None:
        modifiers = _modifiers(node)
        name = self._text(node.child_by_field_name("name"))
        top = not isinstance(self._scopes[-1], Owner)
        static = self._is_static(node) or top
        decorators = [one for one in self._annotations(modifiers, depth) if not ignored(last_name(_named(one)))]
        if static and not top:
            decorators.insert(0, Name("staticmethod", self._line(node)))
        given, returned = node.child_by_field_name("parameters"), node.child_by_field_name("type")
        if name == "main" and static:
            self.main = True

        def params() -> list[Param]:
            own = self._params(given, depth) if given is not None else []
            return own if static else [Param("this", None, None), *own]

        def returns() -> Expr | None:
            return self.type(returned, depth) if returned is not None and returned.type != "void_type" else None

        body = node.child_by_field_name("body")
        out.append(self._function(name, node, params, self._reading(body, depth), decorators, returns, static))

    def _reading(self, body: tree_sitter.Node | None, depth: int) -> Callable[[list[Statement]], None]:
        def read(out: list[Statement]) -> None:
            for child in body.named_children if body is not None else ():
                self._statement(child, depth, out)

        return read

    def _constructor(self, node: tree_sitter.Node, depth: int, out: list[Statement]) -> None:
        given, body = node.child_by_field_name("parameters"), node.child_by_field_name("body")
        decorators = self._annotations(_modifiers(node), depth)

        def params() -> list[Param]:
            return [Param("this", None, None), *(self._params(given, depth) if given is not None else [])]

        out.append(self._function("__init__", node, params, self._reading(body, depth), decorators, static=False))

    def _record(
        self, node: tree_sitter.Node, components: tree_sitter.Node, compact: tree_sitter.Node | None, depth: int
    ) -> Function:
        names = [self._text(one.child_by_field_name("name")) for one in components.named_children]
        line = self._line(node)

        def params() -> list[Param]:
            return [Param("this", None, None), *self._params(components, depth)]

        def body(out: list[Statement]) -> None:
            if compact is not None:
                self._reading(compact.child_by_field_name("body"), depth)(out)
            for name in filter(None, names):
                out.append(Assign(Attr(Name("this", line), name, line), self._name(name, line), None, "=", line))

        return self._function("__init__", compact or components, params, body, [], static=False)

    def _initializer(self, node: tree_sitter.Node, depth: int, out: list[Statement]) -> None:
        """`static { }`."""
        for child in node.named_children:
            self._statement(child, depth, out)

    def _enum_constant(self, node: tree_sitter.Node, depth: int, out: list[Statement]) -> None:
        name, given = node.child_by_field_name("name"), node.child_by_field_name("arguments")
        owner = self._owner()
        if name is None or owner is None:
            return
        line, word = self._line(node), self._text(name)
        args = [self.expr(one, depth) for one in given.named_children if "comment" not in one.type] if given else []
        kind: Expr = self._path(owner, line)
        body = node.child_by_field_name("body")
        if body is not None:
            kind = Name(self._anonymous(node, kind, body, depth), line)
        value = Call(kind, args, [], line, self._end(node)) if args or body is not None else Lit(word, line)
        out.append(Assign(Name(word, line), value, None, "=", line))

    def _element_default(self, node: tree_sitter.Node, depth: int, out: list[Statement]) -> None:
        """A member of an annotation type: a field with its default."""
        value, kind = node.child_by_field_name("value"), node.child_by_field_name("type")
        noted = self.type(kind, depth) if kind is not None else None
        given = self._element(value, depth) if value is not None else None
        line = self._line(node)
        name = Name(self._text(node.child_by_field_name("name")), line)
        out.append(Assign(name, given, noted, "=" if given else ":", line))

    def _params(self, node: tree_sitter.Node, depth: int) -> list[Param]:
        out: list[Param] = []
        for child in node.named_children:
            if child.type not in ("formal_parameter", "spread_parameter"):
                continue
            kind, name = child.child_by_field_name("type"), child.child_by_field_name("name")
            if child.type == "spread_parameter":
                inner = [one for one in child.named_children if one.type != "modifiers"]
                kind = inner[0] if inner else None
                name = inner[-1].child_by_field_name("name") if inner else None
            noted = self.type(kind, depth) if kind is not None else None
            default = configured(self._annotations(_modifiers(child), depth), noted)
            word = self._text(name)
            self._declare(word, self._type_text(kind))
            out.append(Param(word, default, noted, "*" if child.type == "spread_parameter" else ""))
        return out


def _modifiers(node: tree_sitter.Node) -> tree_sitter.Node | None:
    return next((child for child in node.named_children if child.type == "modifiers"), None)


def _members(body: tree_sitter.Node | None) -> list[tree_sitter.Node]:
    out: list[tree_sitter.Node] = []
    for child in body.named_children if body is not None else ():
        out += child.named_children if child.type == "enum_body_declarations" else [child]
    return out


def _named(decorator: Expr) -> Expr:
    return decorator.func if isinstance(decorator, Call) else decorator


_DEFINITIONS: dict[str, Callable[[_Java, tree_sitter.Node, int, list[Statement]], None]] = {
    "field_declaration": _Java._field,
    "constant_declaration": _Java._field,
    "method_declaration": _Java._method,
    "constructor_declaration": _Java._constructor,
    "compact_constructor_declaration": _Java._constructor,
    "static_initializer": _Java._initializer,
    "enum_constant": _Java._enum_constant,
    "annotation_type_element_declaration": _Java._element_default,
    **dict.fromkeys(_CLASSES, _Java._class),
}
