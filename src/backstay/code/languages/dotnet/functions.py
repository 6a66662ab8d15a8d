"""C# functions: methods, local functions, lambdas and their attributes."""

import tree_sitter

from backstay.code.facts import Call, Do, Expr, Function, Item, Lambda, Name, Param, Statement
from backstay.code.languages.dotnet.expressions import Expressions
from backstay.code.languages.dotnet.reading import has_calls

Decorators = list[Expr]


class Functions(Expressions):
    """Reads functions; their statements are read by who derives from this."""

    def __init__(self, source: bytes) -> None:
        super().__init__(source)
        self._returning: list[Expr | None] = []  # what the functions being read give back
        self._in_class_body = False

    def block(self, node: tree_sitter.Node | None, depth: int) -> list[Statement]:
        """The statements within a node, in a scope of their own."""
        raise NotImplementedError

    def _emit(self, out: list[Statement], *statements: Statement) -> None:
        """Adds statements after what was hoisted out of their expressions."""
        if self._pending:
            out += self._pending
            self._pending = []
        out += statements

    def function(
        self,
        node: tree_sitter.Node,
        name: str,
        depth: int,
        decorators: Decorators,
        me: bool = False,
        value: bool = False,
    ) -> Function:
        """A function; `me` gives it `this`, `value` the parameter of a property's setter."""
        around, self._words = self._words, set()
        texts_around, self._texts = self._texts, False
        pending, self._pending = self._pending, []
        made, self._made = self._made, {}
        branch, self._branch = self._branch, 0
        self._locals.enter()
        line = self._line(node)
        params = [Param("this", None, None)] if me else []
        if value:
            params.append(Param("value", None, None))
            self._locals.add("value")
        listed = node.child_by_field_name("parameters")
        if listed is not None and listed.type == "implicit_parameter":
            params.append(Param(self._identifier_text(listed), None, None))
            self._locals.add(params[-1].name)
        else:
            params += self.params(listed, depth)
        returns = self.type_(node.child_by_field_name("returns") or node.child_by_field_name("type"), depth)
        body = self._body(_body_of(node), depth, returns)
        self._locals.leave()
        function = Function(
            name, params, decorators, body, line, self._end(node), returns, sorted(self._words), texts=self._texts
        )
        around |= self._words  # the larger set takes in the smaller one
        self._words = around
        self._texts = self._texts or texts_around
        self._pending, self._made, self._branch = pending, made, branch
        return function

    def _body(self, node: tree_sitter.Node | None, depth: int, returns: Expr | None) -> list[Statement]:
        if node is None:
            return []
        if node.type == "block":
            self._returning.append(returns)
            body = self.block(node, depth + 1)
            self._returning.pop()
            return body
        inner = node
        if node.type == "arrow_expression_clause":
            inner = next((child for child in node.named_children if child.type != "comment"), node)
        out: list[Statement] = []
        value = self.expr(inner, depth + 1, returns)
        self._emit(out, Do(value, "return", self._line(inner)))
        return out

    def _lambda(self, node: tree_sitter.Node, depth: int) -> Expr:
        """A lambda becomes a function before the statement it stands in; `x => x.Name` does not."""
        line = self._line(node)
        inline, self._inline = self._inline, False
        simple = self._simple(node, depth, inline)
        if simple is not None:
            return simple
        name = f"<anonymous:{line}:{node.start_point[1] + 1}>"
        self._hoist(node, name, depth)
        return Name(name, line)

    def _hoist(self, node: tree_sitter.Node, name: str, depth: int) -> None:
        decorators = self.decorators(node, depth)
        if self._in_class_body:
            decorators.append(Name("staticmethod", self._line(node)))
        inside, self._in_class_body = self._in_class_body, False
        self._pending.append(self.function(node, name, depth, decorators))
        self._in_class_body = inside

    def _simple(self, node: tree_sitter.Node, depth: int, inline: bool) -> Expr | None:
        """`x => x.Name`: without types and statements, and without calls unless it is run in place."""
        body, listed = _body_of(node), node.child_by_field_name("parameters")
        if node.type != "lambda_expression" or body is None or body.type == "block" or listed is None:
            return None
        if listed.type == "implicit_parameter":
            names = [self._identifier_text(listed)]
        else:
            params = [child for child in listed.named_children if child.type == "parameter"]
            if not params or any(child.child_by_field_name("type") is not None for child in params):
                return None
            names = [self._identifier_text(child.child_by_field_name("name")) for child in params]
        line = self._line(node)
        pending, self._pending = self._pending, []
        made, self._made = self._made, {}
        self._locals.enter()
        for name in names:
            self._locals.add(name)
        value = self.expr(body, depth)
        self._locals.leave()
        inner, self._pending, self._made = self._pending, pending, made
        if not inner and (inline or not has_calls(value)):
            return Lambda(names, value, line)
        # Read once already: it becomes a function as it is, with the words of what is around it.
        name = f"<anonymous:{line}:{node.start_point[1] + 1}>"
        params_ = [Param(one, None, None) for one in names]
        decorators: Decorators = [Name("staticmethod", line)] if self._in_class_body else []
        words, end = sorted(self._words), self._end(node)
        inner.append(Do(value, "return", line))
        self._pending.append(Function(name, params_, decorators, inner, line, end, None, words, texts=self._texts))
        return Name(name, line)

    def decorators(self, node: tree_sitter.Node, depth: int) -> Decorators:
        """The attributes of a definition, by the name without `Attribute`."""
        found: Decorators = []
        for lists in node.named_children:
            if lists.type != "attribute_list":
                continue
            for one in lists.named_children:
                named = one.child_by_field_name("name")
                if one.type != "attribute" or named is None:
                    continue
                func = self._type(named, depth + 1)
                if isinstance(func, Item):
                    func = func.value
                if isinstance(func, Name):
                    func.id = func.id.removesuffix("Attribute") or func.id
                arguments = next((child for child in one.named_children if "argument_list" in child.type), None)
                if arguments is None:
                    found.append(func)
                    continue
                args, keywords = self._attribute_arguments(arguments, depth + 1)
                found.append(Call(func, args, keywords, self._line(one), self._end(one)))
        return found

    def _attribute_arguments(self, node: tree_sitter.Node, depth: int) -> tuple[list[Expr], list[tuple[str, Expr]]]:
        args: list[Expr] = []
        keywords: list[tuple[str, Expr]] = []
        for child in node.named_children:
            inner = [one for one in child.named_children if one.type != "comment"]
            if child.type != "attribute_argument" or not inner:
                continue
            value = self.expr(inner[-1], depth)
            if len(inner) > 1:
                keywords.append((self._text(inner[0]), value))
            else:
                args.append(value)
        return args, keywords


def _body_of(node: tree_sitter.Node) -> tree_sitter.Node | None:
    body = node.child_by_field_name("body")
    if body is not None:
        return body
    return next((child for child in node.named_children if child.type in ("block", "arrow_expression_clause")), None)
