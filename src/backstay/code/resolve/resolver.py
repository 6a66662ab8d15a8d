"""Resolution: what an expression can be, followed across names, classes, calls and files.

It is flow-insensitive but for plain sequences, context-sensitive for a few levels of calls, and bounded in depth
and steps. What it cannot tell stays Unknown, with the expression as text.
"""

from collections import Counter

from backstay.catalog.tables import Catalog
from backstay.code.facts import (
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
    Seq,
    Star,
    Text,
)
from backstay.code.project import Project
from backstay.code.resolve.calls import Calling
from backstay.code.resolve.commandline import CommandLine
from backstay.code.resolve.configured import Configured
from backstay.code.resolve.containers import Containers
from backstay.code.resolve.contents import Contents
from backstay.code.resolve.injection import Injection
from backstay.code.resolve.javascript import JavaScript
from backstay.code.resolve.members import Members
from backstay.code.resolve.names import Names
from backstay.code.resolve.objects import Objects
from backstay.code.resolve.parameters import Parameters
from backstay.code.resolve.paths import Paths
from backstay.code.resolve.projectfiles import ProjectFiles
from backstay.code.resolve.registrations import Registrations
from backstay.code.resolve.shapes import choice, text
from backstay.code.scopes import FunctionScope, Scope
from backstay.code.values import (
    NOWHERE,
    UNKNOWN,
    Choice,
    ClassValue,
    DictValue,
    Environment,
    External,
    Frame,
    FunctionValue,
    Instance,
    Known,
    LambdaValue,
    ListValue,
    Place,
    Site,
    TextValue,
    Unknown,
    Value,
)

MAX_DEPTH = 48
MAX_STEPS = 4_000_000
MAX_QUESTION = 40_000  # steps for one question, so that one tangle does not take what all others need


class Resolver:
    """Values of expressions. Expressions are told apart by identity, so facts must be kept while this lives."""

    def __init__(self, project: Project, catalog: Catalog, steps: int = MAX_STEPS) -> None:
        self.project, self.catalog = project, catalog
        self.callers: dict[int, list[Site]] = {}  # id of a Function or Class fact -> calls of it
        self.steps = steps
        self._floor = 0  # steps that the question now being answered must leave
        self._cut = False
        self._known: dict[tuple[int, int], Value] = {}
        # What depends on callers that are not known yet; forgotten when they are.
        self._provisional: dict[tuple[int, int], Value] = {}
        self.first_round = True
        self.leaps = 0  # how often a parameter without callers was asked for
        self._busy: set[tuple[int, int]] = set()
        self._kept: list[Frame] = []  # kept alive, because their ids are keys
        self.contexts: Counter[int] = Counter()
        self.results: dict[tuple[int, int], Value] = {}
        self._frames: dict[tuple[object, ...], Frame] = {}
        self._depth = 0
        self.names, self.parameters, self.members = Names(self), Parameters(self), Members(self)
        self.containers, self.calls = Containers(self), Calling(self)
        self.files, self.objects = ProjectFiles(self), Objects(self)
        self.commandline = CommandLine(self)
        self.injection, self.registrations = Injection(self), Registrations(self)
        self.javascript = JavaScript(self)
        self.paths, self.contents, self.configured = Paths(self), Contents(self), Configured(self)

    @property
    def exhausted(self) -> bool:
        """Whether the step budget ran out, so that later answers are incomplete."""
        return self._cut or self.steps <= 0

    def forget(self) -> None:
        """Drop what was concluded without the callers; used once they are known."""
        self._provisional.clear()
        self.first_round = False

    def framed(self, function: FunctionScope, names: dict[str, Value], depth: int) -> Frame:
        """The frame of a function with these arguments; the same for the same arguments, so that work is shared."""
        marks = ((name, _mark(value)) for name, value in names.items())
        key = (id(function.function), depth, *sorted(marks, key=lambda pair: pair[0]))
        known = self._frames.get(key)
        if known is None:
            self.contexts[id(function.function)] += 1
            known = self._frames[key] = self.keep(Frame(function, names, None, depth))
        return known

    def library(self, path: str, site: Site | None = None, base: External | None = None) -> Value:
        """Something of a library by its path: an object or, where the tables know its value, that."""
        path = self.catalog.canonical(path)
        constant = self.catalog.constant.get(path)
        if constant is not None:
            return Known(constant, NOWHERE)
        return External(path, site, base)

    def variable(self, path: str, *, item: bool = False) -> bool:
        """Whether the members, or the items, of an object are environment variables."""
        known = self.catalog.variable_items if item else self.catalog.variables
        return path in known or path.removeprefix("builtins.") in known

    def keep(self, frame: Frame) -> Frame:
        """Keep a frame for as long as the resolver lives."""
        self._kept.append(frame)
        return frame

    def value(self, expr: Expr, scope: Scope, frame: Frame | None = None) -> Value:
        """What an expression can be, seen from a scope."""
        key = (id(expr), id(frame) if frame else 0)
        known = self._known.get(key) or self._provisional.get(key)
        if known is not None:
            if key in self._provisional:
                self.leaps += 1
            return known
        if not self._depth:
            self._floor = max(0, self.steps - MAX_QUESTION)
        self.steps -= 1
        if self.steps <= self._floor:
            self._cut = True
            return UNKNOWN
        if key in self._busy or self._depth > MAX_DEPTH:
            return UNKNOWN
        self._busy.add(key)
        self._depth += 1
        leaps = self.leaps
        try:
            result = self._value(expr, scope, frame)
        finally:
            self._depth -= 1
            self._busy.discard(key)
        # A cycle cut inside makes the outer answer partial; it is remembered all the same, or work would explode.
        (self._known if leaps == self.leaps else self._provisional)[key] = result
        return result

    def _value(self, expr: Expr, scope: Scope, frame: Frame | None) -> Value:
        match expr:
            case Lit(value, line, end_line):
                return Known(value, Place(scope.path, line, end_line))
            case Name(id):
                return self.names.name(id, expr.line, scope, frame)
            case Attr(value, name):
                return self.members.of(value, name, expr, scope, frame)
            case Call():
                return self.calls.call(expr, scope, frame)
            case Text(parts, line, end_line):
                return text([self.value(part, scope, frame) for part in parts], Place(scope.path, line, end_line))
            case Seq(items, line):
                return self.containers.sequence(items, line, scope, frame)
            case Map(keys, values, line):
                return self.containers.mapping(keys, values, line, scope, frame)
            case Either(alternatives):
                return choice([self.value(one, scope, frame) for one in alternatives])
            case Item(value, index):
                return self.members.item(self.value(value, scope, frame), index, scope, frame)
            case Comp():
                return self.containers.comprehension(expr, scope, frame)
            case Lambda(_, body):
                return LambdaValue(body, scope, frame)
            case Op(op, left, right, line):
                return self.containers.operation(op, left, right, line, scope, frame)
            case Star(value):
                return self.value(value, scope, frame)
            case Opaque(parts, line) if len(parts) == 1:
                return Unknown("", Place(scope.path, line))
        return Unknown("", Place(scope.path, expr.line))


def _mark(value: Value) -> object:
    """What tells values apart as arguments: by what they are where that is cheap to say, else by identity."""
    match value:
        case Known(plain, place):
            return (type(plain), plain, place)
        case External(path, site):
            return (path, id(site.call) if site is not None else 0)
        case Instance(cls, site):
            return ("object", id(cls.cls), id(site.call) if site is not None else 0)
        case FunctionValue(scope, owner):
            return ("function", id(scope.function), _mark(owner) if owner is not None else 0)
        case ClassValue(cls):
            return ("class", id(cls.cls))
        case Choice(alternatives):
            return tuple(_mark(one) for one in alternatives)
        case Unknown():
            return "unknown"
        case TextValue(_, place, label):
            return ("text", place, label)
        case Environment(name, _, place):
            return ("environment", name, place)
        case ListValue(items, _, place) if place is not None:
            return ("list", place, len(items))
        case DictValue(entries, _, place) if place is not None:
            return ("dict", place, len(entries))
    return id(value)
