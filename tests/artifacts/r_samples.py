"""Builders of R data, item by item as R Internals describes them."""

import struct

NIL, UNBOUND, GLOBAL = 254, 252, 253
OBJECT, ATTRIBUTES, TAG = 0x100, 0x200, 0x400


def integer(value: int) -> bytes:
    return struct.pack(">i", value)


def characters(text: str) -> bytes:
    raw = text.encode()
    return integer(9 | 64 << 12) + integer(len(raw)) + raw


def symbol(name: str) -> bytes:
    return integer(1) + characters(name)


def strings(*values: str) -> bytes:
    return integer(16) + integer(len(values)) + b"".join(map(characters, values))


def reals(*values: float) -> bytes:
    return integer(14) + integer(len(values)) + struct.pack(f">{len(values)}d", *values)


def pairs(*items: tuple[str, bytes]) -> bytes:
    """A list of tagged values."""
    return b"".join(integer(2 | TAG) + symbol(name) + value for name, value in items) + integer(NIL)


def call(name: str, *arguments: bytes) -> bytes:
    return integer(6) + symbol(name) + b"".join(integer(2) + one for one in arguments) + integer(NIL)


def promise(code: bytes, value: bytes | None = None, environment: bytes = integer(GLOBAL)) -> bytes:
    return integer(5 | TAG) + environment + (integer(UNBOUND) if value is None else value) + code


def closure(body: bytes, formals: bytes = integer(NIL), environment: bytes = integer(GLOBAL)) -> bytes:
    return integer(3 | TAG) + environment + formals + body


def environment(frame: bytes = integer(NIL)) -> bytes:
    return integer(4) + integer(0) + integer(GLOBAL) + frame + integer(NIL) + integer(NIL)


def generic(*items: bytes, names: tuple[str, ...] = (), classes: tuple[str, ...] = ()) -> bytes:
    """A list with names and classes, as models are."""
    attributes = [("names", strings(*names))] * bool(names) + [("class", strings(*classes))] * bool(classes)
    flags = 19 | (OBJECT if classes else 0) | (ATTRIBUTES if attributes else 0)
    return integer(flags) + integer(len(items)) + b"".join(items) + (pairs(*attributes) if attributes else b"")


def bytecode(code: bytes, *constants: bytes) -> bytes:
    """Compiled code with constants, each with its type before it."""
    return integer(21) + integer(1) + code + integer(len(constants)) + b"".join(constants)


def rds(item: bytes, version: int = 3) -> bytes:
    head = b"X\n" + integer(version) + integer(0x040301) + integer(0x030500 if version == 3 else 0x020300)
    return head + (integer(5) + b"UTF-8" if version == 3 else b"") + item


def rdata(*items: tuple[str, bytes]) -> bytes:
    return b"RDX3\n" + rds(pairs(*items))
