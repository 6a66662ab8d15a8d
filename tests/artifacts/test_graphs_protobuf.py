"""Messages are walked without a schema: lazily, within their bounds, whatever bytes come."""

from corpus.wires import proto, varint
from hypothesis import given
from hypothesis import strategies as st

from backstay.artifacts.content import Bytes, Content
from backstay.artifacts.exam import Exam, Limits
from backstay.artifacts.wire import protobuf
from backstay.artifacts.wire.protobuf import Message, Walk


def message(data: bytes, exam: Exam | None = None) -> Message:
    return Message(Bytes(data), 0, len(data), Walk(exam))


def fields(data: bytes) -> list[tuple[int, int, int]]:
    return [(one.number, one.wire, one.value) for one in message(data)]


class Counted(Content):
    """Content that knows how much of it was asked for; its middle is zeros that nobody holds."""

    def __init__(self, head: bytes, middle: int, tail: bytes) -> None:
        self._head, self._tail, self._middle = head, tail, middle
        self.size = len(head) + middle + len(tail)
        self.asked = 0

    def read(self, at: int, length: int) -> bytes:
        length = max(0, min(length, self.size - at))
        self.asked += length
        end, start = len(self._head) + self._middle, at
        out = self._head[start : start + length]
        out += b"\0" * max(0, min(at + length, end) - max(at, len(self._head)))
        return out + self._tail[max(0, at - end) : max(0, at + length - end)]


def test_numbers_texts_and_messages_come_in_order() -> None:
    data = proto((1, 300), (2, "text"), (3, proto((1, -1))))
    assert fields(data) == [(1, 0, 300), (2, 2, 4), (3, 2, 11)]
    one, two, three = message(data)
    assert (one.value, two.text(), [part.signed for part in three.message()]) == (300, "text", [-1])


def test_fixed_numbers_are_read() -> None:
    data = varint(1 << 3 | 5) + b"\0\0\x80\x3f" + varint(2 << 3 | 1) + b"\0" * 6 + b"\xf0\x3f"
    assert [one.real for one in message(data)] == [1.0, 1.0]


def test_packed_and_single_numbers_are_one_list() -> None:
    packed, single = message(proto((1, varint(1) + varint(300)), (1, 7)))
    assert packed.numbers() + single.numbers() == [1, 300, 7]


def test_only_wanted_fields_come() -> None:
    data = proto(*((8, number) for number in range(1000)), (1, "a"), (2, 5), (1, "b"))
    assert [one.text() for one in message(data).fields((1,))] == ["a", "b"]
    assert message(data).text(1) == "b"


def test_a_list_of_numbers_that_is_not_wanted_costs_little() -> None:
    data = varint(8 << 3) + b"\x01"
    exam = Exam("x", Limits(steps=2_000_000))
    walked = message(data * 1_000_000 + proto((1, "end")), exam)
    assert [one.text() for one in walked.fields((1,))] == ["end"]


def test_groups_are_stepped_over_as_parsers_do() -> None:
    group = varint(5 << 3 | 3) + proto((1, "inner")) + varint(5 << 3 | 4)
    assert fields(group + proto((2, 1))) == [(2, 0, 1)]
    walked = message(varint(5 << 3 | 3) + proto((1, "inner")))
    assert list(walked) == [] and walked.walk.broken
    stray = message(varint(5 << 3 | 4))
    assert list(stray) == [] and stray.walk.broken


def test_large_fields_are_not_read() -> None:
    content = Counted(varint(9 << 3 | 2) + varint(1 << 31), 1 << 31, proto((8, "name")))
    one, two = Message(content, 0, content.size, Walk())
    assert (one.value, two.text()) == (1 << 31, "name")
    assert content.asked < 100_000


def test_a_field_that_runs_over_the_end_comes_cut() -> None:
    exam = Exam("x")
    (one,) = message(proto((1, "abcdef"))[:-2], exam)
    assert one.cut and one.text() == "abcd"
    assert [gap.reason for gap in exam.gaps] == ["cut short"]


def test_a_field_within_a_field_does_not_see_what_follows() -> None:
    inner = varint(1 << 3 | 2) + varint(100)
    walked = message(proto((1, inner), (2, "secret of others")))
    first, _ = walked
    assert [part.value for part in first.message()] == [0]
    assert walked.walk.broken


def test_messages_nested_too_deeply_are_not_followed() -> None:
    data = b""
    for _ in range(500):
        data = proto((1, data))
    exam = Exam("x")
    walked, depth = message(data, exam), 0
    while (one := walked.first(1)) is not None:
        walked, depth = one.message(), depth + 1
    assert depth == protobuf.MAX_DEPTH + 1
    assert [gap.reason for gap in exam.gaps] == ["nested too deeply"]


def test_steps_are_spent() -> None:
    exam = Exam("x", Limits(steps=1_000))
    with exam.contained():
        for _ in message(proto((1, 1)) * 1_000, exam):
            pass
    assert [gap.reason for gap in exam.gaps] == ["too many steps"]


@given(st.binary(max_size=300))
def test_any_bytes_end_quickly(data: bytes) -> None:
    def walk(of: Message, depth: int) -> None:
        for one in of:
            assert of.start <= one.at <= of.end
            assert one.wire != protobuf.BYTES or one.at + one.value <= of.end
            if depth < 3:
                walk(one.message(), depth + 1)

    walk(message(data), 0)


@given(st.lists(st.tuples(st.integers(1, 40), st.one_of(st.integers(0, 2**64 - 1), st.binary(max_size=20)))))
def test_what_is_written_is_read(written: list[tuple[int, int | bytes]]) -> None:
    read = [(one.number, one.bytes() if one.wire == protobuf.BYTES else one.value) for one in message(proto(*written))]
    assert read == written
