"""Terms: what stands on the stack of the pickle machine in place of objects. Nothing is built, only described.

A constant (text, bytes, number, None, True, False) is an `int`: the position of its opcode in the content, from which
`constants` reads its value when a verdict asks for it. Everything else is one of the classes here. Terms are shared
by everything that refers to them, so that nesting costs nothing.
"""

from typing import Literal, TypeAlias

from backstay.artifacts.pickles.policy import Entry

Kind = Literal["tuple", "list", "dict", "set", "frozenset"]
KEPT = 1_024  # items that a container keeps; of the others only that there are more


class Term:
    """Anything that is no constant. `key` is its number in the memo, -1 when it is in none."""

    __slots__ = ("key",)

    def __init__(self) -> None:
        self.key = -1


class Opaque(Term):
    """Something that nobody knows, and that cannot be called harmlessly."""

    __slots__ = ()


class Group(Term):
    """A container. A dict holds its keys and values in turn; `more` says that items were left out."""

    __slots__ = ("items", "kind", "more")

    def __init__(self, kind: Kind, items: "list[Value] | None" = None, more: bool = False) -> None:
        self.key = -1
        self.kind = kind
        self.items = items
        self.more = more

    def extend(self, values: "list[Value]") -> None:
        """Add items, of which the first few are kept."""
        if self.items is None:
            self.items = []
        room = KEPT - len(self.items)
        if room < len(values):
            self.more = True
            values = values[: max(room, 0)]
        self.items += values


class Known(Term):
    """A constant that was computed: the text that `str.join` gives, the bytes that `b64decode` gives."""

    __slots__ = ("value",)

    def __init__(self, value: "str | bytes | int | None") -> None:
        self.key = -1
        self.value = value


class Global(Term):
    """A name of a module, with what the policy says of it; `plain` says that no call of it needs a second look."""

    __slots__ = ("entry", "module", "name", "plain")

    def __init__(self, module: str, name: str, entry: Entry) -> None:
        self.key = -1
        self.module = module
        self.name = name
        self.entry = entry
        self.plain = False

    @property
    def path(self) -> str:
        return f"{self.module}.{self.name}" if self.name else self.module


class Module(Term):
    """A module itself, as `importlib.import_module` gives it."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.key = -1
        self.name = name


class Call(Term):
    """What a call gave: of a class, an instance. `state` is what BUILD set on it last."""

    __slots__ = ("args", "callable", "keywords", "state")

    def __init__(self, callable: "Value", args: "Value", keywords: "Value | None" = None) -> None:
        self.key = -1
        self.callable = callable
        self.args = args
        self.keywords = keywords
        self.state: Value | None = None


class Attribute(Term):
    """An attribute of something that is no module."""

    __slots__ = ("base", "name")

    def __init__(self, base: "Value", name: str) -> None:
        self.key = -1
        self.base = base
        self.name = name


class Persistent(Term):
    """What the loader's own `persistent_load` gives for an id: a tensor's storage, most often."""

    __slots__ = ("id",)

    def __init__(self, id: "Value") -> None:
        self.key = -1
        self.id = id


Value: TypeAlias = int | Term

OPAQUE = Opaque()
EMPTY = Group("tuple")
