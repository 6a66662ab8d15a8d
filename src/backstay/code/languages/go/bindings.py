"""Go bindings: assignments, declarations and unpacked results, and text that is put together in a variable."""

from backstay.code.facts import Assign, Attr, Call, Do, Expr, Lit, Name, Opaque, Seq, Star, Statement, parts
from backstay.code.languages.go.composites import Composites
from backstay.code.languages.go.expressions import Node
from backstay.code.languages.go.locals import Locals, is_error

_WRITES = frozenset(("WriteString", "WriteByte", "WriteRune", "Write"))
_BUILDERS = frozenset(("strings.Builder", "bytes.Buffer"))


class Bindings(Composites):
    """Reads what gives variables their values. `_locals` are the variables of the function being read."""

    def __init__(self, source: bytes, path: str) -> None:
        super().__init__(source, path)
        self._locals = Locals()

    def emit(self, out: list[Statement], *statements: Statement) -> None:
        """Add statements, and before them the functions and types that stand in their expressions."""
        if self._hoisted:
            out += self._hoisted
            self._hoisted = []
        out += statements

    def _run(self, value: Expr, node: Node, out: list[Statement], how: str = "") -> None:
        """An expression for its effect; one without a call has none and is left out."""
        if how or _calls(value):
            self.emit(out, Do(value, how, self._line(node)))
        else:
            self.emit(out)

    def _built(self, node: Node, depth: int, out: list[Statement]) -> bool:
        """A call that writes to text being put together (`b.WriteString(x)`, `fmt.Fprintf(&b, ...)`)."""
        func, line = node.child_by_field_name("function"), self._line(node)
        given = self._inner(node.child_by_field_name("arguments"))
        if func is None or func.type != "selector_expression" or not given or not self._builders:
            return False
        owner, name = func.child_by_field_name("operand"), self._text(func.child_by_field_name("field"))
        base = self._short(owner)
        pieces: list[Expr] = []
        if base in self._builders and name in _WRITES:
            target, pieces = base, [self.expr(given[0], depth)]
        else:
            target = self._short(given[0]).lstrip("&")
            if target not in self._builders:
                return False
            if self._packages.get(base) == "fmt" and name == "Fprintf" and len(given) > 1:
                pieces = [self._sprintf(given[1:], depth, line, self._end(node))]
            elif self._packages.get(base) == "fmt" and name in ("Fprint", "Fprintln"):
                pieces = [self.expr(one, depth) for one in given[1:]]
            elif name in ("Execute", "ExecuteTemplate") and owner is not None and owner.type == "identifier":
                pieces = [self.expr(owner, depth)]
                self._run(self.expr(node, depth), node, out)
        self._words.add(target)
        for piece in pieces:
            self.emit(out, Assign(Name(target, line), piece, None, "+=", line, self._branch))
        return bool(pieces)

    def _flag(self, node: Node, depth: int, out: list[Statement]) -> None:
        """`flag.StringVar(&model, "model", "gpt-4o", "...")`: the variable has the default unless a user says else."""
        func = node.child_by_field_name("function")
        name = self._short(func.child_by_field_name("field")) if func is not None else ""
        given = self._inner(node.child_by_field_name("arguments"))
        at = {"StringVar": 2, "StringVarP": 3}.get(name, len(given))
        if at >= len(given) or given[0].type != "unary_expression":
            return
        default = self.expr(given[at], depth)
        if _calls(default):
            return  # the call itself is read as well, and a call stands in one place
        target = self.expr(given[0], depth)
        if isinstance(target, Name) and target.id in self._shared and target.id not in self._declared:
            self._globals.add(target.id)
        line = self._line(node)
        self.emit(out, Assign(target, default, None, "=", line, self._branch + 1))

    def _assignment(self, node: Node, depth: int, out: list[Statement]) -> None:
        """`a, b := x, y`, `a = x`, `a += x`."""
        targets = self._inner(node.child_by_field_name("left"))
        values = self._inner(node.child_by_field_name("right"))
        operator = node.child_by_field_name("operator")
        sign = self._text(operator) if operator is not None else "="
        if sign not in ("=", ":=", "+="):
            self._run(_opaque([self.expr(one, depth) for one in values], self._line(node)), node, out)
            return
        for name in [self._text(target) for target in targets if target.type == "identifier"]:
            if sign == ":=":
                self._declared.add(name)
            elif name in self._shared and name not in self._declared:
                self._globals.add(name)
        self.bind(targets, values, None, node, depth, out, "+=" if sign == "+=" else "=")

    def bind(
        self,
        targets: list[Node],
        values: list[Node],
        noted: Node | None,
        node: Node,
        depth: int,
        out: list[Statement],
        how: str = "=",
    ) -> None:
        """Give targets their values; one value for several targets is what a call gives back."""
        if len(values) == 1 and len(targets) > 1:
            self._unpacked(targets, values[0], node, depth, out)
            return
        for target, value in zip(targets, values, strict=False):
            self._give(target, value, noted, node, depth, out, how)

    def _give(
        self, target: Node, value: Node, noted: Node | None, node: Node, depth: int, out: list[Statement], how: str
    ) -> None:
        name = self._text(target) if target.type == "identifier" else ""
        line = self._line(node)
        if name == "_":
            self._run(self.expr(value, depth), node, out)
            return
        if value.type == "func_literal" and name:
            self.emit(out, self.function(value, depth, name))
            self._words.add(name)
            return
        kind = noted if noted is not None else _asserted(value)
        if name and self._is_builder(value):
            self._builders.add(name)
            self.emit(out, Assign(Name(name, line), Lit("", line), None, "=", line, self._branch))
            return
        if name and self._appended(name, value, node, depth, out):
            return
        given = self.expr(value, depth)
        annotation = self.expr(kind, depth) if kind is not None else None
        self._assign(self.expr(target, depth), given, annotation, line, out, how)

    def _assign(
        self, target: Expr, value: Expr, annotation: Expr | None, line: int, out: list[Statement], how: str = "="
    ) -> None:
        if isinstance(target, Attr) and isinstance(target.value, Name) and how == "=":
            added = self._locals.field(target.value.id, target.name, value, line, self._branch)
            if added and _calls(value):
                self.emit(out)  # a call is met once: where the value is made
                return
        statement = Assign(target, value, annotation, how, line, self._branch)
        self.emit(out, statement)
        if isinstance(target, Name) and how == "=":
            made = isinstance(value, Call) and (id(value) in self._structs or self._is_foreign(value))
            self._locals.bound(target.id, statement, made)

    def _appended(self, name: str, value: Node, node: Node, depth: int, out: list[Statement]) -> bool:
        """`x = append(x, a)` of a slice that begins here: what the resolver knows as additions to a list."""
        if value.type != "call_expression" or self._short(value.child_by_field_name("function")) != "append":
            return False
        given = self._inner(value.child_by_field_name("arguments"))
        if not given or self._short(given[0]) != name or not self._locals.is_list(name):
            return False
        line = self._line(node)
        for one in given[1:]:
            item = self.expr(one, depth)
            how = "extend" if isinstance(item, Star) else "append"
            item = item.value if isinstance(item, Star) else item
            self.emit(out, Do(Call(Attr(Name(name, line), how, line), [item], [], line, line), "", line))
        self._words.add(name)
        return True

    def _is_builder(self, value: Node) -> bool:
        """`strings.Builder{}`, `new(bytes.Buffer)`, `bytes.NewBufferString("")`: text that is put together."""
        return self._short(value).lstrip("&") in (
            "strings.Builder{}",
            "bytes.Buffer{}",
            "new(strings.Builder)",
            "new(bytes.Buffer)",
        )

    def _unpacked(self, targets: list[Node], value: Node, node: Node, depth: int, out: list[Statement]) -> None:
        """`a, err := f()`: without the error, one target has the value, and several unpack it."""
        given, line = self.expr(value, depth), self._line(node)
        kept = list(targets)
        while kept and (is_error(self._text(kept[-1])) or self._text(kept[-1]) == "_"):
            kept.pop()
        if not kept or all(self._text(one) == "_" for one in kept):
            self._run(given, node, out)
            return
        names = [self.expr(one, depth) for one in kept]
        several = len(kept) > 1 and isinstance(given, Call) and not self._is_foreign(given)
        if several:
            self.emit(out, Assign(Seq(names, line), given, None, "=", line, self._branch))
            return
        kind = _asserted(value)
        self._assign(names[0], given, self.expr(kind, depth) if kind is not None else None, line, out)
        for other in names[1:]:
            self._assign(other, Opaque([], line), None, line, out)

    def _is_foreign(self, call: Call) -> bool:
        """Whether a call is of a function of an imported package: its first result is the value that matters."""
        func = call.func
        return isinstance(func, Attr) and isinstance(func.value, Name) and func.value.id in self._packages

    def _variables(self, node: Node, depth: int, out: list[Statement]) -> None:
        """`var` and `const` declarations within a function."""
        for spec in self._inner(node):
            if spec.type == "var_spec_list":
                self._variables(spec, depth, out)
            elif spec.type in ("var_spec", "const_spec"):
                self.variable(spec, depth, out)

    def variable(self, spec: Node, depth: int, out: list[Statement]) -> None:
        """One line of a `var` declaration."""
        names, noted = self.names(spec), spec.child_by_field_name("type")
        if depth:
            self._declared.update(self._text(name) for name in names)
        values = self._inner(spec.child_by_field_name("value"))
        if values:
            self.bind(names, values, noted, spec, depth, out)
            return
        line = self._line(spec)
        for name in names:
            if noted is None:
                continue
            target, text = Name(self._text(name), line), self._text(noted)
            if text in _BUILDERS:
                self._builders.add(target.id)
                self.emit(out, Assign(target, Lit("", line), None, "=", line, self._branch))
                continue
            empty = self.zero(noted)
            how = ":" if empty is None else "="
            statement = Assign(target, empty, self.expr(noted, depth), how, line, self._branch)
            self.emit(out, statement)
            self._locals.bound(target.id, statement, False)


def _asserted(value: Node) -> Node | None:
    return value.child_by_field_name("type") if value.type == "type_assertion_expression" else None


def _opaque(values: list[Expr], line: int) -> Expr:
    return Opaque([one for one in values if not isinstance(one, Lit)], line)


def _calls(value: Expr) -> bool:
    """Whether a call stands in an expression."""
    stack = [value]
    while stack:
        one = stack.pop()
        if isinstance(one, Call):
            return True
        stack.extend(parts(one))
    return False
