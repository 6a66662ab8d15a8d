"""Go expressions: from the nodes of a syntax tree to facts."""

import posixpath
from collections.abc import Callable
from typing import Any

import tree_sitter

from backstay.code.facts import (
    Attr,
    Call,
    Either,
    Expr,
    Function,
    Item,
    Lit,
    Map,
    Name,
    Op,
    Opaque,
    Param,
    Seq,
    Star,
    Statement,
    Text,
)
from backstay.code.languages.go.text import MAX_LITERAL, formatted, is_telling, joined, number, unquoted

MAX_DEPTH = 150  # of nested syntax; hand-written code stays under 40
# Conversions to the language's own types leave a value what it is.
BASIC = frozenset(("string", "bool", "byte", "rune", "any", "error", "uintptr", "complex64", "complex128")) | frozenset(
    ("int", "int8", "int16", "int32", "int64", "uint", "uint8", "uint16", "uint32", "uint64", "float32", "float64")
)
# Calls whose last arguments are handlers or middlewares, called `WithSomething` as options are.
_NO_OPTIONS = frozenset(
    ("Use", "Handle", "HandleFunc", "Handler", "Method", "GET", "POST", "PUT", "PATCH", "DELETE", "Any", "Group")
) | frozenset(("Route", "With", "Mount", "Then", "Wrap", "Chain", "ListenAndServe", "ListenAndServeTLS", "Serve"))
_NO_OPTION_PACKAGES = frozenset(("context", "errors", "github.com/pkg/errors"))
Node = tree_sitter.Node


class Expressions:
    """Reads expressions. Each method takes a node and its depth, so that hostile nesting ends in Opaque."""

    def __init__(self, source: bytes, path: str) -> None:
        self._source, self._path = source, path
        self.broken = 0
        self._branch = 0
        self._iota: int | None = None
        self._words: set[str] = set()
        self._texts = False
        self._packages: dict[str, str] = {}  # local name of an import -> its path
        self._types: dict[str, Node] = {}  # the file's type declarations
        self._assets: set[str] = set()  # variables that hold embedded files
        self._shared: set[str] = set()  # the file's variables of the package
        self._declared: set[str] = set()  # names that the function being read, or one around it, declares
        self._globals: set[str] = set()  # variables of the package that it sets
        self._builders: set[str] = set()  # variables in which text is put together
        self._structs: dict[int, Call] = {}  # calls that stand for structs made in place
        self._hoisted: list[Statement] = []  # functions and types that stand in the expression being read

    # positions and text

    def _line(self, node: Node) -> int:
        return int(node.start_point[0]) + 1

    def _end(self, node: Node) -> int:
        return int(node.end_point[0]) + 1

    def _text(self, node: Node | None) -> str:
        if node is None:
            return ""
        return self._source[node.start_byte : node.end_byte].decode("utf-8", "replace")

    def names(self, node: Node) -> list[Node]:
        """The names that a declaration is about."""
        return [name for name in node.children_by_field_name("name") if name.is_named]

    def _short(self, node: Node | None) -> str:
        """The text of a node, empty for one too long to be a name."""
        return self._text(node) if node is not None and node.end_byte - node.start_byte < 200 else ""

    def _inner(self, node: Node | None) -> list[Node]:
        return [child for child in node.named_children if child.type != "comment"] if node is not None else []

    # expressions

    def expr(self, node: Node, depth: int) -> Expr:
        if depth > MAX_DEPTH:
            self.broken += 1
            return Opaque([], self._line(node))
        handler = _EXPRESSIONS.get(node.type)
        if handler is not None:
            return handler(self, node, depth + 1)
        found = [self.expr(child, depth + 1) for child in self._inner(node)]
        return Opaque([one for one in found if not isinstance(one, Lit)], self._line(node))

    def _field(self, node: Node, field: str, depth: int) -> Expr:
        inner = node.child_by_field_name(field)
        return self.expr(inner, depth) if inner is not None else Opaque([], self._line(node))

    def _exprs(self, node: Node | None, depth: int) -> list[Expr]:
        return [self.expr(child, depth) for child in self._inner(node)]

    def _only(self, node: Node, depth: int) -> Expr:
        inner = self._inner(node)
        return self.expr(inner[0], depth) if len(inner) == 1 else Opaque(self._exprs(node, depth), self._line(node))

    def _identifier(self, node: Node, depth: int) -> Expr:
        name = self._text(node)
        self._words.add(name)
        return Name(name, self._line(node))

    def _selector(self, node: Node, depth: int) -> Expr:
        value = node.child_by_field_name("operand") or node.child_by_field_name("package")
        name = node.child_by_field_name("field") or node.child_by_field_name("name")
        if value is None or name is None:
            return Opaque([], self._line(node))
        word = self._text(name)
        self._words.add(word)
        return Attr(self.expr(value, depth), word, self._line(name))

    def _index(self, node: Node, depth: int) -> Expr:
        value = self._field(node, "operand", depth)
        return Item(value, self._field(node, "index", depth), self._line(node))

    def _operand(self, node: Node, depth: int) -> Expr:
        """`x[1:2]`, `x.(T)`, `[]byte(x)`: what is said of x holds for the whole."""
        kind = node.child_by_field_name("type")
        if node.type == "type_conversion_expression" and kind is not None and kind.type == "generic_type":
            # `Generate[Out](ctx)` looks like a conversion to a generic type.
            func, inner = kind.child_by_field_name("type"), node.child_by_field_name("operand")
            if func is not None and inner is not None:
                return Call(self.expr(func, depth), [self.expr(inner, depth)], [], self._line(node), self._end(node))
        return self._field(node, "operand", depth)

    def _unary(self, node: Node, depth: int) -> Expr:
        inner = node.child_by_field_name("operand")
        if inner is None:
            return Opaque([], self._line(node))
        value, sign = self.expr(inner, depth), self._source[node.start_byte : node.start_byte + 1]
        if sign in (b"&", b"*"):
            return value
        if sign in (b"-", b"+") and isinstance(value, Lit) and isinstance(value.value, int | float):
            return Lit(-value.value if sign == b"-" else value.value, value.line)
        return Opaque([] if isinstance(value, Lit) else [value], self._line(node))

    def _binary(self, node: Node, depth: int) -> Expr:
        line = self._line(node)
        op = self._text(node.child_by_field_name("operator"))
        # A chain `a + b + c + ...` leans left; walk it in a loop, as generated code makes it thousands long.
        terms: list[Node] = []
        at: Node | None = node
        while at is not None and at.type == "binary_expression":
            if self._text(at.child_by_field_name("operator")) != op:
                break
            right = at.child_by_field_name("right")
            terms += [right] if right is not None else []
            at = at.child_by_field_name("left")
        terms += [at] if at is not None else []
        parts = [self.expr(term, depth) for term in reversed(terms)]
        if op == "+":
            if any(isinstance(part, Text) or (isinstance(part, Lit) and isinstance(part.value, str)) for part in parts):
                return joined(parts, line, self._end(node))
            return self._sum(parts, line)
        if len(parts) == 2:
            return Op(op, parts[0], parts[1], line)
        return Opaque([part for part in parts if not isinstance(part, Lit)], line)

    def _sum(self, parts: list[Expr], line: int) -> Expr:
        """`a + b + c`, in halves, so that thousands of terms do not nest thousands deep."""
        if len(parts) < 2:
            return parts[0] if parts else Opaque([], line)
        half = len(parts) // 2
        return Op("+", self._sum(parts[:half], line), self._sum(parts[half:], line), line)

    def _string(self, node: Node, depth: int) -> Expr:
        raw = self._text(node)
        if node.type == "raw_string_literal":
            text = raw.removeprefix("`").removesuffix("`").replace("\r", "")[:MAX_LITERAL]
        else:
            text = unquoted(raw)
        self._texts = self._texts or is_telling(text)
        return Lit(text, self._line(node), self._end(node))

    def _number(self, node: Node, depth: int) -> Expr:
        return number(self._text(node), self._line(node)) or Opaque([], self._line(node))

    def _constant(self, node: Node, depth: int) -> Expr:
        if node.type == "iota":
            return Lit(self._iota, self._line(node)) if self._iota is not None else Name("iota", self._line(node))
        return Lit({"true": True, "false": False}.get(node.type), self._line(node))

    def _generic(self, node: Node, depth: int) -> Expr:
        """A type with arguments, or one that holds others: `Flow[In, Out]`, `[]T`, `map[K]V`, `chan T`."""
        line = self._line(node)
        if node.type == "generic_type":
            inner = self._exprs(node.child_by_field_name("type_arguments"), depth)
            return Item(self._field(node, "type", depth), _one(inner, line), line)
        if node.type == "map_type":
            both: list[Expr] = [self._field(node, "key", depth), self._field(node, "value", depth)]
            return Item(Name("map", line), Seq(both, line), line)
        field = "value" if node.type == "channel_type" else "element"
        return Item(Name("chan" if field == "value" else "slice", line), self._field(node, field, depth), line)

    def _nothing(self, node: Node, depth: int) -> Expr:
        return Opaque([], self._line(node))

    # calls

    def _call(self, node: Node, depth: int) -> Expr:
        func, arguments = node.child_by_field_name("function"), node.child_by_field_name("arguments")
        line, end = self._line(node), self._end(node)
        if func is None:
            return Opaque([], line)
        given = self._inner(arguments)
        special = self._special(func, given, depth, line, end)
        if special is not None:
            return special
        callee = self.expr(func, depth)
        args, keywords = self._arguments(callee, given, depth)
        return Call(callee, args, keywords, line, end)

    def _arguments(self, callee: Expr, given: list[Node], depth: int) -> tuple[list[Expr], list[tuple[str, Expr]]]:
        """A call's arguments; options at their end (`option.WithAPIKey(key)`) become keywords."""
        first = len(given)
        last = callee.name if isinstance(callee, Attr) else callee.id if isinstance(callee, Name) else ""
        while first and last not in _NO_OPTIONS and self._option(given[first - 1]):
            first -= 1
        args = [self.expr(one, depth) for one in given[:first]]
        values: dict[str, list[Expr]] = {}
        for node in given[first:]:
            inner = self._exprs(node.child_by_field_name("arguments"), depth)
            values.setdefault(self._option(node), []).append(_option_value(inner, self._line(node), self._end(node)))
        return args, [(name, _one(held, held[0].line)) for name, held in values.items()]

    def _option(self, node: Node) -> str:
        """The name of a functional option of another package; empty for any other argument."""
        func = node.child_by_field_name("function") if node.type == "call_expression" else None
        if func is None or func.type != "selector_expression":
            return ""
        package, name = self._short(func.child_by_field_name("operand")), self._text(func.child_by_field_name("field"))
        known = self._packages.get(package)
        if known is None or known in _NO_OPTION_PACKAGES or not name.startswith("With") or not name[4:5].isupper():
            return ""
        self._words.update((package, name))
        return name

    def _special(self, func: Node, given: list[Node], depth: int, line: int, end: int) -> Expr | None:
        """Calls that are the language's own, or put text together; None for any other."""
        if func.type == "identifier":
            return self._builtin(self._text(func), given, depth, line)
        if func.type == "parenthesized_expression" and len(given) == 1:
            inner = self._inner(func)
            if inner and inner[0].type == "unary_expression":  # the conversion `(*T)(x)`
                return self.expr(given[0], depth)
        if func.type != "selector_expression":
            return None
        owner, name = func.child_by_field_name("operand"), self._text(func.child_by_field_name("field"))
        if owner is None or owner.type != "identifier":
            return None
        base = self._text(owner)
        match self._packages.get(base, ""), name:
            case "fmt", "Sprintf" if given:
                return self._sprintf(given, depth, line, end)
            case "fmt", "Sprint" | "Sprintln" if given:
                return joined([self.expr(one, depth) for one in given], line, end)
            case "strings", "Join" if len(given) == 2:
                separator = self.expr(given[1], depth)
                return Call(Attr(separator, "join", line), [self.expr(given[0], depth)], [], line, end)
            case "cmp", "Or" if given:
                return Either([self.expr(one, depth) for one in given], line)
        if name in ("String", "Bytes") and base in self._builders:
            self._words.add(base)
            return Name(base, line)
        if name == "ReadFile" and base in self._assets and given:
            return self.embedded(self.expr(given[0], depth), line)
        return None

    def _builtin(self, name: str, given: list[Node], depth: int, line: int) -> Expr | None:
        if name in BASIC and len(given) == 1:
            return self.expr(given[0], depth)
        if name == "append" and given:
            more: Expr = Seq([self.expr(one, depth) for one in given[1:]], line)
            return Op("+", self.expr(given[0], depth), more, line) if len(given) > 1 else self.expr(given[0], depth)
        if name == "new" and len(given) == 1:
            return self.struct(Call(self.expr(given[0], depth), [], [], line, line))
        if name == "make" and given:
            return self.zero(given[0]) or Opaque([], line)
        return None

    def struct(self, made: Call) -> Call:
        """Note that a call stands for a struct that is made in place."""
        self._structs[id(made)] = made
        return made

    def zero(self, kind: Node) -> Expr | None:
        """The empty slice or map that a variable of a type holds, or that `make` makes; None for other types."""
        if kind.type in ("slice_type", "array_type"):
            return Seq([], self._line(kind))
        return Map([], [], self._line(kind)) if kind.type == "map_type" else None

    def _sprintf(self, given: list[Node], depth: int, line: int, end: int) -> Expr:
        template, *rest = [self.expr(one, depth) for one in given]
        if isinstance(template, Lit) and isinstance(template.value, str):
            whole = formatted(template, rest, line, end)
            return whole if whole is not None else Text([template, *rest], line, end)
        return Op("%", template, Seq(rest, line), line)

    def embedded(self, path: Expr, line: int) -> Expr:
        """The content of a file that is built into the program, by its path in the project."""
        folder = posixpath.dirname(self._path)
        if isinstance(path, Lit) and isinstance(path.value, str):
            path = Lit(posixpath.normpath(posixpath.join(folder, path.value)), path.line)
        elif folder:
            path = joined([Lit(f"{folder}/", line), path], line, line)
        return Call(Name("embedded", line), [path], [], line, line)

    # what the readers of larger things offer

    def function(self, node: Node, depth: int, name: str) -> Function:
        """A function with its body."""
        raise NotImplementedError

    def function_literal(self, node: Node, depth: int, name: str) -> Expr:
        """Hoist a function literal; the expression is its name."""
        raise NotImplementedError

    def composite(self, node: Node, depth: int) -> Expr:
        """A composite literal."""
        raise NotImplementedError

    def params(self, node: Node | None, depth: int) -> list[Param]:
        """A function's parameters."""
        raise NotImplementedError

    def _literal_function(self, node: Node, depth: int) -> Expr:
        return self.function_literal(node, depth, "anonymous")


def _option_value(inner: list[Expr], line: int, end: int) -> Expr:
    """What an option sets: its argument, the text that its arguments fill, all of them, or that it is there."""
    first = inner[0] if inner else None
    if len(inner) > 1 and isinstance(first, Lit) and isinstance(first.value, str) and "%" in first.value:
        return formatted(first, inner[1:], line, end) or first
    if len(inner) == 1:
        return inner[0].value if isinstance(inner[0], Star) else inner[0]
    return Seq(inner, line) if inner else Lit(True, line)


def _one(held: list[Expr], line: int) -> Expr:
    return held[0] if len(held) == 1 else Seq(held, line)


_EXPRESSIONS: dict[str, Callable[[Any, Node, int], Expr]] = {
    **dict.fromkeys(
        ("identifier", "type_identifier", "field_identifier", "package_identifier"), Expressions._identifier
    ),
    **dict.fromkeys(("selector_expression", "qualified_type"), Expressions._selector),
    **dict.fromkeys(
        (
            "pointer_type",
            "parenthesized_type",
            "parenthesized_expression",
            "literal_element",
            "type_elem",
            "negated_type",
            "expression_list",
        ),
        Expressions._only,
    ),
    **dict.fromkeys(
        ("slice_expression", "type_assertion_expression", "type_conversion_expression"), Expressions._operand
    ),
    **dict.fromkeys(("interpreted_string_literal", "raw_string_literal", "rune_literal"), Expressions._string),
    **dict.fromkeys(("int_literal", "float_literal", "imaginary_literal"), Expressions._number),
    **dict.fromkeys(("true", "false", "nil", "iota"), Expressions._constant),
    **dict.fromkeys(
        ("generic_type", "map_type", "channel_type", "slice_type", "array_type", "implicit_length_array_type"),
        Expressions._generic,
    ),
    **dict.fromkeys(("function_type", "struct_type", "interface_type"), Expressions._nothing),
    "index_expression": Expressions._index,
    "unary_expression": Expressions._unary,
    "binary_expression": Expressions._binary,
    "call_expression": Expressions._call,
    "variadic_argument": lambda self, node, depth: Star(self._only(node, depth), self._line(node)),
    "func_literal": Expressions._literal_function,
    "composite_literal": lambda self, node, depth: self.composite(node, depth),
}
