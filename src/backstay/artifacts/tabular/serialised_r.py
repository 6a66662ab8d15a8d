"""Serialised R: steps through the items of R's own serialisation without building any, and keeps what could run.

From R Internals, "Serialization Formats", and src/main/serialize.c: versions 2 and 3 as XDR, ASCII or native binary.
A promise is an expression that R evaluates when its value is first asked for: in a file that is read, that is whoever
touches what was read (CVE-2024-27322).
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from backstay.artifacts.content import Content
from backstay.artifacts.exam import Exam, MalformedError, StopError
from backstay.artifacts.wire.cursor import Cursor

MAX_DEPTH = 200
_LONGEST = 64 << 20  # bytes of a string
_KEPT = 200  # bytes of a string that are kept
_NAMES = 2_000  # of calls that are kept
_ITEM = 4  # steps: what an item costs beside an opcode

_SYM, _LIST, _CLO, _ENV, _PROM, _LANG, _SPECIAL, _BUILTIN, _CHAR = range(1, 10)
_LGL, _INT, _REAL, _CPLX, _STR, _DOT, _VEC, _EXPR = 10, 13, 14, 15, 16, 17, 19, 20
_BCODE, _EXTPTR, _WEAKREF, _RAW, _S4 = 21, 22, 23, 24, 25
_ALTREP, _ATTRLIST, _ATTRLANG, _BASEENV, _EMPTYENV, _BCREPREF, _BCREPDEF = 238, 239, 240, 241, 242, 243, 244
_PERSIST, _PACKAGE, _NAMESPACE, _BASENAMESPACE, _MISSING, _UNBOUND, _GLOBALENV, _NILVALUE, _REF = (
    247, 248, 249, 250, 251, 252, 253, 254, 255)  # fmt: skip
_CONSTANTS = (0, _NILVALUE, _EMPTYENV, _BASEENV, _GLOBALENV, _UNBOUND, _MISSING, _BASENAMESPACE)
_SIZES = {_LGL: 4, _INT: 4, _REAL: 8, _CPLX: 16, _RAW: 1}
_OBJECT, _ATTRIBUTES, _TAG = 0x100, 0x200, 0x400


@dataclass
class Promise:
    """An expression that waits: the names of what it calls, whether it still has no value, and where it stands.

    `exposed` says that it stands outside of environments, calls and functions, where R writes none."""

    calls: list[str]
    waiting: bool
    exposed: bool
    offset: int


@dataclass
class Found:
    """What a file holds."""

    promises: list[Promise] = field(default_factory=list)
    closures: int = 0
    closure_calls: dict[str, int] = field(default_factory=dict)  # with where the closure begins
    packages: dict[str, None] = field(default_factory=dict)
    classes: dict[str, None] = field(default_factory=dict)  # of the outermost object
    pointers: int = 0
    end: int = 0


class _Binary:
    """Numbers and strings as XDR (big endian) or as the machine had them."""

    def __init__(self, cursor: Cursor) -> None:
        self.cursor = cursor

    def integer(self) -> int:
        return self.cursor.number("i")

    def string(self, length: int) -> bytes:
        if length > _LONGEST:
            raise StopError("too large", f"a text of {length} bytes")
        return self.cursor.take(length)

    def skip(self, number: int, size: int) -> None:
        self.cursor.skip(number * size)


class _Text:
    """Numbers and strings in lines."""

    def __init__(self, cursor: Cursor, exam: Exam) -> None:
        self.cursor, self.exam = cursor, exam

    def word(self) -> bytes:
        word = bytearray()
        while True:
            one = self.cursor.take(1)
            self.exam.step()
            if not one.isspace():
                word += one
            elif word:
                return bytes(word)
            if len(word) > 400:
                raise MalformedError("invalid R data", f"at byte {self.cursor.at}")

    def integer(self) -> int:
        word = self.word()
        if word == b"NA":
            return -(1 << 31)
        try:
            return int(word)
        except ValueError:
            raise MalformedError("invalid R data", f"at byte {self.cursor.at}") from None

    def string(self, length: int) -> bytes:
        if length > _LONGEST:
            raise StopError("too large", f"a text of {length} bytes")
        found = bytearray()
        while self.cursor.take(1).isspace():
            self.exam.step()
        self.cursor.at -= 1
        for _ in range(length):
            self.exam.step(4)
            one = self.cursor.take(1)
            if one == b"\\":
                self.exam.step(8)
                one = self.cursor.take(1)
                if one in b"01234567":
                    while len(one) < 3 and self.cursor.content.read(self.cursor.at, 1) in (*_OCTAL,):
                        one += self.cursor.take(1)
                    one = bytes([int(one, 8) & 255])
            found += one
        return bytes(found)

    def skip(self, number: int, size: int) -> None:
        for _ in range(number * (2 if size == 16 else 1)):
            self.word()


_OCTAL = tuple(bytes([one]) for one in b"01234567")


class Reader:
    """Goes through the items in their order. References to earlier symbols and environments are counted as R does."""

    def __init__(self, content: Content, at: int, exam: Exam, found: Found) -> None:
        self.exam, self.found = exam, found
        self.cursor = Cursor(content, at)
        self._symbols: list[str] = []
        self._calls: list[list[str]] = [[]]
        self._depth = 0
        self._sheltered = 0
        self._data: _Binary | _Text

    def read(self) -> None:
        letter = self.cursor.take(2)
        if letter == b"A\n":
            self._data = _Text(self.cursor, self.exam)
        elif letter in (b"X\n", b"B\n"):
            self.cursor.order = ">" if letter == b"X\n" else "<"
            self._data = _Binary(self.cursor)
        else:
            raise MalformedError("invalid R data", "format")
        version = self._data.integer()
        if version not in (2, 3):
            raise StopError("unknown version", str(version))
        self._data.integer()
        self._data.integer()
        if version == 3:
            self._data.string(self._length())
        self._item()
        self.found.end = self.cursor.at

    def _length(self) -> int:
        length = self._data.integer()
        if length == -1:
            upper, lower = self._data.integer(), self._data.integer()
            length = (upper << 32) + (lower & 0xFFFFFFFF)
        if length < 0 or length > 1 << 48:
            raise MalformedError("invalid R data", f"length {length} at byte {self.cursor.at}")
        return length

    def _item(self) -> str:
        """Step over one item; gives the name of a symbol or the text of a string, "" of anything else."""
        self.exam.step(_ITEM)
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise StopError("nested too deeply", f"more than {MAX_DEPTH} levels")
        at = self.cursor.at
        flags = self._data.integer()
        found = self._typed(flags & 0xFF, flags, at)
        self._depth -= 1
        return found

    def _typed(self, kind: int, flags: int, at: int) -> str:
        if kind in _CONSTANTS:
            return ""
        if kind == _REF:
            number = flags >> 8 or self._data.integer()
            if not 0 < number <= len(self._symbols):
                raise MalformedError("invalid R data", f"reference {number} at byte {at}")
            return self._symbols[number - 1]
        if kind in (_LIST, _LANG, _CLO, _PROM, _DOT):
            return self._pairs(kind, flags, at)
        simple: Callable[[], str] | None = {
            _SYM: self._symbol, _CHAR: self._characters, _NAMESPACE: self._names, _PACKAGE: self._names,
            _PERSIST: self._names, _ENV: self._environment, _ALTREP: self._alternative,
        }.get(kind)  # fmt: skip
        if simple is not None:
            text = simple()
            if kind == _CHAR and flags & _ATTRIBUTES:
                self._item()
            return text
        self._vector(kind, at)
        if flags & _ATTRIBUTES:
            self._attributes(outermost=self._depth == 1)
        return ""

    def _vector(self, kind: int, at: int) -> None:
        if kind in _SIZES:
            number = self._length()
            self.exam.step(1 + number // 512)
            self._data.skip(number, _SIZES[kind])
        elif kind in (_STR, _VEC, _EXPR):
            for _ in range(self._length()):
                self._item()
        elif kind in (_SPECIAL, _BUILTIN):
            self._data.string(self._length())
        elif kind == _BCODE:
            self._data.integer()
            self._bytecode()
        elif kind == _EXTPTR:
            self.found.pointers += 1
            self._symbols.append("")
            self._item()
            self._item()
        elif kind == _WEAKREF:
            self._symbols.append("")
        elif kind != _S4:
            raise MalformedError("invalid R data", f"type {kind} at byte {at}")

    def _symbol(self) -> str:
        name = self._item()
        self._symbols.append(name)
        return name

    def _characters(self) -> str:
        length = self._data.integer()
        if length == -1:
            return ""
        if length < 0:
            raise MalformedError("invalid R data", f"text of {length} bytes at byte {self.cursor.at}")
        return self._data.string(length)[:_KEPT].decode("utf-8", "replace")

    def _names(self) -> str:
        self._data.integer()
        number = self._length()
        for one in range(number):
            name = self._item()
            if one == 0 and name and len(self.found.packages) < _NAMES:
                self.found.packages[name] = None
        self._symbols.append("")
        return ""

    def _environment(self) -> str:
        self._data.integer()
        self._symbols.append("")
        self._sheltered += 1
        for _ in range(4):
            self._item()
        self._sheltered -= 1
        return ""

    def _alternative(self) -> str:
        for _ in range(3):
            self._item()
        return ""

    def _pairs(self, kind: int, flags: int, at: int) -> str:
        """Lists and calls, of which the rest is the next one, and functions and promises, which are built alike."""
        calls = 0
        while True:
            if kind in (_CLO, _PROM):
                self._code(kind, flags, at)
                break
            if kind not in (_LIST, _LANG, _DOT):
                self._typed(kind, flags, at)
                break
            if flags & _ATTRIBUTES:
                self._item()
            if flags & _TAG:
                self._item()
            self._sheltered += kind == _LANG
            name = self._item()
            if kind == _LANG:
                self._called(name)
                calls += 1
            self.exam.step()
            at = self.cursor.at
            flags = self._data.integer()
            kind = flags & 0xFF
        self._sheltered -= calls
        return ""

    def _code(self, kind: int, flags: int, at: int) -> None:
        if flags & _ATTRIBUTES:
            self._item()
        if flags & _TAG:
            self._item()
        self._calls.append([])
        self._sheltered += 1
        if kind == _CLO:
            self._item()
            self._item()
            self._sheltered -= 1
            self.found.closures += 1
            for name in self._calls.pop():
                if len(self.found.closure_calls) < _NAMES:
                    self.found.closure_calls.setdefault(name, at)
            return
        waiting = self._is_unbound()
        self._item()
        self._sheltered -= 1
        calls = self._calls.pop()
        if len(self.found.promises) < _NAMES:
            self.found.promises.append(Promise(calls, waiting, not self._sheltered, at))
        self._calls[-1].extend(calls[:_NAMES])

    def _is_unbound(self) -> bool:
        """Step over a promise's value; whether it has none yet."""
        before = self.cursor.at
        kind = self._data.integer() & 0xFF
        if kind == _UNBOUND:
            return True
        self.cursor.at = before
        self._item()
        return False

    def _called(self, name: str) -> None:
        if name and len(self._calls[-1]) < _NAMES:
            self._calls[-1].append(name)

    def _attributes(self, outermost: bool) -> None:
        """The attributes of a vector; the classes of the outermost object are what the model is."""
        flags = self._data.integer()
        if not outermost or flags & 0xFF != _LIST:
            self._typed(flags & 0xFF, flags, self.cursor.at)
            return
        while flags & 0xFF == _LIST:
            if flags & _ATTRIBUTES:
                self._item()
            name = self._item() if flags & _TAG else ""
            if name == "class":
                self._classes()
            else:
                self._item()
            self.exam.step()
            flags = self._data.integer()
        self._typed(flags & 0xFF, flags, self.cursor.at)

    def _classes(self) -> None:
        flags = self._data.integer()
        if flags & 0xFF != _STR:
            self._typed(flags & 0xFF, flags, self.cursor.at)
            return
        for _ in range(self._length()):
            name = self._item()
            if len(self.found.classes) < 100:
                self.found.classes[name] = None
        if flags & _ATTRIBUTES:
            self._item()

    def _bytecode(self) -> None:
        """Compiled code: its instructions, then its constants."""
        self._deeper()
        self._item()
        for _ in range(self._length()):
            kind = self._data.integer()
            self.exam.step()
            if kind == _BCODE:
                self._bytecode()
            elif kind in (_LANG, _LIST, _BCREPDEF, _BCREPREF, _ATTRLANG, _ATTRLIST):
                self._bytecode_pairs(kind)
            else:
                self._item()
        self._depth -= 1

    def _bytecode_pairs(self, kind: int) -> None:
        first = True
        self._deeper()
        while kind in (_LANG, _LIST, _BCREPDEF, _ATTRLANG, _ATTRLIST):
            if kind == _BCREPDEF:
                self._data.integer()
                kind = self._data.integer()
            if kind in (_ATTRLANG, _ATTRLIST):
                self._item()
            self._item()
            head = self._data.integer()
            if head in (_LANG, _LIST, _BCREPDEF, _BCREPREF, _ATTRLANG, _ATTRLIST):
                self._bytecode_pairs(head)
            else:
                name = self._item()
                if first and kind in (_LANG, _ATTRLANG):
                    self._called(name)
            first = False
            self.exam.step()
            kind = self._data.integer()
        if kind == _BCREPREF:
            self._data.integer()
        else:
            self._item()
        self._depth -= 1

    def _deeper(self) -> None:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise StopError("nested too deeply", f"more than {MAX_DEPTH} levels")
