"""The pickle machine: whatever way leads to a call, the call is seen."""

import contextlib
import io
import pickle
import struct
from typing import Any

import pytest
from corpus.opcodes import (
    BUILD,
    DUP,
    MARK,
    MEMOIZE,
    POP,
    REDUCE,
    STACK_GLOBAL,
    STOP,
    Ops,
    apply,
    call,
    glob,
    many,
    named,
    text,
    value,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from backstay.artifacts.content import Bytes
from backstay.artifacts.exam import Exam
from backstay.artifacts.pickles import streams
from backstay.artifacts.pickles.constants import Constants
from backstay.artifacts.pickles.judge import Verdicts
from backstay.artifacts.pickles.machine import Machine
from backstay.artifacts.pickles.memory import PLAIN
from backstay.artifacts.pickles.terms import EMPTY
from backstay.artifacts.report import Inspection, Sign, State

P4 = b"\x80\x04"
SYSTEM = call("posix", "system", "true")
RUN = many("true") + REDUCE + STOP


def inspected(data: bytes, name: str = "model.pkl") -> Inspection:
    exam = Exam(name)
    with exam.contained():
        streams.read(Bytes(data), exam)
    return exam.report(len(data))


def said(data: bytes) -> dict[str, Sign]:
    return {one.subject: one.sign for one in inspected(data).observations}


CALLS = {
    "REDUCE": P4 + SYSTEM + STOP,
    "REDUCE with a list of arguments": P4 + named("posix", "system") + value(["true"]) + REDUCE + STOP,
    "OBJ": b"(cposix\nsystem\nS'true'\no.",
    "INST": b"(S'true'\niposix\nsystem\n.",
    "NEWOBJ": P4 + named("posix", "system") + many("true") + b"\x81.",
    "NEWOBJ_EX": P4 + named("posix", "system") + many() + value({"command": "true"}) + b"\x92.",
    "memo": P4 + named("posix", "system") + b"q\x010h\x01" + RUN,
    "memo of a memo": P4 + named("posix", "system") + b"q\x010h\x01q\x020h\x02" + RUN,
    "long indexes": P4 + named("posix", "system") + b"r\x00\x00\x01\x000j\x00\x00\x01\x00" + RUN,
    "text indexes": P4 + named("posix", "system") + b"p 0_7\n0g+7\x00rest\n" + RUN,
    "memo rewritten": P4
    + text("math")
    + b"q\x000"
    + text("posix")
    + b"q\x000h\x00"
    + text("system")
    + b"\x93"
    + many("true")
    + REDUCE
    + STOP,
    "MEMOIZE counts entries": P4
    + text("a")
    + b"q\x050"
    + text("posix")
    + MEMOIZE
    + b"0h\x01"
    + text("system")
    + b"\x93"
    + RUN,
    "PUT after POP": P4 + text("posix") + text("x") + b"0q\x07" + text("system") + STACK_GLOBAL + RUN,
    "DUP": P4 + text("timeit") + DUP + STACK_GLOBAL + many("pass") + REDUCE + STOP,
    "POP of a mark": P4 + MARK + POP + SYSTEM + STOP,
    "POP_MARK": P4 + MARK + value(1) + value(2) + b"1" + SYSTEM + STOP,
    "in a list": P4 + value([1, {"x": (SYSTEM, 2)}]) + STOP,
    "popped": P4 + SYSTEM + POP + value(1) + STOP,
    "no PROTO": SYSTEM + STOP,
    "no STOP": P4 + SYSTEM,
    "PROTO in the midst": P4 + SYSTEM + POP + b"\x80\x02" + value(1) + STOP,
    "frame that is too long": P4 + b"\x95" + struct.pack("<Q", 1 << 40) + SYSTEM + STOP,
    "odd numbers": P4 + b"I0x1_0\n0L077L\n0F1e5\n0I01\n0" + SYSTEM + STOP,
    "bytes of every width": P4 + b"C\1a0B\1\0\0\0a0\x8e\1\0\0\0\0\0\0\0a0\x96\1\0\0\0\0\0\0\0a0" + SYSTEM + STOP,
    "buffers": b"\x80\x05\x97\x980" + SYSTEM + STOP,
    "sets": P4 + b"\x8f(K\1K\2\x90(K\1\x910" + b"0" + SYSTEM + STOP,
    "persistent ids": P4 + value("x") + b"Q0Pline\n0" + SYSTEM + STOP,
    "extension registry": P4 + call("copyreg", "add_extension", "posix", "system", 7) + POP + b"\x82\x07" + RUN,
    "extension of four bytes": P4
    + call("copyreg", "add_extension", "posix", "system", 70_000)
    + POP
    + b"\x84"
    + struct.pack("<i", 70_000)
    + RUN,
    "names in text opcodes": b"Vposix\nVsys\\u0074em\n\x93(Vtrue\ntR.",
    "names in old strings": b"S'posix'\nS\"s\\x79stem\"\n\x93(S'true'\ntR.",
}


@pytest.mark.parametrize("data", CALLS.values(), ids=CALLS.keys())
def test_every_way_to_a_call_is_seen(data: bytes) -> None:
    found = inspected(data)
    assert found.state is State.MALICIOUS
    called = [one for one in found.observations if one.sign is Sign.EXECUTES and "calls it" in one.message]
    assert {one.subject for one in called} & {"posix.system", "timeit.timeit"}


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_every_protocol_is_read_to_its_end(protocol: int) -> None:
    thing: Any = [
        None, True, 1, 300, 70_000, -5, 1 << 70, 1.5, "text", "ü" * 300, b"bytes", b"b" * 300, bytearray(b"x"), (),
        (1,), (1, 2), (1, 2, 3), (1, 2, 3, 4), {"a": [1]}, {1, 2}, frozenset({3}), [[]] * 3, "x" * 70_000,
    ]  # fmt: skip
    found = inspected(pickle.dumps(thing, protocol))
    assert found.state is State.CLEAN
    assert not found.gaps


def test_what_a_loader_has_done_before_a_break_counts() -> None:
    for rest, reason in (
        (b"\xff", "invalid opcode"),
        (b"", "truncated"),
        (b"X\xff\xff\xff\x7fabc", "truncated"),
        (b"00", "no mark"),
        (b"h\x63", "missing memo entry"),
        (b"g1x\n", "invalid number"),
        (b"\x80\x63", "unknown protocol"),
        (b"R", "stack underflow"),
    ):
        found = inspected(P4 + SYSTEM + rest)
        assert found.state is State.MALICIOUS, rest
        assert [one.reason for one in found.gaps] == [reason], rest


def test_what_stands_behind_a_break_is_not_executed_by_the_stream() -> None:
    found = inspected(P4 + b"h\x63" + b"K\1K\2" * 5)
    assert found.state is State.UNKNOWN
    assert [one.reason for one in found.gaps] == ["missing memo entry"]


def test_names_put_together_at_load_are_named() -> None:
    rot13 = Ops(call("_codecs", "decode", "cbfvk", "rot13"))
    joined = call("builtins", "str.join", "", ["sys", "tem"])
    bound = apply(call("builtins", "getattr", "", "join"), ["po", "six"])
    concatenated = call("operator", "concat", "sys", "tem")
    for module, name in ((rot13, text("system")), (text("posix"), joined), (bound, joined), (rot13, concatenated)):
        assert said(P4 + module + name + STACK_GLOBAL + RUN)["posix.system"] is Sign.EXECUTES


def test_a_name_that_nobody_can_tell_is_an_accusation() -> None:
    data = P4 + text("posix") + call("somewhere", "name") + STACK_GLOBAL + STOP
    assert said(data)["STACK_GLOBAL"] is Sign.EXECUTES


def test_a_name_that_is_no_text_ends_the_stream() -> None:
    found = inspected(P4 + text("posix") + value(3) + STACK_GLOBAL + STOP)
    assert [one.reason for one in found.gaps] == ["name is no text"]
    assert found.state is State.UNKNOWN


def test_a_frame_that_ends_within_an_opcode_deceives() -> None:
    hidden = glob("posix", "system") + b"Vtrue\n\x85R("
    data = P4 + b"\x95" + struct.pack("<Q", 2) + b"B\7\1\0\0" + hidden.ljust(263, b"N") + b"1."
    assert said(data)["FRAME"] is Sign.DECEIVES


def test_frames_of_honest_pickles_do_not_deceive() -> None:
    for length in (10, 65_530, 65_536, 65_540, 200_000):
        thing = ["x" * length, list(range(40_000)), b"y" * length]
        for protocol in (4, 5):
            assert inspected(pickle.dumps(thing, protocol)).state is State.CLEAN


def test_an_absurd_memo_index_exhausts() -> None:
    assert said(P4 + b"Nr\xff\xff\xff\x7f.")["memo"] is Sign.EXHAUSTS


def test_a_key_of_exponential_tuples_exhausts() -> None:
    levels = b"".join(b"0" + (b"h" + bytes([level])) * 3 + b"\x87\x94" for level in range(60))
    assert said(P4 + value((0, 0)) + MEMOIZE + levels + b"}h\x3cNs.")["key"] is Sign.EXHAUSTS
    assert inspected(pickle.dumps({((1, 2), (3, (4, 5))): 1})).state is State.CLEAN


def test_offsets_are_those_of_the_opcodes() -> None:
    (one,) = inspected(P4 + value(1) + POP + SYSTEM + STOP).observations
    assert one.offset == len(P4 + value(1) + POP + SYSTEM) - 1


def test_state_set_on_a_global_is_an_accusation() -> None:
    data = P4 + named("collections", "OrderedDict") + value({"x": 1}) + BUILD + STOP
    assert said(data)["collections.OrderedDict"] is Sign.EXECUTES
    assert said(P4 + named("collections", "OrderedDict") + value("a") + value("b") + b"s.")["collections.OrderedDict"]
    assert said(P4 + named("collections", "OrderedDict") + value("a") + b"a.")["collections.OrderedDict"]


def test_imports_are_listed_safe_ones_too() -> None:
    import collections

    assert inspected(pickle.dumps(collections.OrderedDict(a=1))).imports == ("collections.OrderedDict",)


def test_no_stream_leaves_anything_behind_for_the_next() -> None:
    for data in (b")Na.", b")(NNe.", b"((NNtNa.", b")NNs.", b")(N\x90."):
        assert [one.reason for one in inspected(data).gaps] == ["items added to a constant"]
    assert not EMPTY.items
    assert not PLAIN.items


PIECES = [
    *(bytes([op]) for op in b"()]}N012oRbaesutldQ\x85\x86\x87\x81\x8f\x90\x91\x92\x93\x94\x88"),
    *(b"K\x01", b"K\x00", b"M\x01\x02", b"J\1\0\0\0", b"I1\n", b"I01\n", b"I0x10\n", b"L10L\n", b"F1\n", b"G12345678"),
    *(b"\x8c\x02os", b"\x8c\x01x", b"X\2\0\0\0os", b"U\2os", b"T\1\0\0\0q", b"S's\\x79s'\n", b"Vs\\u0079s\n", b"C\1a"),
    b"\x8a\1\5",
    *(b"B\1\0\0\0z", b"\x8d\1\0\0\0\0\0\0\0z", b"\x8e\1\0\0\0\0\0\0\0z", b"\x96\1\0\0\0\0\0\0\0z"),
    *(b"cos\nsystem\n", b"ios\npopen\n", b"Pz\n", b"\x80\x04", b"\x80\x02"),
    *(b"q\x00", b"q\x01", b"r\2\0\0\0", b"p1\n", b"p 1\n"),
    *(b"h\x00", b"h\x01", b"j\1\0\0\0", b"g1\n", b"g+1\n", b"g1\0z\n"),
    *(b"cos\nsystem\n", b"\x8c\x02os\x8c\x06system\x93", b"(K\1t", b"R", b")R") * 4,
]  # fmt: skip


class Harmless:
    """Stands for whatever a stream imports, and counts how often it is called."""

    calls = 0

    def __new__(cls, *args: Any, **keywords: Any) -> "Harmless":
        Harmless.calls += 1
        return object.__new__(cls)

    def __init__(self, *args: Any, **keywords: Any) -> None:
        pass

    def __call__(self, *args: Any, **keywords: Any) -> "Harmless":
        Harmless.calls += 1
        return object.__new__(Harmless)

    def __setstate__(self, state: Any) -> None:
        pass

    def __setitem__(self, key: Any, value: Any) -> None:
        pass

    def __hash__(self) -> int:
        return 1

    def extend(self, values: Any) -> None:
        pass

    append = add = extend


@settings(max_examples=1_500, deadline=None)
@given(st.lists(st.sampled_from(PIECES), min_size=2, max_size=18))
def test_whatever_the_unpicklers_of_python_reach_is_reached(pieces: list[bytes]) -> None:
    data = b"".join(pieces) + b"."
    content = Bytes(data)
    exam = Exam("x")
    judge = Verdicts(content, exam, Constants(content, exam))
    Machine(content, exam, judge, judge.constants).run()
    for unpickler in (pickle.Unpickler, pickle._Unpickler):
        names: list[tuple[str, str]] = []

        class Listening(unpickler):  # type: ignore[misc, valid-type]
            seen = names

            def find_class(self, module: str, name: str) -> Any:
                self.seen.append((module, name))
                return type("Fresh", (Harmless,), {})

            def persistent_load(self, id: Any) -> Any:
                return ("id", id)

        Harmless.calls = 0
        with contextlib.suppress(Exception):
            Listening(io.BytesIO(data)).load()
        assert set(names) <= set(judge.globals), data
        assert Harmless.calls <= judge.calls, data
