"""Fold: computes what harmless functions of text give, so that a name that is put together at load can be named.

Nothing of the file's is run: each function here is ours, over values that are small and known.
"""

import base64
import binascii
import codecs
import zlib
from collections.abc import Callable
from typing import Any

from backstay.artifacts.pickles.constants import Constants, UnknownError
from backstay.artifacts.pickles.terms import Attribute, Group, Known, Value

_LONGEST = 65_536
_DEEPEST = 8

_CODEC_NAMES = """
    ascii latin1 latin-1 latin_1 iso-8859-1 iso8859-1 utf8 utf-8 utf_8 utf-16 utf-16-le utf-16-be utf-32 utf-7 rot13
    rot_13 rot-13 hex hex_codec base64 base64_codec uu uu_codec quopri zlib zip zlib_codec raw_unicode_escape
    unicode_escape unicode-escape charmap cp437 cp037 cp500 cp1252
"""
_CODECS = frozenset(_CODEC_NAMES.split())


def literal(value: Value, constants: Constants, depth: int = 0) -> Any:
    """The Python value of a term, when it is a constant or a container of constants. Raises UnknownError otherwise."""
    if isinstance(value, int):
        return constants.value(value)
    if isinstance(value, Known):
        return value.value
    if isinstance(value, Group) and not value.more and depth < _DEEPEST:
        items = [literal(one, constants, depth + 1) for one in value.items or ()]
        if value.kind == "dict":
            return dict(zip(items[::2], items[1::2], strict=False))
        return tuple(items) if value.kind == "tuple" else items
    raise UnknownError


def fold(path: str, args: Value, constants: Constants) -> Known | None:
    """What a function gives for arguments that are known; None when it cannot be told."""
    function = _FUNCTIONS.get(path)
    return _applied(function, args, constants) if function else None


def fold_method(method: Attribute, args: Value, constants: Constants) -> Known | None:
    """What a method of a text or of bytes gives."""
    try:
        base = literal(method.base, constants)
    except UnknownError:
        return None
    function = _METHODS.get(method.name)
    if function is None or not isinstance(base, str | bytes):
        return None
    return _applied(lambda *given: function(base, *given), args, constants)


def _applied(function: Callable[..., Any], args: Value, constants: Constants) -> Known | None:
    try:
        given = literal(args, constants)
        if not isinstance(given, tuple) or not all(_small(one) for one in given):
            return None
        result = function(*given)
    except Exception:  # whatever a loader would raise: there is no value
        return None
    if isinstance(result, bytearray | memoryview):
        result = bytes(result)
    if isinstance(result, str | bytes) and len(result) <= _LONGEST:
        return Known(result)
    return Known(result) if isinstance(result, int) and abs(result) < 1 << 63 else None


def _small(value: Any) -> bool:
    if isinstance(value, int):
        return abs(value) < 1 << 32
    return not isinstance(value, str | bytes) or len(value) <= _LONGEST


def _encode(text: Any, codec: str = "utf-8", errors: str = "strict") -> Any:
    return codecs.encode(text, _known(codec), errors)


def _decode(data: Any, codec: str = "utf-8", errors: str = "strict") -> Any:
    name = _known(codec)
    if name.startswith("z"):
        return _inflated(data)
    return codecs.decode(data, name, errors)


def _known(codec: str) -> str:
    name = codec.lower()
    if name not in _CODECS:
        raise ValueError
    return name


def _inflated(data: bytes, *_: Any) -> bytes:
    return zlib.decompressobj(wbits=47).decompress(data, _LONGEST)


def _added(left: Any, right: Any) -> Any:
    return left + right if type(left) is type(right) else None


def _times(left: Any, right: Any) -> Any:
    number = right if isinstance(right, int) else left
    return left * right if isinstance(number, int) and abs(number) <= 64 else None


def _bytes(*args: Any) -> bytes | None:
    if not args or isinstance(args[0], int):
        return None
    return args[0].encode(*args[1:]) if isinstance(args[0], str) else bytes(args[0])


def _text(*args: Any) -> str:
    return str(args[0], *args[1:]) if len(args) > 1 else str(args[0])


def _format(pattern: str, *args: Any) -> str | None:
    return pattern.format(*args) if _plain(pattern) and not set(pattern) & set("!:.[") else None


def _plain(pattern: str) -> bool:
    """Whether a pattern asks for no width, which could be a billion."""
    return len(pattern) < 1_024 and "*" not in pattern and not any(one.isdigit() for one in pattern.partition("%")[2])


def _replace(base: Any, old: Any, new: Any, *count: Any) -> Any:
    return base.replace(old, new, *count) if len(base) <= 1_024 and len(new) <= 1_024 else None


_METHODS: dict[str, Callable[..., Any]] = {
    "join": lambda base, items: base.join(items),
    "replace": _replace,
    "encode": _encode,
    "decode": _decode,
    "format": _format,
    "__add__": _added,
    "__mul__": _times,
    "__getitem__": lambda base, key: base[key],
    "__str__": str,
    **{
        name: (lambda base, *args, _name=name: getattr(base, _name)(*args))
        for name in ("lower", "upper", "strip", "lstrip", "rstrip", "swapcase", "capitalize", "title", "casefold",
                     "removeprefix", "removesuffix", "hex")
    },
}  # fmt: skip

_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "_codecs.encode": _encode,
    "codecs.encode": _encode,
    "_codecs.decode": _decode,
    "codecs.decode": _decode,
    "_operator.add": _added,
    "_operator.concat": _added,
    "_operator.iadd": _added,
    "_operator.iconcat": _added,
    "_operator.mul": _times,
    "_operator.getitem": lambda base, key: base[key],
    "_operator.mod": lambda base, values: base % values if isinstance(base, str) and _plain(base) else None,
    "builtins.bytes": _bytes,
    "builtins.bytearray": _bytes,
    "builtins.chr": chr,
    "builtins.ord": ord,
    "builtins.ascii": ascii,
    "builtins.repr": repr,
    "builtins.int": int,
    "builtins.str": _text,
    "builtins.bytes.fromhex": bytes.fromhex,
    "builtins.bytearray.fromhex": bytes.fromhex,
    "builtins.int.to_bytes": lambda number, length, order="big": number.to_bytes(min(length, 64), order),
    "builtins.int.from_bytes": int.from_bytes,
    "base64.b64decode": lambda data, *_: base64.b64decode(data),
    "base64.b64encode": lambda data, *_: base64.b64encode(data),
    "base64.urlsafe_b64decode": base64.urlsafe_b64decode,
    "base64.b32decode": lambda data, *_: base64.b32decode(data),
    "base64.b85decode": base64.b85decode,
    "base64.a85decode": lambda data, *_: base64.a85decode(data),
    "base64.b16decode": lambda data, *_: base64.b16decode(data),
    "binascii.unhexlify": lambda data, *_: binascii.unhexlify(data),
    "binascii.a2b_hex": lambda data, *_: binascii.unhexlify(data),
    "binascii.a2b_base64": lambda data, *_: binascii.a2b_base64(data),
    "zlib.decompress": _inflated,
    "gzip.decompress": _inflated,
    **{f"builtins.str.{name}": method for name, method in _METHODS.items()},
    **{f"builtins.bytes.{name}": method for name, method in _METHODS.items()},
}
_FUNCTIONS |= {
    path.replace("_operator.", "operator."): function
    for path, function in _FUNCTIONS.items()
    if path.startswith("_operator.")
}
_FUNCTIONS |= {
    path.replace("builtins.", "__builtin__."): function
    for path, function in _FUNCTIONS.items()
    if path.startswith("builtins.")
}

FOLDED = frozenset(_FUNCTIONS)
