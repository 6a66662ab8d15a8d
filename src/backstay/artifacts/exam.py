"""Exam: one inspection on its way: where it stands, what it has seen, and how much more it may spend."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from backstay.artifacts.content import Content
from backstay.artifacts.report import STATES, Fact, Gap, Inspection, Observation, Sign, State

MAX_TEXT = 200  # characters of a file's own text that are kept of anything
MAX_IMPORTS = 5_000


@dataclass(frozen=True)
class Limits:
    """Bounds of one inspection. Counted and not timed, so that a file has the same verdict on every machine."""

    expansion: int = 1 << 30  # bytes that may be decompressed, over all members
    ratio: int = 200  # expansion of one member beyond which, from `free` bytes on, it is a bomb
    free: int = 64 << 20
    members: int = 100_000  # of all archives together
    depth: int = 5  # archives in archives
    steps: int = 40_000_000  # opcodes, nodes, tensors: whatever a reader counts
    observations: int = 500
    text: int = 64 << 20  # bytes of one text (JSON, XML, a header) that is read whole


class StopError(Exception):
    """A budget is spent: what is left of the part in hand is not read. The reason becomes a gap."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(reason)
        self.reason, self.detail = reason, detail


class MalformedError(Exception):
    """A part is not what its first bytes promise. Becomes a gap of this reason ("invalid header")."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(reason)
        self.reason, self.detail = reason, detail


@dataclass
class _Spent:
    expansion: int = 0
    members: int = 0
    steps: int = 0


@dataclass
class Exam:
    """What readers write to. `member` is where they are; `inside` goes deeper and shares everything else."""

    name: str  # the file's own name, lower case, without folders
    limits: Limits = field(default_factory=Limits)
    member: str = ""
    depth: int = 0
    nested: "Callable[[Content, str, Exam], str]" = lambda content, name, exam: ""
    observations: dict[Observation, None] = field(default_factory=dict)
    gaps: dict[Gap, None] = field(default_factory=dict)
    facts: dict[str, Fact] = field(default_factory=dict)
    declared: dict[str, Fact] = field(default_factory=dict)
    imports: dict[str, None] = field(default_factory=dict)
    format: str = ""
    _spent: _Spent = field(default_factory=_Spent)
    _worst: list[State] = field(default_factory=lambda: [State.CLEAN])
    _models: list[str] = field(default_factory=list)

    def note(self, sign: Sign, subject: str, message: str = "", at: int = -1) -> None:
        """Record an observation in the member in hand; beyond the bound only its state counts."""
        self._worst[0] = max(self._worst[0], STATES[sign])
        if len(self.observations) < self.limits.observations:
            self.observations[Observation(sign, shown(subject), shown(message), self.member, at)] = None
        else:
            self.gaps[Gap("too many observations", f"more than {self.limits.observations}")] = None

    def gap(self, reason: str, detail: str = "") -> None:
        """Record that the member in hand was not read, or not wholly."""
        if len(self.gaps) < self.limits.observations:
            self.gaps[Gap(reason, shown(detail), self.member)] = None

    def fact(self, name: str, value: Fact) -> None:
        """Something that the bytes themselves show; the first to say it is right (the outermost part)."""
        if value not in ("", []):
            self.facts.setdefault(name, _kept(value))

    def declare(self, name: str, value: Fact) -> None:
        """Something that the author wrote into the file."""
        if value not in ("", []):
            self.declared.setdefault(name, _kept(value))

    def needs(self, module: str, name: str) -> None:
        """Loading imports this."""
        if len(self.imports) < MAX_IMPORTS:
            self.imports[shown(f"{module}.{name}" if name else module)] = None

    def become(self, format: str) -> None:
        """Say what model the part in hand is, more exactly than its first bytes could."""
        self._models.append(format)
        if not self.member:
            self.format = format

    def step(self, number: int = 1) -> None:
        """Spend steps. Raises StopError when there are none left."""
        self._spent.steps += number
        if self._spent.steps > self.limits.steps:
            raise StopError("too many steps", f"more than {self.limits.steps}")

    @property
    def models(self) -> list[str]:
        """The formats of all models met so far, in the file itself and in its members."""
        return self._models

    @property
    def steps_left(self) -> int:
        return max(0, self.limits.steps - self._spent.steps)

    def expand(self, number: int) -> None:
        """Spend decompressed bytes. Raises StopError when there are none left."""
        self._spent.expansion += number
        if self._spent.expansion > self.limits.expansion:
            raise StopError("too much to decompress", f"more than {self.limits.expansion} bytes")

    @property
    def expansion_left(self) -> int:
        return max(0, self.limits.expansion - self._spent.expansion)

    def enter(self) -> None:
        """Count a member. Raises StopError when there are too many."""
        self._spent.members += 1
        if self._spent.members > self.limits.members:
            raise StopError("too many members", f"more than {self.limits.members}")

    @contextmanager
    def inside(self, name: str) -> "Iterator[Exam]":
        """The same exam within a part of the member in hand. Failures of the part end as gaps of that part."""
        path = f"{self.member}!{shown(name)}" if self.member else shown(name)
        deeper = Exam(
            self.name, self.limits, path, self.depth + 1, self.nested, self.observations, self.gaps, self.facts,
            self.declared, self.imports, self.format, self._spent, self._worst,
            self._models,
        )  # fmt: skip
        with deeper.contained():
            yield deeper

    @contextmanager
    def contained(self) -> Iterator[None]:
        """Turn what goes wrong in a part into a gap of it: nothing else is harmed."""
        try:
            yield
        except (StopError, MalformedError) as error:
            self.gap(error.reason, error.detail)
        except RecursionError:
            self.gap("nested too deeply")
        except MemoryError:
            self.gap("out of memory")
        except Exception as error:  # a reader's fault costs one part, never the file
            self.gap("reader failed", type(error).__name__)

    def inspect(self, content: Content, name: str) -> str:
        """Look at a part as at a file of its own, whatever its format; gives the id of the format, or ""."""
        if self.depth >= self.limits.depth:
            self.gap("nested too deeply", f"more than {self.limits.depth} levels")
            return ""
        found = ""
        with self.inside(name) as deeper:
            found = self.nested(content, name, deeper)
        return found

    def report(self, size: int) -> Inspection:
        """The end of it."""
        state = self._worst[0]
        if state == State.CLEAN and self.gaps:
            state = State.UNKNOWN
        return Inspection(
            format=self.format, model=bool(self._models), size=size, state=state,
            observations=tuple(sorted(self.observations)), gaps=tuple(sorted(self.gaps)),
            facts=self.facts, declared=self.declared, imports=tuple(sorted(self.imports)), members=self._spent.members,
        )  # fmt: skip


def shown(text: str) -> str:
    """A file's own text as something that can be kept and shown: printable, in one line and cut."""
    cut = text if len(text) <= MAX_TEXT else text[: MAX_TEXT - 1] + "…"
    return cut if cut.isascii() and cut.isprintable() else "".join(_printable(one) for one in cut)


def _printable(one: str) -> str:
    return one if one.isprintable() and not 0xD800 <= ord(one) <= 0xDFFF else one.encode("unicode_escape").decode()


def _kept(value: Fact) -> Fact:
    if isinstance(value, str):
        return shown(value)
    return [shown(one) for one in value[:200]] if isinstance(value, list) else value
