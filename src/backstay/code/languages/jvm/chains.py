"""Chains of calls: builders become one call with keywords, collections what they hold; the rest stays as it is."""

import re
from dataclasses import dataclass

import tree_sitter

from backstay.code.facts import Assign, Attr, Call, Either, Expr, Lit, Map, Name, Op, Seq, Star, Text
from backstay.code.languages.jvm.reader import MAX_DEPTH, Reader
from backstay.code.languages.jvm.texts import dedented, is_text, joined, without_margin

# A lambda given to one of these says what to do with elements or results; to others it may be setters on a builder.
CONSUMERS = frozenset(
    (
        "map",
        "mapMulti",
        "mapToObj",
        "flatMap",
        "filter",
        "forEach",
        "peek",
        "reduce",
        "collect",
        "sorted",
        "sort",
        "anyMatch",
        "allMatch",
        "noneMatch",
        "removeIf",
        "computeIfAbsent",
        "toMap",
        "groupingBy",
        "comparing",
        "ifPresent",
        "ifPresentOrElse",
        "orElseGet",
        "thenApply",
        "thenAccept",
        "thenCompose",
        "supplyAsync",
        "runAsync",
        "execute",
        "submit",
        "subscribe",
        "doOnNext",
        "doOnSuccess",
        "doOnError",
        "onErrorResume",
        "handle",
        "let",
        "run",
        "also",
        "apply",
        "with",
        "use",
        "associate",
        "associateBy",
        "mapNotNull",
        "any",
        "all",
        "first",
        "firstOrNull",
        "find",
        "takeIf",
        "onEach",
    )
)
_NO_BUILDERS = frozenset(("ProcessBuilder", "StringBuilder"))
_TEXT_BUILDERS = frozenset(("StringBuilder", "StringBuffer"))
LISTS = frozenset(
    ("ArrayList", "LinkedList", "HashSet", "LinkedHashSet", "TreeSet", "ArrayDeque", "CopyOnWriteArrayList", "Vector")
)
MAPS = frozenset(("HashMap", "LinkedHashMap", "TreeMap", "ConcurrentHashMap", "EnumMap"))
_COLLECTIONS = frozenset(("List", "Set", "Stream", "ImmutableList", "ImmutableSet", "EnumSet"))
_SEQUENCES = {
    "Arrays": ("asList", "stream"),
    "Collections": ("singletonList", "singleton", "emptyList", "emptySet"),
}
# `Optional.of(x)`, `Mono.just(x)`: the value, later or maybe.
_WRAPPED = {
    "Optional": ("of", "ofNullable"),
    "Mono": ("just",),
    "CompletableFuture": ("completedFuture",),
    "Uni": ("createFrom",),
    "Objects": ("requireNonNull", "requireNonNullElse"),
    "Collections": ("unmodifiableList", "unmodifiableMap", "unmodifiableSet"),
}
_AWAITED = frozenset(("block", "orElseThrow", "await", "awaitSingle", "awaitSingleOrNull", "blockOptional", "asTools"))
_TRIMMED = frozenset(("strip", "trim", "toString", "intern", "trimIndent", "trimMargin", "stripIndent"))


_INDENTED = re.compile(r"\n[ \t]+")


@dataclass(slots=True)
class Link:
    """One step of a chain: `.name` or `.name(...)`; `nodes` hold its arguments. Without a name the value is called."""

    name: str
    call: bool
    line: int
    end: int
    nodes: tuple[tree_sitter.Node, ...] = ()


class Chains(Reader):
    """Puts chains together link by link, so that long ones nest no deeper than they must."""

    def __init__(self, source: bytes) -> None:
        super().__init__(source)
        self._several: dict[tuple[int, str], Seq] = {}  # keywords that are set more than once, by call and name
        self._open: set[int] = set()  # calls of builders that are not built yet
        self._built: set[int] = set()
        self._kept: list[Call] = []  # alive, because their ids are keys

    def _given(self, link: Link, depth: int) -> tuple[list[Expr], list[tuple[str, Expr]]]:
        """The arguments of a link, read now."""
        raise NotImplementedError

    def _special(self, value: Expr, link: Link, depth: int) -> Expr | None:
        """What a language makes of a link by itself."""
        return None

    def _chain(self, value: Expr, links: list[Link], depth: int) -> Expr:
        """`value.a(...).b(...)`; `depth` is the depth of the outermost link."""
        if len(links) > MAX_DEPTH:
            self.broken += 1
            links = links[:MAX_DEPTH]
        ends = max((at for at, link in enumerate(links) if link.call and is_build(link.name)), default=-1)
        building: Call | None = value if isinstance(value, Call) and self._is_building(value) else None
        last = len(links) - 1
        for at, link in enumerate(links):
            inner = depth + last - at
            if not link.call:
                building = None
                value = Attr(value, self._word(link.name), link.line)
                continue
            if building is not None:
                self._words.add(link.name)
                if is_build(link.name):
                    self._finish(building)
                    building = None
                else:
                    self._set(building, link, inner)
                continue
            started = self._started(value, link, at < ends, inner)
            if started is not None:
                value, building = started
                continue
            special = self._special(value, link, inner)
            value = special if special is not None else self._link(value, link, inner)
        if building is not None:
            self._kept.append(building)
            self._open.add(id(building))
        return value

    def _link(self, value: Expr, link: Link, depth: int) -> Expr:
        args, keywords = self._given(link, depth)
        if not link.name:
            return Call(value, args, keywords, link.line, link.end)
        self._words.add(link.name)
        plain = self._held(value, link, args) if not keywords else None
        if plain is not None:
            return plain
        func = Attr(value, link.name, link.line)
        return Call(func, args, keywords, link.line, link.end)

    # builders

    def _started(self, value: Expr, link: Link, ends: bool, depth: int) -> tuple[Expr, Call | None] | None:
        """The call of a builder that a link begins, if it does; `ends` says that `build()` comes later."""
        if isinstance(value, Name):
            local = self._local(value.id)
            if local is not None and local.holds is not None:
                self._words.add(link.name)
                if is_build(link.name):
                    return value, None
                self._set(local.holds, link, depth)
                return value, local.holds
        if is_type(value):
            named = link.name in ("builder", "newBuilder")
            if named or link.name.endswith("Builder") or ends:
                args, keywords = self._given(link, depth)
                func = value if named else Attr(value, self._word(link.name), link.line)
                return self._begun(Call(func, args, keywords, link.line, link.end))
            return None
        local = self._local(value.id) if isinstance(value, Name) else None
        if ends or is_build(link.name) or (local is not None and local.level == self._level):
            built = self._builder_type(value, link.line)
            if built is not None:
                call = Call(built, [value], [], link.line, link.end)
                if is_build(link.name):
                    return call, None
                self._kept.append(call)
                if not ends and local is not None:
                    # Set up in several statements: from here on the variable is the object that is built.
                    local.name, local.holds = f"<{local.name}:{link.line}>", call
                    self._renamed[local.name] = local
                    self._before.append(Assign(Name(local.name, link.line), call, None, "=", link.line, 0))
                self._set(call, link, depth)
                return (call if ends else Name(local.name, link.line) if local is not None else call), call
        return None

    def _finish(self, call: Call) -> None:
        """Notes that a builder is built: what is called on the object from here on sets nothing."""
        self._kept.append(call)
        self._open.discard(id(call))
        self._built.add(id(call))

    def _begun(self, call: Call) -> tuple[Expr, Call]:
        self._kept.append(call)
        return call, call

    def _builder_type(self, value: Expr, line: int) -> Expr | None:
        """What a variable or field whose type is a builder builds: `ChatClient.Builder` a `ChatClient`."""
        text = ""
        if isinstance(value, Name):
            local = self._local(value.id)
            text = local.type if local is not None else ""
        elif isinstance(value, Attr) and isinstance(value.value, Name):
            owner = self._owner()
            text = owner.types.get(value.name, "") if owner is not None and value.value.id == "this" else ""
        text = text.partition("<")[0].strip(" ?")
        outer, _, name = text.rpartition(".")
        if not name.endswith("Builder") or name in _NO_BUILDERS:
            return None
        return self._type_path(outer if name == "Builder" and outer else text, line)

    def _is_building(self, call: Call) -> bool:
        """Whether a call makes a builder: one begun before, `new XBuilder()`, `new X.Builder()` (which makes an X)."""
        if id(call) in self._open or id(call) in self._built:
            return id(call) in self._open
        name = last_name(call.func)
        if name == "Builder" and isinstance(call.func, Attr):
            call.func = call.func.value
            return True
        return name.endswith("Builder") and name[:1].isupper() and name not in _NO_BUILDERS

    def _set(self, call: Call, link: Link, depth: int) -> None:
        """A setter's argument becomes a keyword; of a setter that is called again all values are kept."""
        self._words.add(link.name)
        args, keywords = self._given(link, depth)
        if keywords:
            named: list[Expr | None] = [Lit(name, link.line) for name, _ in keywords]
            args = [*args, Map(named, [value for _, value in keywords], link.line)]
        if not args:
            args = [Lit(True, link.line)]
        self._put(call, link.name, args, link.line)

    def _put(self, call: Call, name: str, args: list[Expr], line: int) -> None:
        mark = (id(call), name)
        seen = self._several.get(mark)
        if seen is not None:
            seen.items.extend(args)
            return
        self._kept.append(call)
        for at, (keyword, value) in enumerate(call.keywords):
            if keyword == name:
                if self._branch and len(args) == 1:
                    more = [*value.options, *args] if isinstance(value, Either) else [value, *args]
                    call.keywords[at] = (name, Either(more, line))
                else:
                    self._several[mark] = Seq([value, *args], line)
                    call.keywords[at] = (name, self._several[mark])
                return
        if len(args) == 1:
            call.keywords.append((name, args[0]))
        else:
            self._several[mark] = Seq(list(args), line)
            call.keywords.append((name, self._several[mark]))

    # collections and text

    def _held(self, value: Expr, link: Link, args: list[Expr]) -> Expr | None:
        """What a call is that only holds, wraps or trims its arguments or its object."""
        name, line = link.name, link.line
        if isinstance(value, Name):
            owner = value.id
            if (owner in _COLLECTIONS and name in ("of", "copyOf")) or name in _SEQUENCES.get(owner, ()):
                if name == "copyOf" or (name == "stream" and len(args) == 1):
                    return args[0] if args else None
                return Seq(args, line)
            if owner == "Map":
                return _mapping(name, args, line)
            if args and name in _WRAPPED.get(owner, ()):
                return args[0] if len(args) == 1 else Either(args, line)
        if name in ("orElse", "orElseGet") and len(args) == 1:
            return Either([value, args[0]], line)
        if not args:
            if name in _AWAITED:
                return value
            if name == "toString" and isinstance(value, Call) and last_name(value.func) in _TEXT_BUILDERS:
                return joined(value.args, line, link.end)
            if name == "toString" and isinstance(value, Name):
                local = self._local(value.id)
                return value if local is not None and local.kind == "text" else None
            if name in _TRIMMED and is_text(value):
                return trimmed(value, name)
        if name == "append" and args and isinstance(value, Call) and last_name(value.func) in _TEXT_BUILDERS:
            value.args.extend(args[:1])
            value.end_line = link.end
            return value
        return None


def trimmed(value: Expr, how: str) -> Expr:
    """Text without what `trimIndent` and its like take away."""
    if isinstance(value, Lit) and isinstance(value.value, str):
        text = value.value
        if how in ("trimIndent", "trimMargin"):
            text = without_margin(text)
        elif how == "stripIndent":
            text = dedented(text)
        elif how in ("strip", "trim"):
            text = text.strip()
        return Lit(text, value.line, value.end_line)
    if isinstance(value, Text) and how in ("trimIndent", "trimMargin"):
        pieces = [
            Lit(_INDENTED.sub("\n", part.value), part.line, part.end_line)
            if isinstance(part, Lit) and isinstance(part.value, str)
            else part
            for part in value.parts
        ]
        return Text(pieces, value.line, value.end_line)
    return value


def made(call: Call) -> tuple[Expr, str]:
    """What `new X(...)` is where X is a collection or a text builder, and which of them."""
    name = last_name(call.func)
    if name in LISTS:
        # A number is how much to make room for.
        given: list[Expr] = [Star(arg, call.line) for arg in call.args if not isinstance(arg, Lit | Op)]
        if len(given) == 1 and isinstance(given[0], Star) and isinstance(given[0].value, Seq):
            return given[0].value, "list"
        return Seq(given, call.line), "list"
    if name in MAPS:
        if len(call.args) == 1 and isinstance(call.args[0], Map):
            return call.args[0], "map"
        return Map([], [], call.line), "map"
    if name in _TEXT_BUILDERS:
        return call, "text"
    return call, ""


def _mapping(name: str, args: list[Expr], line: int) -> Expr | None:
    if name == "of":
        return Map(list(args[: len(args) - len(args) % 2 : 2]), args[1::2], line)
    if name == "entry" and len(args) == 2:
        return Seq(args, line)
    if name == "ofEntries":
        return pairs(args, line)
    return args[0] if name == "copyOf" and args else None


def pairs(args: list[Expr], line: int) -> Map:
    """A dictionary of its pairs; what is no pair is spread into it."""
    keys: list[Expr | None] = []
    values: list[Expr] = []
    for arg in args:
        if isinstance(arg, Seq) and len(arg.items) == 2:
            keys.append(arg.items[0])
            values.append(arg.items[1])
        else:
            keys.append(None)
            values.append(arg.value if isinstance(arg, Star) else arg)
    return Map(keys, values, line)


def is_build(name: str) -> bool:
    """Whether a method ends a builder: `build`, `buildClient`, `buildAsync`."""
    return name == "build" or (name.startswith("build") and name[5:6].isupper() and name != "buildString")


def last_name(expr: Expr) -> str:
    return expr.id if isinstance(expr, Name) else expr.name if isinstance(expr, Attr) else ""


def is_path(expr: Expr) -> bool:
    """Whether an expression is a name, or a name within it: it can stand in two places, as it calls nothing."""
    while isinstance(expr, Attr):
        expr = expr.value
    return isinstance(expr, Name)


def is_type(expr: Expr) -> bool:
    """Whether an expression is spelled as a type is: `Model`, `a.b.Model`, `Model.Part`."""
    name = last_name(expr)
    if not name[:1].isupper() or (len(name) > 1 and name.isupper()):
        return False
    while isinstance(expr, Attr):
        expr = expr.value
    return isinstance(expr, Name)
