"""Calls: of functions, of modules, of promises' and lists' methods with the function that they run."""

from tree_sitter import Node

from backstay.code.facts import Assign, Call, Comp, Do, Expr, Function, Import, Item, Name, Opaque, Seq
from backstay.code.languages.javascript.classes import Classes, above
from backstay.code.languages.javascript.reader import FUNCTIONS, bare, children
from backstay.code.languages.javascript.text import joined

# Methods of lists: what calling them with a function gives.
_EACH = frozenset(("map", "flatMap", "forEach"))
_SOME = frozenset(("filter", "find"))
_SETTLED = frozenset(("all", "allSettled", "resolve"))


class Calls(Classes):
    """Reads calls."""

    def call(self, node: Node, depth: int) -> Expr:
        """A call; `then`, `map` and the like as what they come to."""
        func, arguments = node.child_by_field_name("function"), node.child_by_field_name("arguments")
        if func is None:
            return Opaque([], self._line(node))
        line = self._line(node)
        if arguments is None:
            return Call(self.expr(func, depth), [], [], line, self._end(node))
        if arguments.type == "template_string":  # tag`text`
            return Call(self.expr(func, depth), [self.expr(arguments, depth)], [], line, self._end(node))
        match func.type:
            case "super":
                self._words.update(("super", "__init__"))
                return Call(above(line), self.arguments(arguments, depth), [], line, self._end(node))
            case "import" | "identifier":
                module = self.required(node)
                if module is not None:
                    name = self._synthetic("module", node)
                    self._pending.append(Import(module, "", name.id, 0, line))
                    return name
                if func.type == "import":
                    return Call(Name("import", line), self.arguments(arguments, depth), [], line, self._end(node))
            case "member_expression":
                special = self._special(func, arguments, depth)
                if special is not None:
                    return special
            case "parenthesized_expression" if not self._inside and self.written(func) is not None:
                self.main = True  # (async () => { ... })()
        return Call(self.expr(func, depth), self.arguments(arguments, depth), [], line, self._end(node))

    def new(self, node: Node, depth: int) -> Expr:
        """`new X(...)`: a call of X."""
        func, arguments = node.child_by_field_name("constructor"), node.child_by_field_name("arguments")
        if func is None:
            return Opaque([], self._line(node))
        given = self.arguments(arguments, depth) if arguments is not None else []
        return Call(self.expr(func, depth), given, [], self._line(node), self._end(node))

    def arguments(self, node: Node, depth: int) -> list[Expr]:
        """The arguments of a call."""
        return [self.expr(child, depth) for child in node.named_children if child.type != "comment"]

    def required(self, node: Node | None) -> str | None:
        """The module that `require("m")` or `import("m")` names in a literal."""
        if node is None or node.type != "call_expression":
            return None
        func, arguments = node.child_by_field_name("function"), node.child_by_field_name("arguments")
        if func is None or arguments is None or self._text(func) not in ("require", "import"):
            return None
        given = children(arguments)
        if not given or given[0].type not in ("string", "template_string"):
            return None
        text = self._text(given[0])[1:-1]
        return text if text and "${" not in text else None

    def _special(self, func: Node, arguments: Node, depth: int) -> Expr | None:
        """What a method call comes to that runs a function written out in it; None for any other call."""
        owner, method = func.child_by_field_name("object"), self._text(func.child_by_field_name("property"))
        given = children(arguments)
        if owner is None or not given:
            return None
        if method in _SETTLED and self._text(owner) == "Promise":
            return self.expr(given[0], depth)
        if method == "bind" and given[0].type == "this":
            return self.expr(owner, depth)
        if method == "join" and given[0].type == "string":
            return self._text_of_lines(owner, given[0], depth)
        if method in ("catch", "finally") and len(given) == 1 and _is_handler(given[0]):
            return self._handled(self.expr(owner, depth), given[0], depth)
        if method in _EACH and len(given) == 1 and given[0].type in ("identifier", "member_expression"):
            element = self._synthetic("element", given[0])
            line = self._line(given[0])
            called = Call(self.expr(given[0], depth), [element], [], line, line)
            return Comp(called, element, self.expr(owner, depth), line)
        if self.written(given[0]) is None and not (method == "then" and len(given) > 1 and self.written(given[1])):
            return None
        if method == "then":
            return self._then(owner, given, depth)
        if method in _EACH:
            return self._each(owner, given[0], depth)
        return self._some(owner, given[0], method, depth) if method in _SOME else None

    def _text_of_lines(self, owner: Node, separator: Node, depth: int) -> Expr | None:
        """`[a, b].join("\\n")`: the usual way to write a long text."""
        written = bare(owner)
        parts = children(written) if written is not None and written.type == "array" else []
        if not parts or any(part.type == "spread_element" for part in parts):
            return None
        between = self.expr(separator, depth)
        items = [one for part in parts for one in (between, self.expr(part, depth))][1:]
        return joined(items, self._line(owner), self._end(owner))

    def _then(self, owner: Node, given: list[Node], depth: int) -> Expr:
        """`promise.then(f)`: f of what the promise gives."""
        value = self.expr(owner, depth)
        line = self._line(given[0])
        if self.written(given[0]) is None:  # then(undefined, f)
            return self._handled(value, given[1], depth)
        held = self._keep("awaited", value, owner)
        function = self.expr(given[0], depth)
        for handler in given[1:2]:
            self._pending.append(Do(Call(self.expr(handler, depth), [], [], line, line), "", line))
        return Call(function, [held], [], line, line)

    def _handled(self, value: Expr, handler: Node, depth: int) -> Expr:
        """`promise.catch(f)`: what the promise gives; f is run beside it."""
        line = self._line(handler)
        self._pending.append(Do(Call(self.expr(handler, depth), [], [], line, line), "", line))
        return value

    def _inline(self, node: Node, depth: int) -> tuple[Expr, Expr]:
        """What a function makes of an element, and what the element is called in it."""
        code = self.written(node) or node
        name = self._synthetic("each", code)
        function = self.function(code, name.id, depth)
        plain = _plain(function)
        if plain is not None:
            return plain
        self._pending.append(function)
        element = self._synthetic("element", code)
        return Call(name, [element], [], function.line, function.end_line), element

    def _each(self, owner: Node, function: Node, depth: int) -> Expr:
        source = self.expr(owner, depth)
        made, target = self._inline(function, depth)
        return Comp(made, target, source, self._line(function))

    def _some(self, owner: Node, function: Node, method: str, depth: int) -> Expr:
        source = self.expr(owner, depth)
        condition, target = self._inline(function, depth)
        line = self._line(function)
        kept = Comp(target, target, source, line, None, [condition])
        return kept if method == "filter" else Item(kept, Opaque([], line), line)


def _is_handler(node: Node) -> bool:
    """Whether an argument is a function, written out or named."""
    inner = bare(node)
    return inner is not None and (inner.type in FUNCTIONS or inner.type in ("identifier", "member_expression"))


def _plain(function: Function) -> tuple[Expr, Expr] | None:
    """Value and parameter of a function that is one expression of one name, or of an array's elements by name."""
    if len(function.params) != 1 or function.params[0].kind or function.params[0].default is not None:
        return None
    name, target = function.params[0].name, function.body[0] if len(function.body) == 2 else None
    last = function.body[-1] if function.body else None
    if not isinstance(last, Do) or last.how != "return":
        return None
    if len(function.body) == 1 and not name.startswith("<"):
        return last.value, Name(name, function.line)
    if isinstance(target, Assign) and isinstance(target.target, Seq) and isinstance(target.value, Name):
        return (last.value, target.target) if target.value.id == name else None
    return None
