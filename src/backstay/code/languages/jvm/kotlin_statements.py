"""Kotlin statements: from the nodes of a syntax tree to facts."""

from collections.abc import Callable

import tree_sitter

from backstay.code.facts import Assign, Call, Do, Expr, Lit, Map, Name, Op, Opaque, Seq, Statement
from backstay.code.languages.jvm.chains import is_path, made
from backstay.code.languages.jvm.imports import imported
from backstay.code.languages.jvm.kotlin_expressions import STATEMENTS, TYPES
from backstay.code.languages.jvm.kotlin_inline import KotlinInline
from backstay.code.languages.jvm.kotlin_scopes import SCOPES
from backstay.code.languages.jvm.reader import MAX_DEPTH, Owner
from backstay.code.languages.jvm.settings import configured

_SILENT = frozenset(("package_header", "file_annotation", "label", "getter", "setter", "shebang", "break_expression"))


class KotlinStatements(KotlinInline):
    """Reads what stands in the bodies of functions, and imports."""

    def _definition(self, node: tree_sitter.Node, depth: int, out: list[Statement]) -> bool:
        """Reads a function, a class or one of its members; False when the node is none of these."""
        raise NotImplementedError

    def _import_path(self, node: tree_sitter.Node) -> tuple[str, str]:
        path, alias = "", ""
        for child in node.named_children:
            if child.type == "qualified_identifier":
                path = self._text(child).replace("`", "")
            elif child.type == "identifier":
                path, alias = (path, self._ident(child)) if path else (self._ident(child), "")
        whole = any(child.type == "*" for child in node.children)
        return (path + ".*" if whole else path), alias

    def _statement(self, node: tree_sitter.Node, depth: int, out: list[Statement]) -> None:
        if depth > MAX_DEPTH:
            self.broken += 1
            return
        outer, self._before = self._before, []
        at = len(out)
        handler = _HANDLERS.get(node.type)
        if handler is not None:
            handler(self, node, depth + 1, out)
        elif self._definition(node, depth + 1, out):
            pass
        elif node.type == "ERROR":
            self.broken += 1
            for child in node.named_children:
                self._statement(child, depth + 1, out)
        elif "comment" not in node.type and node.type not in _SILENT:
            value = self.expr(node, depth)
            if not isinstance(value, Name | Lit) and not (isinstance(value, Opaque) and not value.parts):
                out.append(self._called_for_effect(value, self._line(node)))
        self._flush(out, at, outer)

    def _import(self, node: tree_sitter.Node, depth: int, out: list[Statement]) -> None:
        path, alias = self._import_path(node)
        out += imported(path, alias, self._line(node))

    def _scope(self, node: tree_sitter.Node, depth: int, out: list[Statement]) -> None:
        with self._block():
            for child in node.named_children:
                self._statement(child, depth, out)

    def _assignment(self, node: tree_sitter.Node, depth: int, out: list[Statement]) -> None:
        left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
        line = self._line(node)
        if left is None or right is None:
            return
        op = self._text(node.child_by_field_name("operator"))
        value, target = self.expr(right, depth), self.expr(left, depth)
        if op not in ("=", "+=") and is_path(target):
            value = Op(op[:-1], target, value, line)
        if isinstance(target, Name) and op == "=":
            self._hold(target.id, value)
        out.append(Assign(target, value, None, "+=" if op == "+=" else "=", line, self._branch))

    def _hold(self, name: str, value: Expr) -> None:
        local = self._local(name)
        if local is not None:
            local.holds = value if isinstance(value, Call) and id(value) in self._open else None
            kind = made(value)[1] if isinstance(value, Call) else ""
            local.kind = kind or ("list" if isinstance(value, Seq) else "map" if isinstance(value, Map) else "")

    def _property(self, node: tree_sitter.Node, depth: int, out: list[Statement]) -> None:
        names, kind, value = self._property_parts(node)
        noted = self.type(kind, depth) if kind is not None else None
        given = self.expr(value, depth) if value is not None else None
        line = self._line(node)
        if given is None:
            given = self._delegate(node, depth) or self._getter(node, depth)
        if isinstance(self._scopes[-1], Owner):
            given = given or configured(self._annotations(child_of(node, "modifiers"), depth), noted)
        targets: list[Expr] = []
        for name in names:
            local = self._declare(name, self._text(kind))
            targets.append(Name(local.name, line))
            if given is not None and len(names) == 1:
                self._hold(name, given)
        if targets:
            target = targets[0] if len(targets) == 1 else Seq(targets, line)
            out.append(Assign(target, given, noted, "=" if given else ":", line, self._branch))

    def _property_parts(
        self, node: tree_sitter.Node
    ) -> tuple[list[str], tree_sitter.Node | None, tree_sitter.Node | None]:
        """The names, the type and the value of a property."""
        names: list[str] = []
        kind = value = None
        assigned = False
        for child in node.children:
            if child.type == "variable_declaration":
                inner = child.named_children
                names.append(self._ident(inner[0]) if inner else "")
                kind = next((one for one in inner if one.type in TYPES), None)
            elif child.type == "multi_variable_declaration":
                names += [self._ident(one.named_children[0]) for one in child.named_children if one.named_children]
            elif child.type == "=":
                assigned = True
            elif assigned and child.is_named and value is None and "comment" not in child.type:
                value = child
        return [name for name in names if name], kind, value

    def _delegate(self, node: tree_sitter.Node, depth: int) -> Expr | None:
        """`by lazy { value }`: the value; of other delegates what they are."""
        delegate = child_of(node, "property_delegate")
        return self._only(delegate, depth) if delegate is not None else None

    def _getter(self, node: tree_sitter.Node, depth: int) -> Expr | None:
        """What a getter of a property outside of classes gives, where it is one expression."""
        getter = child_of(node, "getter")
        body = child_of(getter, "function_body") if getter is not None else None
        inner = [one for one in body.named_children if "comment" not in one.type] if body is not None else []
        return self.expr(inner[0], depth) if len(inner) == 1 and inner[0].type != "block" else None

    def _return(self, node: tree_sitter.Node, depth: int, out: list[Statement]) -> None:
        label = node.child_by_field_name("label")
        for child in node.named_children:
            if child != label and "comment" not in child.type:
                # A label names the lambda that is left; one that runs in place leaves nothing else.
                leaves = node.type == "return_expression" and self._text(label) not in SCOPES
                how = "return" if leaves else ""
                out.append(Do(self.expr(child, depth), how, self._line(node)))

    def _choice_statement(self, node: tree_sitter.Node, depth: int, out: list[Statement]) -> None:
        self._choose(node, depth, out, None)

    def _choose(self, node: tree_sitter.Node, depth: int, out: list[Statement], values: list[Expr] | None) -> None:
        if depth > MAX_DEPTH:
            self.broken += 1
            return
        match node.type:
            case "when_expression":
                self._when(node, depth, out, values)
            case "try_expression":
                for child in node.named_children:
                    if child.type == "block":
                        self._branch_value(child, depth, out, values)
                    else:
                        with self._block():
                            for name in child.named_children[:1]:
                                self._declare(self._ident(name))
                            block = child_of(child, "block")
                            self._branch += child.type == "catch_block"
                            if block is not None:
                                self._branch_value(block, depth, out, values if child.type == "catch_block" else None)
                            self._branch -= child.type == "catch_block"
            case _:
                condition = node.child_by_field_name("condition")
                if condition is not None:
                    self._tested(condition, depth, out)
                self._branch += 1
                for child in node.named_children:
                    if child != condition and "comment" not in child.type:
                        self._branch_value(child, depth, out, values)
                self._branch -= 1

    def _when(self, node: tree_sitter.Node, depth: int, out: list[Statement], values: list[Expr] | None) -> None:
        with self._block():
            for child in node.named_children:
                if child.type == "when_subject":
                    inner = [one for one in child.named_children if "comment" not in one.type]
                    if len(inner) > 1 and inner[0].named_children:
                        name = self._ident(inner[0].named_children[0])
                        value, line = self.expr(inner[-1], depth), self._line(child)
                        local = self._declare(name)
                        out.append(Assign(Name(local.name, line), value, None, "=", line, self._branch))
                    elif inner:
                        self._tested(inner[0], depth, out)
                elif child.type == "when_entry":
                    conditions = child.children_by_field_name("condition")
                    for condition in conditions:
                        self._tested(condition, depth, out)
                    self._branch += 1
                    for inner_node in child.named_children[len(conditions) :]:
                        if inner_node not in conditions and "comment" not in inner_node.type:
                            self._branch_value(inner_node, depth, out, values)
                    self._branch -= 1

    def _branch_value(
        self, node: tree_sitter.Node, depth: int, out: list[Statement], values: list[Expr] | None
    ) -> None:
        """The statements of a branch; the value that it gives goes to `values`, where one is asked for."""
        statements = (
            [one for one in node.named_children if "comment" not in one.type] if node.type == "block" else [node]
        )
        with self._block():
            for child in statements[:-1]:
                self._statement(child, depth + 1, out)
            for child in statements[-1:]:
                if values is None or child.type in STATEMENTS:
                    self._statement(child, depth + 1, out)
                else:
                    outer, self._before = self._before, []
                    values.append(self.expr(child, depth + 1))
                    out += self._before
                    self._before = outer

    def _tested(self, node: tree_sitter.Node, depth: int, out: list[Statement]) -> None:
        outer, self._before = self._before, []
        value = self.expr(node, depth)
        out += self._before
        self._before = outer
        if not isinstance(value, Lit | Name):
            out.append(Do(value, "", self._line(node)))

    def _loop(self, node: tree_sitter.Node, depth: int, out: list[Statement]) -> None:
        with self._block():
            condition = node.child_by_field_name("condition")
            if condition is not None:
                self._tested(condition, depth, out)
            self._branch += 1
            for child in node.named_children:
                if child != condition:
                    self._statement(child, depth, out)
            self._branch -= 1

    def _for(self, node: tree_sitter.Node, depth: int, out: list[Statement]) -> None:
        inner = [child for child in node.named_children if child.type != "label" and "comment" not in child.type]
        if len(inner) < 2:
            return
        over, line = self.expr(inner[1], depth), self._line(node)
        with self._block():
            names = inner[0].named_children
            if inner[0].type == "multi_variable_declaration":
                names = [one.named_children[0] for one in names if one.named_children]
            targets: list[Expr] = [
                Name(self._declare(self._ident(one)).name, line) for one in names[:9] if one.type == "identifier"
            ]
            if targets:
                target = targets[0] if inner[0].type == "variable_declaration" else Seq(targets, line)
                out.append(Assign(target, over, None, "for", line, self._branch))
            self._branch += 1
            for child in inner[2:]:
                self._statement(child, depth, out)
            self._branch -= 1


def child_of(node: tree_sitter.Node | None, *kinds: str) -> tree_sitter.Node | None:
    return next((child for child in node.named_children if child.type in kinds), None) if node is not None else None


_HANDLERS: dict[str, Callable[[KotlinStatements, tree_sitter.Node, int, list[Statement]], None]] = {
    "import": KotlinStatements._import,
    "assignment": KotlinStatements._assignment,
    "property_declaration": KotlinStatements._property,
    "return_expression": KotlinStatements._return,
    "throw_expression": KotlinStatements._return,
    "if_expression": KotlinStatements._choice_statement,
    "when_expression": KotlinStatements._choice_statement,
    "try_expression": KotlinStatements._choice_statement,
    "for_statement": KotlinStatements._for,
    "while_statement": KotlinStatements._loop,
    "do_while_statement": KotlinStatements._loop,
    "block": KotlinStatements._scope,
    "anonymous_initializer": KotlinStatements._scope,
}
