"""Functions: declarations, arrows, methods, and functions as values, which get a name no source can spell."""

from tree_sitter import Node

from backstay.code.facts import Do, Expr, Function, Name, Param, Statement
from backstay.code.languages.javascript.patterns import Patterns
from backstay.code.languages.javascript.reader import FUNCTIONS, MAX_DEPTH, bare


class Functions(Patterns):
    """Reads functions."""

    def function(self, node: Node, name: str, depth: int) -> Function:
        """A function that is no method."""
        return self._function(node, name, [], [], depth)

    def method(self, node: Node, name: str, depth: int, decorators: list[Expr], first: list[Statement]) -> Function:
        """A method: its first parameter is the object. `first` is what a constructor runs before its body."""
        static = any(isinstance(one, Name) and one.id == "staticmethod" for one in decorators)
        this = [] if static else [Param("this", None, None)]
        return self._function(node, name, decorators, this, depth, first)

    def _function(
        self,
        node: Node,
        name: str,
        decorators: list[Expr],
        this: list[Param],
        depth: int,
        first: list[Statement] | None = None,
    ) -> Function:
        words, self._words = self._words, set()
        texts, self._texts = self._texts, False
        branch, self._branch = self._branch, 0
        parameters = node.child_by_field_name("parameters") or node.child_by_field_name("parameter")
        params, prelude, kept = self.params(parameters, depth)
        returns = self.annotation(node.child_by_field_name("return_type"), depth)
        pending, self._pending = self._pending, []
        self._inside += 1
        body = [*(first or ()), *kept, *prelude]
        code = node.child_by_field_name("body")
        if code is not None and depth < MAX_DEPTH:
            if code.type == "statement_block":
                body += self.block(code, depth)
            else:
                value = self.expr(code, depth + 1)
                self._emit(body, Do(value, "return", self._line(code)))
        self._inside -= 1
        made = Function(
            name,
            [*this, *params],
            decorators,
            body,
            self._line(node),
            self._end(node),
            returns,
            sorted(self._words),
            texts=self._texts,
        )
        self._pending = pending
        self._branch = branch
        self._texts = self._texts or texts
        words |= self._words  # the larger set takes in the smaller one
        self._words = words
        return made

    def hoist(self, node: Node, hint: str, depth: int) -> Expr:
        """A function as a value: written before the statement that holds it, and mentioned by its name."""
        own = node.child_by_field_name("name")
        name = self._synthetic(self._text(own) if own is not None else hint, node)
        self._pending.append(self.function(node, name.id, depth))
        return name

    def written(self, node: Node | None) -> Node | None:
        """The function that an expression is, when it is one written out."""
        inner = bare(node)
        return inner if inner is not None and inner.type in FUNCTIONS else None
