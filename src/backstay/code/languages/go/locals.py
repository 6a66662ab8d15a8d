"""Locals: the variables of one Go function, so that fields set after a value is made belong to its making."""

from backstay.code.facts import Assign, Attr, Call, Either, Expr, Name, Op, Seq, Star

MAX_FIELDS = 200  # set on one variable after it was made
_ERRORS = frozenset(("err", "error", "e", "ok", "exists", "found", "present"))


def is_error(name: str) -> bool:
    """Whether a variable holds the error, or the yes or no, that comes with a call's value."""
    return name in _ERRORS or name.startswith("err") or name.endswith(("Err", "Error"))


class Locals:
    """The last assignment of each variable."""

    def __init__(self) -> None:
        self._bound: dict[str, tuple[Assign, bool]] = {}  # and whether fields may be added to its value
        self._grown: dict[int, Seq] = {}  # lists that stand nowhere else and may become longer

    def bound(self, name: str, statement: Assign, takes_fields: bool) -> None:
        """Note what a variable is given, and whether fields set on it later may count as given with it."""
        typed = statement.how == ":" and isinstance(statement.annotation, Name | Attr)
        self._bound[name] = statement, typed or takes_fields

    def is_list(self, name: str) -> bool:
        """Whether a variable holds a slice that begins in this function."""
        known = self._bound.get(name)
        return known is not None and isinstance(known[0].value, Seq)

    def field(self, name: str, field: str, value: Expr, line: int, branch: int) -> bool:
        """Give a variable's value a field that is set later: `x := T{}` and `x.f = v` is `x := T{f: v}`."""
        known = self._bound.get(name)
        made = self._made(known[0], known[1] or field[:1].isupper()) if known is not None else None
        if made is None or len(made.keywords) >= MAX_FIELDS:
            return False
        before = next((one for key, one in made.keywords if key == field), None)
        added = _added(name, field, value)
        if added is not None:
            whole: Expr = self._extended(before, added, line)
        else:
            whole = Either([before, value], line) if before is not None and branch else value
        made.keywords[:] = [*(pair for pair in made.keywords if pair[0] != field), (field, whole)]
        return True

    def _extended(self, before: Expr | None, added: Seq, line: int) -> Seq:
        """A list with more at its end, as one list, so that a thousand additions do not nest a thousand deep."""
        if isinstance(before, Seq) and id(before) in self._grown:
            before.items += added.items
            return before
        first = before.items if isinstance(before, Seq) else [Star(before, line)] if before is not None else []
        whole = Seq([*first, *added.items], line)
        self._grown[id(whole)] = whole
        return whole

    def _made(self, statement: Assign, takes_fields: bool) -> Call | None:
        """The call that made a variable's value, if it takes a field; a declared variable is made by its type."""
        if not takes_fields:
            return None  # a parameter of a function of the project may have the field's name
        if statement.value is None and isinstance(statement.annotation, Name | Attr):
            statement.how = "="
            statement.value = Call(statement.annotation, [], [], statement.line, statement.line)
        return statement.value if isinstance(statement.value, Call) else None


def _added(name: str, field: str, value: Expr) -> Seq | None:
    """What `x.f = append(x.f, ...)` adds to the field; None for any other value."""
    if not isinstance(value, Op) or value.op != "+" or not isinstance(value.right, Seq):
        return None
    left = value.left
    same = isinstance(left, Attr) and left.name == field and isinstance(left.value, Name) and left.value.id == name
    return value.right if same else None
