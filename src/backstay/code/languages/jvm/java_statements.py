"""Java statements: from the nodes of a syntax tree to facts."""

from collections.abc import Callable

import tree_sitter

from backstay.code.facts import Assign, Attr, Call, Do, Either, Expr, Lit, Map, Name, Op, Opaque, Seq, Statement
from backstay.code.languages.jvm.chains import is_path, made
from backstay.code.languages.jvm.imports import imported
from backstay.code.languages.jvm.java_expressions import JavaExpressions
from backstay.code.languages.jvm.reader import MAX_DEPTH
from backstay.code.languages.jvm.texts import joined


class JavaStatements(JavaExpressions):
    """Reads what stands in the bodies of methods, and imports."""

    def _definition(self, node: tree_sitter.Node, depth: int, out: list[Statement]) -> bool:
        """Reads a class or one of its members; False when the node is neither."""
        raise NotImplementedError

    def _statement(self, node: tree_sitter.Node, depth: int, out: list[Statement]) -> None:
        if depth > MAX_DEPTH:
            self.broken += 1
            return
        handler = _STATEMENTS.get(node.type)
        outer, self._before = self._before, []
        at = len(out)
        if handler is not None:
            handler(self, node, depth + 1, out)
        elif self._definition(node, depth + 1, out):
            pass
        elif node.type == "ERROR":
            self.broken += 1
            for child in node.named_children:
                self._statement(child, depth + 1, out)
        self._flush(out, at, outer)

    def _import_path(self, node: tree_sitter.Node) -> tuple[str, bool]:
        text = "".join(self._text(child) for child in node.named_children if child.type == "scoped_identifier")
        whole = any(child.type == "asterisk" for child in node.named_children)
        return text + (".*" if whole else ""), any(child.type == "static" for child in node.children)

    def _import(self, node: tree_sitter.Node, depth: int, out: list[Statement]) -> None:
        out += imported(self._import_path(node)[0], "", self._line(node))

    def _scope(self, node: tree_sitter.Node, depth: int, out: list[Statement]) -> None:
        with self._block():
            for child in node.named_children:
                self._statement(child, depth, out)

    def _expression(self, node: tree_sitter.Node, depth: int, out: list[Statement]) -> None:
        for child in node.named_children:
            if child.type == "assignment_expression":
                self._assign(child, depth, out)
            elif child.type == "switch_expression":
                self._cases(child, depth, out, None)
            elif child.type == "method_invocation" and self._for_each(child, depth, out):
                pass
            elif "comment" not in child.type:
                value = self.expr(child, depth)
                if not isinstance(value, Name | Lit):
                    out.append(self._called_for_effect(value, self._line(child)))

    def _for_each(self, node: tree_sitter.Node, depth: int, out: list[Statement]) -> bool:
        """`list.forEach(x -> ...)` is a loop."""
        over, given = node.child_by_field_name("object"), node.child_by_field_name("arguments")
        if self._text(node.child_by_field_name("name")) != "forEach" or over is None or given is None:
            return False
        lambdas = given.named_children
        params = lambdas[0].child_by_field_name("parameters") if len(lambdas) == 1 else None
        body = lambdas[0].child_by_field_name("body") if len(lambdas) == 1 else None
        if params is None or body is None or params.type != "identifier":
            return False
        value, line = self.expr(over, depth), self._line(node)
        with self._block():
            name = self._declare(self._text(params)).name
            out.append(Assign(Name(name, line), value, None, "for", line, self._branch))
            self._branch += 1
            self._lambda_body(body, depth, out, "")
            self._branch -= 1
        return True

    def _lambda_body(
        self, body: tree_sitter.Node | None, depth: int, out: list[Statement], how: str = "return"
    ) -> None:
        if body is None:
            return
        if body.type == "block":
            self._statement(body, depth, out)
            return
        outer, self._before = self._before, []
        at, value = len(out), self.expr(body, depth)
        out.append(Do(value, how, self._line(body)))
        self._flush(out, at, outer)

    def _assign(self, node: tree_sitter.Node, depth: int, out: list[Statement]) -> Expr:
        left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
        line = self._line(node)
        if left is None or right is None:
            return Opaque([], line)
        op = self._text(node.child_by_field_name("operator"))
        value = self.expr(right, depth)
        target = self.expr(left, depth)
        plain = is_path(target)
        if op not in ("=", "+=") and plain:
            value = Op(op[:-1], target, value, line)
        if isinstance(target, Name) and op == "=":
            self._hold(target.id, value)
        out.append(Assign(target, self._plain(value), None, "+=" if op == "+=" else "=", line, self._branch))
        return target if plain else Opaque([], line)

    def _hold(self, name: str, value: Expr) -> None:
        local = self._local(name)
        if local is not None:
            local.holds = value if isinstance(value, Call) and id(value) in self._open else None
            kind = made(value)[1] if isinstance(value, Call) else ""
            local.kind = kind or ("list" if isinstance(value, Seq) else "map" if isinstance(value, Map) else "")

    def _plain(self, value: Expr) -> Expr:
        """A variable that text is put together in holds what that begins with."""
        if isinstance(value, Call) and made(value)[1] == "text":
            return joined([arg for arg in value.args if not _is_number(arg)], value.line, value.end_line)
        return value

    def _variable(self, node: tree_sitter.Node, depth: int, out: list[Statement]) -> None:
        kind = node.child_by_field_name("type")
        written = self._type_text(kind)
        noted = self.type(kind, depth) if kind is not None and written != "var" else None
        for one in node.children_by_field_name("declarator"):
            name, value = self._text(one.child_by_field_name("name")), one.child_by_field_name("value")
            given = self.expr(value, depth) if value is not None else None
            local = self._declare(name, "" if written == "var" else written)
            if given is not None:
                self._hold(name, given)
                given = self._plain(given)
            line = self._line(one)
            out.append(Assign(Name(local.name, line), given, noted, "=" if given else ":", line, self._branch))

    def _return(self, node: tree_sitter.Node, depth: int, out: list[Statement]) -> None:
        for child in node.named_children:
            if "comment" not in child.type:
                out.append(Do(self.expr(child, depth), "return", self._line(node)))

    def _run(self, node: tree_sitter.Node, depth: int, out: list[Statement]) -> None:
        """`throw`, `assert`: expressions that are run and give no value."""
        for child in node.named_children:
            if "comment" not in child.type:
                self._tested(self.expr(child, depth), out)

    def _yield(self, node: tree_sitter.Node, depth: int, out: list[Statement]) -> None:
        for child in node.named_children:
            if "comment" not in child.type and self._yields:
                self._yields[-1].append(self.expr(child, depth))

    def _tested(self, value: Expr, out: list[Statement]) -> None:
        if not isinstance(value, Lit | Name):
            out.append(Do(value, "", value.line))

    def _branches(self, node: tree_sitter.Node, depth: int, out: list[Statement]) -> None:
        """`if`, `while`, `do`, `try`, `synchronized`: what they hold, one after the other."""
        deeper = node.type not in (
            "try_statement",
            "try_with_resources_statement",
            "synchronized_statement",
            "finally_clause",
        )
        with self._block():
            self._branch += deeper
            for child in node.named_children:
                match child.type:
                    case "parenthesized_expression":
                        outer, self._before = self._before, []
                        at = len(out)
                        self._tested(self._only(child, depth), out)
                        self._flush(out, at, outer)
                    case "resource_specification":
                        for resource in child.named_children:
                            self._resource(resource, depth, out)
                    case "catch_clause" | "finally_clause":
                        self._branches(child, depth + 1, out)
                    case "catch_formal_parameter":
                        self._declare(self._text(child.child_by_field_name("name")))
                    case _:
                        self._statement(child, depth, out)
            self._branch -= deeper

    def _resource(self, node: tree_sitter.Node, depth: int, out: list[Statement]) -> None:
        name, value, kind = (node.child_by_field_name(one) for one in ("name", "value", "type"))
        line = self._line(node)
        if name is None or value is None:
            return
        written = self._type_text(kind)
        noted = self.type(kind, depth) if kind is not None and written != "var" else None
        given = self.expr(value, depth)
        local = self._declare(self._text(name), "" if written == "var" else written)
        out.append(Assign(Name(local.name, line), given, noted, "with", line, self._branch))

    def _for(self, node: tree_sitter.Node, depth: int, out: list[Statement]) -> None:
        with self._block():
            for name in ("init", "condition", "update"):
                for child in node.children_by_field_name(name):
                    if child.type == "local_variable_declaration":
                        self._statement(child, depth, out)
                    elif child.type == "assignment_expression":
                        self._assign(child, depth, out)
                    else:
                        self._tested(self.expr(child, depth), out)
            self._loop(node, depth, out)

    def _for_in(self, node: tree_sitter.Node, depth: int, out: list[Statement]) -> None:
        name, value, kind = (node.child_by_field_name(one) for one in ("name", "value", "type"))
        line = self._line(node)
        with self._block():
            if value is not None:
                over = self.expr(value, depth)
                written = self._type_text(kind)
                noted = self.type(kind, depth) if kind is not None and written != "var" else None
                local = self._declare(self._text(name), "" if written == "var" else written)
                out.append(Assign(Name(local.name, line), over, noted, "for", line, self._branch))
            self._loop(node, depth, out)

    def _loop(self, node: tree_sitter.Node, depth: int, out: list[Statement]) -> None:
        body = node.child_by_field_name("body")
        self._branch += 1
        if body is not None:
            self._statement(body, depth, out)
        self._branch -= 1

    def _labeled(self, node: tree_sitter.Node, depth: int, out: list[Statement]) -> None:
        for child in node.named_children[1:]:
            self._statement(child, depth, out)

    def _switch_statement(self, node: tree_sitter.Node, depth: int, out: list[Statement]) -> None:
        self._cases(node, depth, out, None)

    def _cases(self, node: tree_sitter.Node, depth: int, out: list[Statement], values: list[Expr] | None) -> None:
        condition, body = node.child_by_field_name("condition"), node.child_by_field_name("body")
        subject = self.expr(condition, depth) if condition is not None else None
        if subject is not None and not is_path(subject):
            # Said once; the patterns of the cases name it.
            line = self._line(node)
            name = Name(self._synthetic(node, "subject"), line)
            out.append(Assign(name, subject, None, "=", line, self._branch))
            subject = name
        self._branch += 1
        for case in body.named_children if body is not None else ():
            with self._block():
                for child in case.named_children:
                    if child.type == "switch_label":
                        self._label(child, subject, depth, out)
                    elif values is not None and case.type == "switch_rule" and child.type == "expression_statement":
                        values.append(self._only(child, depth))
                    else:
                        self._statement(child, depth, out)
        self._branch -= 1

    def _label(self, node: tree_sitter.Node, subject: Expr | None, depth: int, out: list[Statement]) -> None:
        for child in node.named_children:
            kinds = child.named_children if child.type == "pattern" else []
            if kinds and kinds[0].type == "type_pattern" and len(kinds[0].named_children) >= 2:
                kind, name = kinds[0].named_children[0], kinds[0].named_children[-1]
                local = self._declare(self._text(name), self._type_text(kind))
                line = self._line(child)
                noted = self.type(kind, depth)
                out.append(Assign(Name(local.name, line), subject, noted, "=" if subject else ":", line, self._branch))

    def _delegation(self, node: tree_sitter.Node, depth: int, out: list[Statement]) -> None:
        """`super(...)` and `this(...)` in a constructor."""
        target, given = node.child_by_field_name("constructor"), node.child_by_field_name("arguments")
        line = self._line(node)
        args = [self.expr(one, depth) for one in given.named_children if "comment" not in one.type] if given else []
        first: Expr = Name("super", line)
        if target is not None and target.type == "this":
            first = Attr(Name("this", line), "__init__", line)
        out.append(Do(Call(first, args, [], line, self._end(node)), "", line))


def _is_number(expr: Expr) -> bool:
    return isinstance(expr, Op | Either) or (isinstance(expr, Lit) and not isinstance(expr.value, str))


_STATEMENTS: dict[str, Callable[[JavaStatements, tree_sitter.Node, int, list[Statement]], None]] = {
    "import_declaration": JavaStatements._import,
    "expression_statement": JavaStatements._expression,
    "local_variable_declaration": JavaStatements._variable,
    "return_statement": JavaStatements._return,
    "throw_statement": JavaStatements._run,
    "assert_statement": JavaStatements._run,
    "yield_statement": JavaStatements._yield,
    "if_statement": JavaStatements._branches,
    "while_statement": JavaStatements._branches,
    "do_statement": JavaStatements._branches,
    "try_statement": JavaStatements._branches,
    "try_with_resources_statement": JavaStatements._branches,
    "synchronized_statement": JavaStatements._branches,
    "for_statement": JavaStatements._for,
    "enhanced_for_statement": JavaStatements._for_in,
    "labeled_statement": JavaStatements._labeled,
    "switch_expression": JavaStatements._switch_statement,
    "block": JavaStatements._scope,
    "constructor_body": JavaStatements._scope,
    "explicit_constructor_invocation": JavaStatements._delegation,
}
