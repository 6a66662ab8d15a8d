"""The Python front-end: source of any Python 3 version, parsed by tree-sitter, to facts."""

import re
from collections.abc import Callable

import tree_sitter
import tree_sitter_python

from backstay.code.facts import (
    Assign,
    Attr,
    Call,
    Class,
    Comp,
    Do,
    Either,
    Expr,
    Function,
    Import,
    Item,
    Lambda,
    Lit,
    Map,
    Module,
    Name,
    Op,
    Opaque,
    Param,
    Seq,
    Star,
    Statement,
    Text,
)

_LANGUAGE = tree_sitter.Language(tree_sitter_python.language())
MAX_DEPTH = 150  # of nested syntax; hand-written code stays under 40
MIN_TEXT = 25  # characters of a piece of text that may belong to a prompt
_DIGIT = re.compile(r"[0-9]")
MAX_LITERAL = 100_000  # characters of one text literal that are kept


def parse(path: str, source: bytes, lines: list[int] | None = None) -> Module:
    """The facts of a file. `lines` maps the source's lines to those to report (for notebooks).

    What does not parse is skipped and counted in `broken`; the rest of the file is still understood.
    """
    tree = tree_sitter.Parser(_LANGUAGE).parse(source)
    reader = _Reader(source, lines)
    body = reader.block(tree.root_node, 0)
    # An error deep in an expression, or one that swallows the whole file, passes by no statement.
    broken = reader.broken or int(tree.root_node.has_error)
    return Module(path, "python", body, reader.main, broken, lines is not None)


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


class _Reader:
    """Walks one syntax tree. Each method takes a node and its depth, so that hostile nesting ends in Opaque."""

    def __init__(self, source: bytes, lines: list[int] | None) -> None:
        self._source = source
        self._lines = lines
        self.main = False
        self.broken = 0
        self._branch = 0
        self._walrus: list[Statement] = []
        self._words: set[str] = set()
        self._texts = False
        self._globals: set[str] = set()

    # positions and text

    def _line(self, node: tree_sitter.Node) -> int:
        row = node.start_point[0]
        return row + 1 if self._lines is None else self._lines[min(row, len(self._lines) - 1)]

    def _end(self, node: tree_sitter.Node) -> int:
        row = node.end_point[0]
        return row + 1 if self._lines is None else self._lines[min(row, len(self._lines) - 1)]

    def _text(self, node: tree_sitter.Node | None) -> str:
        if node is None:
            return ""
        return self._source[node.start_byte : node.end_byte].decode("utf-8", "replace")

    # statements

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
        for subject in node.children_by_field_name("subject"):
            self._condition(subject, depth, out)
        self._branches(node, depth, out)

    def _branches(self, node: tree_sitter.Node, depth: int, out: list[Statement]) -> None:
        condition = node.child_by_field_name("condition") or node.child_by_field_name("guard")
        if condition is not None and condition.type == "if_clause":
            condition = next(iter(condition.named_children), None)
        # `with` blocks always run, and so, for us, does the body of `try`.
        deeper = node.type not in ("with_statement", "try_statement", "block")
        self._branch += deeper
        if condition is not None:
            self._condition(condition, depth, out)
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
        self._words |= around
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

    def _params(self, node: tree_sitter.Node | None, depth: int) -> list[Param]:
        out: list[Param] = []
        for child in node.named_children if node is not None else ():
            annotation = child.child_by_field_name("type")
            noted = self.expr(annotation, depth) if annotation is not None else None
            match child.type:
                case "identifier":
                    out.append(Param(self._text(child), None, None))
                case "default_parameter" | "typed_default_parameter":
                    value = child.child_by_field_name("value")
                    default = self.expr(value, depth) if value is not None else None
                    out.append(Param(self._text(child.child_by_field_name("name")), default, noted))
                case "typed_parameter":
                    inner = child.named_children[0]
                    out.append(Param(self._text(inner).lstrip("*"), None, noted, _stars(inner.type)))
                case "list_splat_pattern" | "dictionary_splat_pattern":
                    out.append(Param(self._text(child).lstrip("*"), None, None, _stars(child.type)))
        return out

    # expressions

    def expr(self, node: tree_sitter.Node, depth: int) -> Expr:
        if depth > MAX_DEPTH:
            self.broken += 1
            return Opaque([], self._line(node))
        handler = _EXPRESSIONS.get(node.type)
        if handler is not None:
            return handler(self, node, depth + 1)
        children = [self.expr(child, depth + 1) for child in node.named_children if child.type != "comment"]
        return Opaque([child for child in children if not isinstance(child, Lit)], self._line(node))

    def _only(self, node: tree_sitter.Node, depth: int) -> Expr:
        inner = [child for child in node.named_children if child.type != "comment"]
        if len(inner) == 1:
            return self.expr(inner[0], depth)
        return Opaque([self.expr(child, depth) for child in inner], self._line(node))

    def _identifier(self, node: tree_sitter.Node, depth: int) -> Expr:
        name = self._text(node)
        self._words.add(name)
        return Name(name, self._line(node))

    def _attribute(self, node: tree_sitter.Node, depth: int) -> Expr:
        value, name = node.child_by_field_name("object"), node.child_by_field_name("attribute")
        if value is None:
            return Opaque([], self._line(node))
        # The attribute's own line: in a chain over several lines that is where a reader looks.
        word = self._text(name)
        self._words.add(word)
        return Attr(self.expr(value, depth), word, self._line(name if name is not None else node))

    def _call(self, node: tree_sitter.Node, depth: int) -> Expr:
        func, arguments = node.child_by_field_name("function"), node.child_by_field_name("arguments")
        if func is None:
            return Opaque([], self._line(node))
        if arguments is not None and arguments.type == "generator_expression":
            args: list[Expr] = [self.expr(arguments, depth)]
            keywords: list[tuple[str, Expr]] = []
        else:
            args, keywords = self._arguments(arguments, depth) if arguments is not None else ([], [])
        return Call(self.expr(func, depth), args, keywords, self._line(node), self._end(node))

    def _arguments(self, node: tree_sitter.Node, depth: int) -> tuple[list[Expr], list[tuple[str, Expr]]]:
        args: list[Expr] = []
        keywords: list[tuple[str, Expr]] = []
        for child in node.named_children:
            match child.type:
                case "keyword_argument":
                    value = child.child_by_field_name("value")
                    if value is not None:
                        keywords.append((self._text(child.child_by_field_name("name")), self.expr(value, depth)))
                case "dictionary_splat":
                    keywords.append(("", self._only(child, depth)))
                case "comment":
                    pass
                case _:
                    args.append(self.expr(child, depth))
        return args, keywords

    def _subscript(self, node: tree_sitter.Node, depth: int) -> Expr:
        value = node.child_by_field_name("value")
        indices = node.children_by_field_name("subscript")
        if value is None:
            return Opaque([], self._line(node))
        keys = [self.expr(index, depth) for index in indices]
        index = keys[0] if len(keys) == 1 else Seq(keys, self._line(node))
        return Item(self.expr(value, depth), index, self._line(node))

    def _generic(self, node: tree_sitter.Node, depth: int) -> Expr:
        """`Optional[X]` in an annotation."""
        children = node.named_children
        if len(children) < 2:
            return self._only(node, depth)
        keys = [self.expr(child, depth) for child in children[1].named_children]
        index = keys[0] if len(keys) == 1 else Seq(keys, self._line(node))
        return Item(self.expr(children[0], depth), index, self._line(node))

    def _string(self, node: tree_sitter.Node, depth: int) -> Expr:
        line, end = self._line(node), self._end(node)
        prefix = b""
        parts: list[Expr] = []
        for child in node.named_children:
            match child.type:
                case "string_start":
                    prefix = self._source[child.start_byte : child.end_byte].lower().rstrip(b"\"'")
                case "string_content":
                    text = self._text(child)
                    if b"r" not in prefix and "\\" in text:
                        text = _unescape(text)
                    if b"f" in prefix or b"t" in prefix:
                        text = text.replace("{{", "{").replace("}}", "}")
                    parts.append(Lit(text[:MAX_LITERAL], self._line(child), self._end(child)))
                case "interpolation":
                    inner = child.child_by_field_name("expression")
                    parts.append(self.expr(inner, depth) if inner is not None else Opaque([], line))
        self._texts = self._texts or any(isinstance(part, Lit) and _is_telling(str(part.value)) for part in parts)
        if not parts:
            return Lit("", line, end)
        if all(isinstance(part, Lit) for part in parts):
            joined = "".join(str(part.value) for part in parts if isinstance(part, Lit))
            return Lit(joined[:MAX_LITERAL], line, end)
        return Text(parts, line, end)

    def _concatenated(self, node: tree_sitter.Node, depth: int) -> Expr:
        parts = [self.expr(child, depth) for child in node.named_children if child.type == "string"]
        return _joined(parts, self._line(node), self._end(node))

    def _number(self, node: tree_sitter.Node, depth: int) -> Expr:
        raw = self._text(node).replace("_", "").lower()
        line = self._line(node)
        try:
            raw = raw.rstrip("l")  # Python 2's long
            # Python 2's octal is 0777; other numbers of digits only are decimal.
            number = int(raw, 8 if raw[:1] == "0" and raw.isdigit() else 0) if len(raw) < 25 else 2**63
            return Lit(number if number < 2**63 else float(number), line)
        except ValueError:
            pass
        try:
            return Lit(float(raw), line)
        except ValueError:
            return Opaque([], line)

    def _binary(self, node: tree_sitter.Node, depth: int) -> Expr:
        left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
        sign = node.child_by_field_name("operator")
        if left is None or right is None:
            return Opaque([], self._line(node))
        op, line = self._text(sign), self._line(node)
        # A chain `a + b + c + ...` leans left; walk it in a loop, as generated code makes it thousands long.
        if op == "+":
            terms = [right]
            while left.type == "binary_operator" and self._text(left.child_by_field_name("operator")) == "+":
                inner_left, inner_right = left.child_by_field_name("left"), left.child_by_field_name("right")
                if inner_left is None or inner_right is None:
                    break
                terms.append(inner_right)
                left = inner_left
            parts = [self.expr(term, depth) for term in (left, *reversed(terms))]
            if any(isinstance(part, Text) or (isinstance(part, Lit) and isinstance(part.value, str)) for part in parts):
                return _joined(parts, line, self._end(node))
            return _sum(parts, line)
        return Op(op, self.expr(left, depth), self.expr(right, depth), line)

    def _unary(self, node: tree_sitter.Node, depth: int) -> Expr:
        inner = node.child_by_field_name("argument")
        if inner is None:
            return Opaque([], self._line(node))
        value = self.expr(inner, depth)
        if isinstance(value, Lit) and isinstance(value.value, int | float) and not isinstance(value.value, bool):
            sign = self._source[node.start_byte : node.start_byte + 1]
            if sign in (b"-", b"+"):
                return Lit(-value.value if sign == b"-" else value.value, value.line)
        return Opaque([value] if not isinstance(value, Lit) else [], self._line(node))

    def _boolean(self, node: tree_sitter.Node, depth: int) -> Expr:
        options = [self.expr(child, depth) for child in node.named_children if child.type != "comment"]
        return Either(options, self._line(node))

    def _conditional(self, node: tree_sitter.Node, depth: int) -> Expr:
        parts = [self.expr(child, depth) for child in node.named_children if child.type != "comment"]
        if len(parts) == 3:
            return Either([parts[0], parts[2]], self._line(node))
        return Opaque(parts, self._line(node))

    def _sequence(self, node: tree_sitter.Node, depth: int) -> Expr:
        items = [self.expr(child, depth) for child in node.named_children if child.type != "comment"]
        return Seq(items, self._line(node))

    def _splat(self, node: tree_sitter.Node, depth: int) -> Expr:
        return Star(self._only(node, depth), self._line(node))

    def _dictionary(self, node: tree_sitter.Node, depth: int) -> Expr:
        keys: list[Expr | None] = []
        values: list[Expr] = []
        for child in node.named_children:
            if child.type == "pair":
                key, value = child.child_by_field_name("key"), child.child_by_field_name("value")
                if key is not None and value is not None:
                    keys.append(self.expr(key, depth))
                    values.append(self.expr(value, depth))
            elif child.type == "dictionary_splat":
                keys.append(None)
                values.append(self._only(child, depth))
        return Map(keys, values, self._line(node))

    def _lambda(self, node: tree_sitter.Node, depth: int) -> Expr:
        body = node.child_by_field_name("body")
        names = [param.name for param in self._params(node.child_by_field_name("parameters"), depth)]
        return Lambda(names, self.expr(body, depth) if body is not None else Opaque([], 0), self._line(node))

    def _comprehension(self, node: tree_sitter.Node, depth: int) -> Expr:
        body = node.child_by_field_name("body")
        clause = next((child for child in node.named_children if child.type == "for_in_clause"), None)
        if body is None or clause is None:
            return self._only(node, depth)
        left, right = clause.child_by_field_name("left"), clause.child_by_field_name("right")
        if left is None or right is None:
            return self._only(node, depth)
        key = None
        if body.type == "pair":
            key_node, value = body.child_by_field_name("key"), body.child_by_field_name("value")
            key = self.expr(key_node, depth) if key_node is not None else None
            body = value if value is not None else body
        inner = [
            self.expr(part, depth)
            for child in node.named_children
            if child.type in ("for_in_clause", "if_clause") and child != clause
            for part in (child.children_by_field_name("right") or child.named_children[:1])
        ]
        return Comp(
            self.expr(body, depth), self.expr(left, depth), self.expr(right, depth), self._line(node), key, inner
        )

    def _named(self, node: tree_sitter.Node, depth: int) -> Expr:
        name, value = node.child_by_field_name("name"), node.child_by_field_name("value")
        if name is None or value is None:
            return Opaque([], self._line(node))
        given = self.expr(value, depth)
        self._walrus.append(Assign(self.expr(name, depth), given, None, "=", self._line(node), self._branch))
        return given

    def _constant(self, node: tree_sitter.Node, depth: int) -> Expr:
        return Lit({"true": True, "false": False}.get(node.type), self._line(node))


def _is_telling(text: str) -> bool:
    """Whether a literal can be the id of a model or a piece of a prompt."""
    return len(text) >= MIN_TEXT or (len(text) > 1 and _DIGIT.search(text) is not None)


def _stars(kind: str) -> str:
    return {"list_splat_pattern": "*", "dictionary_splat_pattern": "**"}.get(kind, "")


def _sum(parts: list[Expr], line: int) -> Expr:
    """`a + b + c`, in halves, so that thousands of terms do not nest thousands deep."""
    if len(parts) == 1:
        return parts[0]
    half = len(parts) // 2
    return Op("+", _sum(parts[:half], line), _sum(parts[half:], line), line)


def _joined(parts: list[Expr], line: int, end: int) -> Expr:
    flat: list[Expr] = []
    for part in parts:
        flat.extend(part.parts if isinstance(part, Text) else [part])
    if flat and all(isinstance(part, Lit) and isinstance(part.value, str) for part in flat):
        return Lit("".join(str(part.value) for part in flat if isinstance(part, Lit))[:MAX_LITERAL], line, end)
    return Text(flat, line, end)


_SIMPLE = {"n": "\n", "t": "\t", "r": "\r", "\\": "\\", "'": "'", '"': '"', "\n": "", "0": "\0"}


def _unescape(text: str) -> str:
    """Python's common escapes; \\x and \\u ones too, anything else stays as it stands."""
    out: list[str] = []
    at = 0
    while at < len(text):
        char = text[at]
        if char != "\\" or at + 1 == len(text):
            out.append(char)
            at += 1
            continue
        code = text[at + 1]
        width = {"x": 2, "u": 4, "U": 8}.get(code, 0)
        digits = text[at + 2 : at + 2 + width]
        if width and len(digits) == width and all(digit in "0123456789abcdefABCDEF" for digit in digits):
            number = int(digits, 16)
            out.append(chr(number) if number < 0x110000 and not 0xD800 <= number < 0xE000 else "\ufffd")
            at += 2 + width
        else:
            out.append(_SIMPLE.get(code, "\\" + code))
            at += 2
    return "".join(out)


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

_EXPRESSIONS: dict[str, Callable[[_Reader, tree_sitter.Node, int], Expr]] = {
    "identifier": _Reader._identifier,
    "attribute": _Reader._attribute,
    "call": _Reader._call,
    "subscript": _Reader._subscript,
    "generic_type": _Reader._generic,
    "type": _Reader._only,
    "string": _Reader._string,
    "concatenated_string": _Reader._concatenated,
    "integer": _Reader._number,
    "float": _Reader._number,
    "true": _Reader._constant,
    "false": _Reader._constant,
    "none": _Reader._constant,
    "binary_operator": _Reader._binary,
    "boolean_operator": _Reader._boolean,
    "unary_operator": _Reader._unary,
    "conditional_expression": _Reader._conditional,
    "list": _Reader._sequence,
    "tuple": _Reader._sequence,
    "set": _Reader._sequence,
    "expression_list": _Reader._sequence,
    "pattern_list": _Reader._sequence,
    "tuple_pattern": _Reader._sequence,
    "list_pattern": _Reader._sequence,
    "list_splat": _Reader._splat,
    "list_splat_pattern": _Reader._splat,
    "dictionary": _Reader._dictionary,
    "lambda": _Reader._lambda,
    "list_comprehension": _Reader._comprehension,
    "set_comprehension": _Reader._comprehension,
    "generator_expression": _Reader._comprehension,
    "dictionary_comprehension": _Reader._comprehension,
    "parenthesized_expression": _Reader._only,
    "await": _Reader._only,
    "named_expression": _Reader._named,
}
