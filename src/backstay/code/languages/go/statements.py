"""Go statements: from the nodes of a syntax tree to facts."""

from collections.abc import Callable
from typing import Any

from backstay.code.facts import (
    Assign,
    Expr,
    Function,
    Item,
    Name,
    Opaque,
    Param,
    Seq,
    Statement,
)
from backstay.code.languages.go.bindings import Bindings
from backstay.code.languages.go.expressions import MAX_DEPTH, Node
from backstay.code.languages.go.locals import Locals, is_error


class Statements(Bindings):
    """Reads the statements of functions."""

    def __init__(self, source: bytes, path: str) -> None:
        super().__init__(source, path)
        self._results = 0  # how many values the function being read gives, its error included; 0 when it gives none
        self._named: list[str] = []  # its results that have names
        self._fails = False  # whether the last of them is an error

    # functions

    def params(self, node: Node | None, depth: int) -> list[Param]:
        out: list[Param] = []
        for child in self._inner(node):
            noted = child.child_by_field_name("type")
            kind = "*" if child.type == "variadic_parameter_declaration" else ""
            names = [self._text(name) for name in self.names(child)] or ["_"]
            for name in names:
                out.append(Param(name, None, self.expr(noted, depth) if noted is not None else None, kind))
        return out

    def function(self, node: Node, depth: int, name: str, first: Param | None = None) -> Function:
        """A function, method or function literal; `first` is a method's receiver."""
        words, self._words = self._words, set()
        texts, self._texts = self._texts, False
        branch, self._branch = self._branch, 0
        hoisted, self._hoisted = self._hoisted, []
        builders, self._builders = self._builders, set(self._builders)
        variables, self._locals = self._locals, Locals()
        declared, self._declared = self._declared, set(self._declared)
        shared, self._globals = self._globals, set()
        gives = self._results, self._named, self._fails
        params = self.params(node.child_by_field_name("parameters"), depth)
        body: list[Statement] = []
        returns = self._signature(node.child_by_field_name("result"), depth, body)
        self._declared.update(param.name for param in params)
        self._declared.update(self._named)
        self.block(node.child_by_field_name("body"), depth + 1, body)
        made = Function(
            name,
            [first, *params] if first is not None else params,
            [],
            body,
            self._line(node),
            self._end(node),
            returns,
            sorted(self._words),
            globals=sorted(self._globals),
            texts=self._texts,
        )
        self._declared, self._globals = declared, shared
        self._results, self._named, self._fails = gives
        self._locals, self._builders, self._hoisted, self._branch = variables, builders, hoisted, branch
        words |= self._words
        self._words, self._texts = words, texts or self._texts
        return made

    def _signature(self, node: Node | None, depth: int, out: list[Statement]) -> Expr | None:
        """What a function gives besides an error. Named results are variables of it."""
        self._results, self._named, self._fails = 0, [], False
        if node is None:
            return None
        if node.type != "parameter_list":
            self._results, self._fails = 1, self._text(node) == "error"
            return None if self._fails else self.expr(node, depth)
        given = self.params(node, depth)
        self._results = len(given)
        self._fails = bool(given) and isinstance(given[-1].annotation, Name) and given[-1].annotation.id == "error"
        kept = given[:-1] if self._fails else given
        if any(param.name != "_" for param in kept):
            self._named = [param.name for param in kept]
        for param in kept:
            if param.name != "_" and param.annotation is not None:
                line = self._line(node)
                out.append(Assign(Name(param.name, line), None, param.annotation, ":", line))
        noted = [param.annotation for param in kept if param.annotation is not None]
        return noted[0] if len(noted) == 1 else Seq(noted, self._line(node)) if noted else None

    def function_literal(self, node: Node, depth: int, name: str) -> Expr:
        line = self._line(node)
        if depth > MAX_DEPTH:
            self.broken += 1
            return Opaque([], line)
        own = f"<{name}:{line}:{node.start_point[1]}>"
        self._hoisted.append(self.function(node, depth, own))
        self._words.add(own)
        return Name(own, line)

    # statements

    def block(self, node: Node | None, depth: int, out: list[Statement]) -> None:
        for child in node.named_children if node is not None else ():
            self.statement(child, depth + 1, out)

    def statement(self, node: Node, depth: int, out: list[Statement]) -> None:
        if depth > MAX_DEPTH:
            self.broken += 1
            return
        handler = _STATEMENTS.get(node.type)
        if handler is not None:
            handler(self, node, depth, out)
        elif node.type == "ERROR":
            self.broken += 1
            self.block(node, depth, out)
        elif node.type not in _QUIET:
            self._run(self.expr(node, depth), node, out)

    def _expression(self, node: Node, depth: int, out: list[Statement]) -> None:
        for child in self._inner(node):
            if child.type == "call_expression" and self._built(child, depth, out):
                continue
            if child.type == "call_expression":
                self._flag(child, depth, out)
            self._run(self.expr(child, depth), child, out)

    def _return(self, node: Node, depth: int, out: list[Statement]) -> None:
        given = [value for child in self._inner(node) for value in self._exprs(child, depth)]
        line = self._line(node)
        if not given:
            given = [Name(name, line) for name in self._named]
        elif self._fails and len(given) == self._results:
            self._run(given.pop(), node, out)
        if given:
            self._run(given[0] if len(given) == 1 else Seq(given, line), node, out, "return")
        else:
            self.emit(out)

    # branches

    def _condition(self, node: Node | None, depth: int, out: list[Statement]) -> None:
        if node is not None:
            self._run(self.expr(node, depth), node, out)

    def _if(self, node: Node, depth: int, out: list[Statement]) -> None:
        self._branch += 1
        at: Node | None = node
        while at is not None and at.type == "if_statement":  # a chain of `else if` nests in the tree, not in meaning
            self._first(at, depth, out)
            self._condition(at.child_by_field_name("condition"), depth, out)
            self.block(at.child_by_field_name("consequence"), depth, out)
            at = at.child_by_field_name("alternative")
        self.block(at, depth, out)
        self._branch -= 1

    def _first(self, node: Node, depth: int, out: list[Statement]) -> None:
        initializer = node.child_by_field_name("initializer")
        if initializer is not None:
            self.statement(initializer, depth + 1, out)

    def _for(self, node: Node, depth: int, out: list[Statement]) -> None:
        self._branch += 1
        body = node.child_by_field_name("body")
        for child in self._inner(node):
            if child.type == "for_clause":
                self._first(child, depth, out)
                self._condition(child.child_by_field_name("condition"), depth, out)
            elif child.type == "range_clause":
                self._range(child, depth, out)
            elif child != body:
                self._condition(child, depth, out)
        self.block(body, depth, out)
        self._branch -= 1

    def _range(self, node: Node, depth: int, out: list[Statement]) -> None:
        """`for k, v := range x`: v is an element of x, whatever that is; k is one of its keys."""
        targets, right = self._inner(node.child_by_field_name("left")), node.child_by_field_name("right")
        if right is None:
            return
        source, line = self.expr(right, depth), self._line(node)
        self._declared.update(self._short(one) for one in targets)
        kept = [one for one in targets if self._text(one) != "_"]
        elements = len(targets) > 1 and targets[1] in kept and not is_error(self._text(targets[1]))
        if elements and right.type not in ("identifier", "selector_expression"):
            kept = [targets[1]]  # the expression is read once, for the elements, as calls may stand in it
        for target in kept:
            if elements and target == targets[1]:
                value: Expr = Item(source, Opaque([], line), line)
                self.emit(out, Assign(self.expr(target, depth), value, None, "=", line, self._branch))
            elif not is_error(self._text(target)):
                keys = self.expr(right, depth) if elements else source
                self.emit(out, Assign(self.expr(target, depth), keys, None, "for", line, self._branch))
        if not kept:
            self._run(source, node, out)

    def _switch(self, node: Node, depth: int, out: list[Statement]) -> None:
        """`switch`, type switch and `select`."""
        self._branch += 1
        self._first(node, depth, out)
        alias = self._inner(node.child_by_field_name("alias"))
        subject = node.child_by_field_name("value")
        if not alias:
            self._condition(subject, depth, out)
        for case in self._inner(node):
            if not case.type.endswith("_case"):
                continue
            kinds = case.children_by_field_name("type")
            if alias and subject is not None:
                # Each case is about the same value, which has the type that the case names.
                noted = self.expr(kinds[0], depth) if len(kinds) == 1 else None
                given = self.expr(subject, depth) if subject.type in ("identifier", "selector_expression") else None
                line = self._line(case)
                target = self.expr(alias[0], depth)
                self._declared.add(self._text(alias[0]))
                self.emit(out, Assign(target, given, noted, "=" if given else ":", line, self._branch))
            apart = {child.id for child in (*kinds, *case.children_by_field_name("value"))}
            for child in case.named_children:
                if child.id not in apart:
                    self.statement(child, depth + 1, out)
        self._branch -= 1

    def _received(self, node: Node, depth: int, out: list[Statement]) -> None:
        """`case v, ok := <-channel`."""
        right = node.child_by_field_name("right")
        targets = self._inner(node.child_by_field_name("left"))
        if right is not None and targets and self._text(targets[0]) != "_":
            self._assign(self.expr(targets[0], depth), self.expr(right, depth), None, self._line(node), out)
        else:
            self._condition(right, depth, out)

    def _block(self, node: Node, depth: int, out: list[Statement]) -> None:
        self._branch += 1
        self.block(node, depth, out)
        self._branch -= 1

    def _parts(self, node: Node, depth: int, out: list[Statement]) -> None:
        """`go f()`, `defer f()`, `channel <- x`: what is run or handed over."""
        for child in self._inner(node):
            self._condition(child, depth, out)

    def _within(self, node: Node, depth: int, out: list[Statement]) -> None:
        self.block(node, depth, out)

    def local_type(self, node: Node, depth: int, out: list[Statement]) -> None:
        """A type declared within a function."""
        raise NotImplementedError

    def local_function(self, node: Node, depth: int, out: list[Statement]) -> None:
        """A function where only statements may stand: its file did not parse up to here."""
        self.emit(out, self.function(node, depth, self._text(node.child_by_field_name("name"))))


_QUIET = frozenset(
    (
        "comment",
        "label_name",
        "inc_statement",
        "dec_statement",
        "break_statement",
        "continue_statement",
        "goto_statement",
        "fallthrough_statement",
        "empty_statement",
        "import_declaration",
        "package_clause",
    )
)
_STATEMENTS: dict[str, Callable[[Any, Node, int, list[Statement]], None]] = {
    "statement_list": Statements._within,
    "labeled_statement": Statements._within,
    "block": Statements._block,
    "expression_statement": Statements._expression,
    "short_var_declaration": Statements._assignment,
    "assignment_statement": Statements._assignment,
    "var_declaration": Statements._variables,
    "const_declaration": lambda self, node, depth, out: self.constants(node, depth, out),
    "type_declaration": lambda self, node, depth, out: self.local_type(node, depth, out),
    "function_declaration": lambda self, node, depth, out: self.local_function(node, depth, out),
    "method_declaration": lambda self, node, depth, out: self.local_function(node, depth, out),
    "return_statement": Statements._return,
    "go_statement": Statements._parts,
    "defer_statement": Statements._parts,
    "send_statement": Statements._parts,
    "receive_statement": Statements._received,
    "if_statement": Statements._if,
    "for_statement": Statements._for,
    "expression_switch_statement": Statements._switch,
    "type_switch_statement": Statements._switch,
    "select_statement": Statements._switch,
}
