"""Marshalled: reads the compiled code of any Python from 2.7 on out of marshal data, without `marshal`.

The type codes are those of CPython's Python/marshal.c. How a code object is laid out depends on the version that wrote
it, which the data does not say: each known layout is tried, and only one fits.
"""

import struct
from dataclasses import dataclass, field

from backstay.artifacts.exam import Exam, MalformedError
from backstay.artifacts.programs import names
from backstay.artifacts.report import Sign

MAX_DEPTH = 100
MAX_KEPT = 100_000  # names, and constants
_REF = 0x80  # flag of a type code: later objects may refer to this one

# What a code object consists of, by the versions that write it so: "l" is a number of four bytes, the rest are objects:
# "b" bytes, "t" a tuple, "s" a text. The first three of them are the code itself, its constants and its names.
_LAYOUTS = (
    "lllll" + "bttt" + "bsss" + "l" + "bb",  # 3.11 and later
    "llllll" + "bttt" + "ttss" + "l" + "b",  # 3.8 to 3.10
    "lllll" + "bttt" + "ttss" + "l" + "b",  # 3.0 to 3.7
    "llll" + "bttt" + "ttss" + "l" + "b",  # 2.3 to 2.7
)
_PYC = (0, 16, 12, 8)  # bytes before the data: none, or the header of a .pyc since 3.7, 3.3 and before


@dataclass
class Program:
    """What the code objects of some marshal data hold together: the names they ask for, and their constants."""

    names: list[str] = field(default_factory=list)
    consts: list[object] = field(default_factory=list)
    codes: int = 0


def judge(data: bytes, exam: Exam, subject: str, at: int = -1, *, strict: bool = True) -> None:
    """Note what marshalled code does, as `names.judge` says it. What cannot be read as marshal data is searched for
    the names of dangerous things, and is a gap. Raises StopError when a budget is spent."""
    program = read(data, exam)
    if program is not None and program.codes:
        names.judge(program.names, program.consts, exam, subject, at, strict=strict)
        return
    found = names.words(data)
    why = names.reason(found, found)
    if why:
        exam.note(Sign.EXECUTES, subject, f"compiled code that {why}", at)
        return
    exam.note(Sign.CARRIES, subject, "compiled code that runs when the model is loaded or used", at)
    exam.gap("unreadable code", f"{len(data)} bytes")


def read(data: bytes, exam: Exam) -> Program | None:
    """The names and constants of all code objects in some marshal data, or in a .pyc file; None when it is neither."""
    for start in _PYC if data[2:4] == b"\r\n" else _PYC[:1]:
        for layout in _LAYOUTS:
            reader = _Reader(data, start, layout, exam)
            try:
                reader.one(0)
            except MalformedError:
                continue
            return reader.program
    return None


class _Null:
    """What ends a dictionary."""


_NULL = _Null()
_SINGLES: dict[int, object] = {
    ord("N"): None, ord("F"): False, ord("T"): True, ord("S"): None, ord("."): None, ord("0"): _NULL,
}  # fmt: skip


class _Reader:
    def __init__(self, data: bytes, at: int, layout: str, exam: Exam) -> None:
        self._data, self._at, self._layout, self._exam = data, at, layout, exam
        self._refs: list[object] = []
        self._interned: list[object] = []
        self.program = Program()

    def one(self, depth: int) -> object:
        """The object at hand: texts, bytes, numbers and tuples as themselves, anything else as None."""
        self._exam.step()
        if depth > MAX_DEPTH:
            raise MalformedError("nested too deeply")
        code = self._take(1)[0]
        kind = code & ~_REF
        if kind in _SINGLES:
            return _SINGLES[kind]
        if not code & _REF:
            return self._value(chr(kind), depth)
        place = len(self._refs)
        self._refs.append(None)
        value = self._refs[place] = self._value(chr(kind), depth)
        return value

    def _value(self, kind: str, depth: int) -> object:
        match kind:
            case "i":
                return self._long()
            case "I" | "g":
                self._take(8)
                return None
            case "y":
                self._take(16)
                return None
            case "f":
                self._take(self._take(1)[0])
                return None
            case "x":
                for _ in range(2):
                    self._take(self._take(1)[0])
                return None
            case "l":
                self._take(2 * abs(self._long()))
                return None
            case "s":
                return self._take(self._size())
            case "t" | "A" | "a" | "u" | "z" | "Z":
                return self._text(kind)
            case "R":
                return self._referred(self._interned)
            case "r":
                return self._referred(self._refs)
            case "(" | "[" | "<" | ">":
                return self._items(self._size(), depth)
            case ")":
                return self._items(self._take(1)[0], depth)
            case ":":
                return self._items(3, depth)
            case "{":
                return self._pairs(depth)
            case "c":
                return self._code(depth)
        raise MalformedError("not marshal data")

    def _text(self, kind: str) -> str:
        raw = self._take(self._take(1)[0] if kind in "zZ" else self._size())
        text = raw.decode("utf-8", "replace") if kind in "tu" else raw.decode("latin-1")
        if kind == "t":
            self._interned.append(text)
        return text

    def _referred(self, among: list[object]) -> object:
        index = self._long()
        if not 0 <= index < len(among):
            raise MalformedError("not marshal data")
        return among[index]

    def _items(self, number: int, depth: int) -> tuple[object, ...]:
        if number > len(self._data) - self._at:
            raise MalformedError("not marshal data")
        return tuple(self.one(depth + 1) for _ in range(number))

    def _pairs(self, depth: int) -> tuple[object, ...]:
        found: list[object] = []
        while (key := self.one(depth + 1)) is not _NULL:
            found += [key, self.one(depth + 1)]
        return tuple(found)

    def _code(self, depth: int) -> object:
        parts: list[object] = []
        for want in self._layout:
            if want == "l":
                self._long()
                continue
            part = self.one(depth + 1)
            if not isinstance(part, _WANTED[want]):
                raise MalformedError("not marshal data")
            parts.append(part)
        consts, asked = parts[1], parts[2]
        if isinstance(consts, tuple) and isinstance(asked, tuple):
            self._exam.step(len(consts) + len(asked))  # what is referred to again and again counts each time
            self.program.codes += 1
            self.program.consts.extend(consts[: MAX_KEPT - len(self.program.consts)])
            self.program.names.extend(_named(one) for one in asked[: MAX_KEPT - len(self.program.names)])
        return None

    def _size(self) -> int:
        size = self._long()
        if size < 0:
            raise MalformedError("not marshal data")
        return size

    def _long(self) -> int:
        value: int = struct.unpack("<i", self._take(4))[0]
        return value

    def _take(self, length: int) -> bytes:
        taken = self._data[self._at : self._at + length]
        if len(taken) < length:
            raise MalformedError("not marshal data")
        self._at += length
        return taken


# Python 2 has bytes for names; of a text in Python 2 nothing says which of the two it is.
_WANTED: dict[str, tuple[type, ...]] = {"b": (bytes, str), "t": (tuple,), "s": (str, bytes)}


def _named(one: object) -> str:
    return one if isinstance(one, str) else one.decode("latin-1") if isinstance(one, bytes) else ""
