"""Flax and MessagePack: arrays are counted and held against their shapes; nothing hostile takes long or goes unseen."""

import struct
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stored_samples import look, signs, stored, subjects

from backstay.artifacts.content import Bytes
from backstay.artifacts.exam import Exam, Limits, MalformedError, StopError
from backstay.artifacts.report import Inspection, Sign, State
from backstay.artifacts.wire.msgpack import CountError, Item, Kind, Skimmer


def text(one: str) -> bytes:
    data = one.encode()
    return (bytes([0xA0 | len(data)]) if len(data) < 32 else b"\xda" + struct.pack(">H", len(data))) + data


def binary(data: bytes) -> bytes:
    return b"\xc6" + struct.pack(">I", len(data)) + data


def mapping(**members: bytes) -> bytes:
    return b"\xde" + struct.pack(">H", len(members)) + b"".join(text(key) + one for key, one in members.items())


def extension(code: int, data: bytes) -> bytes:
    return b"\xc9" + struct.pack(">Ib", len(data), code) + data


def array(shape: list[int], kind: str, data: bytes, code: int = 1) -> bytes:
    dims = b"".join(b"\xcf" + struct.pack(">Q", one) for one in shape)
    return extension(code, b"\x93" + bytes([0x90 | len(shape)]) + dims + text(kind) + binary(data))


def judged(data: bytes, name: str = "flax_model.msgpack", limits: Limits | None = None) -> Inspection:
    return look(data, name, limits)


def items(data: bytes) -> list[Item]:
    return list(Skimmer(Bytes(data), Exam("x")).items())


@pytest.mark.parametrize(
    ("data", "kind", "value"),
    [
        (b"\x05", Kind.NUMBER, 5),
        (b"\xff", Kind.NUMBER, -1),
        (b"\xcd\x01\x00", Kind.NUMBER, 256),
        (b"\xd1\xff\x00", Kind.NUMBER, -256),
        (b"\xcb" + struct.pack(">d", 1.5), Kind.NUMBER, 1.5),
        (b"\xca" + struct.pack(">f", 1.5), Kind.NUMBER, 1.5),
        (b"\xc0", Kind.NOTHING, None),
        (b"\xc3", Kind.BOOLEAN, True),
        (b"\xa2hi", Kind.TEXT, "hi"),
        (b"\xd9\x02hi", Kind.TEXT, "hi"),
    ],
)
def test_scalars(data: bytes, kind: Kind, value: object) -> None:
    (item,) = items(data)
    assert (item.kind, item.value) == (kind, value)


def test_containers_and_extensions() -> None:
    found = items(b"\x82\xa1a\x92\x01\x02\xa1b\xd4\x05x")
    assert [one.kind for one in found[:3]] == [Kind.MAP, Kind.TEXT, Kind.ARRAY]
    assert (found[-1].kind, found[-1].code, found[-1].size) == (Kind.EXTENSION, 5, 1)
    assert items(b"\xc7\x03\xffabc")[0].code == -1


@pytest.mark.parametrize("data", [b"", b"\xa5hi", b"\x92\x01", b"\xc6\xff\xff\xff\xff", b"\xcf\x01", b"\xdc\xff\xff"])
def test_what_ends_early(data: bytes) -> None:
    with pytest.raises(StopError):
        items(data)


def test_what_is_none_and_what_claims_too_much() -> None:
    with pytest.raises(MalformedError):
        items(b"\xc1")
    with pytest.raises(CountError):
        items(b"\xdd\xff\xff\xff\xff")


@pytest.mark.parametrize(
    ("name", "parameters", "precision"), [("bf16", 448, "BF16"), ("chunked", 448, "F32"), ("misc", 4, "I8")]
)
def test_files_that_flax_wrote(name: str, parameters: int, precision: str) -> None:
    data = stored(f"flax/{name}.msgpack")
    for file in (f"{name}.msgpack", "checkpoint_0"):
        report = look(data, file)
        assert report.format == "flax" and report.state is State.CLEAN and report.complete and report.model
        assert (report.facts["parameters"], report.facts["precision"]) == (parameters, precision)


def test_shapes_and_bytes_that_disagree() -> None:
    assert not signs(judged(mapping(w=array([2, 2], "float32", bytes(16)))))
    assert subjects(judged(mapping(w=array([2, 3], "float32", bytes(16)))), Sign.TENSORS) == {"w"}
    assert subjects(judged(mapping(p=mapping(w=array([1 << 60], "int8", b"x")))), Sign.TENSORS) == {"p/w"}
    assert subjects(judged(mapping(w=extension(1, b"\x93"))), Sign.TENSORS) == {"w"}
    assert subjects(judged(mapping(w=extension(1, b""))), Sign.TENSORS) == {"w"}


def test_types_and_extensions_that_are_not_known() -> None:
    assert signs(judged(mapping(w=array([1], "object", bytes(8))))) == {Sign.IRREGULAR}
    assert signs(judged(mapping(w=extension(42, bytes(8))))) == {Sign.IRREGULAR}


EVIL = b"\x80\x04\x95\x1b\0\0\0\0\0\0\0\x8c\x05posix\x94\x8c\x06system\x94\x93\x94\x8c\x04true\x94\x85\x94R\x94."


def test_pickles_and_programs_within() -> None:
    for one in (mapping(w=binary(EVIL)), mapping(w=extension(9, EVIL))):
        assert Sign.EXECUTES in signs(judged(one))
    elf = b"\x7fELF\x02\x01\x01" + bytes(9) + b"\x02\0\x3e\0" + bytes(80)
    assert Sign.PROGRAM in signs(judged(mapping(w=binary(elf))))
    assert Sign.PROGRAM in signs(judged(mapping(w=array([len(elf)], "uint8", elf))))


def test_objects_that_msgpack_numpy_unpickles() -> None:
    report = judged(mapping(w=mapping(nd=b"\xc3", kind=text("O"), data=binary(EVIL))))
    assert {Sign.CARRIES, Sign.EXECUTES} <= signs(report)
    assert judged(mapping(w=mapping(kind=text("O"), data=binary(b"?")))).gaps


def test_bytes_after_the_end() -> None:
    data = mapping(w=array([1], "int8", b"x"))
    assert Sign.DECEIVES in signs(judged(data + b"PK\x03\x04" + bytes(60)))
    assert signs(judged(data + b"note")) == {Sign.IRREGULAR}


def test_a_file_that_was_cut_off_is_incomplete() -> None:
    report = judged(mapping(w=array([4], "float32", bytes(16)))[:-3])
    assert signs(report) == {Sign.INCOMPLETE} and report.state is State.UNKNOWN


@pytest.mark.parametrize("data", [b"\x81\xa1w\xdd\xff\xff\xff\xff", b"\x81\xa1w" + b"\x91" * 100_000 + b"\xc0"])
def test_counts_and_depths_that_no_file_has(data: bytes) -> None:
    assert signs(judged(data)) == {Sign.EXHAUSTS}


def test_many_items_end_within_their_limits() -> None:
    data = b"\x81\xa1w\xdd" + struct.pack(">I", 3_000_000) + b"\x01" * 3_000_000
    start = time.process_time()
    report = judged(data, limits=Limits(steps=500_000))
    assert time.process_time() - start < 5 and any(one.reason == "too many steps" for one in report.gaps)


@given(st.binary(max_size=200))
def test_any_bytes_are_judged_without_fault(data: bytes) -> None:
    report = judged(b"\x82\xa6params" + data)
    assert not any(one.reason == "reader failed" for one in report.gaps)


@given(st.lists(st.tuples(st.integers(0, 4000), st.binary(min_size=1, max_size=5)), max_size=10), st.floats(0.1, 1))
def test_no_damage_breaks_the_reader(changes: list[tuple[int, bytes]], kept: float) -> None:
    data = bytearray(stored("flax/chunked.msgpack"))
    for at, new in changes:
        data[at % len(data) : at % len(data) + len(new)] = new
    report = judged(bytes(data[: int(len(data) * kept)]))
    assert not any(one.reason == "reader failed" for one in report.gaps)
