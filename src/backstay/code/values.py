"""Values: what an expression can be, as far as the source tells."""

from dataclasses import dataclass
from typing import Union

from backstay.code.facts import Call, Expr, Function
from backstay.code.scopes import ClassScope, FunctionScope, Scope

# Kept of a list, dictionary or text: code that doubles one forty times must not fill the memory.
MAX_ITEMS = 2_000
MAX_CHARACTERS = 200_000
MAX_FLAT = 2_000  # values looked at when nested lists are taken apart


@dataclass(frozen=True, slots=True)
class Place:
    """Where something stands: a path and lines, from 1."""

    path: str
    line: int
    end_line: int = 0


@dataclass(eq=False, slots=True)
class Frame:
    """Names with known values while a function, class or comprehension is looked at for one use of it."""

    scope: Scope
    names: dict[str, "Value"]
    parent: Union["Frame", None] = None
    depth: int = 0
    inner: bool = False  # one round of a comprehension: statements outside it do not see its names

    def outside(self) -> "Frame | None":
        """The frame that statements see: this one without the rounds of comprehensions in it."""
        frame: Frame | None = self
        while frame is not None and frame.inner:
            frame = frame.parent
        return frame


@dataclass(eq=False, slots=True)
class Site:
    """A call at its place."""

    call: Call
    scope: Scope
    frame: Frame | None

    @property
    def place(self) -> Place:
        return Place(self.scope.path, self.call.line, self.call.end_line)


@dataclass(eq=False, slots=True)
class Known:
    """A literal value, where it stands, and the name it was given, if any."""

    value: str | int | float | bool | None
    place: Place
    label: str = ""


@dataclass(eq=False, slots=True)
class TextValue:
    """Text of which parts are known: `parts` are strings and the values in between."""

    parts: list[Union[str, "Value"]]
    place: Place
    label: str = ""

    def __post_init__(self) -> None:
        self.parts = self.parts[:MAX_ITEMS]


@dataclass(eq=False, slots=True)
class External:
    """Something from outside the project, by its resolved path; `site` is set for the result of a call."""

    path: str
    site: Site | None = None
    base: Union["External", None] = None
    parts: tuple["Value", ...] = ()


@dataclass(eq=False, slots=True)
class Environment:
    """The value of an environment variable, with its default if the code gives one."""

    name: str
    default: Union["Value", None]
    place: Place


@dataclass(eq=False, slots=True)
class FunctionValue:
    """A function of the project; `owner` is the instance or class it is bound to."""

    scope: FunctionScope
    owner: Union["Instance", "ClassValue", None] = None

    @property
    def node(self) -> Function:
        return self.scope.function


@dataclass(eq=False, slots=True)
class ClassValue:
    scope: ClassScope


@dataclass(eq=False, slots=True)
class Instance:
    """An object of a class of the project, with the call that made it where known."""

    cls: ClassScope
    site: Site | None = None


@dataclass(eq=False, slots=True)
class ModuleValue:
    """A module of the project, by its path."""

    path: str


@dataclass(eq=False, slots=True)
class ListValue:
    """`open` says that there may be more items than these."""

    items: list["Value"]
    open: bool = False
    place: Place | None = None

    def __post_init__(self) -> None:
        if len(self.items) > MAX_ITEMS:
            self.items, self.open = self.items[:MAX_ITEMS], True


@dataclass(eq=False, slots=True)
class DictValue:
    entries: list[tuple[Union["Value", None], "Value"]]
    open: bool = False
    place: Place | None = None

    def __post_init__(self) -> None:
        if len(self.entries) > MAX_ITEMS:
            self.entries, self.open = self.entries[:MAX_ITEMS], True

    def get(self, key: object) -> "list[Value]":
        """The values a key can have: one where it is known, else all."""
        exact = [value for name, value in self.entries if isinstance(name, Known) and name.value == key]
        return exact[-1:] if exact else []


@dataclass(eq=False, slots=True)
class Partial:
    """`functools.partial`: a callable with some arguments given."""

    func: "Value"
    args: list["Value"]
    keywords: dict[str, "Value"]
    site: Site


@dataclass(eq=False, slots=True)
class LambdaValue:
    body: Expr
    scope: Scope
    frame: Frame | None


@dataclass(eq=False, slots=True)
class Choice:
    """One of several values."""

    options: list["Value"]


@dataclass(eq=False, slots=True)
class Unknown:
    """Nobody can tell from the source; `text` is the expression, shortened."""

    text: str = ""
    place: Place | None = None


Value = (
    Known
    | TextValue
    | External
    | Environment
    | FunctionValue
    | ClassValue
    | Instance
    | ModuleValue
    | ListValue
    | DictValue
    | Partial
    | LambdaValue
    | Choice
    | Unknown
)

NOWHERE = Place("", 0)  # of what stands in no file of the source
UNKNOWN = Unknown()  # one for all places where there is nothing more to say

__all__ = [
    "NOWHERE",
    "UNKNOWN",
    "Choice",
    "ClassValue",
    "DictValue",
    "Environment",
    "External",
    "Frame",
    "FunctionValue",
    "Instance",
    "Known",
    "LambdaValue",
    "ListValue",
    "ModuleValue",
    "Partial",
    "Place",
    "Site",
    "TextValue",
    "Unknown",
    "Value",
    "flat",
    "options",
    "spread",
]


def options(value: Value) -> list[Value]:
    """The alternatives of a value: those of a choice, a variable's default, else the value itself."""
    if isinstance(value, Choice):
        return [one for option in value.options for one in options(option)]
    if isinstance(value, Environment) and value.default is not None:
        return options(value.default)
    return [value]


def flat(value: Value) -> list[Value]:
    """The alternatives of a value with lists taken apart, however deep; what is held twice is given once."""
    found: list[Value] = []
    seen: set[int] = set()
    stack = options(value)[::-1]
    while stack and len(seen) < MAX_FLAT:
        one = stack.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        if isinstance(one, ListValue):
            stack += [inner for item in one.items[:300] for inner in options(item)][::-1]
        else:
            found.append(one)
    return found


def spread(value: Value) -> list[Value]:
    """The alternatives of a value, with lists and the values of dictionaries taken apart."""
    out: list[Value] = []
    for one in options(value):
        if isinstance(one, ListValue):
            out += flat(one)
        elif isinstance(one, DictValue):
            out += [inner for _, item in one.entries[:300] for inner in options(item)] if one.entries else [one]
        else:
            out.append(one)
    return out
