"""The JavaScript and TypeScript front-end: source of any edition, parsed by tree-sitter, to facts."""

import re
from collections.abc import Callable

import tree_sitter
import tree_sitter_typescript
from tree_sitter import Node

from backstay.code.facts import Assign, Attr, Call, Class, Do, Expr, Function, Import, Lit, Map, Module, Name, Statement
from backstay.code.languages.javascript.conditions import Conditions
from backstay.code.languages.javascript.reader import FUNCTIONS, MAX_DEPTH, bare, children
from backstay.code.languages.javascript.scripts import is_component, scripts
from backstay.trees import tree as syntax_tree

_TYPESCRIPT = tree_sitter.Language(tree_sitter_typescript.language_typescript())
_TSX = tree_sitter.Language(tree_sitter_typescript.language_tsx())
_MAIN = (b"require.main", b"import.meta.main", b"import.meta.url", b"process.argv[1]", b"module.parent")
MAX_LOOPS = 5_000  # of one file
_PLAIN = (".ts", ".mts", ".cts")
# A type of a module that is not imported: `: import("m").T`. The grammar knows it only where nothing follows.
_INLINE_IMPORT = re.compile(
    rb"""([:<|&,]\s{0,40}(?:typeof\s{1,20})?)import\(\s{0,20}["'][^"'\n]{1,200}["']\s{0,20}\)(\.?)"""
)


def parse(path: str, source: bytes) -> Module:
    """The facts of a file. What does not parse is skipped and counted in `broken`."""
    lowered = path.lower()
    typed = lowered.endswith(_PLAIN)
    if is_component(lowered):
        source, typed = scripts(source)
    # Newer than the grammar; `export *` means the same here.
    source = source.replace(b"export type *", b"export      *")
    grammar = _TYPESCRIPT if typed else _TSX
    tree = syntax_tree(grammar, source)
    if tree is None:
        return Module(path, "javascript", [], broken=1)
    if tree.root_node.has_error and b"import(" in source:
        plainer = _INLINE_IMPORT.sub(_without_import, source)
        again = syntax_tree(grammar, plainer) if plainer != source else None
        if again is not None and not again.root_node.has_error:
            source, tree = plainer, again
    reader = Statements(source)
    body = reader.block(tree.root_node, 0)
    main = reader.main or source.startswith(b"#!") or _runs(body)
    # An error deep in an expression, or one that swallows the whole file, passes by no statement.
    broken = reader.broken or int(tree.root_node.has_error)
    return Module(path, "javascript", body, main, broken, loops=reader.loops[:MAX_LOOPS])


def _without_import(match: re.Match[bytes]) -> bytes:
    """The name that follows, at its place; some name where none does."""
    length = match.end() - match.end(1)
    return match[1] + (b" " * length if match[2] else b"T".ljust(length))


def _runs(body: list[Statement]) -> bool:
    """Whether a file calls functions of its own when it is loaded."""
    own = {one.name for one in body if isinstance(one, Function) and not one.name.startswith("<")}
    for one in body:
        held = isinstance(one, Do) or (
            isinstance(one, Assign) and isinstance(one.target, Name) and one.target.id.startswith("<awaited:")
        )
        value = one.value if held and isinstance(one, Do | Assign) else None
        if isinstance(value, Call) and isinstance(value.func, Name) and value.func.id in own:
            return True
    return False


class Statements(Conditions):
    """Reads the statements of one syntax tree."""

    def block(self, node: Node | None, depth: int) -> list[Statement]:
        """The statements within a block, a program, or a statement that stands alone."""
        out: list[Statement] = []
        if node is not None and depth < MAX_DEPTH:
            for child in node.named_children:
                self._statement(child, depth + 1, out)
        return out

    def _statement(self, node: Node, depth: int, out: list[Statement]) -> None:
        if depth > MAX_DEPTH:
            self.broken += 1
            return
        kind = node.type
        handler = _STATEMENTS.get(kind)
        if handler is not None:
            handler(self, node, depth, out)
            if self._pending:
                self._emit(out)
        elif kind == "ERROR":
            self.broken += 1
            for child in node.named_children:
                self._statement(child, depth + 1, out)
        elif kind in ("call_expression", "new_expression"):  # left of a statement that did not parse
            self._do(node, depth, out)

    def _expression_statement(self, node: Node, depth: int, out: list[Statement]) -> None:
        for child in children(node):
            self._expression(child, depth, out)

    def _expression(self, node: Node, depth: int, out: list[Statement]) -> None:
        if depth > MAX_DEPTH:
            self.broken += 1
            return
        inner = bare(node) or node
        match inner.type:
            case "assignment_expression":
                self._assigned(inner, depth, out)
            case "augmented_assignment_expression" | "yield_expression":
                self.expr(inner, depth)
                self._emit(out)
            case "sequence_expression":
                for part in children(inner):
                    self._expression(part, depth + 1, out)
            case "string":
                pass  # "use client"
            case "internal_module":
                self._namespace(inner, depth, out)
            case _:
                self._do(inner, depth, out)

    def _do(self, node: Node, depth: int, out: list[Statement]) -> None:
        value = self.expr(node, depth)
        self._emit(out, Do(value, "", self._line(node)))

    def _assigned(self, node: Node, depth: int, out: list[Statement]) -> None:
        left, right = bare(node.child_by_field_name("left")), node.child_by_field_name("right")
        if left is None or right is None:
            return
        exported = self.exported(left)
        if exported is not None and not self._inside:
            self.export(exported, right, depth, out)
            return
        function = self.written(right)
        if function is not None and left.type == "member_expression":
            value = self.hoist(function, self._text(left.child_by_field_name("property")), depth)
        else:
            value = self.expr(right, depth)
        self.bind(left, value, out, depth)

    def _declaration(self, node: Node, depth: int, out: list[Statement]) -> None:
        for child in node.named_children:
            if child.type == "variable_declarator":
                self._declarator(child, depth, out)

    def _declarator(self, node: Node, depth: int, out: list[Statement]) -> None:
        name, value = node.child_by_field_name("name"), node.child_by_field_name("value")
        if name is None:
            return
        annotation = self.annotation(node.child_by_field_name("type"), depth)
        if value is None:
            if annotation is not None:
                self._emit(out, Assign(self._name(name), None, annotation, ":", self._line(node), self._branch))
            return
        inner = bare(value)
        if inner is not None and inner.type == "await_expression":
            inner = bare(next(iter(children(inner)), None))
        if name.type == "identifier" and inner is not None:
            if inner.type in FUNCTIONS:
                made = self.function(inner, self._text(name), depth)
                self._emit(out, made)
                return
            if inner.type == "class":
                self.cls(inner, self._text(name), depth, out, [])
                return
        if inner is not None and self._imported(name, inner, out):
            return
        self.bind(name, self.expr(value, depth), out, depth, annotation)

    def _imported(self, name: Node, value: Node, out: list[Statement]) -> bool:
        """Whether a declaration only takes things from a module that it loads: an import."""
        member = ""
        if value.type == "member_expression":
            member = self._text(value.child_by_field_name("property"))
            loaded = bare(value.child_by_field_name("object"))
            if loaded is not None and loaded.type == "await_expression":
                loaded = bare(next(iter(children(loaded)), None))
            value = loaded or value
        module = self.required(value)
        line = self._line(name)
        if module is None:
            return False
        if name.type == "identifier":
            word = self._name(name).id
            self._emit(out, Import(module, member, "" if word == member else word, 0, line))
            return True
        parts = children(name) if name.type == "object_pattern" else []
        taken: list[Statement] = []
        for part in parts:
            local = part.child_by_field_name("value") if part.type == "pair_pattern" else part
            key = part.child_by_field_name("key") if part.type == "pair_pattern" else part
            if local is None or local.type not in ("identifier", "shorthand_property_identifier_pattern"):
                return False
            word, alias = self.key(key), self._name(local).id
            taken.append(Import(module, word, "" if word == alias else alias, 0, self._line(part)))
        if not taken or member:
            return False
        self._emit(out, *taken)
        return True

    def _import(self, node: Node, depth: int, out: list[Statement]) -> None:
        line = self._line(node)
        source = node.child_by_field_name("source")
        clauses = [child for child in node.named_children if child.type in ("import_clause", "import_require_clause")]
        if source is None and clauses:
            source = clauses[0].child_by_field_name("source")
        if source is None:
            return
        module = self._text(source)[1:-1]
        if not clauses:
            self._emit(out, Import(module, "", "", 0, line))
            return
        for child in children(clauses[0]):
            match child.type:
                case "identifier":
                    member = "" if clauses[0].type == "import_require_clause" else "default"
                    self._emit(out, Import(module, member, self._text(child), 0, line))
                case "namespace_import":
                    for name in children(child)[:1]:
                        self._emit(out, Import(module, "", self._text(name), 0, line))
                case "named_imports":
                    for part in children(child):
                        word, alias = self._specifier(part)
                        self._emit(out, Import(module, word, alias, 0, self._line(part)))

    def _alias(self, node: Node, depth: int, out: list[Statement]) -> None:
        """`import A = B.C`."""
        inner = children(node)
        value = self.annotation(inner[1], depth) if len(inner) == 2 else None
        if value is not None:
            self._assign(out, self._name(inner[0]), value, self._line(node))

    def _return(self, node: Node, depth: int, out: list[Statement]) -> None:
        for child in children(node):
            value = self.expr(child, depth)
            self._emit(out, Do(value, "return", self._line(node)))

    def _throw(self, node: Node, depth: int, out: list[Statement]) -> None:
        for child in children(node):
            self._do(child, depth, out)

    def _condition(self, node: Node | None, depth: int, out: list[Statement]) -> None:
        if node is None or node.type == "empty_statement":
            return
        text = self._source[node.start_byte : min(node.end_byte, node.start_byte + 160)]
        if not self._inside and any(mark in text for mark in _MAIN):
            self.main = True
            return
        value = self.expr(node, depth)
        if isinstance(value, Lit | Name | Attr):
            self._emit(out)
        else:
            self._emit(out, Do(value, "", self._line(node)))

    def _body(self, node: Node | None, depth: int, out: list[Statement]) -> None:
        """What a branch or loop runs: a block or one statement."""
        if node is None:
            return
        if node.type in ("statement_block", "else_clause", "finally_clause"):
            if depth >= MAX_DEPTH:
                self.broken += 1
                return
            for child in node.named_children:
                self._statement(child, depth + 1, out)
        else:
            self._statement(node, depth + 1, out)

    def _if(self, node: Node, depth: int, out: list[Statement]) -> None:
        """`if ... else if ... else`, a chain that generated code makes thousands long."""
        self._branch += 1
        at: Node | None = node
        while at is not None:
            condition, consequence = at.child_by_field_name("condition"), at.child_by_field_name("consequence")
            self._condition(condition, depth, out)
            self.narrowed(condition, consequence, depth, out)
            self._body(consequence, depth, out)
            alternative = at.child_by_field_name("alternative")
            inner = children(alternative) if alternative is not None else []
            at = inner[0] if inner and inner[0].type == "if_statement" else None
            if at is None:
                self._body(alternative, depth, out)
        self._branch -= 1

    def _loop(self, node: Node, depth: int, out: list[Statement]) -> None:
        self.loops.append((self._line(node), self._end(node)))
        initializer = node.child_by_field_name("initializer")
        if initializer is not None:
            self._statement(initializer, depth + 1, out)
        self._branch += 1
        for part in node.children_by_field_name("condition"):
            if part.is_named:
                self._condition(part, depth, out)
        self._body(node.child_by_field_name("body"), depth, out)
        increment = node.child_by_field_name("increment")
        if increment is not None and increment.type != "update_expression":
            self._expression(increment, depth + 1, out)
        self._branch -= 1

    def _for_in(self, node: Node, depth: int, out: list[Statement]) -> None:
        self.loops.append((self._line(node), self._end(node)))
        left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
        if left is not None and right is not None:
            self.bind(left, self.expr(right, depth), out, depth, how="for")
        self._branch += 1
        self._body(node.child_by_field_name("body"), depth, out)
        self._branch -= 1

    def _switch(self, node: Node, depth: int, out: list[Statement]) -> None:
        self._condition(node.child_by_field_name("value"), depth, out)
        self.cases(node, depth, out)
        body = node.child_by_field_name("body")
        self._branch += 1
        for case in children(body) if body is not None else []:
            for child in case.children_by_field_name("body"):
                self._body(child, depth + 1, out)
        self._branch -= 1

    def _try(self, node: Node, depth: int, out: list[Statement]) -> None:
        self._body(node.child_by_field_name("body"), depth, out)
        handler = node.child_by_field_name("handler")
        self._branch += 1
        self._body(handler.child_by_field_name("body") if handler is not None else None, depth, out)
        self._branch -= 1
        finalizer = node.child_by_field_name("finalizer")
        self._body(finalizer.child_by_field_name("body") if finalizer is not None else None, depth, out)

    def _labeled(self, node: Node, depth: int, out: list[Statement]) -> None:
        self._body(node.child_by_field_name("body"), depth + 1, out)

    def _function_statement(self, node: Node, depth: int, out: list[Statement]) -> None:
        made = self.function(node, self._text(node.child_by_field_name("name")), depth)
        self._emit(out, made)

    def _class(self, node: Node, depth: int, out: list[Statement]) -> None:
        self.cls(node, self._text(node.child_by_field_name("name")), depth, out, [])

    def _enum(self, node: Node, depth: int, out: list[Statement]) -> None:
        self.enum(node, out)

    def _type_alias(self, node: Node, depth: int, out: list[Statement]) -> None:
        """`type X = { ... }` is an interface; anything else another name of a type."""
        name, value = node.child_by_field_name("name"), node.child_by_field_name("value")
        if name is None or value is None:
            return
        if value.type == "object_type":
            self.cls(value, self._text(name), depth, out, [])
            return
        meant = self.annotation(value, depth)
        if meant is not None:
            self._assign(out, self._name(name), meant, self._line(node))

    def _namespace(self, node: Node, depth: int, out: list[Statement]) -> None:
        """`namespace N { ... }`: its names, and N with what it exports."""
        name, body = node.child_by_field_name("name"), node.child_by_field_name("body")
        if name is None or body is None or name.type == "string":
            return
        found = self.block(body, depth + 1)
        keys: list[Expr | None] = []
        values: list[Expr] = []
        for one in found:
            word, line = _declared(one)
            if word:
                keys.append(Lit(word, line))
                values.append(Name(word, line))
        self._emit(out, *found)
        line = self._line(node)
        target = self._text(name).partition(".")[0]
        self._assign(out, Name(target, line), Map(keys, values, line), line)


def _declared(one: Statement) -> tuple[str, int]:
    """The plain name that a statement binds."""
    if isinstance(one, Function | Class):
        name, line = one.name, one.line
    elif isinstance(one, Assign) and isinstance(one.target, Name):
        name, line = one.target.id, one.line
    else:
        return "", 0
    return ("" if name.startswith("<") else name), line


_S = Statements
_STATEMENTS: dict[str, Callable[[Statements, Node, int, list[Statement]], None]] = {
    "expression_statement": _S._expression_statement,
    "lexical_declaration": _S._declaration,
    "variable_declaration": _S._declaration,
    "import_statement": _S._import,
    "import_alias": _S._alias,
    "export_statement": _S._export,
    "return_statement": _S._return,
    "throw_statement": _S._throw,
    "if_statement": _S._if,
    "while_statement": _S._loop,
    "do_statement": _S._loop,
    "for_statement": _S._loop,
    "for_in_statement": _S._for_in,
    "switch_statement": _S._switch,
    "try_statement": _S._try,
    "labeled_statement": _S._labeled,
    "statement_block": _S._body,
    "function_declaration": _S._function_statement,
    "generator_function_declaration": _S._function_statement,
    "class_declaration": _S._class,
    "abstract_class_declaration": _S._class,
    "interface_declaration": _S._class,
    "enum_declaration": _S._enum,
    "type_alias_declaration": _S._type_alias,
    "internal_module": _S._namespace,
    "module": _S._namespace,
    "with_statement": _S._labeled,
}
