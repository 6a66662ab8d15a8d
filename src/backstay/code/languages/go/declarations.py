"""Go declarations: a file's package, imports, types with their methods, variables and functions."""

import re

import tree_sitter
import tree_sitter_go

from backstay import trees
from backstay.code.facts import Assign, Class, Do, Expr, Function, Import, Lit, Module, Name, Param, Statement
from backstay.code.languages.go.expressions import Node
from backstay.code.languages.go.headings import plain_path
from backstay.code.languages.go.packages import local_name
from backstay.code.languages.go.statements import Statements
from backstay.code.loops import loops

_LANGUAGE = tree_sitter.Language(tree_sitter_go.language())
_QUALIFIER = re.compile(rb"(?<!\w)([A-Za-z_]\w*)\.")
_EMBED = re.compile(r'//go:embed[ \t]+"?([^\s"`]+)"?')


def parse(path: str, source: bytes) -> Module:
    """The facts of a file. What does not parse is skipped and counted in `broken`."""
    source += b"\n"  # the grammar ends some declarations only by a line's end
    tree = trees.tree(_LANGUAGE, source, angles=False)
    if tree is None:
        return Module(path, "go", [], broken=1)
    reader = _Reader(source, path)
    body = reader.file(tree.root_node)
    broken = reader.broken or int(tree.root_node.has_error)
    return Module(path, "go", body, reader.main, broken, loops=loops(tree))


class _Reader(Statements):
    """Reads the declarations of one syntax tree."""

    def __init__(self, source: bytes, path: str) -> None:
        super().__init__(source, path)
        self.main = False
        self._package = ""
        self._methods: dict[str, list[Node]] = {}  # type -> its methods in this file
        self._written: set[str] = set()  # types whose class, with its methods, is written already

    def file(self, root: Node) -> list[Statement]:
        out: list[Statement] = []
        nodes = list(_flat(root))
        for node in nodes:
            self._overview(node)
        embedded = ""
        for node in nodes:
            if node.type == "comment":
                embedded = self._directive(node) or embedded
                continue
            self._declaration(node, out, embedded)
            embedded = ""
        return out

    def _overview(self, node: Node) -> None:
        """What has to be known of all declarations before one is read."""
        match node.type:
            case "package_clause":
                self._package = self._text(node).removeprefix("package").strip()
            case "type_declaration":
                for spec in self._inner(node):
                    kind = spec.child_by_field_name("type")
                    if kind is not None:
                        self._types.setdefault(self._text(spec.child_by_field_name("name")), kind)
            case "var_declaration":
                for spec in [one for inner in self._inner(node) for one in (inner, *self._inner(inner))]:
                    if spec.type == "var_spec":
                        self._shared.update(self._text(name) for name in self.names(spec))
            case "method_declaration":
                owner = self._owner(node)
                if owner:
                    self._methods.setdefault(owner, []).append(node)
            case "function_declaration":
                if self._text(node.child_by_field_name("name")) == "main" and self._package == "main":
                    self.main = True
            case "ERROR":
                self.broken += 1

    def _declaration(self, node: Node, out: list[Statement], embedded: str) -> None:
        match node.type:
            case "import_declaration":
                self._imports(node, out)
            case "const_declaration":
                self.constants(node, 0, out)
            case "var_declaration":
                self._package_variables(node, out, embedded)
            case "type_declaration":
                self.local_type(node, 0, out)
            case "function_declaration":
                self.emit(out, self.function(node, 0, self._text(node.child_by_field_name("name"))))
            case "method_declaration":
                owner = self._owner(node)
                if owner and owner not in self._written:
                    self._class(owner, node, [], [], out)
            case _:
                self.statement(node, 0, out)
        self.emit(out)

    # imports

    def _imports(self, node: Node, out: list[Statement]) -> None:
        for spec in self._inner(node):
            if spec.type == "import_spec_list":
                self._imports(spec, out)
            elif spec.type == "import_spec":
                self._import(spec, out)

    def _import(self, spec: Node, out: list[Statement]) -> None:
        written = self._text(spec.child_by_field_name("path")).strip('"`')
        module = plain_path(written)
        if not module or module == "C":
            return
        alias, line = self._text(spec.child_by_field_name("name")), self._line(spec)
        if alias == ".":
            out.append(Import(module, "*", "", 0, line))
            return
        alias = alias or local_name(written, self._qualifiers())
        if alias != "_":
            self._packages[alias] = module
        out.append(Import(module, "", alias, 0, line))

    def _qualifiers(self) -> set[str]:
        """The names before a dot anywhere in the file: those of packages are among them."""
        if self._qualified is None:
            self._qualified = {name.decode() for name in set(_QUALIFIER.findall(self._source))}
        return self._qualified

    _qualified: set[str] | None = None

    # variables and constants

    def constants(self, node: Node, depth: int, out: list[Statement]) -> None:
        """A `const` group: a line without values repeats the one before, counted by iota."""
        kind: Node | None = None
        values: list[Node] = []
        index = 0
        for spec in self._inner(node):
            if spec.type != "const_spec":
                continue
            self._iota = index
            index += 1
            given = self._inner(spec.child_by_field_name("value"))
            if given:
                kind, values = spec.child_by_field_name("type"), given
            self.bind(self.names(spec), values, kind, spec, depth, out)
        self._iota = None

    def _directive(self, comment: Node) -> str:
        found = _EMBED.match(self._text(comment)[:500])
        return found[1] if found else ""

    def _package_variables(self, node: Node, out: list[Statement], embedded: str) -> None:
        """A `var` declaration of the package; one under `//go:embed` holds a file's content."""
        for spec in node.named_children:
            if spec.type == "comment":
                embedded = self._directive(spec) or embedded
            elif spec.type == "var_spec_list":
                self._package_variables(spec, out, "")
            elif spec.type == "var_spec":
                self._global(spec, out, embedded)
                embedded = ""

    def _global(self, spec: Node, out: list[Statement], embedded: str) -> None:
        name, noted = spec.child_by_field_name("name"), spec.child_by_field_name("type")
        if not embedded or name is None or noted is None:
            self.variable(spec, 0, out)
        elif self._text(noted).endswith(".FS"):
            self._assets.add(self._text(name))
            self.variable(spec, 0, out)
        else:
            line = self._line(spec)
            value = self.embedded(Lit(embedded, line), line)
            out.append(Assign(Name(self._text(name), line), value, self.expr(noted, 0), "=", line))

    # types

    def local_type(self, node: Node, depth: int, out: list[Statement]) -> None:
        for spec in self._inner(node):
            name, kind = spec.child_by_field_name("name"), spec.child_by_field_name("type")
            if name is None or kind is None:
                continue
            if spec.type == "type_alias":
                self.emit(
                    out,
                    Assign(
                        Name(self._text(name), self._line(spec)), self.expr(kind, depth), None, "=", self._line(spec)
                    ),
                )
            else:
                self._type(self._text(name), kind, spec, depth, out)

    def _type(self, name: str, kind: Node, spec: Node, depth: int, out: list[Statement]) -> None:
        """A declared type: a class for a struct or interface, else a conversion, which leaves a value what it is."""
        if kind.type == "struct_type":
            bases, fields = self.fields(kind, depth)
            self._class(name, spec, bases, fields, out)
        elif kind.type == "interface_type":
            bases, methods = self._interface(kind, depth)
            keyword: list[tuple[str, Expr]] = [("interface", Lit(True, self._line(spec)))]
            self.emit(out, Class(name, bases, keyword, [], methods, self._line(spec), self._end(spec)))
        elif kind.type in ("type_identifier", "qualified_type", "generic_type") and not self._is_plain(kind):
            self._class(name, spec, [self.expr(kind, depth)], [], out)
        else:
            line = self._line(spec)
            if name in self._methods:
                self._class(name, spec, [], [], out)
            back: list[Statement] = [Do(Name("value", line), "return", line)]
            params = [Param("value", None, None)]
            self.emit(out, Function(name, params, [], back, line, line, None, ["value"], texts=False))

    def _is_plain(self, kind: Node) -> bool:
        """Whether a named type is, in the end, text, a number, a slice or the like, as far as this file tells."""
        under = self._underlying(kind)
        if under is None:
            return False
        if under.type == "type_identifier":
            return self._text(under) not in self._types and self._text(under)[:1].islower()
        return under.type not in ("struct_type", "qualified_type", "generic_type")

    def _class(self, name: str, node: Node, bases: list[Expr], body: list[Statement], out: list[Statement]) -> None:
        """A class of a type's fields and its methods in this file."""
        self.emit(out)
        self._written.add(name)
        methods = self._methods.pop(name, [])
        body += [self._method(method) for method in methods]
        out.append(Class(name, bases, [], [], body, self._line(node), self._end(node)))

    def _method(self, node: Node) -> Function:
        receiver = self.params(node.child_by_field_name("receiver"), 0)
        first = receiver[0] if receiver else Param("_", None, None)
        # What has no name cannot be mentioned; the resolver asks for one all the same.
        first = Param("this" if first.name == "_" else first.name, None, None)
        return self.function(node, 0, self._text(node.child_by_field_name("name")), first)

    def _owner(self, node: Node) -> str:
        """The type that a method is of, without pointers and type parameters."""
        for child in self._inner(node.child_by_field_name("receiver")):
            kind = child.child_by_field_name("type")
            for _ in range(6):
                if kind is None or kind.type == "type_identifier":
                    break
                kind = kind.child_by_field_name("type") or next(iter(self._inner(kind)), None)
            return self._text(kind) if kind is not None and kind.type == "type_identifier" else ""
        return ""

    def _interface(self, kind: Node, depth: int) -> tuple[list[Expr], list[Statement]]:
        bases: list[Expr] = []
        methods: list[Statement] = []
        for element in self._inner(kind):
            if element.type == "method_elem":
                name = self._text(element.child_by_field_name("name"))
                methods.append(self.function(element, depth, name, Param("this", None, None)))
            elif element.type == "type_elem" and len(self._inner(element)) == 1:
                bases.append(self.expr(self._inner(element)[0], depth))
        return bases, methods


def _flat(root: Node) -> list[Node]:
    """A file's declarations, and those that stand within what did not parse."""
    found: list[Node] = []
    for node in root.named_children:
        found.append(node)
        if node.type == "ERROR":
            found += [child for child in node.named_children if child.type.endswith(("_declaration", "_clause"))]
    return found
