"""HDF5: what the own reader sees is what h5py sees, and structures that mislead or leave the file are told."""

import json
import struct

import pytest
from corpus import hdf5 as made
from hypothesis import given, settings
from hypothesis import strategies as st
from stored_samples import FOLDER, look, signs, stored, subjects

from backstay.artifacts.content import Bytes
from backstay.artifacts.exam import Exam, Limits
from backstay.artifacts.hdf5 import superblock
from backstay.artifacts.hdf5.objects import Thing, Walk
from backstay.artifacts.report import Sign, State

DESCRIBED = sorted(one.stem for one in (FOLDER / "hdf5").glob("*.json"))


def things(data: bytes, limits: Limits | None = None) -> tuple[dict[str, Thing], Walk, Exam]:
    exam = Exam("x.h5", limits or Limits())
    head = superblock.read(Bytes(data), exam)
    walk = Walk(head.source)
    return {one.path: one for one in walk.things(head.root)}, walk, exam


@pytest.mark.parametrize("name", DESCRIBED)
def test_the_reader_sees_what_h5py_sees(name: str) -> None:
    found, walk, exam = things(stored(f"hdf5/{name}"))
    expected = json.loads((FOLDER / "hdf5" / f"{name}.json").read_text())
    assert set(expected) - set(walk.again) <= set(found) <= set(expected)
    assert not exam.gaps
    for path, one in expected.items():
        if path not in found:
            continue
        thing = found[path]
        assert thing.dataset == ("shape" in one), path
        if "shape" in one:
            assert thing.space is not None and thing.type is not None
            assert thing.space.dims == (None if one["shape"] is None else tuple(one["shape"]))
            assert one["kind"] == "O" or thing.type.size == one["item"]
            if one["offset"] is not None and thing.storage and thing.storage.way == "contiguous":
                assert thing.storage.at + walk.source.base == one["offset"]
        texts = {}
        for attribute in thing.attributes:
            is_text = attribute.type.kind in {"string", "vlen-string"}
            values = [value.decode() for value in attribute.values()] if is_text else None
            if values and sum(map(len, values)) >= 200:
                values = [str(len(value)) for value in values]
            texts[attribute.name] = values
        assert texts == one["attrs"], path


@pytest.mark.parametrize("name", [one for one in DESCRIBED if not one.startswith("outside")])
def test_what_h5py_writes_is_clean_and_whole(name: str) -> None:
    report = look(stored(f"hdf5/{name}"), f"{name}.h5")
    assert report.state is State.CLEAN and report.complete
    assert signs(report) <= {Sign.IRREGULAR}


def test_chunks_are_counted_whatever_finds_them() -> None:
    for name in ("chunks-earliest", "chunks-latest"):
        found, _, _ = things(stored(f"hdf5/{name}"))
        ways = {path: one.storage.way for path, one in found.items() if one.storage}
        assert ways["/gz"] == ways["/grow2"] == ways["/single"] == "chunked"
        assert ways["/compact"] == "compact" and ways["/unset"] == "contiguous"
        assert [one.id for one in found["/gz"].filters] == [2, 1]
        assert [one.id for one in found["/lzf"].filters] == [32000, 3]


def test_a_user_block_is_told_and_its_program_accused() -> None:
    data = stored("hdf5/user-block")
    assert "user block" not in subjects(look(data, "x.h5"), Sign.IRREGULAR)
    assert "user block" in subjects(look(b"note" + data[4:], "x.h5"), Sign.IRREGULAR)
    script = b"#!/bin/sh\ntrue\n"
    assert Sign.PROGRAM in signs(look(script + data[len(script) :], "x.h5"))


def test_addresses_count_from_wherever_the_file_begins() -> None:
    report = look(b"\0" * 2048 + stored("hdf5/groups-latest"), "x.h5")
    assert report.facts["tensors"] == 43 and report.complete


@pytest.mark.parametrize("name", ["outside-latest", "outside-earliest"])
def test_other_files_are_named_and_those_outside_the_folder_accused(name: str) -> None:
    report = look(stored(f"hdf5/{name}"), "data.h5")
    assert subjects(report, Sign.ESCAPES) == {"/link", "/raw", "/virtual"}
    assert any("beside this one: b.h5" in one.message for one in report.observations if one.sign is Sign.IRREGULAR)


def test_weights_have_no_reason_to_name_any_other_file() -> None:
    one = made.new_file(made.attribute("keras_version", "3"), made.external_link("vars", "beside.h5", "/x"))
    assert subjects(look(one, "w.h5"), Sign.ESCAPES) == {"/vars"}
    other = made.new_file(made.external_link("series", "beside.h5", "/x"))
    assert signs(look(other, "d.h5")) == {Sign.IRREGULAR}
    assert signs(look(other, "d.weights.h5")) == {Sign.ESCAPES}


def test_a_user_defined_link_needs_a_plugin() -> None:
    link = made._link("vars", 200, struct.pack("<H", 3) + b"abc")
    assert subjects(look(made.new_file((6, link)), "w.h5"), Sign.NATIVE) == {"/vars"}


@pytest.mark.parametrize(("number", "sign"), [(32015, Sign.NATIVE), (1, None), (777, Sign.NATIVE), (32000, None)])
def test_filters_that_plugins_bring(number: int, sign: Sign | None) -> None:
    name = struct.pack("<H", 0) if number >= 256 else b""
    pipeline = struct.pack("<BBH", 2, 1, number) + name + struct.pack("<HH", 1, 0)
    space = struct.pack("<BBBBQ", 2, 1, 0, 1, 4)
    layout = struct.pack("<BBQQ", 3, 1, 2**64 - 1, 16)
    body = made._header([(1, space), (3, made.FLOAT), (8, layout), (11, pipeline)])
    data = assembled(body)
    assert signs(look(data, "w.h5")) == ({sign} if sign else set())


def assembled(*objects: bytes) -> bytes:
    """A file of these objects, called a, b, c ... in the root group."""
    links, at, blocks = [], 48, b""
    for index, one in enumerate(objects):
        links.append(made.hard_link(chr(97 + index), at + len(blocks)))
        blocks += one
    root = at + len(blocks)
    blocks += made._header([(2, b"\0\0" + made.UNDEFINED * 2), *links])
    head = b"\x89HDF\r\n\x1a\n" + struct.pack("<BBBBQ", 3, 8, 8, 0, 0) + made.UNDEFINED
    return made._checked(head + struct.pack("<QQ", at + len(blocks), root)) + blocks


def dataset(shape: tuple[int, ...], at: int, size: int) -> bytes:
    return made._dataset(shape, [(8, struct.pack("<BBQQ", 3, 1, at, size))])


def test_tensors_that_share_bytes_lie_outside_or_contradict_themselves() -> None:
    assert not signs(look(assembled(dataset((4,), 48, 16), dataset((4,), 64, 16)), "w.h5"))
    shared = look(assembled(dataset((4,), 48, 16), dataset((4,), 60, 16)), "w.h5")
    assert subjects(shared, Sign.TENSORS) == {"/b"}
    outside = look(assembled(dataset((4,), 1 << 40, 16)), "w.h5")
    assert subjects(outside, Sign.TENSORS) == {"/a"}
    lying = look(assembled(dataset((400,), 48, 16)), "w.h5")
    assert subjects(lying, Sign.TENSORS) == {"/a"}


def test_a_shape_out_of_all_proportion_is_a_bomb() -> None:
    assert Sign.EXHAUSTS in signs(look(assembled(dataset((1 << 33,), 2**64 - 1, 1 << 35)), "w.h5"))


@pytest.mark.parametrize(("name", "sign"), [("m.weights.h5", Sign.EXHAUSTS), ("volume.h5", Sign.IRREGULAR)])
def test_chunks_of_measurements_may_be_sparse(name: str, sign: Sign) -> None:
    layout = struct.pack("<BBBQII", 3, 2, 2, 2**64 - 1, 1024, 4)
    body = made._dataset((1 << 33,), [(8, layout)])
    assert signs(look(assembled(body), name)) == {sign}


def test_a_group_that_contains_itself_ends() -> None:
    head = 48
    root = made._header([(2, b"\0\0" + made.UNDEFINED * 2), made.hard_link("again", head)])
    start = b"\x89HDF\r\n\x1a\n" + struct.pack("<BBBBQ", 3, 8, 8, 0, 0) + made.UNDEFINED
    data = made._checked(start + struct.pack("<QQ", head + len(root), head)) + root
    report = look(data, "w.h5")
    assert subjects(report, Sign.IRREGULAR) == {"/again"}


def test_a_file_that_ends_early_is_incomplete_and_never_clean() -> None:
    data = stored("hdf5/keras-2")
    report = look(data[: len(data) * 3 // 4], "m.h5")
    assert Sign.INCOMPLETE in signs(report) and report.gaps and report.state is State.UNKNOWN


def test_a_zip_after_the_end_is_accused() -> None:
    empty_zip = b"PK\x03\x04" + b"\0" * 40 + b"PK\x05\x06" + b"\0" * 18
    assert Sign.DECEIVES in signs(look(stored("hdf5/user-block") + empty_zip, "m.h5"))


def test_a_pickled_attribute_is_inspected_as_a_pickle() -> None:
    pickled = b"\x80\x04\x95\x1b\0\0\0\0\0\0\0\x8c\x05posix\x94\x8c\x06system\x94\x93\x94\x8c\x04true\x94\x85\x94R\x94."
    assert Sign.EXECUTES in signs(look(made.new_file(made.attribute("state", pickled)), "table.h5"))


def test_measurements_are_no_models() -> None:
    data = stored("hdf5/user-block")
    assert not look(data, "series.nc").model and look(data, "series.h5").model


def test_steps_bound_the_number_of_objects() -> None:
    report = look(stored("hdf5/dense-latest"), "w.h5", Limits(steps=3_000))
    assert any(one.reason == "too many steps" for one in report.gaps)


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(["groups-earliest", "groups-latest", "chunks-latest", "types-latest", "outside-latest", "keras-2"]),
    st.lists(st.tuples(st.integers(0, 1 << 20), st.binary(min_size=1, max_size=9)), max_size=12),
    st.floats(0.2, 1),
)
def test_no_damage_breaks_the_reader(name: str, changes: list[tuple[int, bytes]], kept: float) -> None:
    data = bytearray(stored(f"hdf5/{name}"))
    for place, new in changes:
        at = place % len(data)
        data[at : at + len(new)] = new
    report = look(bytes(data[: int(len(data) * kept)]), "m.h5")
    assert not any(one.reason in {"reader failed", "out of memory"} for one in report.gaps)
