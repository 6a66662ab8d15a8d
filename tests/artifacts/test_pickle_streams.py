"""Pickles one after another, with raw arrays between them, and within each other."""

import base64
import pickle
import struct
import zlib
from pathlib import Path

import pytest
from corpus.opcodes import STOP, Ops, call, many, named, payload, pickled, value

from backstay.artifacts.content import Bytes
from backstay.artifacts.exam import Exam, Limits
from backstay.artifacts.inspection import inspect
from backstay.artifacts.pickles import streams
from backstay.artifacts.report import Inspection, Sign, State

SAMPLES = Path(__file__).parent / "samples" / "pickles"
EVIL = payload(2)


def sample(name: str) -> bytes:
    return base64.b64decode((SAMPLES / f"{name}.b64").read_text())


def inspected(data: bytes, name: str = "model.pkl") -> Inspection:
    return inspect(Bytes(data), name)


@pytest.mark.parametrize(
    ("name", "format"),
    [
        ("arrays.joblib", "joblib"),
        ("legacy.pt", "pytorch-legacy"),
        ("tensor.p2.pkl", "pickle"),
        ("pipeline.p4.pkl", "pickle"),
        ("numpy.p2.pkl", "pickle"),
        ("frame.p4.pkl", "pickle"),
    ],
)
def test_what_libraries_write_is_clean_and_wholly_read(name: str, format: str) -> None:
    found = inspected(sample(name), name)
    assert (found.format, found.state, found.gaps) == (format, State.CLEAN, ()), found.observations


@pytest.mark.parametrize("name", ["cloudpickle.pkl", "dill.pkl"])
def test_functions_are_carried_code(name: str) -> None:
    found = inspected(sample(name), name)
    assert found.state is State.CODE, found.observations


def test_the_arrays_of_joblib_are_stepped_over() -> None:
    data = sample("arrays.joblib")
    assert data.endswith(b"\x8c\x03end\x94\x8c\x03end\x94u.") or b"end" in data[-20:]
    # The same with a call behind the last array, where only a reader that steps over all of them gets.
    evil = data[: data.rindex(b"\x8c\x03end")] + call("posix", "system", "true") + b"."
    (one,) = [one for one in inspected(evil, "x.joblib").observations if one.subject == "posix.system"]
    assert one.message.startswith("calls it")
    assert one.offset == len(evil) - 2


def test_a_joblib_array_that_is_cut_off_is_a_gap() -> None:
    data = sample("arrays.joblib")
    assert [one.reason for one in inspected(data[: len(data) // 2], "x.joblib").gaps] == ["truncated"]


def test_joblib_files_of_other_folders_escape() -> None:
    state = value({"filename": "../../x.npy", "subclass": None})
    wrapper = Ops(named("joblib.numpy_pickle", "NDArrayWrapper") + b")\x81" + state + b"b")
    assert Sign.ESCAPES in {one.sign for one in inspected(pickled(wrapper)).observations}


def test_the_old_torch_format() -> None:
    data = sample("legacy.pt")
    found = streams.read(Bytes(data), Exam("x.pt"))
    assert sorted((one.type, one.items) for one in found.storages) == [
        ("BFloat16Storage", 3),
        ("FloatStorage", 6),
        ("HalfStorage", 2),
    ]
    assert found.end == len(data)
    facts = inspected(data, "x.pt").facts
    assert (facts["parameters"], facts["precision"], facts["tensors"]) == (11, "F32", 3)


def test_storages_of_the_old_torch_format_are_checked() -> None:
    data = sample("legacy.pt")
    cut = inspected(data[:-4], "x.pt")
    assert cut.state is State.UNKNOWN
    assert [one.reason for one in cut.gaps] == ["truncated"]
    six = data.rindex(struct.pack("<Q", 6))
    wrong = data[:six] + struct.pack("<Q", 5) + data[six + 8 : -4] + data[-4:]
    assert Sign.TENSORS in {one.sign for one in inspected(wrong, "x.pt").observations}


def test_persistent_ids_are_told_as_plain_values() -> None:
    id = many("storage", named("torch", "FloatStorage"), "0", "cpu", 6)
    (one,) = streams.read(Bytes(b"\x80\x02" + id + b"Q."), Exam("x")).persistent
    assert isinstance(one, tuple)
    assert one[0] == "storage"
    assert (one[1].module, one[1].name) == ("torch", "FloatStorage")
    assert one[2:] == ("0", "cpu", 6)


SECOND = {
    "directly behind": pickle.dumps({"a": 1}) + pickle.dumps([2]) + EVIL,
    "of protocol 0 behind": pickle.dumps({"a": 1}) + payload(0),
    "behind other bytes": pickle.dumps({"a": 1}) + b"\0\0junk\xff\xfe" * 50 + EVIL,
    "of protocol 0 behind other bytes": pickle.dumps({"a": 1}) + b"\0\0junk\xff\xfe" * 50 + payload(0),
    "of protocol 4 behind other bytes": pickle.dumps({"a": 1}) + b"\0\0junk\xff\xfe" * 50 + payload(4),
    "without PROTO behind other bytes": pickle.dumps({"a": 1}) + b"\1\2\3" * 9 + call("posix", "system", "true") + STOP,
    "behind a broken one": pickle.dumps({"a": 1})[:-1] + b"\xff\xff" + EVIL,
    "far behind": pickle.dumps({"a": 1}) + bytes(3_000_000) + EVIL,
}


@pytest.mark.parametrize("data", SECOND.values(), ids=SECOND.keys())
def test_a_second_pickle_is_found(data: bytes) -> None:
    found = inspected(data)
    assert "posix.system" in {one.subject for one in found.observations} | {
        one.subject.replace("os.", "posix.") for one in found.observations
    }
    assert found.state is State.MALICIOUS


def test_many_pickles_in_a_row_are_one_honest_file() -> None:
    found = inspected(b"".join(pickle.dumps({"number": number}) for number in range(200)))
    assert (found.state, found.gaps, found.observations) == (State.CLEAN, (), ())


EVIL_BYTES = payload(4)
WITHIN = {
    "bytes": EVIL_BYTES,
    "protocol 0": payload(0),
    "text": payload(0).decode(),
    "base64": base64.b64encode(EVIL_BYTES).decode(),
    "base64 of protocol 0": base64.b64encode(payload(0)),
    "hexadecimal": EVIL_BYTES.hex(),
    "zlib": zlib.compress(EVIL_BYTES),
    "zlib in base64": base64.b64encode(zlib.compress(EVIL_BYTES)).decode(),
    "pickle in pickle in pickle": pickle.dumps(pickle.dumps([EVIL_BYTES])),
    "no PROTO": call("posix", "system", "true") + STOP,
}


@pytest.mark.parametrize("hidden", WITHIN.values(), ids=WITHIN.keys())
def test_a_pickle_within_a_value_is_found(hidden: bytes | str) -> None:
    found = inspected(pickle.dumps({"weights": [1, hidden]}))
    assert found.state is State.MALICIOUS
    assert any(one.member.startswith("bytes at ") for one in found.observations)


def test_bytes_that_are_loaded_are_inspected_as_a_file_of_their_own() -> None:
    assert inspected(pickled(call("pickle", "loads", EVIL_BYTES))).state is State.MALICIOUS
    inner = inspected(pickled(call("torch.storage", "_load_from_bytes", EVIL_BYTES)))
    assert "posix.system" in {one.subject for one in inner.observations}
    unknown = inspected(pickled(call("torch.storage", "_load_from_bytes", call("somewhere", "bytes"))))
    assert unknown.state is State.MALICIOUS


def test_texts_and_arrays_are_not_taken_for_pickles() -> None:
    honest = [
        "Y2xhc3M=",
        "800213372003",
        "eNews and more words",
        "cats\nand\ndogs",
        "(Some) text in brackets",
        "Y3" * 30,
    ]
    found = inspected(pickle.dumps([honest, bytes(range(256)) * 100, b"\x80\x04" * 500, "N" * 50]))
    assert (found.state, found.gaps, found.observations) == (State.CLEAN, (), ())


def test_steps_are_bounded_over_all_streams() -> None:
    exam = Exam("x.pkl", Limits(steps=1_000))
    with exam.contained():
        streams.read(Bytes(pickle.dumps([0] * 200) * 100), exam)
    assert [one.reason for one in exam.gaps] == ["too many steps"]


def test_joblib_before_0_10_compressed() -> None:
    packed = zlib.compress(EVIL)
    for blank in (b"", b" "):
        data = b"ZF" + hex(len(EVIL)).encode().ljust(19) + blank + packed
        assert inspected(data, "old.pkl").state is State.MALICIOUS
