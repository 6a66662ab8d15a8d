"""Python expressions: from the nodes of a syntax tree to facts."""

import re
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

MAX_DEPTH = 150  # of nested syntax; hand-written code stays under 40
MIN_TEXT = 25  # characters of a piece of text that may belong to a prompt
MAX_LITERAL = 100_000  # characters of one text literal that are kept
_DIGIT = re.compile(r"[0-9]")


class Expressions:
    """Reads expressions. Each method takes a node and its depth, so that hostile nesting ends in Opaque."""

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


_EXPRESSIONS: dict[str, Callable[[Expressions, tree_sitter.Node, int], Expr]] = {
    "identifier": Expressions._identifier,
    "attribute": Expressions._attribute,
    "call": Expressions._call,
    "subscript": Expressions._subscript,
    "generic_type": Expressions._generic,
    "type": Expressions._only,
    "string": Expressions._string,
    "concatenated_string": Expressions._concatenated,
    "integer": Expressions._number,
    "float": Expressions._number,
    "true": Expressions._constant,
    "false": Expressions._constant,
    "none": Expressions._constant,
    "binary_operator": Expressions._binary,
    "boolean_operator": Expressions._boolean,
    "unary_operator": Expressions._unary,
    "conditional_expression": Expressions._conditional,
    "list": Expressions._sequence,
    "tuple": Expressions._sequence,
    "set": Expressions._sequence,
    "expression_list": Expressions._sequence,
    "pattern_list": Expressions._sequence,
    "tuple_pattern": Expressions._sequence,
    "list_pattern": Expressions._sequence,
    "list_splat": Expressions._splat,
    "list_splat_pattern": Expressions._splat,
    "dictionary": Expressions._dictionary,
    "lambda": Expressions._lambda,
    "list_comprehension": Expressions._comprehension,
    "set_comprehension": Expressions._comprehension,
    "generator_expression": Expressions._comprehension,
    "dictionary_comprehension": Expressions._comprehension,
    "parenthesized_expression": Expressions._only,
    "await": Expressions._only,
    "named_expression": Expressions._named,
}
