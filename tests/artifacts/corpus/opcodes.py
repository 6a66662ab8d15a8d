"""Opcodes: writes pickles one opcode at a time, so that a sample can be what no pickler would write."""

import struct
from typing import Any

STOP = b"."
REDUCE = b"R"
BUILD = b"b"
MARK = b"("
POP = b"0"
DUP = b"2"
STACK_GLOBAL = b"\x93"
MEMOIZE = b"\x94"
NEWOBJ = b"\x81"
NONE = b"N"
EMPTY_DICT = b"}"
EMPTY_TUPLE = b")"

COMMAND = "true"  # what payloads would run
PYTHON = "__import__('os').system('true')"


class Ops(bytes):
    """Opcodes that leave one value on the stack: may stand wherever a value may."""


def text(value: str) -> Ops:
    """SHORT_BINUNICODE or BINUNICODE."""
    data = value.encode()
    return Ops(b"\x8c" + bytes([len(data)]) + data if len(data) < 256 else b"X" + struct.pack("<I", len(data)) + data)


def glob(module: str, name: str) -> Ops:
    """GLOBAL, as protocols 0 to 3 have it."""
    return Ops(b"c" + module.encode() + b"\n" + name.encode() + b"\n")


def named(module: str, name: str) -> Ops:
    """STACK_GLOBAL on two strings, as protocol 4 has it."""
    return Ops(text(module) + text(name) + STACK_GLOBAL)


def many(*values: Any) -> Ops:
    """A tuple."""
    if not values:
        return Ops(b")")
    short = {1: b"\x85", 2: b"\x86", 3: b"\x87"}.get(len(values))
    body = b"".join(value(one) for one in values)
    return Ops(body + short) if short else Ops(MARK + body + b"t")


def value(one: Any) -> Ops:
    """Opcodes for a plain value; `Ops` are taken as they are."""
    match one:
        case Ops():
            return one
        case None:
            return Ops(b"N")
        case bool():
            return Ops(b"\x88" if one else b"\x89")
        case int():
            if 0 <= one < 256:
                return Ops(b"K" + bytes([one]))
            if -(2**31) <= one < 2**31:
                return Ops(b"J" + struct.pack("<i", one))
            data = one.to_bytes((one.bit_length() // 8) + 1, "little", signed=True)
            return Ops(b"\x8a" + bytes([len(data)]) + data)
        case float():
            return Ops(b"G" + struct.pack(">d", one))
        case str():
            return text(one)
        case bytes():
            return Ops(b"C" + bytes([len(one)]) + one if len(one) < 256 else b"B" + struct.pack("<I", len(one)) + one)
        case tuple():
            return many(*one)
        case list():
            return Ops(b"]" + (MARK + b"".join(value(each) for each in one) + b"e" if one else b""))
        case dict():
            pairs = b"".join(value(key) + value(each) for key, each in one.items())
            return Ops(b"}" + (MARK + pairs + b"u" if one else b""))
    raise TypeError(type(one).__name__)


def call(module: str, name: str, *arguments: Any) -> Ops:
    """REDUCE of a global."""
    return Ops(named(module, name) + many(*arguments) + REDUCE)


def apply(function: Ops, *arguments: Any) -> Ops:
    """REDUCE of whatever stands there."""
    return Ops(function + many(*arguments) + REDUCE)


def new(module: str, name: str, *arguments: Any, state: Any = None) -> Ops:
    """NEWOBJ of a class, with a state when there is one."""
    made = named(module, name) + many(*arguments) + NEWOBJ
    return Ops(made if state is None else made + value(state) + BUILD)


def pickled(*parts: Any, protocol: int = 4) -> bytes:
    """A whole stream; all values but the last are popped."""
    body = b"".join(value(one) + POP for one in parts[:-1]) + value(parts[-1])
    return (b"\x80" + bytes([protocol]) if protocol > 1 else b"") + body + STOP


def payload(protocol: int = 4) -> bytes:
    """The plainest attack."""
    if protocol == 0:
        return b"cos\nsystem\n(S'true'\ntR."
    if protocol < 4:
        return pickled(Ops(glob("posix", "system") + many(COMMAND) + REDUCE), protocol=protocol)
    return pickled(call("posix", "system", COMMAND), protocol=protocol)
