"""Machine: attacks on how a pickle is read: what stands where on the stack, in the memo, and between streams."""

import base64
import struct
from collections.abc import Iterator

from corpus.opcodes import (
    BUILD,
    COMMAND,
    DUP,
    MARK,
    POP,
    PYTHON,
    REDUCE,
    STACK_GLOBAL,
    STOP,
    Ops,
    apply,
    call,
    glob,
    many,
    named,
    new,
    payload,
    pickled,
    text,
    value,
)
from corpus.sample import Group, Made

SYSTEM = call("posix", "system", COMMAND)
GETATTR = named("builtins", "getattr")
P4 = b"\x80\x04"


def _rot13(word: str) -> Ops:
    return call("_codecs", "decode", word, "rot13")


def _names(group: Group) -> None:
    """Where a global's name comes from."""
    memo = P4 + text("posix") + b"\x940" + text("system") + b"\x940h\x00h\x01" + STACK_GLOBAL + many(COMMAND) + REDUCE
    group.bad("names-from-memo.pkl", memo + STOP)
    group.bad(
        "memo-of-memo.pkl",
        P4
        + text("posix")
        + b"q\x050h\x05q\x060"
        + b"h\x06"
        + text("system")
        + STACK_GLOBAL
        + many(COMMAND)
        + REDUCE
        + STOP,
    )
    group.bad(
        "memo-rewritten.pkl",
        P4
        + text("math")
        + b"q\x000"
        + text("posix")
        + b"q\x000h\x00"
        + text("system")
        + STACK_GLOBAL
        + many(COMMAND)
        + REDUCE
        + STOP,
    )
    group.bad(
        "put-after-pop.pkl",
        P4 + text("posix") + text("x") + b"0q\x07" + text("system") + STACK_GLOBAL + many(COMMAND) + REDUCE + STOP,
    )
    group.bad(
        "dup.pkl",
        P4 + text("timeit") + DUP + STACK_GLOBAL + many("pass") + REDUCE + STOP,
        "module and name are one string",
    )
    group.bad("rot13.pkl", P4 + _rot13("cbfvk") + _rot13("flfgrz") + STACK_GLOBAL + many(COMMAND) + REDUCE + STOP)
    joined = apply(named("builtins", "str.join"), "", ["sys", "tem"])
    group.bad("joined.pkl", P4 + text("posix") + joined + STACK_GLOBAL + many(COMMAND) + REDUCE + STOP)
    group.bad(
        "replaced.pkl",
        P4
        + text("posix")
        + apply(named("builtins", "str.replace"), "sy-stem", "-", "")
        + STACK_GLOBAL
        + many(COMMAND)
        + REDUCE
        + STOP,
    )
    group.bad(
        "old-strings.pkl", P4 + b"U\x05posix" + b"T\x06\0\0\0system" + STACK_GLOBAL + many(COMMAND) + REDUCE + STOP
    )
    group.bad("unicode-escapes.pkl", b"V\\u0070osix\nV\\u0073ystem\n" + STACK_GLOBAL + b"Vtrue\n\x85R.")
    group.bad("string-escapes.pkl", b"S'\\x70osix'\nS'\\x73ystem'\n" + STACK_GLOBAL + b"S'true'\n\x85R.")
    group.bad(
        "long-strings.pkl",
        P4
        + b"\x8d"
        + struct.pack("<Q", 5)
        + b"posix"
        + b"X\6\0\0\0system"
        + STACK_GLOBAL
        + many(COMMAND)
        + REDUCE
        + STOP,
    )
    for module, name in (
        ("logging", "os.system"),
        ("random", "_os.system"),
        ("pathlib", "os.remove"),
        ("collections", "_sys.modules.get"),
        ("numpy", "os.system"),
        ("torch", "os.system"),
        ("torch.serialization", "os.system"),
        ("sklearn", "os.environ.get"),
        ("collections", "namedtuple.__globals__.get"),
        ("numpy", "f2py.os.system"),
        ("joblib.numpy_pickle", "os.system"),
        ("pandas", "io.common.os.system"),
    ):
        group.bad(
            f"dotted-{module}.{name}.pkl", pickled(call(module, name, COMMAND)), "a dotted name walks to another module"
        )


def _calls(group: Group) -> None:
    """How something is called."""
    group.bad("inst.pkl", b"(S'true'\niposix\nsystem\n.")
    group.bad("obj.pkl", P4 + MARK + named("posix", "system") + text(COMMAND) + b"o" + STOP)
    group.bad(
        "newobj.pkl",
        pickled(call("collections", "deque", new("builtins", "map", named("posix", "system"), [COMMAND]), 0)),
    )
    group.bad(
        "newobj-ex.pkl",
        P4
        + named("builtins", "list")
        + named("builtins", "map")
        + many(named("posix", "system"), [COMMAND])
        + value({})
        + b"\x92"
        + b"\x85"
        + REDUCE
        + STOP,
    )
    group.bad(
        "build-call.pkl",
        P4
        + named("functools", "partial")
        + many(named("builtins", "print"))
        + b"\x81"
        + value((named("posix", "system"), (COMMAND,), {}, {}))
        + BUILD
        + many()
        + REDUCE
        + STOP,
        "partial gets another function by BUILD",
    )
    group.bad("partial.pkl", pickled(apply(call("functools", "partial", named("posix", "system"), COMMAND))))
    group.bad(
        "map.pkl", pickled(call("builtins", "list", call("builtins", "map", named("posix", "system"), [COMMAND])))
    )
    group.bad("getattr.pkl", pickled(apply(apply(GETATTR, call("builtins", "__import__", "os"), "system"), COMMAND)))
    group.bad(
        "globals-of-function.pkl",
        pickled(call("operator", "getitem", apply(GETATTR, named("collections", "namedtuple"), "__globals__"), "_sys")),
    )
    group.bad("subclasses.pkl", pickled(apply(apply(GETATTR, named("builtins", "object"), "__subclasses__"))))
    group.bad(
        "attrgetter.pkl",
        pickled(apply(apply(call("operator", "attrgetter", "system"), named("pathlib", "os")), COMMAND)),
    )
    group.bad(
        "methodcaller.pkl", pickled(apply(call("operator", "methodcaller", "system", COMMAND), named("random", "_os")))
    )
    group.bad("getitem.pkl", pickled(call("operator", "getitem", named("sys", "modules"), "os")))
    group.bad(
        "default-factory.pkl",
        pickled(
            call(
                "operator",
                "getitem",
                call("collections", "defaultdict", call("functools", "partial", named("posix", "system"), COMMAND)),
                "x",
            )
        ),
    )
    group.bad("reduce-getattr.pkl", pickled(call("functools", "reduce", GETATTR, ["__class__", "__base__"], "x")))
    group.bad(
        "starmap.pkl",
        pickled(call("collections", "deque", call("itertools", "starmap", named("posix", "system"), [(COMMAND,)]), 0)),
    )
    group.bad(
        "filter.pkl", pickled(call("builtins", "list", call("builtins", "filter", named("posix", "system"), [COMMAND])))
    )
    group.bad(
        "function-transformer.pkl",
        pickled(
            new(
                "sklearn.preprocessing._function_transformer",
                "FunctionTransformer",
                state={"func": named("posix", "system"), "kw_args": None, "validate": False},
            )
        ),
        "runs when the model predicts",
    )
    kind = call("types", "CodeType", 0, 0, 0, 0, 1, 64, b"d\0S\0", (None,), (), (), "x", "f", "f", 1, b"", b"", (), ())
    group.bad("code-called.pkl", pickled(apply(call("types", "FunctionType", kind, {}))), "bytecode of the file runs")
    group.bad("torch-nested-pickle.pkl", pickled(call("torch.storage", "_load_from_bytes", payload(2))))


def _state(group: Group) -> None:
    """What is written into objects and modules."""
    slots = value((None, {"system": named("builtins", "print")}))
    group.bad(
        "module-replaced.pkl",
        P4 + named("sys", "modules") + text("os") + named("types", "SimpleNamespace") + b")Rs0N.",
        "a module is replaced",
    )
    group.bad(
        "build-on-class.pkl",
        P4 + named("logging", "Logger") + slots + BUILD + STOP,
        "a class of everybody gets another attribute",
    )
    group.bad(
        "build-on-module-class.pkl",
        P4
        + named("torch.nn.modules.module", "Module")
        + value((None, {"forward": named("posix", "system")}))
        + BUILD
        + STOP,
    )
    group.bad(
        "build-global-then-call.pkl",
        P4
        + named("logging", "Logger")
        + value((None, {"__setstate__": named("posix", "system")}))
        + BUILD
        + POP
        + named("logging", "Logger")
        + many()
        + b"\x81"
        + value(COMMAND)
        + BUILD
        + STOP,
        "BUILD calls what BUILD has set",
    )
    group.bad("environment.pkl", P4 + named("os", "environ") + text("LD_PRELOAD") + text("backstay.so") + b"s" + STOP)
    group.bad("search-path.pkl", P4 + named("sys", "path") + text("backstay-none") + b"a" + STOP, "APPEND on sys.path")
    group.bad(
        "sys-modules.pkl",
        b"csys\nmodules\np0\n(S'sys'\ng0\nu0csys\nget\n(S'os'\ntRp1\n0g0\nS'sys'\ng1\ns0csys\nsystem\n(S'true'\ntR.",
    )
    group.bad(
        "extension-code.pkl",
        P4
        + call("copyreg", "add_extension", "posix", "system", 240)
        + POP
        + b"\x82\xf0"
        + many(COMMAND)
        + REDUCE
        + STOP,
    )
    group.bad("main-class.pkl", pickled(call("builtins", "eval", PYTHON), named("__main__", "Payload")))


def _streams(group: Group) -> None:
    """Where a stream begins and ends."""
    honest = pickled({"a": [1, 2, 3]})
    group.bad("second-stream.pkl", honest + payload())
    group.bad("junk-between.pkl", honest + b"\0\xff\0junk\n" * 7 + payload())
    group.bad("no-stop.pkl", payload()[:-1], "what was called before the end has run")
    group.bad("broken-after.pkl", payload()[:-1] + b"\xff\xfe\xfd")
    group.bad("underflow-after.pkl", payload()[:-1] + b"000000.")
    group.bad("bad-memo-after.pkl", payload()[:-1] + b"h\x63.")
    group.bad("text-not-utf8.pkl", P4 + SYSTEM + POP + b"\x8c\x02\xff\xfe" + STOP)
    group.bad("protocol-200.pkl", SYSTEM + b"0\x80\xc8N.")
    group.bad("protocol-within.pkl", P4 + b"N0" + P4 + SYSTEM + STOP)
    group.bad("no-protocol.pkl", SYSTEM + STOP, "protocol 4 opcodes without PROTO")
    group.bad("frame-splits-opcode.pkl", _straddle(), "others see one string where CPython's loader sees a call")
    group.bad("far-in.pkl", P4 + value(b"\0" * 200_000) + POP + SYSTEM + STOP)
    group.bad("after-no-ops.pkl", P4 + b"N0" * 100_000 + SYSTEM + STOP)
    group.bad("bytes-loaded.pkl", pickled(call("pickle", "loads", payload())))
    group.bad(
        "base64-loaded.pkl", pickled(call("pickle", "loads", call("base64", "b64decode", base64.b64encode(payload()))))
    )
    group.bad(
        "hex-evaluated.pkl", pickled(call("builtins", "exec", call("binascii", "unhexlify", PYTHON.encode().hex())))
    )
    group.bad("in-list.pkl", pickled([1, {"x": (SYSTEM, 2)}, "y"]))
    group.bad("as-key.pkl", P4 + b"}" + SYSTEM + b"Ns" + STOP)
    group.bad("persistent-id.pkl", P4 + SYSTEM + b"Q" + STOP, "the persistent id is a call")
    group.bad("pop-mark.pkl", P4 + MARK + SYSTEM + b"1N" + STOP)
    group.bad("byte-array.pkl", b"\x80\x05\x96" + struct.pack("<Q", 4) + b"\0" * 4 + b"0" + SYSTEM + STOP)


def _straddle() -> bytes:
    """A frame that ends within an opcode where the read buffer of a file (128 KiB) ends, too: what is left of the
    buffer is dropped by the C unpickler, so that a length of 263 becomes 1 (https://github.com/python/cpython/issues/154848)."""
    hidden = glob("posix", "system") + b"Vtrue\n\x85R("
    start = b"\x80\x05NV" + b"a" * (131_072 - 17) + b"\n0("
    return start + b"\x95" + struct.pack("<Q", 2) + b"B\7\1\0\0\0\0" + hidden.ljust(261, b"N") + b"1."


def _bombs(group: Group) -> None:
    """Memory and time."""
    levels = b"".join(b"0" + (b"h" + bytes([level])) * 3 + b"\x87\x94" for level in range(60))
    group.bad(
        "billion-laughs.pkl",
        P4 + value((0, 0)) + b"\x94" + levels + b"}h\x3cNs.",
        "a key whose hash walks 3 to the 60th tuples",
    )
    group.bad("memo-index.pkl", P4 + b"Nr\xff\xff\xff\x7f.", "the memo is made to hold two billion entries")
    group.bad("big-bytes.pkl", pickled(call("builtins", "bytearray", 1 << 40)))
    group.bad("big-range.pkl", pickled(call("builtins", "list", call("builtins", "range", 1 << 40))))


def samples() -> Iterator[Made]:
    group = Group("pickle VM tricks")
    _names(group)
    _calls(group)
    _state(group)
    _streams(group)
    _bombs(group)
    yield from group.made
