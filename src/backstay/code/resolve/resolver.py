"""Resolution: what an expression can be, followed across names, classes, calls and files.

It is flow-insensitive but for plain sequences, context-sensitive for a few levels of calls, and bounded in depth
and steps. What it cannot tell stays Unknown, with the expression as text.
"""

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
from backstay.code.resolve.containers import Containers
from backstay.code.resolve.members import Members
from backstay.code.resolve.names import Names
from backstay.code.resolve.parameters import Parameters
from backstay.code.resolve.shapes import choice, text
from backstay.code.scopes import Scope
from backstay.code.values import Frame, Known, LambdaValue, Place, Site, Unknown, Value

MAX_DEPTH = 48
MAX_STEPS = 4_000_000


class Resolver:
    """Values of expressions. Expressions are told apart by identity, so facts must be kept while this lives."""

    def __init__(self, project: Project, catalog: Catalog) -> None:
        self.project, self.catalog = project, catalog
        self.callers: dict[int, list[Site]] = {}  # id of a Function or Class fact -> calls of it
        self.steps = MAX_STEPS
        self._known: dict[tuple[int, int], Value] = {}
        self._busy: set[tuple[int, int]] = set()
        self.frames: list[Frame] = []  # kept alive, because their ids are keys
        self._depth = 0
        self.names, self.parameters, self.members = Names(self), Parameters(self), Members(self)
        self.containers, self.calls = Containers(self), Calling(self)

    @property
    def exhausted(self) -> bool:
        """Whether the step budget ran out, so that later answers are incomplete."""
        return self.steps <= 0

    def forget(self) -> None:
        """Drop what was remembered; used once the callers are known."""
        self._known.clear()

    def value(self, expr: Expr, scope: Scope, frame: Frame | None = None) -> Value:
        """What an expression can be, seen from a scope."""
        key = (id(expr), id(frame) if frame else 0)
        known = self._known.get(key)
        if known is not None:
            return known
        self.steps -= 1
        if key in self._busy or self._depth > MAX_DEPTH or self.steps <= 0:
            return Unknown()
        self._busy.add(key)
        self._depth += 1
        try:
            result = self._value(expr, scope, frame)
        finally:
            self._depth -= 1
            self._busy.discard(key)
        # A cycle cut inside makes the outer answer partial; it is remembered all the same, or work would explode.
        self._known[key] = result
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
