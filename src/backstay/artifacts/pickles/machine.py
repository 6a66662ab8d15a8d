"""Machine: runs one pickle stream the way a loader would, without building, importing or calling anything.

What it executes are terms (see `terms`); a `Judge` hears of every global that is reached and every call that is made.
It goes on as far as a loader would: to STOP, or to the opcode at which the stream breaks. Where CPython's two
unpicklers differ, it takes what either of them takes.
"""

import re
from collections.abc import Callable, Iterable
from typing import NamedTuple, Protocol

from backstay.artifacts.content import Content
from backstay.artifacts.exam import Exam, StopError
from backstay.artifacts.pickles import opcodes
from backstay.artifacts.pickles.constants import LONGEST, Constants, UnknownError, integer
from backstay.artifacts.pickles.memory import ENTRIES, PLAIN, Memo, unfolded
from backstay.artifacts.pickles.terms import EMPTY, KEPT, OPAQUE, Call, Group, Kind, Persistent, Value
from backstay.artifacts.report import Sign

_WINDOW = 1 << 16
_AHEAD = 16  # bytes that an opcode with its fixed argument takes at most
_DEEPEST = 1 << 20  # values on the stack
_MARKS = 1 << 16
_IDLEST = 1 << 21  # bytes of such runs, from which on they are there to tire their readers
_ABSURD = 1 << 26  # an index of the memo for which CPython allocates a gigabyte
_SHORT = 1 << 16  # bytes of a stream that cannot honestly unfold to that
_UNFOLDED = 1 << 40  # items that a key may hold when what it shares is counted each time
_ITEMS = 400_000  # items of containers that are kept at once; of more only that there are
_FEW = 64
_HIDING = 12  # bytes from which on text or bytes may hide a pickle

# Opcodes that leave nothing behind, in runs: a value and POP, MARK and POP_MARK, PROTO.
_IDLE = re.compile(
    rb"(?:(?:[N\]})\x88\x89\x8f]|K.|M..|J.{4})0|\([01]|20|\x80[\x00-\x05])+", re.DOTALL
)  # fmt: skip
_IDLING = frozenset(bytes((one,)) for one in b"N]})KMJ(2\x88\x89\x8f\x80")
# How a pickle begins that stands in a text or in bytes: bare, in base64 or hexadecimal digits, or compressed.
_SUSPECT = re.compile(
    rb"\x80[\x00-\x05]|[(\]})N012]*(?:[ci][A-Za-z_][\w.]{0,80}\n[A-Za-z_]|\x8c[\x01-\x50][A-Za-z_]|X[\x01-\x50]\0\0\0[A-Za-z_])"
    rb"|[(\]})N01]*[(][SVcX\x8c\x80]|\x95.{4}\0{4}"
    rb"|gA[I-X]|Y[0-3][A-Za-z0-9+/]{2}|KG[MlNW]|800[0-5]|63[4-7][0-9a-fA-F]|28[56]3|x[\x01\x5e\x9c\xda]|e[AFJN][A-Za-z0-9+/]{2}"
    rb"|\x1f\x8b\x08|H4sI",
    re.DOTALL,
)


class Outcome(NamedTuple):
    """How a stream ended: after STOP at `at`, or broken there for a `reason`."""

    at: int
    reason: str = ""
    result: Value | None = None


class Judge(Protocol):
    """Hears what a stream does, in its order."""

    def reach(self, module: str, name: str, at: int) -> Value: ...

    def compute(self, module: Value, name: Value, at: int) -> Value: ...

    def call(self, function: Value, args: Value, keywords: Value | None, at: int, new: bool = False) -> Value: ...

    def build(self, target: Value, state: Value, at: int) -> None: ...

    def extend(self, target: Value, at: int) -> None: ...

    def extension(self, code: int, at: int) -> Value: ...

    def persistent_id(self, term: Persistent) -> None: ...

    def accuse(self, sign: Sign, subject: str, message: str, at: int) -> None: ...

    def raw(self, target: Call, at: int) -> int: ...

    def hidden(self, at: int, length: int) -> None: ...


class BrokenError(Exception):
    """The stream cannot go on here."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def _by_opcode(values: Iterable[tuple[int, int]], missing: int) -> list[int]:
    table = [missing] * 256
    for op, value in values:
        table[op] = value
    return table


_IDLE_ENDS = frozenset({opcodes.POP, opcodes.POP_MARK, opcodes.PROTO})
_KEEPING = frozenset({opcodes.MEMOIZE, opcodes.BINPUT, opcodes.LONG_BINPUT, opcodes.PUT})
_RECALLING = {opcodes.BINGET: 1, opcodes.LONG_BINGET: 4}
_EMPTY: dict[int, Kind] = {ord("]"): "list", ord("}"): "dict", 0x8F: "set"}
_FIXED = _by_opcode(opcodes.FIXED.items(), -1)
_COUNTED = _by_opcode(opcodes.COUNTED.items(), 0)


class Machine:
    """One run over a stream that begins at a position."""

    def __init__(self, content: Content, exam: Exam, judge: Judge, constants: Constants, at: int = 0) -> None:
        self._content, self._exam, self._judge, self._constants = content, exam, judge, constants
        self._at = self._begin = at
        self._stack: list[Value] = []
        self._below: list[list[Value]] = []  # the stacks under each mark
        self._memo = Memo()
        self._kept = 0
        self._idle = 0  # bytes of opcodes that leave nothing behind
        self._frame = 0  # where the frame in hand ends, 0 outside of any
        self._full = False  # as many items of containers are kept as may be

    def run(self) -> Outcome:
        """Run to the end. Raises StopError when the exam's budget is spent."""
        try:
            return self._loop()
        except BrokenError as broken:
            return Outcome(self._at, broken.reason)

    def _loop(self) -> Outcome:  # noqa: PLR0915 -- a function call for each opcode would double the time
        """Constants and the memo, which are nearly all there is in a stream, are dealt with in place."""
        content, memo, size = self._content, self._memo, self._content.size
        packed, terms = memo.packed, memo.terms
        stack = self._stack
        base, at, limit, full, count = self._at, 0, 0, 0, 0
        window, reach = b"", 4096  # many a stream is short, and many a trial
        while True:
            if at >= limit:
                if self._frame and base + at >= self._frame:
                    self._framed(base + at)
                if at >= full:
                    self._at = base = base + at
                    self._exam.step(count)
                    at = count = 0
                    self._check()
                    window = content.read(base, reach)
                    reach = _WINDOW
                    full = len(window) if base + len(window) >= size else len(window) - _AHEAD
                    if full <= 0:
                        raise BrokenError("truncated")
                limit = min(full, self._frame - base) if self._frame else full
            count += 1
            op = window[at]
            width = _FIXED[op]
            if width >= 0:
                stack.append(base + at)
                at += 1 + width
                continue
            width = _COUNTED[op]
            if width:
                start = at + 1 + width
                length = int.from_bytes(window[at + 1 : start], "little")
                if base + start + length > size:
                    self._at = base + at
                    raise BrokenError("truncated")
                if length >= _HIDING and _SUSPECT.match(window, start):
                    self._judge.hidden(base + start, length)
                stack.append(base + at)
                at = start + length
                continue
            if op in _KEEPING and stack:
                top = stack[-1]
                if type(top) is int:
                    number = top
                else:
                    key = top.key  # type: ignore[union-attr]
                    number = ~key if 0 <= key < len(terms) and terms[key] is top else memo.number(top, self._full)  # type: ignore[arg-type]
                if op == 0x94:
                    index, end = len(packed), at + 1
                elif op == 0x71:
                    index, end = window[at + 1] if at + 1 < len(window) else -1, at + 2
                elif op == 0x72:
                    index, end = int.from_bytes(window[at + 1 : at + 5], "little"), at + 5
                else:
                    index, end = -1, window.find(b"\n", at) + 1
                    if 0 < end - at < 12 and window[at + 1 : end - 1].isdigit():
                        index = int(window[at + 1 : end - 1])
                if not memo.sparse and 0 <= index <= len(packed):
                    if index == len(packed):
                        packed.append(number)
                    else:
                        packed[index] = number
                    at = end
                    continue
            elif op in _RECALLING:
                width = _RECALLING[op]
                index = int.from_bytes(window[at + 1 : at + 1 + width], "little")
                if index < len(packed) and not memo.sparse and at + width < len(window):
                    number = packed[index]
                    stack.append(number if number >= 0 else terms[~number])
                    at += 1 + width
                    continue
            elif 0x85 <= op <= 0x87:
                length = op - 0x84
                if len(stack) >= length:
                    items = stack[-length:]
                    del stack[-length:]
                    stack.append(Group("tuple", [_slim(one) for one in items] if self._full else items))
                    self._kept += length
                    self._full = self._kept > _ITEMS
                    at += 1
                    continue
            elif op in _EMPTY:
                stack.append(Group(_EMPTY[op]))
                at += 1
                continue
            elif op == opcodes.POP and stack and window[at + 1 : at + 2] not in _IDLING:
                stack.pop()
                at += 1
                continue
            elif op == opcodes.MARK:
                self._below.append(stack)
                self._stack = stack = []
                at += 1
                continue
            elif op in opcodes.LINES:
                end = window.find(b"\n", at)
                if end >= 0:
                    if end - at >= _HIDING and _SUSPECT.match(window, at + 1 + (op == ord("S"))):
                        self._judge.hidden(base + at + 1, end - at - 1)
                    stack.append(base + at)
                    at = end + 1
                    continue
            elif op == opcodes.STOP:
                self._exam.step(count)
                self._at = base + at
                result = self._pop()
                self._measure(result, base + at)
                return Outcome(base + at + 1, "", result)
            self._at = base + at
            step = _STEPS.get(op)
            if step is None:
                self._exam.step(count)
                raise BrokenError("invalid opcode")
            self._at += 1
            step(self)
            stack = self._stack
            at = self._at - base
            if op == opcodes.FRAME:
                limit = min(full, self._frame - base)
            elif op in _IDLE_ENDS and at < len(window):
                idle = _IDLE.match(window, at)
                if idle:
                    count += (idle.end() - at) // 2
                    self._idled(idle.end() - at)
                    at = idle.end()

    def _measure(self, result: Value, at: int) -> None:
        """A few bytes that stand for more items than any machine holds are made for who copies, prints or compares."""
        short = at - self._begin < _SHORT
        if short and type(result) is not int and isinstance(result, Group) and unfolded(result) > _UNFOLDED:
            self._judge.accuse(Sign.EXHAUSTS, "result", "is nested exponentially: walking through it never ends", at)

    def _idled(self, length: int) -> None:
        before, self._idle = self._idle, self._idle + length
        if before < _IDLEST <= self._idle:
            self._judge.accuse(Sign.EXHAUSTS, "opcodes", "a million and more that leave nothing behind", self._at)

    def _check(self) -> None:
        if len(self._stack) > _DEEPEST or len(self._below) > _MARKS:
            self._judge.accuse(Sign.EXHAUSTS, "stack", "holds more values or marks than any pickler leaves", self._at)
            raise StopError("stack too deep", f"{len(self._stack)} values, {len(self._below)} marks")
        if len(self._memo.packed) > ENTRIES:
            raise StopError("memo too large", f"more than {ENTRIES} entries")

    # The stack

    def _pop(self) -> Value:
        if not self._stack:
            raise BrokenError("stack underflow")
        return self._stack.pop()

    def _top(self) -> Value:
        if not self._stack:
            raise BrokenError("stack underflow")
        return self._stack[-1]

    def _marked(self) -> list[Value]:
        if not self._below:
            raise BrokenError("no mark")
        items = self._stack
        self._stack = self._below.pop()
        return items

    def _group(self, kind: Kind, items: list[Value]) -> Group:
        group = Group(kind)
        if items:
            self._fill(group, items)
        return group

    def _fill(self, group: Group, items: list[Value]) -> None:
        self._kept += min(len(items), KEPT)
        self._full = self._kept > _ITEMS
        if self._full:  # what contains much is let go of: only the verdict's own terms are kept
            items = [_slim(one) for one in items[:_FEW]]
        group.extend(items)

    # Reading

    def _bytes(self, number: int) -> bytes:
        data = self._content.read(self._at, number)
        if len(data) < number:
            raise BrokenError("truncated")
        self._at += number
        return data

    def _line(self) -> bytes:
        line = self._content.read(self._at, 512)
        end = line.find(b"\n")
        if end < 0:
            line = self._content.read(self._at, LONGEST)
            end = line.find(b"\n")
        if end < 0:
            raise BrokenError("truncated" if len(line) < LONGEST else "line too long")
        self._at += end + 1
        return line[:end]

    def _index(self) -> int:
        try:
            return integer(self._line())
        except UnknownError:
            raise BrokenError("invalid number") from None

    # The opcodes

    def _line_constant(self) -> None:
        """A constant whose line reaches beyond the window."""
        begin = self._at - 1
        end = self._content.find(b"\n", self._at)
        if end < 0:
            raise BrokenError("truncated")
        self._judge.hidden(self._at, end - self._at)
        self._stack.append(begin)
        self._at = end + 1

    def _proto(self) -> None:
        if self._bytes(1)[0] > opcodes.HIGHEST_PROTOCOL:
            raise BrokenError("unknown protocol")

    def _begin_frame(self) -> None:
        length = int.from_bytes(self._bytes(8), "little")
        self._frame = self._at + length

    def _framed(self, at: int) -> None:
        """The end of a frame is reached, or jumped over: there CPython's unpicklers differ in what they read on."""
        if at > self._frame:
            self._judge.accuse(Sign.DECEIVES, "FRAME", "ends within an opcode: loaders go on in different places", at)
        self._frame = 0

    def _drop(self) -> None:
        if self._stack:
            self._stack.pop()
        else:
            self._marked()

    def _drop_mark(self) -> None:
        self._marked()

    def _dup(self) -> None:
        self._stack.append(self._top())

    def _put(self, index: int) -> None:
        if index < 0:
            raise BrokenError("invalid number")
        if index >= _ABSURD:
            self._judge.accuse(Sign.EXHAUSTS, "memo", f"is made to hold {index} entries", self._at)
        self._memo.put(index, self._top(), self._full)

    def _memoize(self) -> None:
        self._memo.memoize(self._top(), self._full)

    def _get(self, index: int) -> None:
        value = self._memo.get(index)
        if value is None:
            raise BrokenError("missing memo entry")
        self._stack.append(value)

    def _tuple(self, length: int) -> None:
        stack = self._stack
        if len(stack) < length:
            raise BrokenError("stack underflow")
        if not length:
            stack.append(EMPTY)
            return
        items = stack[-length:]
        del stack[-length:]
        stack.append(self._group("tuple", items))

    def _collect(self, kind: Kind) -> None:
        items = self._marked()
        if kind in ("dict", "frozenset"):
            self._hash(items)
        self._stack.append(self._group(kind, items))

    def _add(self, items: list[Value]) -> None:
        target = self._top()
        if isinstance(target, Group):
            if target.kind in ("tuple", "frozenset") and items:
                raise BrokenError("items added to a constant")
            if target is not PLAIN:
                self._fill(target, items)
        elif items:
            self._judge.extend(target, self._at - 1)

    def _append(self) -> None:
        self._add([self._pop()])

    def _set(self) -> None:
        value, key = self._pop(), self._pop()
        self._hash([key])
        self._add([key, value])

    def _add_marked(self) -> None:
        self._add(self._marked())

    def _set_marked(self) -> None:
        items = self._marked()
        self._hash(items[::2])
        self._add(items)

    def _add_hashed(self) -> None:
        items = self._marked()
        self._hash(items)
        self._add(items)

    def _hash(self, keys: list[Value]) -> None:
        """Keys are hashed, which walks through tuples as often as they are referred to."""
        for key in keys:
            if type(key) is not int and isinstance(key, Group) and unfolded(key) > _UNFOLDED:
                self._judge.accuse(Sign.EXHAUSTS, "key", "takes ages to hash: tuples nested exponentially", self._at)

    def _name(self, encoding: str) -> str:
        try:
            return self._line().decode(encoding)
        except UnicodeDecodeError:
            raise BrokenError("invalid name") from None

    def _global(self) -> None:
        begin = self._at - 1
        module = self._name("utf-8")
        name = self._name("utf-8")
        self._stack.append(self._judge.reach(module, name, begin))

    def _stack_global(self) -> None:
        name, module = self._pop(), self._pop()
        if type(name) is int and type(module) is int:
            try:
                parts = self._constants.value(module), self._constants.value(name)
            except UnknownError:
                parts = None, None
            if isinstance(parts[0], str) and isinstance(parts[1], str):
                self._stack.append(self._judge.reach(parts[0], parts[1], self._at - 1))
                return
        self._stack.append(self._judge.compute(module, name, self._at - 1))

    def _extension(self, width: int) -> None:
        begin = self._at - 1
        code = int.from_bytes(self._bytes(width), "little", signed=width == 4)
        self._stack.append(self._judge.extension(code, begin))

    def _call(self, function: Value, args: Value, keywords: Value | None, at: int, new: bool = False) -> None:
        self._stack.append(self._judge.call(function, args, keywords, at, new))

    def _reduce(self) -> None:
        args, function = self._pop(), self._pop()
        self._call(function, args, None, self._at - 1)

    def _newobj(self) -> None:
        args, cls = self._pop(), self._pop()
        self._call(cls, args, None, self._at - 1, new=True)

    def _newobj_ex(self) -> None:
        keywords, args, cls = self._pop(), self._pop(), self._pop()
        self._call(cls, args, keywords, self._at - 1, new=True)

    def _obj(self) -> None:
        items = self._marked()
        if not items:
            raise BrokenError("stack underflow")
        self._call(items[0], self._group("tuple", items[1:]), None, self._at - 1)

    def _inst(self) -> None:
        begin = self._at - 1
        module, name = self._name("utf-8"), self._name("utf-8")
        function = self._judge.reach(module, name, begin)  # imported before the mark is looked for
        self._call(function, self._group("tuple", self._marked()), None, begin)

    def _build(self) -> None:
        state, target = self._pop(), self._top()
        self._judge.build(target, state, self._at - 1)
        if isinstance(target, Call):
            target.state = state
            after = self._judge.raw(target, self._at)
            if after != self._at:  # raw bytes stand outside of frames
                self._at, self._frame = after, 0

    def _persistent(self, id: Value) -> None:
        term = Persistent(id)
        self._judge.persistent_id(term)
        self._stack.append(term)

    def _persistent_line(self) -> None:
        begin = self._at - 1
        self._line()
        self._persistent(begin)

    def _buffer(self) -> None:
        self._stack.append(OPAQUE)

    def _readonly(self) -> None:
        self._top()


Step = Callable[[Machine], None]


def _number(width: int, do: Callable[[Machine, int], None]) -> Step:
    return lambda machine: do(machine, int.from_bytes(machine._bytes(width), "little"))


def _slim(value: Value) -> Value:
    """A value as an item of a container when there are many: containers of containers are let go of."""
    if type(value) is int or not isinstance(value, Group):
        return value
    items = value.items
    return value if not items or (len(items) <= 8 and all(type(one) is int for one in items)) else PLAIN


_STEPS: dict[int, Step] = {
    opcodes.PROTO: Machine._proto,
    opcodes.FRAME: Machine._begin_frame,
    opcodes.POP: Machine._drop,
    opcodes.POP_MARK: Machine._drop_mark,
    ord("2"): Machine._dup,
    opcodes.BINPUT: _number(1, Machine._put),
    opcodes.LONG_BINPUT: _number(4, Machine._put),
    opcodes.PUT: lambda machine: machine._put(machine._index()),
    opcodes.MEMOIZE: Machine._memoize,
    opcodes.BINGET: _number(1, Machine._get),
    opcodes.LONG_BINGET: _number(4, Machine._get),
    opcodes.GET: lambda machine: machine._get(machine._index()),
    ord(")"): lambda machine: machine._tuple(0),
    0x85: lambda machine: machine._tuple(1),
    0x86: lambda machine: machine._tuple(2),
    0x87: lambda machine: machine._tuple(3),
    ord("t"): lambda machine: machine._collect("tuple"),
    ord("l"): lambda machine: machine._collect("list"),
    ord("d"): lambda machine: machine._collect("dict"),
    0x91: lambda machine: machine._collect("frozenset"),
    ord("a"): Machine._append,
    ord("e"): Machine._add_marked,
    ord("s"): Machine._set,
    ord("u"): Machine._set_marked,
    0x90: Machine._add_hashed,
    ord("c"): Machine._global,
    0x93: Machine._stack_global,
    0x82: lambda machine: machine._extension(1),
    0x83: lambda machine: machine._extension(2),
    0x84: lambda machine: machine._extension(4),
    ord("R"): Machine._reduce,
    0x81: Machine._newobj,
    0x92: Machine._newobj_ex,
    ord("o"): Machine._obj,
    ord("i"): Machine._inst,
    ord("b"): Machine._build,
    ord("P"): Machine._persistent_line,
    ord("Q"): lambda machine: machine._persistent(machine._pop()),
    0x97: Machine._buffer,
    0x98: Machine._readonly,
    **dict.fromkeys(opcodes.LINES, Machine._line_constant),
}
