"""Pickles made to exhaust or to break their reader."""

import pickle
import time
import tracemalloc

import pytest
from corpus.opcodes import MEMOIZE, STOP, apply, call, named, payload, value
from hypothesis import given, settings
from hypothesis import strategies as st

from backstay.artifacts.content import Bytes, Content
from backstay.artifacts.exam import Exam, Limits
from backstay.artifacts.format import Candidate
from backstay.artifacts.pickles import streams, trial
from backstay.artifacts.report import Inspection, Sign, State

EVIL = payload(0)
P4 = b"\x80\x04"


def inspected(content: Content, limits: Limits | None = None) -> Inspection:
    exam = Exam("model.pkl", limits or Limits())
    with exam.contained():
        streams.read(content, exam)
    return exam.report(content.size)


def seconds(content: Content) -> tuple[float, Inspection]:
    start = time.process_time()
    found = inspected(content)
    return time.process_time() - start, found


MILLION = 1_000_000
IDLE = {
    "NONE POP": b"N0" * 3 * MILLION,
    "MARK POP_MARK": b"(1" * 3 * MILLION,
    "numbers": b"K\x010" * 3 * MILLION,
    "PROTO": b"\x80\x04" * 6 * MILLION,
    "DUP POP": b"N" + b"20" * 3 * MILLION + b"0",
    "BINPUT": b"N" + b"q\x00" * 6 * MILLION + b"0",
    "MEMOIZE": b"N" + MEMOIZE * 6 * MILLION + b"0",
    "BINGET POP": b"N\x940" + b"h\x000" * 3 * MILLION,
}


@pytest.mark.parametrize("idle", IDLE.values(), ids=IDLE.keys())
def test_six_million_opcodes_that_do_nothing_take_seconds(idle: bytes) -> None:
    spent, found = seconds(Bytes(P4 + idle + EVIL))
    assert found.state is State.MALICIOUS
    assert spent < 5


class Repeated(Content):
    """A content of a gigabyte and more that takes no memory: a head, one stretch again and again, and a tail."""

    def __init__(self, head: bytes, stretch: bytes, times: int, tail: bytes) -> None:
        self._head, self._stretch, self._tail = head, stretch, tail
        self._middle = len(stretch) * times
        self.size = len(head) + self._middle + len(tail)

    def read(self, at: int, length: int) -> bytes:
        pieces = []
        length = max(0, min(length, self.size - at))
        while length > 0:
            inner = at - len(self._head)
            if inner < 0:
                piece = self._head[at : at + length]
            elif inner < self._middle:
                start = inner % len(self._stretch)
                piece = self._stretch[start : start + min(length, self._middle - inner)]
            else:
                piece = self._tail[inner - self._middle : inner - self._middle + length]
            pieces.append(piece)
            at += len(piece)
            length -= len(piece)
        return b"".join(pieces)


def test_a_gigabyte_before_the_payload_is_skipped() -> None:
    size = 1 << 30
    big = Repeated(P4 + b"B" + size.to_bytes(4, "little"), bytes(1 << 20), 1 << 10, b"0" + EVIL)
    tracemalloc.start()
    spent, found = seconds(big)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert found.state is State.MALICIOUS
    assert spent < 1
    assert most < 64 << 20


def test_billions_of_opcodes_end_with_a_gap() -> None:
    spent, found = seconds(Repeated(P4, b"N0" * (1 << 19), 1 << 12, EVIL))
    assert [one.reason for one in found.gaps] == ["too many steps"]
    assert [one.sign for one in found.observations] == [Sign.EXHAUSTS]
    assert spent < 10


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"]" * 3 * MILLION, "stack too deep"),
        (b"(" * 3 * MILLION, "stack too deep"),
        (b"N" + MEMOIZE * 9 * MILLION, "memo too large"),
        (b"".join(b"c" + b"m%d\nx\n0" % number for number in range(110_000)), "too many names"),
    ],
)
def test_what_grows_without_end_is_stopped(data: bytes, reason: str) -> None:
    assert reason in {one.reason for one in inspected(Bytes(P4 + data)).gaps}


def test_exponential_nesting_costs_nothing() -> None:
    levels = b"".join(b"](" + (b"h" + bytes([level])) * 10 + b"e\x940" for level in range(200))
    spent, found = seconds(Bytes(P4 + b"]\x940" + levels + EVIL))
    assert found.state is State.MALICIOUS
    assert spent < 1


def test_depth_costs_no_recursion() -> None:
    for deep in (b"N" + b"\x85" * MILLION, b"]" + b"](h\x00e\x94" * 1_000):
        found = inspected(Bytes(P4 + b"N\x940" + deep + b"0" + EVIL))
        assert found.state is State.MALICIOUS
        assert "nested too deeply" not in {one.reason for one in found.gaps}
    inner = named("builtins", "getattr")
    for _ in range(3_000):
        inner = call("functools", "partial", inner)
    assert inspected(Bytes(P4 + apply(inner) + b"0" + EVIL)).state is State.MALICIOUS


def test_values_that_would_be_huge_are_not_made() -> None:
    for function, arguments in (
        ("builtins.str.__mul__", ("x" * 1_000, 1 << 30)),
        ("operator.mul", ("x" * 1_000, 1 << 30)),
        ("builtins.str.replace", ("a" * 60_000, "a", "b" * 60_000)),
        ("builtins.str.format", ("{0:99999999999}", "x")),
        ("operator.mod", ("%99999999999d", 1)),
        ("builtins.int.to_bytes", (1, 1 << 30)),
        ("builtins.bytes", (1 << 30,)),
        ("zlib.decompress", (b"x\x9c" + b"\xed\xc1\x01\x0d" * 100,)),
    ):
        module, _, name = function.partition(".")
        spent, _ = seconds(Bytes(P4 + value("os") + call(module, name, *arguments) + b"\x93."))
        assert spent < 1, function


def test_decoys_do_not_wear_out_the_search_for_hidden_pickles() -> None:
    decoys = [b"cnobody\nnothing\n" + b"%d" % number for number in range(2_000)]
    assert inspected(Bytes(pickle.dumps([*decoys, payload(4)]))).state is State.MALICIOUS


SEEDS = [pickle.dumps({"a": [1, (2, 3), {"b": 1.5}], "c": b"bytes", "d": {4}}, protocol) for protocol in range(6)] + [
    payload(0),
    payload(4),
    b"(S'true'\nios\nsystem\n.",
    P4 + call("functools", "partial", named("a", "b")) + STOP,
]


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(SEEDS), st.lists(st.tuples(st.integers(0, 200), st.binary(max_size=8)), max_size=6))
def test_mutated_streams_end_with_observations(seed: bytes, changes: list[tuple[int, bytes]]) -> None:
    data = bytearray(seed)
    for at, piece in changes:
        data[at % (len(data) + 1) : at % (len(data) + 1) + len(piece) // 2] = piece
    check(bytes(data))


OPCODES = b"()]}NK012cio.RbasuetdlhqpgX\x8c\x93\x94\x85\x86\x87\x81\x92\x82\x83PQ\x80\x95UVSIFLBC\x8e\x96\x97\x98\n'a1"


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(list(OPCODES)), max_size=80))
def test_random_opcodes_end_with_observations(opcodes: list[int]) -> None:
    check(bytes(opcodes))


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=400))
def test_random_bytes_end_with_observations(data: bytes) -> None:
    check(data)


def check(data: bytes) -> None:
    found = inspected(Bytes(data), Limits(steps=100_000))
    assert not {one.reason for one in found.gaps} & {"reader failed", "nested too deeply", "out of memory"}
    trial.recognised(Candidate(Bytes(data), "model.pkl"))


@pytest.mark.parametrize("cut", range(0, 300, 7))
def test_truncated_streams_are_never_clean(cut: int) -> None:
    whole = pickle.dumps({"a": [1, (2, 3), {"b": 1.5}], "c": b"bytes" * 60, "d": {4}})
    if 0 < cut < len(whole):
        found = inspected(Bytes(whole[:cut]))
        assert found.state is State.UNKNOWN
        assert found.gaps
