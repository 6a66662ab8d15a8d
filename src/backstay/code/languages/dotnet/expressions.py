"""C# expressions: from the nodes of a syntax tree to facts."""

from collections.abc import Callable

import tree_sitter

from backstay.code.facts import (
    Assign,
    Attr,
    Call,
    Comp,
    Either,
    Expr,
    Item,
    Lambda,
    Lit,
    Name,
    Op,
    Opaque,
    Param,
    Seq,
    Text,
)
from backstay.code.languages.dotnet.creation import Creation, element_type
from backstay.code.languages.dotnet.reading import MAX_DEPTH, has_calls, last_name
from backstay.code.languages.dotnet.scopes import meaning
from backstay.code.languages.dotnet.texts import joined

# Calls without arguments that give their receiver's elements again, or wait for it.
_SAME = frozenset(
    ("ToList", "ToArray", "AsEnumerable", "ToHashSet", "AsReadOnly", "Cast", "OfType", "ToListAsync", "ToArrayAsync",
     "AsTask", "GetResult", "GetAwaiter")
)  # fmt: skip
# What C# calls a method of texts, and what the facts call it.
_TEXT = {"Trim": "strip", "TrimStart": "lstrip", "TrimEnd": "rstrip"}


class Expressions(Creation):
    """Reads expressions."""

    def expr(self, node: tree_sitter.Node, depth: int, wanted: Expr | None = None) -> Expr:
        if depth > MAX_DEPTH:
            self.broken += 1
            return Opaque([], self._line(node))
        wanting = _WANTING.get(node.type)
        if wanting is not None:
            return wanting(self, node, depth + 1, wanted)
        handler = _EXPRESSIONS.get(node.type)
        if handler is not None:
            return handler(self, node, depth + 1)
        return self._opaque(node, depth + 1)

    def _lambda(self, node: tree_sitter.Node, depth: int) -> Expr:
        raise NotImplementedError

    def _bind_pattern(self, node: tree_sitter.Node, value: Expr, depth: int) -> None:
        raise NotImplementedError

    def _identifier(self, node: tree_sitter.Node, depth: int) -> Expr:
        return self._bare(self._identifier_text(node), self._line(node), True)

    def _bare(self, name: str, line: int, valued: bool) -> Expr:
        """A bare name; `valued` says that it stands for a value or method, not maybe for a type."""
        if name in self._locals:
            return Name(name, line)
        found = meaning(name, line, self._types, self._static, valued)
        return Either(found, line) if isinstance(found, list) else found

    def _this(self, node: tree_sitter.Node, depth: int) -> Expr:
        return Name("this", self._line(node))

    def _base(self, node: tree_sitter.Node, depth: int) -> Expr:
        return Call(Name("super", self._line(node)), [], [], self._line(node), self._line(node))

    def _predefined(self, node: tree_sitter.Node, depth: int) -> Expr:
        return Name(self._text(node), self._line(node))

    def _type_value(self, node: tree_sitter.Node, depth: int) -> Expr:
        return self._type(node, depth)

    def _typeof(self, node: tree_sitter.Node, depth: int) -> Expr:
        inner = node.child_by_field_name("type")
        return self._type(inner, depth) if inner is not None else Opaque([], self._line(node))

    def _member(self, node: tree_sitter.Node, depth: int) -> Expr:
        value, name = node.child_by_field_name("expression"), node.child_by_field_name("name")
        line = self._line(name if name is not None else node)
        word = self._identifier_text(name)
        if value is None:  # `base.x`
            value = node.children[0] if node.children else None
            if value is None or value.type != "base":
                return Opaque([], line)
            return Attr(self._base(value, depth), word, line)
        if word == "Empty" and self._text(value) in ("string", "String"):
            return Lit("", line)
        if value.type == "identifier":  # what has members may be a type as well
            owner = self._bare(self._identifier_text(value), self._line(value), False)
        else:
            owner = self.expr(value, depth)
        if word in ("Value", "CurrentValue") and self._is_configured(owner):
            return owner
        if word == "NewLine" and isinstance(owner, Name) and owner.id == "Environment":
            return Lit("\n", line)
        if word == "Result" and isinstance(owner, Call) and last_name(owner.func).endswith("Async"):
            return owner
        # The member's own line: in a chain over several lines that is where a reader looks.
        return Attr(owner, word, line)

    def _is_configured(self, owner: Expr) -> bool:
        if isinstance(owner, Attr):
            return isinstance(owner.value, Name) and owner.value.id == "this" and owner.name in self._configured
        return isinstance(owner, Name) and owner.id in self._configured

    def _conditional_access(self, node: tree_sitter.Node, depth: int) -> Expr:
        """`x?.y`: like `x.y`."""
        children = [child for child in node.named_children if child.type != "comment"]
        if not children:
            return Opaque([], self._line(node))
        self._receivers.append(self.expr(children[0], depth))
        try:
            return self.expr(children[-1], depth) if len(children) > 1 else self._receivers[-1]
        finally:
            self._receivers.pop()

    def _member_binding(self, node: tree_sitter.Node, depth: int) -> Expr:
        name = node.child_by_field_name("name")
        if not self._receivers or name is None:
            return Opaque([], self._line(node))
        return Attr(self._receivers[-1], self._identifier_text(name), self._line(name))

    def _element_binding(self, node: tree_sitter.Node, depth: int) -> Expr:
        index = self._index(node, depth)
        return Item(self._receivers[-1], index, self._line(node)) if self._receivers else Opaque([index], index.line)

    def _element(self, node: tree_sitter.Node, depth: int) -> Expr:
        value, subscript = node.child_by_field_name("expression"), node.child_by_field_name("subscript")
        if value is None or subscript is None:
            return self._opaque(node, depth)
        return Item(self.expr(value, depth), self._index(subscript, depth), self._line(node))

    def _invocation(self, node: tree_sitter.Node, depth: int) -> Expr:
        function, arguments = node.child_by_field_name("function"), node.child_by_field_name("arguments")
        if function is None:
            return self._opaque(node, depth)
        line, end = self._line(node), self._end(node)
        named = function
        if function.type == "member_access_expression":
            named = function.child_by_field_name("name") or function
        elif function.type == "conditional_access_expression" and function.named_children:
            named = function.named_children[-1].child_by_field_name("name") or function
        generic = self._type_arguments(named, depth) if named.type == "generic_name" else []
        if function.type in ("identifier", "generic_name"):
            name = self._identifier_text(function)
            if name == "nameof" and arguments is not None:
                return Lit(self._text(arguments).strip("() \t\r\n").rpartition(".")[2].removeprefix("@"), line)
            func = self._bare(name, self._line(function), True)
        else:
            func = self.expr(function, depth)
        self._inline = isinstance(func, Attr) and func.name in ("Select", "Where")
        args, keywords = self._arguments(arguments, depth)
        self._inline = False
        special = self._special(func, args, line, end)
        if special is not None:
            return special
        keywords += [(f"<{index}>", one) for index, one in enumerate(generic)]
        if isinstance(func, Attr) and func.name == "TryGetValue" and len(args) == 2 and isinstance(args[1], Name):
            func.value, args[0] = self._held(func.value, function), self._held(args[0], node)
            found = Item(func.value, args[0], line)
            self._pending.append(Assign(args[1], found, None, "=", line, self._branch + 1))
        return Call(func, args, keywords, line, end)

    def _special(self, func: Expr, args: list[Expr], line: int, end: int) -> Expr | None:
        """Calls that only hand on, put texts together or run over elements."""
        if not isinstance(func, Attr):
            return None
        owner, name = func.value, func.name
        if name == "ConfigureAwait" or (name in _SAME and not args):
            return owner
        if isinstance(owner, Name):
            if owner.id in ("Task", "ValueTask") and name == "FromResult" and len(args) == 1:
                return args[0]
            if owner.id in ("string", "String") and args:
                if name == "Format":
                    return Call(Attr(args[0], "format", line), args[1:], [], line, end)
                if name == "Join" and len(args) == 2:
                    return Call(Attr(args[0], "join", line), args[1:], [], line, end)
                if name == "Concat":
                    return joined(args, line, end)
            if owner.id == "Path" and name in ("Combine", "Join") and args:
                parts = [one for arg in args for one in (Lit("/", line), arg)][1:]
                return joined(parts, line, end)
        if name in _TEXT and not args:
            return Call(Attr(owner, _TEXT[name], func.line), [], [], line, end)
        if name in ("Select", "Where") and len(args) == 1 and isinstance(args[0], Lambda) and len(args[0].params) == 1:
            each = Name(args[0].params[0], line)
            if name == "Select":
                return Comp(args[0].body, each, owner, line)
            return Comp(each, each, owner, line, None, [args[0].body])
        return None

    def _binary(self, node: tree_sitter.Node, depth: int, wanted: Expr | None) -> Expr:
        left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
        if left is None or right is None:
            return self._opaque(node, depth)
        op, line = self._operator(node), self._line(node)
        # Chains lean to the left, `??` ones to the right; both are walked in a loop, as generated code makes them long.
        if op == "??":
            options = [self.expr(left, depth, wanted)]
            while right.type == "binary_expression" and self._operator(right) == "??":
                inner_left, inner_right = right.child_by_field_name("left"), right.child_by_field_name("right")
                if inner_left is None or inner_right is None:
                    break
                options.append(self.expr(inner_left, depth, wanted))
                right = inner_right
            return Either([*options, self.expr(right, depth, wanted)], line)
        terms = [right]
        while left.type == "binary_expression" and self._operator(left) == op:
            inner_left, inner_right = left.child_by_field_name("left"), left.child_by_field_name("right")
            if inner_left is None or inner_right is None:
                break
            terms.append(inner_right)
            left = inner_left
        parts = [self.expr(term, depth) for term in (left, *reversed(terms))]
        if op == "+" and any(
            isinstance(part, Text) or (isinstance(part, Lit) and isinstance(part.value, str)) for part in parts
        ):
            return joined(parts, line, self._end(node))
        return _operated(op, parts, line)

    def _operator(self, node: tree_sitter.Node) -> str:
        found = node.child_by_field_name("operator")
        if found is None:
            found = next((child for child in node.children if not child.is_named), None)
        return self._text(found)

    def _unary(self, node: tree_sitter.Node, depth: int) -> Expr:
        value = self._only(node, depth)
        sign = self._source[node.start_byte : node.start_byte + 1]
        if sign in (b"-", b"+") and isinstance(value, Lit) and isinstance(value.value, int | float):
            return Lit(-value.value if sign == b"-" else value.value, value.line)
        return Opaque([value] if not isinstance(value, Lit) else [], self._line(node))

    def _postfix(self, node: tree_sitter.Node, depth: int) -> Expr:
        value = self._only(node, depth)
        return value if self._source[node.end_byte - 1 : node.end_byte] == b"!" else Opaque([value], self._line(node))

    def _conditional(self, node: tree_sitter.Node, depth: int, wanted: Expr | None) -> Expr:
        condition = node.child_by_field_name("condition")
        options = [node.child_by_field_name("consequence"), node.child_by_field_name("alternative")]
        tested = self.expr(condition, depth) if condition is not None else None
        found = [self.expr(option, depth, wanted) for option in options if option is not None]
        if isinstance(tested, Call):
            found.append(Opaque([tested], self._line(node)))
        return Either(found, self._line(node))

    def _cast(self, node: tree_sitter.Node, depth: int) -> Expr:
        value = node.child_by_field_name("value")
        return self.expr(value, depth) if value is not None else self._opaque(node, depth)

    def _as(self, node: tree_sitter.Node, depth: int) -> Expr:
        left = node.child_by_field_name("left")
        return self.expr(left, depth) if left is not None else self._opaque(node, depth)

    def _is(self, node: tree_sitter.Node, depth: int) -> Expr:
        value, pattern = node.child_by_field_name("expression"), node.child_by_field_name("pattern")
        if value is None:
            left = node.child_by_field_name("left")
            return Opaque([self.expr(left, depth)] if left is not None else [], self._line(node))
        tested = self.expr(value, depth)
        if pattern is not None:
            tested = self._held(tested, node)
            self._bind_pattern(pattern, tested, depth)
        return Opaque([tested] if not isinstance(tested, Lit) else [], self._line(node))

    def _switch(self, node: tree_sitter.Node, depth: int, wanted: Expr | None) -> Expr:
        children = [child for child in node.named_children if child.type != "comment"]
        if not children:
            return Opaque([], self._line(node))
        value = self._held(self.expr(children[0], depth), node)
        options: list[Expr] = []
        for arm in children[1:]:
            inner = [child for child in arm.named_children if child.type != "comment"]
            if arm.type != "switch_expression_arm" or not inner:
                continue
            self._bind_pattern(inner[0], value, depth)
            options += [Opaque([self._only(one, depth)], value.line) for one in inner[1:-1]]
            options.append(self.expr(inner[-1], depth, wanted))
        if not isinstance(value, Lit | Name):
            options.append(Opaque([value], value.line))
        return Either(options, self._line(node))

    def _query(self, node: tree_sitter.Node, depth: int) -> Expr:
        """LINQ's own syntax: its values are not followed, its calls are."""
        self._locals.enter()
        for clause in node.named_children:
            name = clause.child_by_field_name("name")
            if name is None and clause.type in ("let_clause", "join_clause") and clause.named_children:
                name = clause.named_children[0]
            if name is not None and name.type == "identifier":
                self._locals.add(self._identifier_text(name))
        found = self._opaque(node, depth)
        self._locals.leave()
        return found

    def _tuple(self, node: tree_sitter.Node, depth: int) -> Expr:
        args, keywords = self._arguments(node, depth)
        return Seq([*args, *(value for _, value in keywords)], self._line(node))

    def _declaration(self, node: tree_sitter.Node, depth: int) -> Expr:
        """`out var x`."""
        kind, name = node.child_by_field_name("type"), node.child_by_field_name("name")
        if name is None or name.type == "discard":
            return Opaque([], self._line(node))
        word, line = self._identifier_text(name), self._line(node)
        self._locals.add(word)
        self._pending.append(Assign(Name(word, line), None, self.type_(kind, depth), ":", line, self._branch))
        return Name(word, line)

    def _assigned(self, node: tree_sitter.Node, depth: int) -> Expr:
        """An assignment within an expression gives its target."""
        left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
        if left is None or right is None:
            return self._opaque(node, depth)
        target, value = self.expr(left, depth), self.expr(right, depth)
        self._pending.append(Assign(target, value, None, "=", self._line(node), self._branch))
        return target if not has_calls(target) else Opaque([], self._line(node))

    def params(self, node: tree_sitter.Node | None, depth: int) -> list[Param]:
        """The parameters of a method or lambda; they become locals."""
        out: list[Param] = []
        rest_type: tree_sitter.Node | None = None
        rest = False
        for index, child in enumerate(node.children if node is not None else ()):
            if child.type == "parameter":
                out.append(self._param(child, depth))
            elif child.type == "params":
                rest = True
            elif rest and node is not None:  # `params T[] rest` stands without a node of its own
                field = node.field_name_for_child(index)
                rest_type = child if field == "type" else rest_type
                if field == "name":
                    name = self._identifier_text(child)
                    self._locals.add(name)
                    out.append(Param(name, None, element_type(self.type_(rest_type, depth)), "*"))
        return out

    def _param(self, node: tree_sitter.Node, depth: int) -> Param:
        kind, named = node.child_by_field_name("type"), node.child_by_field_name("name")
        name = self._identifier_text(named)
        self._locals.add(name)
        self._declares(name, kind)
        default: Expr | None = None
        equals = next((child for child in node.children if child.type == "="), None)
        if equals is not None:
            after = [child for child in node.named_children if child.start_byte > equals.start_byte]
            default = self.expr(after[0], depth) if after else None
        return Param(name, default, self.type_(kind, depth))


def _operated(op: str, parts: list[Expr], line: int) -> Expr:
    """`a op b op c`, in halves, so that thousands of terms do not nest thousands deep."""
    if len(parts) == 1:
        return parts[0]
    half = len(parts) // 2
    return Op(op, _operated(op, parts[:half], line), _operated(op, parts[half:], line), line)


_WANTING: dict[str, Callable[[Expressions, tree_sitter.Node, int, Expr | None], Expr]] = {
    "implicit_object_creation_expression": Expressions._implicit_creation,
    "collection_expression": Expressions._collection,
    "initializer_expression": Expressions._initializer,
    "conditional_expression": Expressions._conditional,
    "parenthesized_expression": Expressions._only,
    "binary_expression": Expressions._binary,
    "switch_expression": Expressions._switch,
    "await_expression": Expressions._only,
    "checked_expression": Expressions._only,
    "ref_expression": Expressions._only,
}

_EXPRESSIONS: dict[str, Callable[[Expressions, tree_sitter.Node, int], Expr]] = {
    "identifier": Expressions._identifier,
    "this": Expressions._this,
    "base": Expressions._base,
    "predefined_type": Expressions._predefined,
    "generic_name": Expressions._type_value,
    "qualified_name": Expressions._type_value,
    "alias_qualified_name": Expressions._type_value,
    "nullable_type": Expressions._type_value,
    "array_type": Expressions._type_value,
    "typeof_expression": Expressions._typeof,
    "default_expression": lambda self, node, depth: Lit(None, self._line(node)),
    "member_access_expression": Expressions._member,
    "conditional_access_expression": Expressions._conditional_access,
    "member_binding_expression": Expressions._member_binding,
    "element_binding_expression": Expressions._element_binding,
    "element_access_expression": Expressions._element,
    "invocation_expression": Expressions._invocation,
    "object_creation_expression": Expressions._creation,
    "array_creation_expression": Expressions._array,
    "implicit_array_creation_expression": Expressions._array,
    "anonymous_object_creation_expression": Expressions._anonymous,
    "with_expression": Expressions._with,
    "prefix_unary_expression": Expressions._unary,
    "postfix_unary_expression": Expressions._postfix,
    "cast_expression": Expressions._cast,
    "as_expression": Expressions._as,
    "is_pattern_expression": Expressions._is,
    "is_expression": Expressions._is,
    "query_expression": Expressions._query,
    "tuple_expression": Expressions._tuple,
    "declaration_expression": Expressions._declaration,
    "assignment_expression": Expressions._assigned,
    "lambda_expression": lambda self, node, depth: self._lambda(node, depth),
    "anonymous_method_expression": lambda self, node, depth: self._lambda(node, depth),
    "string_literal": Expressions._string,
    "verbatim_string_literal": Expressions._verbatim,
    "raw_string_literal": Expressions._raw,
    "interpolated_string_expression": Expressions._interpolated,
    "integer_literal": Expressions._number,
    "real_literal": Expressions._number,
    "boolean_literal": Expressions._constant,
    "null_literal": Expressions._constant,
    "character_literal": Expressions._character,
}
