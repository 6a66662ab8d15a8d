"""What all readers of C# share: positions, names, state, and types as annotations."""

import re

import tree_sitter

from backstay.code.facts import Assign, Attr, Call, Expr, Item, Name, Opaque, Seq, Statement, parts
from backstay.code.languages.dotnet.scopes import TYPE, Locals, TypeContext

MAX_DEPTH = 150  # of nested syntax; hand-written code stays under 60
MIN_TEXT = 25  # characters of a piece of text that may belong to a prompt
MAX_LITERAL = 100_000  # characters of one text literal that are kept
_DIGIT = re.compile(r"[0-9]")
# Wrappers that only say "later", "maybe" or "as configured": their `.Value` or result is what is inside.
LATER = frozenset(("Task", "ValueTask", "Nullable", "Lazy", "IOptions", "IOptionsSnapshot", "IOptionsMonitor"))
_CONFIGURED = frozenset(("Lazy", "IOptions", "IOptionsSnapshot", "IOptionsMonitor"))


def last_name(expr: Expr) -> str:
    """The simple name of a type."""
    while isinstance(expr, Item):
        expr = expr.value
    return expr.id if isinstance(expr, Name) else expr.name if isinstance(expr, Attr) else ""


def has_calls(expr: Expr) -> bool:
    """Whether an expression calls anything."""
    stack = [expr]
    while stack:
        one = stack.pop()
        if isinstance(one, Call):
            return True
        stack.extend(parts(one))
    return False


class Reading:
    """What all readers of C# share. Each method takes a node and its depth, so that hostile nesting ends in Opaque."""

    def __init__(self, source: bytes) -> None:
        self._source = source
        self.broken = 0
        self._branch = 0
        self._pending: list[Statement] = []  # hoisted functions and assignments within the statement being read
        self._words: set[str] = set()
        self._texts = False
        self._types: list[TypeContext] = []
        self._static = True
        self._locals = Locals()
        self._configured: set[str] = set()  # names declared as IOptions<T> or Lazy<T>
        self._receivers: list[Expr] = []  # of the `?.` chains being read
        self._member_types: dict[str, Expr] = {}  # declared types of the members of the type being read
        self._made: dict[str, Expr] = {}  # locals and what was made for them, for what is set on them later
        self._inline = False  # whether the next simple lambda is run for each element

    def _line(self, node: tree_sitter.Node) -> int:
        return node.start_point[0] + 1

    def _end(self, node: tree_sitter.Node) -> int:
        return node.end_point[0] + 1

    def _text(self, node: tree_sitter.Node | None) -> str:
        if node is None:
            return ""
        return self._source[node.start_byte : node.end_byte].decode("utf-8", "replace")

    def _identifier_text(self, node: tree_sitter.Node | None) -> str:
        """A name; `@class` is the name class, and of `Name<T>` the name counts."""
        if node is not None and node.type == "generic_name":
            node = node.named_children[0] if node.named_children else node
        name = self._text(node).removeprefix("@")
        self._words.add(name)
        return name

    def expr(self, node: tree_sitter.Node, depth: int, wanted: Expr | None = None) -> Expr:
        """An expression; `wanted` is the type that `new(...)` and `[...]` take from around them."""
        raise NotImplementedError

    def _held(self, value: Expr, node: tree_sitter.Node) -> Expr:
        """A value that is used more than once: a name for it where it calls something, as a call counts once."""
        if not has_calls(value):
            return value
        line = self._line(node)
        name = f"<value:{line}:{node.start_point[1] + 1}>"
        self._pending.append(Assign(Name(name, line), value, None, "=", line, self._branch))
        return Name(name, line)

    def _told(self, text: str) -> str:
        """Remembers whether a text can be the id of a model or a piece of a prompt."""
        self._texts = self._texts or len(text) >= MIN_TEXT or (len(text) > 1 and _DIGIT.search(text) is not None)
        return text[:MAX_LITERAL]

    def type_(self, node: tree_sitter.Node | None, depth: int) -> Expr | None:
        """A type as an annotation; None for `var`, `void` and a bare Task."""
        if node is None or node.type == "implicit_type":
            return None
        found = self._type(node, depth)
        return None if last_name(found) in ("", "void", "Task", "ValueTask") else found

    def _type(self, node: tree_sitter.Node, depth: int) -> Expr:
        line = self._line(node)
        if depth > MAX_DEPTH:
            self.broken += 1
            return Opaque([], line)
        match node.type:
            case "identifier":
                name = self._identifier_text(node)
                for context in reversed(self._types):
                    if context.members.get(name) == TYPE:
                        return Attr(context.expr, name, line)
                return Name(name, line)
            case "predefined_type":
                return Name(self._text(node), line)
            case "generic_name":
                name = self._identifier_text(node)
                inner = self._type_arguments(node, depth)
                if name in LATER and len(inner) == 1:
                    return inner[0]
                base = Name(name, line)
                return Item(base, inner[0] if len(inner) == 1 else Seq(inner, line), line) if inner else base
            case "qualified_name":
                qualifier, named = node.child_by_field_name("qualifier"), node.child_by_field_name("name")
                if qualifier is None or named is None:
                    return Opaque([], line)
                inner = self._type_arguments(named, depth) if named.type == "generic_name" else []
                name = self._identifier_text(named)
                if name in LATER and len(inner) == 1:
                    return inner[0]
                path: Expr = Attr(self._type(qualifier, depth + 1), name, line)
                return Item(path, inner[0] if len(inner) == 1 else Seq(inner, line), line) if inner else path
            case "alias_qualified_name":
                return Name(self._identifier_text(node.child_by_field_name("name")), line)
            case "array_type":
                inside = node.child_by_field_name("type")
                element = self._type(inside, depth + 1) if inside is not None else Opaque([], line)
                return Item(Name("Array", line), element, line)
            case "nullable_type" | "ref_type" | "scoped_type" | "pointer_type":
                inside = node.child_by_field_name("type") or next(iter(node.named_children), None)
                return self._type(inside, depth + 1) if inside is not None else Opaque([], line)
        return Opaque([], line)

    def _type_arguments(self, node: tree_sitter.Node, depth: int) -> list[Expr]:
        for child in node.named_children:
            if child.type == "type_argument_list":
                return [self._type(one, depth + 1) for one in child.named_children if one.type != "comment"]
        return []

    def _declares(self, name: str, type_node: tree_sitter.Node | None) -> None:
        """Remembers a name that holds what it means in `.Value`."""
        if type_node is None or type_node.type != "generic_name" or not type_node.named_children:
            return
        if self._text(type_node.named_children[0]) in _CONFIGURED:
            self._configured.add(name)
