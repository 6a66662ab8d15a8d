"""Memory: the memo of the pickle machine, packed so that millions of entries cost little."""

from array import array

from backstay.artifacts.exam import StopError
from backstay.artifacts.pickles.terms import OPAQUE, Call, Global, Group, Term, Value

_HOLE = -(1 << 63)
_NEAR = 65_536  # an index this far beyond the last one goes to a table of its own
ENTRIES = 1 << 23
_OBJECTS = 1 << 18

# Stands for a container whose items were let go.
PLAIN = Group("list", None, True)


class Memo:
    """Values by index. Constants are kept as their positions, other terms by their number in a list of their own."""

    __slots__ = ("_far", "_holes", "packed", "sparse", "terms")

    def __init__(self) -> None:
        self.packed = array("q")  # the machine's loop writes to it directly while it has no holes
        self.sparse = False
        self.terms: list[Term] = [PLAIN, OPAQUE]  # the first two stand for what was let go
        self._far: dict[int, Value] = {}
        self._holes = 0

    def number(self, term: Term, plain: bool = False) -> int:
        """The number under which a term is kept; `plain` lets go of what a container holds."""
        if term.key < 0 or term.key >= len(self.terms) or self.terms[term.key] is not term:
            if isinstance(term, Group) and (plain or len(self.terms) >= _OBJECTS):
                return ~0
            if isinstance(term, Call) and len(self.terms) >= _OBJECTS and not _needed(term):
                return ~1
            term.key = len(self.terms)
            self.terms.append(term)
        return ~term.key

    def put(self, index: int, value: Value, plain: bool = False) -> None:
        """Keep a value. Raises StopError when there are too many."""
        packed = self.packed
        if index - len(packed) > _NEAR:
            if len(self._far) >= _NEAR:
                raise StopError("memo too large", "scattered indexes")
            self._far[index] = value
            self.sparse = True
            return
        number = value if isinstance(value, int) else self.number(value, plain)
        if index < len(packed):
            self._holes -= packed[index] == _HOLE
            packed[index] = number
            return
        if index >= ENTRIES:
            raise StopError("memo too large", f"more than {ENTRIES} entries")
        if index > len(packed):
            self._holes += index - len(packed)
            self.sparse = True
            packed.extend([_HOLE] * (index - len(packed)))
        packed.append(number)

    def memoize(self, value: Value, plain: bool = False) -> None:
        """Keep a value under the number of entries that there are."""
        self.put(len(self.packed) - self._holes + len(self._far), value, plain)

    def get(self, index: int) -> Value | None:
        """A value, None when there is none."""
        if 0 <= index < len(self.packed) and self.packed[index] != _HOLE:
            number = self.packed[index]
            return number if number >= 0 else self.terms[~number]
        return self._far.get(index)


def _needed(term: Call) -> bool:
    """Whether an object is asked for later: the type of an array's items says how long the array is."""
    return isinstance(term.callable, Global) and term.callable.name == "dtype"


def unfolded(group: Group) -> int:
    """How many items a container holds when those that are shared are counted each time; a cycle counts once."""
    counted: dict[int, int] = {}
    waiting = [group]
    while waiting:
        one = waiting[-1]
        inner = [item for item in one.items or () if isinstance(item, Group)]
        if id(one) not in counted:
            counted[id(one)] = 1  # stands while its own items are counted
            waiting += [item for item in inner if id(item) not in counted]
        else:
            waiting.pop()
            counted[id(one)] = len(one.items or ()) + 1 + sum(counted[id(item)] for item in inner)
    return counted[id(group)]
