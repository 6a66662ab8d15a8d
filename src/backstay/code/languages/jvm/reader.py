"""What reading Java and reading Kotlin share: positions, names and whose they are, functions that are values."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import tree_sitter

from backstay.code.facts import Assign, Attr, Call, Do, Expr, Function, Item, Lit, Name, Opaque, Param, Seq, Statement
from backstay.code.languages.jvm.texts import is_telling

MAX_DEPTH = 150  # of nested syntax; hand-written code stays under 40
# Types that only say "later" or "maybe": an annotation is what is inside.
WRAPPERS = frozenset(
    (
        "CompletableFuture",
        "CompletionStage",
        "Future",
        "Mono",
        "Uni",
        "Optional",
        "Lazy",
        "Deferred",
        "ObjectProvider",
        "Provider",
        "Instance",
    )
)
# Annotations that say nothing of what a thing is; keeping them would make every method look registered.
_IGNORED = frozenset(
    (
        "Override",
        "SuppressWarnings",
        "Suppress",
        "Deprecated",
        "NonNull",
        "Nonnull",
        "Nullable",
        "NotNull",
        "SafeVarargs",
        "FunctionalInterface",
        "JvmStatic",
        "JvmOverloads",
        "JvmField",
        "OptIn",
        "SneakyThrows",
    )
)


@dataclass(slots=True)
class Local:
    """A local variable or parameter: what facts call it, its type as written, and what is being put together in it."""

    name: str
    type: str = ""
    holds: Call | None = None  # a builder
    kind: str = ""  # "text", "list", "map"
    level: int = 0  # how many functions deep it is declared


@dataclass(slots=True)
class Owner:
    """A class that is being read. `members` are its names: "static", "instance" or "type"."""

    name: str
    path: list[str]  # names from the outermost class inwards
    members: dict[str, str] = field(default_factory=dict)
    types: dict[str, str] = field(default_factory=dict)
    inherits: bool = False
    static: bool = True  # whether the code being read has no `this`
    captured: str = ""  # the name under which code within sees this object


Block = dict[str, Local]


class Reader:
    """Reads one file. Methods that read a node take its depth, so that hostile nesting ends in Opaque."""

    def __init__(self, source: bytes) -> None:
        self._source = source
        self.main = False
        self.broken = 0
        self._branch = 0
        self._words: set[str] = set()
        self._texts = False
        self._before: list[Statement] = []  # what an expression needs to have said before its statement
        self._scopes: list[Block | Owner] = [{}]
        self._fixed: set[str] = set()  # names that the file imports or declares at its top level
        self._level = 0
        self._renamed: dict[str, Local] = {}  # by the name that facts give them
        self._hides = False  # a star import of static members: bare names may come from there

    # positions and text

    def _line(self, node: tree_sitter.Node) -> int:
        return node.start_point[0] + 1

    def _end(self, node: tree_sitter.Node) -> int:
        return node.end_point[0] + 1

    def _text(self, node: tree_sitter.Node | None) -> str:
        return "" if node is None else self._source[node.start_byte : node.end_byte].decode("utf-8", "replace")

    def _literal(self, value: str, line: int, end: int) -> Lit:
        self._texts = self._texts or is_telling(value)
        return Lit(value[:100_000], line, end)

    def _synthetic(self, node: tree_sitter.Node, word: str = "anonymous") -> str:
        return f"<{word}:{node.start_point[0] + 1}:{node.start_point[1] + 1}>"

    def _word(self, name: str) -> str:
        self._words.add(name)
        return name

    def _name(self, name: str, line: int) -> Name:
        return Name(self._word(name), line)

    # what a language's own reader says

    def expr(self, node: tree_sitter.Node, depth: int) -> Expr:
        raise NotImplementedError

    def _opaque(self, nodes: list[tree_sitter.Node], line: int, depth: int) -> Expr:
        parts = [self.expr(node, depth + 1) for node in nodes if "comment" not in node.type]
        return Opaque([part for part in parts if not isinstance(part, Lit)], line)

    def _only(self, node: tree_sitter.Node, depth: int) -> Expr:
        inner = [child for child in node.named_children if "comment" not in child.type]
        return self.expr(inner[0], depth) if len(inner) == 1 else self._opaque(inner, self._line(node), depth)

    # names

    @contextmanager
    def _block(self) -> Iterator[Block]:
        block: Block = {}
        self._scopes.append(block)
        try:
            yield block
        finally:
            self._scopes.pop()

    def _declare(self, name: str, type_text: str = "", emitted: str = "") -> Local:
        local = Local(emitted or name, type_text, level=self._level)
        if emitted:
            self._renamed[emitted] = local
        scope = self._scopes[-1]
        if isinstance(scope, dict):
            scope[name] = local
        return local

    def _local(self, name: str) -> Local | None:
        """The variable a name means, unless it means a member of a class."""
        if name in self._renamed:
            return self._renamed[name]
        for scope in reversed(self._scopes):
            if isinstance(scope, Owner):
                if name in scope.members:
                    return None
            elif name in scope:
                return scope[name]
        return None

    def _owner(self) -> Owner | None:
        return next((scope for scope in reversed(self._scopes) if isinstance(scope, Owner)), None)

    def _resolved(self, name: str, line: int, inherited: bool = False) -> Expr:
        """A bare name: a variable, a member of a class around it, or whatever the file means by it.

        `inherited` says that a name nothing in the file binds must be a member the class inherits.
        """
        self._words.add(name)
        inner = True
        for scope in reversed(self._scopes):
            if isinstance(scope, dict):
                local = scope.get(name)
                if local is not None:
                    return Name(local.name, line)
                continue
            kind = scope.members.get(name)
            if kind is not None:
                return self._member(scope, name, kind, inner, line)
            inner = False
        owner = self._owner()
        if inherited and owner is not None and owner.inherits and name not in self._fixed and not self._hides:
            return self._member(owner, name, "instance", True, line)
        return Name(name, line)

    def _member(self, owner: Owner, name: str, kind: str, inner: bool, line: int) -> Expr:
        if kind != "type":
            if inner and not owner.static:
                return Attr(Name("this", line), name, line)
            if not inner and owner.captured:
                return Attr(Name(owner.captured, line), name, line)
        return Attr(self._path(owner, line), name, line)

    def _path(self, owner: Owner, line: int) -> Expr:
        """A class by its name, through the classes that hold it."""
        path: Expr = self._name(owner.path[0], line)
        for name in owner.path[1:]:
            path = Attr(path, self._word(name), line)
        return path

    def _this(self, line: int, of: str = "") -> Expr:
        """`this`, or that of an outer class by its name; in code that has none the class stands for it."""
        inner = True
        for scope in reversed(self._scopes):
            if isinstance(scope, Owner):
                if not of or scope.name == of:
                    if inner and not scope.static:
                        return Name("this", line)
                    return Name(scope.captured, line) if scope.captured and not inner else self._path(scope, line)
                inner = False
        return Name("this", line)

    def _capture(self, line: int) -> None:
        """Gives the object whose code is read a name that classes within the code can use."""
        owner = self._owner()
        if owner is not None and not owner.static and not owner.captured:
            owner.captured = f"<this:{owner.name}>"
            self._before.append(Assign(Name(owner.captured, line), Name("this", line), None, "=", line, 0))

    @contextmanager
    def _owned(self, owner: Owner) -> Iterator[Owner]:
        self._scopes.append(owner)
        branch, self._branch = self._branch, 0
        try:
            yield owner
        finally:
            self._branch = branch
            self._scopes.pop()

    # types

    def _type_path(self, text: str, line: int) -> Expr:
        """A type by its dotted name, without type arguments."""
        head, *rest = text.partition("<")[0].strip().split(".")
        path = self._resolved(head.strip(" ?[]"), line)
        for part in rest[:20]:
            path = Attr(path, self._word(part.strip(" ?[]")), line)
        return path

    def _generic(self, outer: Expr, name: str, args: list[Expr], line: int) -> Expr:
        """`Outer<A, B>`; what only says "later" or "maybe" vanishes."""
        if not args:
            return outer
        if name.rpartition(".")[2] in WRAPPERS:
            return args[0]
        return Item(outer, args[0] if len(args) == 1 else Seq(args, line), line)

    # functions

    def _function(
        self,
        name: str,
        node: tree_sitter.Node,
        params: Callable[[], list[Param]],
        body: Callable[[list[Statement]], None],
        decorators: list[Expr],
        returns: Callable[[], Expr | None] = lambda: None,
        static: bool | None = None,
    ) -> Function:
        """A function with what its code mentions; `params`, `returns` and `body` read its parts, in its own scope.

        `static` says whether it has no `this`; None: it stands in other code and shares that code's.
        """
        words, self._words = self._words, set()
        texts, self._texts = self._texts, False
        branch, self._branch = self._branch, 0
        before, self._before = self._before, []
        owner = self._owner()
        around = (owner.static, owner.captured) if owner is not None else (True, "")
        if owner is not None and static is not None:
            owner.static, owner.captured = static, ""
        statements: list[Statement] = []
        self._level += 1
        try:
            with self._block():
                given = params()
                result = returns()
                body(statements)
            statements[:0] = self._before
        finally:
            if owner is not None:
                owner.static, owner.captured = around
            self._branch, self._before = branch, before
            self._level -= 1
        own, telling = self._words, self._texts
        words |= own
        self._words, self._texts = words, telling or texts
        line, end = self._line(node), self._end(node)
        return Function(name, given, decorators, statements, line, end, result, sorted(own), texts=telling)

    def _hoisted(
        self,
        node: tree_sitter.Node,
        params: Callable[[], list[Param]],
        body: Callable[[list[Statement]], None],
        word: str = "anonymous",
    ) -> Expr:
        """A function that is a value: said before the statement that holds it, and here its name."""
        name = self._synthetic(node, word)
        function = self._function(name, node, params, body, [])
        if isinstance(self._scopes[-1], Owner):
            function.decorators.append(Name("staticmethod", function.line))
        self._before.append(function)
        return Name(name, function.line)

    def _flush(self, out: list[Statement], at: int, outer: list[Statement]) -> None:
        """Puts what a statement's expressions need before it."""
        out[at:at] = self._before
        self._before = outer

    def _called_for_effect(self, value: Expr, line: int) -> Statement:
        """An expression statement; what adds to a list, a dictionary or a text is said as Python says it."""
        if isinstance(value, Call) and isinstance(value.func, Attr) and isinstance(value.func.value, Name):
            held = self._local(value.func.value.id)
            kind = held.kind if held is not None else ""
            name, args = value.func.name, value.args
            if kind == "list" and name == "addAll" and len(args) == 1:
                return Do(Call(Attr(value.func.value, "extend", line), args, [], line, value.end_line), "", line)
            if kind == "map" and name == "put" and len(args) == 2:
                return Assign(Item(value.func.value, args[0], line), args[1], None, "=", line, self._branch)
            if kind == "text" and name == "append" and args:
                return Assign(value.func.value, args[0], None, "+=", line, self._branch)
        return Do(value, "", line)


def ignored(name: str) -> bool:
    """Whether an annotation says nothing of what it stands on."""
    return name in _IGNORED


def reordered(body: list[Statement]) -> None:
    """Of several functions with one name the one with the most parameters is put last: that one speaks for all."""
    places: dict[str, list[int]] = {}
    for at, statement in enumerate(body):
        if isinstance(statement, Function):
            places.setdefault(statement.name, []).append(at)
    for slots in places.values():
        if len(slots) > 1:
            functions = [body[at] for at in slots]
            functions.sort(key=lambda one: len(one.params) if isinstance(one, Function) else 0)
            for at, one in zip(slots, functions, strict=True):
                body[at] = one
