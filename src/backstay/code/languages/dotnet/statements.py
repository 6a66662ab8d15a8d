"""C# statements: from the nodes of a syntax tree to facts."""

from collections.abc import Callable

import tree_sitter

from backstay.code.facts import Assign, Attr, Do, Expr, Lit, Name, Opaque, Seq, Statement
from backstay.code.languages.dotnet.folding import Folding
from backstay.code.languages.dotnet.reading import MAX_DEPTH, has_calls


class Statements(Folding):
    """Reads statements."""

    def block(self, node: tree_sitter.Node | None, depth: int) -> list[Statement]:
        """The statements within a node, in a scope of their own."""
        out: list[Statement] = []
        if node is not None:
            self._locals.enter()
            self._within(node, depth, out)
            self._locals.leave()
        return out

    def _within(self, node: tree_sitter.Node, depth: int, out: list[Statement]) -> None:
        children = node.named_children
        for child in children:
            inner = child.named_children[0] if child.type == "global_statement" and child.named_children else child
            if inner.type == "local_function_statement":  # it can be called before it stands
                self._locals.add(self._identifier_text(inner.child_by_field_name("name")))
        for child in children:
            self.statement(child, depth + 1, out)

    def statement(self, node: tree_sitter.Node, depth: int, out: list[Statement]) -> None:
        if depth > MAX_DEPTH:
            self.broken += 1
            return
        handler = _STATEMENTS.get(node.type)
        if handler is not None:
            handler(self, node, depth, out)
        elif node.type == "ERROR" or node.type.startswith("preproc_"):
            self.broken += node.type == "ERROR"
            for child in node.named_children:
                self.statement(child, depth + 1, out)
        elif node.type.endswith("_expression") and node.type not in ("declaration_expression",):
            self._emit(out, Do(self.expr(node, depth), "", self._line(node)))

    def _children(self, node: tree_sitter.Node, depth: int, out: list[Statement]) -> None:
        for child in node.named_children:
            self.statement(child, depth + 1, out)

    def _block(self, node: tree_sitter.Node, depth: int, out: list[Statement]) -> None:
        self._locals.enter()
        self._within(node, depth, out)
        self._locals.leave()

    def _local_function(self, node: tree_sitter.Node, depth: int, out: list[Statement]) -> None:
        name = self._identifier_text(node.child_by_field_name("name"))
        self._locals.add(name)
        self._emit(out, self.function(node, name, depth, self.decorators(node, depth)))

    def _local(self, node: tree_sitter.Node, depth: int, out: list[Statement]) -> None:
        for child in node.named_children:
            if child.type == "variable_declaration":
                self._variables(child, depth, out)

    def _variables(self, node: tree_sitter.Node, depth: int, out: list[Statement]) -> None:
        type_node = node.child_by_field_name("type")
        noted = self.type_(type_node, depth)
        for child in node.named_children:
            if child.type != "variable_declarator":
                continue
            line = self._line(child)
            value_node = value_of(child)
            pattern = next((one for one in child.named_children if one.type == "tuple_pattern"), None)
            if pattern is not None:
                value = self.expr(value_node, depth) if value_node is not None else None
                self._emit(out, Assign(self._names(pattern, depth), value, None, "=", line, self._branch))
                continue
            name = self._identifier_text(child.child_by_field_name("name"))
            self._locals.add(name)
            self._declares(name, type_node)
            if value_node is None:
                self._emit(out, Assign(Name(name, line), None, noted, ":", line, self._branch))
                continue
            if value_node.type in ("lambda_expression", "anonymous_method_expression"):
                self._hoist(value_node, name, depth)
                self._emit(out)
                continue
            value = self.expr(value_node, depth, noted)
            self._note_made(name, value, value_node)
            self._emit(out, Assign(Name(name, line), value, noted, "=", line, self._branch))

    def _names(self, node: tree_sitter.Node, depth: int) -> Expr:
        """The targets of `var (a, b)`."""
        line = self._line(node)
        if node.type != "tuple_pattern" or depth > MAX_DEPTH:
            if node.type == "discard":
                return Name("_", line)
            name = self._identifier_text(node.child_by_field_name("name") or node)
            self._locals.add(name)
            return Name(name, line)
        return Seq([self._names(child, depth + 1) for child in node.named_children if child.type != "comment"], line)

    def _expression(self, node: tree_sitter.Node, depth: int, out: list[Statement]) -> None:
        for child in node.named_children:
            if child.type == "assignment_expression":
                self._assignment(child, depth, out)
            elif child.type != "comment":
                value = self.expr(child, depth)
                if not isinstance(value, Lit) and not self._folded(value):
                    self._emit(out, Do(value, "", self._line(child)))

    def _assignment(self, node: tree_sitter.Node, depth: int, out: list[Statement]) -> None:
        left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
        if left is None or right is None:
            return
        sign, line = self._operator_of(node), self._line(node)
        targets = [left]
        while right.type == "assignment_expression" and len(targets) < MAX_DEPTH:  # a = b = value
            inner_left, inner_right = right.child_by_field_name("left"), right.child_by_field_name("right")
            if inner_left is None or inner_right is None:
                break
            targets.append(inner_left)
            right = inner_right
        places = [self.expr(target, depth) for target in targets]
        value = self.expr(right, depth, self._type_of(places[0]))
        if sign not in ("=", "??=", "+="):
            self._emit(out, Do(Opaque([*places, value], line), "", line))
            return
        for place in reversed(places):
            if isinstance(place, Name) and place.id == "_":
                self._emit(out, Do(value, "", line))
            elif sign != "=" or not self._set(place, value):
                how = "+=" if sign == "+=" else "="
                self._emit(out, Assign(place, value, None, how, line, self._branch + (sign == "??=")))
                if isinstance(place, Name):
                    self._note_made(place.id, value, right if sign == "=" else None)
            if len(places) > 1 and has_calls(value):
                value = place if not has_calls(place) else Opaque([], line)
        self._emit(out)

    def _operator_of(self, node: tree_sitter.Node) -> str:
        return next((child.type for child in node.children if not child.is_named), "=")

    def _type_of(self, place: Expr) -> Expr | None:
        """The declared type of a member, for `this.x = new()`."""
        if isinstance(place, Attr) and isinstance(place.value, Name) and place.value.id == "this":
            return self._member_types.get(place.name)
        return None

    def _return(self, node: tree_sitter.Node, depth: int, out: list[Statement]) -> None:
        wanted = self._returning[-1] if self._returning else None
        for child in node.named_children:
            if child.type != "comment":
                how = "yield" if node.type == "yield_statement" else "return"
                self._emit(out, Do(self.expr(child, depth, wanted if how == "return" else None), how, self._line(node)))

    def _throw(self, node: tree_sitter.Node, depth: int, out: list[Statement]) -> None:
        for child in node.named_children:
            if child.type != "comment":
                self._emit(out, Do(self.expr(child, depth), "", self._line(node)))

    def _branches(self, node: tree_sitter.Node, depth: int, out: list[Statement]) -> None:
        """`if`, `while`, `do` and `for`: what they test, then what stands in them."""
        self._locals.enter()
        self._branch += 1
        body = [node.child_by_field_name(field) for field in ("body", "consequence", "alternative")]
        inside = {child.start_byte for child in body if child is not None}
        for child in node.named_children:
            if child.type == "comment":
                continue
            if child.start_byte in inside or child.type.endswith("_statement") or child.type == "block":
                self.statement(child, depth + 1, out)
            elif child.type == "variable_declaration":
                self._variables(child, depth, out)
            else:
                self._condition(child, depth, out)
        self._branch -= 1
        self._locals.leave()

    def _condition(self, node: tree_sitter.Node, depth: int, out: list[Statement]) -> None:
        value = self.expr(node, depth)
        self._emit(out, *([] if isinstance(value, Lit | Name) else [Do(value, "", self._line(node))]))

    def _foreach(self, node: tree_sitter.Node, depth: int, out: list[Statement]) -> None:
        left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
        self._locals.enter()
        if left is not None and right is not None:
            source = self.expr(right, depth)
            noted = self.type_(node.child_by_field_name("type"), depth)
            line = self._line(node)
            if left.type == "tuple_expression":
                target = self.expr(left, depth)
            else:
                target = self._names(left, depth)
            self._emit(out, Assign(target, source, noted, "for", line, self._branch))
        body = node.child_by_field_name("body")
        self._branch += 1
        if body is not None:
            self.statement(body, depth + 1, out)
        self._branch -= 1
        self._locals.leave()

    def _using(self, node: tree_sitter.Node, depth: int, out: list[Statement]) -> None:
        """`using`, `lock`, `fixed`, `checked`: what they hold, then their body, which always runs."""
        self._locals.enter()
        for child in node.named_children:
            if child.type == "variable_declaration":
                self._variables(child, depth, out)
            elif child.type == "block" or child.type.endswith("_statement"):
                self.statement(child, depth + 1, out)
            elif child.type not in ("comment", "modifier"):
                self._condition(child, depth, out)
        self._locals.leave()

    def _try(self, node: tree_sitter.Node, depth: int, out: list[Statement]) -> None:
        for child in node.named_children:
            if child.type == "block":
                self.statement(child, depth + 1, out)
            elif child.type == "finally_clause":
                self._children(child, depth, out)
            elif child.type == "catch_clause":
                self._catch(child, depth, out)

    def _catch(self, node: tree_sitter.Node, depth: int, out: list[Statement]) -> None:
        self._locals.enter()
        self._branch += 1
        for child in node.named_children:
            if child.type == "catch_declaration":
                named = child.child_by_field_name("name")
                if named is not None:
                    name, line = self._identifier_text(named), self._line(named)
                    self._locals.add(name)
                    noted = self.type_(child.child_by_field_name("type"), depth)
                    self._emit(out, Assign(Name(name, line), None, noted, ":", line, self._branch))
            elif child.type == "catch_filter_clause":
                for inner in child.named_children:
                    self._condition(inner, depth, out)
            elif child.type == "block":
                self.statement(child, depth + 1, out)
        self._branch -= 1
        self._locals.leave()

    def _switch_statement(self, node: tree_sitter.Node, depth: int, out: list[Statement]) -> None:
        value_node, body = node.child_by_field_name("value"), node.child_by_field_name("body")
        value = self.expr(value_node, depth) if value_node is not None else Opaque([], self._line(node))
        value = self._held(value, node)
        self._emit(out, *([] if isinstance(value, Lit | Name) else [Do(value, "", self._line(node))]))
        self._locals.enter()
        self._branch += 1
        for section in body.named_children if body is not None else ():
            for child in section.named_children:
                if child.type.endswith(("_statement", "block")) or child.type == "block":
                    self.statement(child, depth + 2, out)
                elif child.type.endswith("_pattern"):
                    self._bind_pattern(child, value, depth)
                    self._emit(out)
                elif child.type == "when_clause":
                    for inner in child.named_children:
                        self._condition(inner, depth, out)
        self._branch -= 1
        self._locals.leave()

    def _labelled(self, node: tree_sitter.Node, depth: int, out: list[Statement]) -> None:
        for child in node.named_children:
            if child.type != "identifier":
                self.statement(child, depth + 1, out)

    def _bind_pattern(self, node: tree_sitter.Node, value: Expr, depth: int) -> None:
        """The names that a pattern gives to what it tests."""
        stack, seen = [(node, True)], 0
        while stack and seen < 2_000:
            one, whole = stack.pop()
            seen += 1
            if one.type in ("declaration_pattern", "recursive_pattern", "var_pattern", "list_pattern"):
                named = one.child_by_field_name("name")
                if one.type == "var_pattern" and named is None:
                    named = one.named_children[-1] if one.named_children else None
                if named is not None and named.type == "identifier":
                    name, line = self._identifier_text(named), self._line(named)
                    self._locals.add(name)
                    noted = self.type_(one.child_by_field_name("type"), depth)
                    given = value if whole else None
                    how = "=" if given is not None else ":"
                    self._pending.append(Assign(Name(name, line), given, noted, how, line, self._branch + 1))
            elif one.type == "constant_pattern":
                continue
            deeper = one.type in ("and_pattern", "or_pattern", "parenthesized_pattern", "negated_pattern")
            stack += [(child, whole and deeper) for child in reversed(one.named_children)]


def value_of(node: tree_sitter.Node) -> tree_sitter.Node | None:
    """What stands after the `=` of a declarator."""
    after = False
    for child in node.children:
        if after and child.is_named and child.type != "comment":
            return child
        after = after or child.type == "="
    return None


_STATEMENTS: dict[str, Callable[[Statements, tree_sitter.Node, int, list[Statement]], None]] = {
    "global_statement": Statements._children,
    "block": Statements._block,
    "local_declaration_statement": Statements._local,
    "local_function_statement": Statements._local_function,
    "expression_statement": Statements._expression,
    "return_statement": Statements._return,
    "yield_statement": Statements._return,
    "throw_statement": Statements._throw,
    "if_statement": Statements._branches,
    "while_statement": Statements._branches,
    "do_statement": Statements._branches,
    "for_statement": Statements._branches,
    "foreach_statement": Statements._foreach,
    "using_statement": Statements._using,
    "lock_statement": Statements._using,
    "fixed_statement": Statements._using,
    "checked_statement": Statements._using,
    "unsafe_statement": Statements._using,
    "try_statement": Statements._try,
    "switch_statement": Statements._switch_statement,
    "labeled_statement": Statements._labelled,
}
