"""Python statements: source of any Python 3 version, parsed by tree-sitter, to facts."""

from collections.abc import Callable

import tree_sitter
import tree_sitter_python

from backstay.code.facts import (
    Assign,
    Call,
    Class,
    Do,
    Expr,
    Function,
    Import,
    Item,
    Lit,
    Module,
    Name,
    Narrow,
    Seq,
    Statement,
)
from backstay.code.languages.python.expressions import MAX_DEPTH, Expressions
from backstay.code.loops import loops
from backstay.trees import tree

_LANGUAGE = tree_sitter.Language(tree_sitter_python.language())
MAX_ALTERNATIVES = 12  # of one `if` that are told what did not hold before them
_LEAVING = frozenset(("return_statement", "raise_statement", "continue_statement", "break_statement"))


def parse(path: str, source: bytes, lines: list[int] | None = None) -> Module:
    """The facts of a file. `lines` maps the source's lines to those to report (for notebooks).

    What does not parse is skipped and counted in `broken`; the rest of the file is still understood.
    """
    parsed = tree(_LANGUAGE, source, angles=False, remarks=True)
    if parsed is None:
        return Module(path, "python", [], False, 1, lines is not None)
    reader = _Reader(source, lines)
    body = reader.block(parsed.root_node, 0)
    # An error deep in an expression, or one that swallows the whole file, passes by no statement.
    broken = reader.broken or int(parsed.root_node.has_error)
    return Module(path, "python", body, reader.main, broken, lines is not None, loops(parsed, lines))


def imports(source: bytes) -> list[tuple[str, int]]:
    """The modules that a file imports, as (dotted name, leading dots), without parsing it.

    Finds `import` at the start of a line (after blanks); reads `from x import (a, b)` as x, and, as the names may
    be modules, also as x.a and x.b where they stand on that line.
    """
    found: dict[tuple[str, int], None] = {}
    at = source.find(b"import ")
    while at >= 0:
        start = source.rfind(b"\n", 0, at) + 1
        end = source.find(b"\n", at)
        line = source[start : end if end >= 0 else len(source)].decode("utf-8", "replace").strip()
        if line.startswith("import "):
            for part in line[7:].split("#")[0].split(","):
                name = part.split(" as ")[0].strip()
                if name:
                    found[name, 0] = None
        elif line.startswith("from "):
            module, _, names = line[5:].split("#")[0].partition(" import")
            module = module.strip()
            level = len(module) - len(module.lstrip("."))
            base = module.lstrip(".")
            found[base, level] = None
            for part in names.strip(" (\\").split(","):
                name = part.split(" as ")[0].strip(" ()\\")
                if name.isidentifier():
                    found[f"{base}.{name}" if base else name, level] = None
        at = source.find(b"import ", at + 7)
    return list(found)


class _Reader(Expressions):
    """Reads the statements of one syntax tree."""

    def block(self, node: tree_sitter.Node | None, depth: int) -> list[Statement]:
        out: list[Statement] = []
        if node is not None and depth < MAX_DEPTH:
            for child in node.named_children:
                self._statement(child, depth + 1, out)
        return out

    def _statement(self, node: tree_sitter.Node, depth: int, out: list[Statement]) -> None:
        if depth > MAX_DEPTH:
            self.broken += 1
            return
        handler = _STATEMENTS.get(node.type)
        if handler is not None:
            handler(self, node, depth, out)
            self._flush(out)
        elif node.type == "ERROR":
            self.broken += 1
            for child in node.named_children:
                self._statement(child, depth + 1, out)

    def _flush(self, out: list[Statement]) -> None:
        """What `:=` bound within the expressions read so far."""
        if self._walrus:
            out += self._walrus
            self._walrus = []

    def _expression_statement(self, node: tree_sitter.Node, depth: int, out: list[Statement]) -> None:
        for child in node.named_children:
            match child.type:
                case "assignment" | "augmented_assignment":
                    self._assignment(child, depth, out)
                case "yield":
                    inner = child.named_children
                    if inner:
                        out.append(Do(self.expr(inner[0], depth), "yield", self._line(child)))
                case "comment":
                    pass
                case _:
                    out.append(Do(self.expr(child, depth), "", self._line(child)))

    def _assignment(self, node: tree_sitter.Node, depth: int, out: list[Statement]) -> None:
        left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
        annotation = node.child_by_field_name("type")
        if left is None:
            return
        how = "+=" if node.type == "augmented_assignment" else "="
        targets = [left]
        while right is not None and right.type == "assignment":  # a = b = value
            inner = right.child_by_field_name("left")
            if inner is not None:
                targets.append(inner)
            right = right.child_by_field_name("right")
        value = self.expr(right, depth) if right is not None else None
        noted = self.expr(annotation, depth) if annotation is not None else None
        for target in targets:
            line = self._line(node)
            out.append(Assign(self.expr(target, depth), value, noted, how if value else ":", line, self._branch))

    def _import(self, node: tree_sitter.Node, depth: int, out: list[Statement]) -> None:
        for child in node.named_children:
            if child.type == "aliased_import":
                name, alias = child.child_by_field_name("name"), child.child_by_field_name("alias")
                out.append(Import(self._text(name), "", self._text(alias), 0, self._line(node)))
            elif child.type == "dotted_name":
                out.append(Import(self._text(child), "", "", 0, self._line(node)))

    def _import_from(self, node: tree_sitter.Node, depth: int, out: list[Statement]) -> None:
        source = node.child_by_field_name("module_name")
        module = self._text(source)
        level = len(module) - len(module.lstrip("."))
        module = module.lstrip(". ")
        line = self._line(node)
        for child in node.named_children:
            if child.type == "wildcard_import":
                out.append(Import(module, "*", "", level, line))
        for child in node.children_by_field_name("name"):
            if child.type == "aliased_import":
                name, alias = child.child_by_field_name("name"), child.child_by_field_name("alias")
                out.append(Import(module, self._text(name), self._text(alias), level, self._line(child)))
            else:
                out.append(Import(module, self._text(child), "", level, self._line(child)))

    def _return(self, node: tree_sitter.Node, depth: int, out: list[Statement]) -> None:
        for child in node.named_children:
            if child.type != "comment":
                out.append(Do(self.expr(child, depth), "return", self._line(node)))

    def _raise(self, node: tree_sitter.Node, depth: int, out: list[Statement]) -> None:
        """`raise`, `assert` and Python 2's `print`: expressions that are run and give no value."""
        for child in node.named_children:
            if child.type not in ("comment", "chevron"):
                out.append(Do(self.expr(child, depth), "", self._line(node)))

    def _global(self, node: tree_sitter.Node, depth: int, out: list[Statement]) -> None:
        self._globals.update(self._text(child) for child in node.named_children)

    def _exec(self, node: tree_sitter.Node, depth: int, out: list[Statement]) -> None:
        """Python 2's `exec code` is the call `exec(code)` of today."""
        code, line = node.child_by_field_name("code"), self._line(node)
        if code is not None:
            call = Call(Name("exec", line), [self.expr(code, depth)], [], line, self._end(node))
            out.append(Do(call, "", line))

    def _type_alias(self, node: tree_sitter.Node, depth: int, out: list[Statement]) -> None:
        left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
        if left is None or right is None:
            return
        target = self.expr(left, depth)
        # `type X[T] = ...`: the name is X.
        target = target.value if isinstance(target, Item) else target
        out.append(Assign(target, self.expr(right, depth), None, "=", self._line(node), self._branch))

    def _match(self, node: tree_sitter.Node, depth: int, out: list[Statement]) -> None:
        subjects = node.children_by_field_name("subject")
        for subject in subjects:
            self._condition(subject, depth, out)
        body = node.child_by_field_name("body")
        for case in body.named_children if body is not None and len(subjects) == 1 else ():
            block = case.child_by_field_name("consequence")
            patterns = [child for child in case.named_children if child.type == "case_pattern"]
            if subjects[0].type == "identifier" and block is not None and len(patterns) == 1:
                self._matched(self._text(subjects[0]), patterns[0], block, depth, out)
        self._branches(node, depth, out)

    def _matched(
        self, name: str, pattern: tree_sitter.Node, block: tree_sitter.Node, depth: int, out: list[Statement]
    ) -> None:
        """`case "a" | B.C:` says what the subject is; a pattern of another form says nothing."""
        inner = pattern.named_children
        union = [one for child in inner for one in (child.named_children if child.type == "union_pattern" else [child])]
        values = [self.expr(one, depth) for one in union if one.type in ("string", "dotted_name")]
        plain = [
            one for one in union if one.type != "dotted_name" or b"." in self._source[one.start_byte : one.end_byte]
        ]
        if values and len(values) == len(union) == len(plain):
            value = values[0] if len(values) == 1 else Seq(values, self._line(pattern))
            how = "==" if len(values) == 1 else "in"
            out.append(Narrow(name, value, how, self._line(block), self._end(block)))

    def _narrowed(
        self, condition: tree_sitter.Node, block: tree_sitter.Node | None, depth: int, out: list[Statement]
    ) -> None:
        """What `if name in values`, `if name == value` and `and` of them say of the name within the block."""
        if block is None or depth > MAX_DEPTH:
            return
        if condition.type == "parenthesized_expression" and condition.named_children:
            self._narrowed(condition.named_children[0], block, depth + 1, out)
        elif condition.type == "boolean_operator" and any(child.type == "and" for child in condition.children):
            for child in condition.named_children:
                self._narrowed(child, block, depth + 1, out)
        elif condition.type == "comparison_operator" and len(condition.named_children) == 2:
            left, right = condition.named_children
            sign = "".join(self._text(child) for child in condition.children if not child.is_named)
            if left.type == "identifier" and sign in ("in", "==", "is") and right.type != "none":
                how = "in" if sign == "in" else "=="
                value = self.expr(right, depth)
                out.append(Narrow(self._text(left), value, how, self._line(block), self._end(block)))

    def _otherwise(self, node: tree_sitter.Node, depth: int, out: list[Statement]) -> None:
        """What `else`, and code after a branch that leaves, know of a name: that the condition did not hold."""
        failed: list[tree_sitter.Node] = []
        alternatives = node.children_by_field_name("alternative")
        for child in (node, *alternatives[:MAX_ALTERNATIVES]):
            for one in failed if child is not node else ():
                self._not(one, self._line(child), self._end(child), depth, out)
            condition = child.child_by_field_name("condition")
            failed += [condition] if condition is not None else []
        block, parent = node.child_by_field_name("consequence"), node.parent
        leaves = block is not None and block.named_children and block.named_children[-1].type in _LEAVING
        if leaves and parent is not None and len(failed) == 1 and not alternatives:
            self._not(failed[0], self._end(node) + 1, self._end(parent), depth, out)

    def _not(self, condition: tree_sitter.Node, line: int, until: int, depth: int, out: list[Statement]) -> None:
        if condition.type != "comparison_operator" or len(condition.named_children) != 2 or until < line:
            return
        left, right = condition.named_children
        sign = "".join(self._text(child) for child in condition.children if not child.is_named)
        if left.type == "identifier" and sign in ("in", "==") and right.type in ("string", "list", "tuple", "set"):
            out.append(Narrow(self._text(left), self.expr(right, depth), "not", line, until))

    def _branches(self, node: tree_sitter.Node, depth: int, out: list[Statement]) -> None:
        condition = node.child_by_field_name("condition") or node.child_by_field_name("guard")
        if condition is not None and condition.type == "if_clause":
            condition = next(iter(condition.named_children), None)
        # `with` blocks always run, and so, for us, does the body of `try`.
        deeper = node.type not in ("with_statement", "try_statement", "block")
        self._branch += deeper
        if condition is not None:
            self._condition(condition, depth, out)
            self._narrowed(condition, node.child_by_field_name("consequence"), depth, out)
            if node.type == "if_statement":
                self._otherwise(node, depth, out)
        for child in node.named_children:
            if child.type == "block":
                for inner in child.named_children:
                    self._statement(inner, depth + 1, out)
            elif child.type.endswith(("_clause", "_block")) or child.type == "case_clause":
                self._branches(child, depth + 1, out)
        self._branch -= deeper

    def _condition(self, node: tree_sitter.Node, depth: int, out: list[Statement]) -> None:
        text = self._source[node.start_byte : min(node.end_byte, node.start_byte + 80)]
        if b"__name__" in text and b"__main__" in text:
            self.main = True
            return
        value = self.expr(node, depth)
        if not isinstance(value, Lit | Name):
            out.append(Do(value, "", self._line(node)))
        self._flush(out)

    def _for(self, node: tree_sitter.Node, depth: int, out: list[Statement]) -> None:
        left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
        if left is not None and right is not None:
            target, line = self.expr(left, depth), self._line(node)
            out.append(Assign(target, self.expr(right, depth), None, "for", line, self._branch))
        self._branches(node, depth, out)

    def _with(self, node: tree_sitter.Node, depth: int, out: list[Statement]) -> None:
        for clause in node.named_children:
            if clause.type != "with_clause":
                continue
            for item in clause.named_children:
                value = item.child_by_field_name("value") if item.type == "with_item" else item
                if value is not None:
                    self._with_item(value, depth, out)
        self._branches(node, depth, out)

    def _with_item(self, value: tree_sitter.Node, depth: int, out: list[Statement]) -> None:
        if value.type == "as_pattern":
            parts = value.named_children
            alias = value.child_by_field_name("alias")
            if parts and alias is not None:
                target = alias.named_children[0] if alias.named_children else alias
                line = self._line(value)
                given = self.expr(parts[0], depth)
                out.append(Assign(self.expr(target, depth), given, None, "with", line, self._branch))
        elif value.type == "tuple":
            for part in value.named_children:
                self._with_item(part, depth + 1, out)
        else:
            out.append(Do(self.expr(value, depth), "", self._line(value)))

    def _decorated(self, node: tree_sitter.Node, depth: int, out: list[Statement]) -> None:
        decorators = [
            self.expr(child.named_children[0], depth)
            for child in node.named_children
            if child.type == "decorator" and child.named_children
        ]
        definition = node.child_by_field_name("definition")
        if definition is None:
            return
        if definition.type == "function_definition":
            self._function(definition, depth, out, decorators)
        elif definition.type == "class_definition":
            self._class(definition, depth, out, decorators)

    def _function(
        self, node: tree_sitter.Node, depth: int, out: list[Statement], decorators: list[Expr] | None = None
    ) -> None:
        around, self._words = self._words, set()
        texts_around, self._texts = self._texts, False
        others, self._globals = self._globals, set()
        params = self._params(node.child_by_field_name("parameters"), depth)
        outer, self._branch = self._branch, 0
        returns = node.child_by_field_name("return_type")
        out.append(
            Function(
                self._text(node.child_by_field_name("name")),
                params,
                decorators or [],
                self.block(node.child_by_field_name("body"), depth),
                self._line(node),
                self._end(node),
                self.expr(returns, depth) if returns is not None else None,
                sorted(self._words),
                globals=sorted(self._globals),
                texts=self._texts,
            )
        )
        self._globals = others
        self._branch = outer
        around |= self._words  # the larger set takes in the smaller one
        self._words = around
        self._texts = self._texts or texts_around

    def _class(
        self, node: tree_sitter.Node, depth: int, out: list[Statement], decorators: list[Expr] | None = None
    ) -> None:
        supers = node.child_by_field_name("superclasses")
        bases, keywords = self._arguments(supers, depth) if supers is not None else ([], [])
        out.append(
            Class(
                self._text(node.child_by_field_name("name")),
                bases,
                keywords,
                decorators or [],
                self.block(node.child_by_field_name("body"), depth),
                self._line(node),
                self._end(node),
            )
        )


_STATEMENTS: dict[str, Callable[[_Reader, tree_sitter.Node, int, list[Statement]], None]] = {
    "expression_statement": _Reader._expression_statement,
    "import_statement": _Reader._import,
    "import_from_statement": _Reader._import_from,
    "future_import_statement": lambda *_: None,
    "return_statement": _Reader._return,
    "raise_statement": _Reader._raise,
    "assert_statement": _Reader._raise,
    "print_statement": _Reader._raise,
    "exec_statement": _Reader._exec,
    "global_statement": _Reader._global,
    "type_alias_statement": _Reader._type_alias,
    "if_statement": _Reader._branches,
    "while_statement": _Reader._branches,
    "try_statement": _Reader._branches,
    "match_statement": _Reader._match,
    "case_clause": _Reader._branches,
    "block": _Reader._branches,
    "for_statement": _Reader._for,
    "with_statement": _Reader._with,
    "decorated_definition": _Reader._decorated,
    "function_definition": _Reader._function,
    "class_definition": _Reader._class,
}
