"""Tree ensembles: models of real versions are clean, and indices that lead a loader out of its memory are told."""

import contextlib
import json
import struct
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from weights_samples import SAMPLES, gaps, look, signs, texts

from backstay.artifacts.content import Bytes
from backstay.artifacts.exam import Exam, MalformedError, StopError
from backstay.artifacts.report import Sign, State
from backstay.artifacts.wire.ubjson import Value, read_ubjson

REAL = {
    "xgboost-3.2.0.json": "xgboost", "xgboost-3.2.0.ubj": "xgboost", "xgboost-1.7.6.model": "xgboost",
    "lightgbm-4.7.0.txt": "lightgbm", "catboost-1.2.10.cbm": "catboost", "catboost-1.2.10-lossguide.cbm": "catboost",
    "fasttext-wheel-0.9.2.bin": "fasttext", "nyoka-5.5.0.pmml": "pmml",
}  # fmt: skip


def real(name: str) -> bytes:
    return (SAMPLES / name).read_bytes()


Change = Callable[[Any, Any, Any], object]


def tampered(change: Change) -> bytes:
    model = json.loads(real("xgboost-3.2.0.json"))
    booster = model["learner"]["gradient_booster"]["model"]
    change(model, booster, booster["trees"][0])
    return json.dumps(model).encode()


@pytest.mark.parametrize(("name", "format"), REAL.items())
def test_models_of_real_versions_are_clean(name: str, format: str) -> None:
    found = look(real(name), name)
    assert found.format == format and found.state is State.CLEAN and found.complete, (texts(found), found.gaps)
    assert not found.observations and found.facts["framework"]


@pytest.mark.parametrize("name", REAL)
def test_models_that_end_early_are_not_clean(name: str) -> None:
    whole = real(name)
    for cut in (len(whole) // 8, len(whole) // 6, len(whole) // 5):
        found = look(whole[:cut], name)
        assert found.state is not State.CLEAN or found.format != REAL[name], cut


@pytest.mark.parametrize("name", REAL)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_whatever_changes_a_model_ends_with_an_answer(name: str, data: st.DataObject) -> None:
    whole = bytearray(real(name))
    for _ in range(data.draw(st.integers(1, 6))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    found = look(bytes(whole[: data.draw(st.integers(0, len(whole)))]), name)
    assert "reader failed" not in gaps(found)


def set_item(name: str, index: int, value: object) -> Change:
    def change(_model: Any, _booster: Any, tree: Any) -> None:
        tree[name][index] = value

    return change


XGBOOST: dict[str, Change] = {
    "left": set_item("left_children", 0, 100_000),
    "right": set_item("right_children", 0, -7),
    "loop": set_item("left_children", 1, 0),
    "feature": set_item("split_indices", 0, 70_000),
    "parent": set_item("parents", 1, 1 << 20),
    "short": lambda model, booster, tree: tree["split_conditions"].pop(),
    "count": lambda model, booster, tree: tree["tree_param"].update(num_nodes="1000000"),
    "none": lambda model, booster, tree: tree["tree_param"].update(num_nodes="-1"),
    "trees": lambda model, booster, tree: booster["gbtree_model_param"].update(num_trees="99"),
    "group": lambda model, booster, tree: booster["tree_info"].__setitem__(0, -5),
    "text": set_item("left_children", 0, "x"),
    "categories": lambda model, booster, tree: tree.update(
        categories=[1], categories_nodes=[0], categories_segments=[0], categories_sizes=[1 << 30]
    ),
    "boundaries": lambda model, booster, tree: booster.update(iteration_indptr=[0, 900]),
}


@pytest.mark.parametrize("change", XGBOOST.values(), ids=XGBOOST)
def test_xgboost_indices_that_lead_out_of_memory(change: Change) -> None:
    found = look(tampered(change), "model.json")
    assert signs(found) == {Sign.TENSORS} and found.state is State.MALICIOUS


def test_xgboost_weights_that_are_too_few() -> None:
    def change(model: Any, booster: Any, _tree: Any) -> None:
        booster.pop("trees")
        booster["weights"] = [0.5]

    assert signs(look(tampered(change), "model.json")) == {Sign.TENSORS}


def test_xgboost_keys_that_stand_twice() -> None:
    raw = real("xgboost-3.2.0.json").replace(b'"parents":', b'"left_children":[0,0,0],"parents":', 1)
    assert Sign.DECEIVES in signs(look(raw, "model.json"))


def test_xgboost_attributes_that_carry_commands() -> None:
    def change(model: Any, _booster: Any, _tree: Any) -> None:
        model["learner"]["attributes"]["note"] = "__import__('os').system('true')"

    assert Sign.DECEIVES in signs(look(tampered(change), "model.json"))


def test_xgboost_as_ubjson_with_an_index_out_of_the_tree() -> None:
    raw = real("xgboost-3.2.0.ubj")
    at = raw.index(b"left_children[$l#L") + len(b"left_children[$l#L") + 8
    found = look(raw[:at] + struct.pack(">i", 77_777) + raw[at + 4 :], "model.ubj")
    assert signs(found) == {Sign.TENSORS}


def test_xgboost_in_binary_form_with_an_index_out_of_the_tree() -> None:
    raw = real("xgboost-1.7.6.model")
    nodes = raw.index(b"gbtree") + 6 + 160 + 148
    for offset, value in ((4, 99_999), (8, 99_999), (12, 70_000)):
        found = look(raw[: nodes + offset] + struct.pack("<i", value) + raw[nodes + offset + 4 :], "xgb.model")
        assert signs(found) == {Sign.TENSORS}, offset
    tree = nodes - 148
    found = look(raw[: tree + 4] + struct.pack("<i", 1 << 30) + raw[tree + 8 :], "xgb.model")
    assert Sign.TENSORS in signs(found)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"left_child=", b"left_child=900 "),
        (b"right_child=", b"right_child=-90 "),
        (b"split_feature=", b"split_feature=44 "),
        (b"num_leaves=4", b"num_leaves=400"),
        (b"num_leaves=4", b"num_leaves=-4"),
        (b"leaf_value=", b"ignored="),
        (b"cat_boundaries=0 ", b"cat_boundaries=0 77777 "),
        (b"tree_sizes=", b"tree_sizes=9"),
        (b"max_feature_idx=2", b"max_feature_idx=0"),
    ],
)
def test_lightgbm_indices_and_sizes_that_lead_out_of_memory(old: bytes, new: bytes) -> None:
    raw = real("lightgbm-4.7.0.txt")
    assert old in raw
    assert Sign.TENSORS in signs(look(raw.replace(old, new, 1), "model.txt"))


def test_lightgbm_trees_that_lead_back_to_themselves() -> None:
    raw = real("lightgbm-4.7.0.txt")
    at = raw.index(b"left_child=") + len(b"left_child=")
    end = raw.index(b"\n", at)
    found = look(raw[:at] + b"0" + raw[raw.index(b" ", at) : end] + raw[end:], "model.txt")
    assert "does not end" in texts(found)


def test_lightgbm_with_changed_line_ends_is_only_odd() -> None:
    found = look(real("lightgbm-4.7.0.txt").replace(b"\n", b"\r\n"), "model.txt")
    assert found.state is State.CLEAN and signs(found) == {Sign.IRREGULAR}


def test_catboost_sizes_that_lead_out_of_memory() -> None:
    raw = real("catboost-1.2.10.cbm")
    sizes = struct.pack("<3i", 2, 2, 2)
    assert sizes in raw
    found = look(raw.replace(sizes, struct.pack("<3i", 2, 2, 7_000), 1), "model.cbm")
    assert Sign.TENSORS in signs(found)
    found = look(raw[:4] + struct.pack("<I", 0xFFFFFFFF) + raw[8:], "model.cbm")
    assert Sign.TENSORS in signs(found)


def test_fasttext_sizes_that_lead_out_of_memory() -> None:
    raw = real("fasttext-wheel-0.9.2.bin")
    dictionary = 4 + 4 + 48 + 8
    found = look(raw[:dictionary] + struct.pack("<i", 1 << 30) + raw[dictionary + 4 :], "model.bin")
    assert signs(found) == {Sign.TENSORS}
    found = look(raw[:8] + struct.pack("<i", -1) + raw[12:], "model.bin")
    assert signs(found) == {Sign.TENSORS}
    rows = raw.index(struct.pack("<q", 8)) - 8
    found = look(raw[:rows] + struct.pack("<qq", 1 << 40, 1 << 30) + raw[rows + 16 :], "model.bin")
    assert signs(found) == {Sign.TENSORS}


def test_pmml_entities_and_classes_as_functions() -> None:
    raw = real("nyoka-5.5.0.pmml").decode()
    start = raw.index("<PMML")
    evil = raw[:start] + '<!DOCTYPE PMML [<!ENTITY x SYSTEM "file:///no/such">]>' + raw[start:]
    assert Sign.ENTITIES in signs(look(evil.encode(), "model.pmml"))
    apply = '<TransformationDictionary><Apply function="{}"/></TransformationDictionary></PMML>'
    found = look(raw.replace("</PMML>", apply.format("java.lang.Runtime")).encode(), "model.pmml")
    assert Sign.EXECUTES in signs(found)
    found = look(raw.replace("</PMML>", apply.format("com.example.Score")).encode(), "model.pmml")
    assert found.state is State.UNKNOWN
    found = look(raw.replace("</PMML>", '<Extension value="rm -rf /"/></PMML>').encode(), "model.pmml")
    assert Sign.DECEIVES in signs(found)


def described(name: str) -> bytes:
    return b"sr" + struct.pack(">H", len(name)) + name.encode() + b"\0" * 8 + b"\2\0\0xp"


def test_java_streams_by_their_classes() -> None:
    weka = look(
        b"\xac\xed\0\5" + described("weka.classifiers.trees.J48") + described("java.util.ArrayList"), "j48.model"
    )
    assert weka.state is State.UNKNOWN and weka.facts["architecture"] == "J48"
    gadget = (
        b"\xac\xed\0\5"
        + described("java.util.HashSet")
        + described("org.apache.commons.collections.functors.InvokerTransformer")
    )
    assert look(gadget, "j48.model").state is State.MALICIOUS
    assert look(b"\xac\xed\0\5" + described("java.util.HashMap"), "map.ser").state is State.CLEAN


def ubjson(data: bytes) -> Value:
    return read_ubjson(Bytes(data), Exam("x"))


def test_ubjson_values() -> None:
    assert ubjson(b"{i\x01ai\x05i\x01bSi\x02hii\x01c[TFZ]}").root == {"a": 5, "b": "hi", "c": [True, False, None]}
    assert ubjson(b"[$l#i\x02\0\0\0\x01\xff\xff\xff\xff").root == [1, -1]
    assert ubjson(b"{#i\x01i\x01aNU\xff").root == {"a": 255}
    assert ubjson(b"[#i\x02D" + struct.pack(">d", 0.5) + b"CA").root == [0.5, "A"]
    assert ubjson(b"{$i#i\x02i\x01a\x01i\x01a\x02").duplicates == ["a"]
    assert ubjson(b"{}").root == {} and ubjson(b"[]").end == 2


@pytest.mark.parametrize(
    "data", [b"", b"[", b"{i\x01", b"[$l#L\x7f\xff\xff\xff\xff\xff\xff\xff", b"Si\xff", b"?", b"[$l"]
)
def test_ubjson_that_is_broken(data: bytes) -> None:
    with pytest.raises((StopError, MalformedError)):
        ubjson(data)


@given(st.binary(max_size=60))
def test_ubjson_of_any_bytes_ends(data: bytes) -> None:
    with contextlib.suppress(StopError, MalformedError):
        ubjson(data)


def test_ubjson_bombs_end() -> None:
    with pytest.raises(StopError):
        ubjson(b"[" * 10_000)
    with pytest.raises(StopError):
        ubjson(b"[$Z#l\x7f\xff\xff\xff")


def test_xgboost_as_ubjson_that_claims_more_than_any_file_has() -> None:
    raw = b"{L" + struct.pack(">q", 7) + b"learner[$d#L" + struct.pack(">q", (1 << 63) - 1)
    found = look(raw, "model.ubj")
    assert found.format == "xgboost" and Sign.EXHAUSTS in signs(found)


def test_an_unversioned_ggml_file_that_claims_four_billion_words() -> None:
    found = look(b"lmgg" + struct.pack("<7I", 0xFFFFFFFF, 1, 1, 1, 1, 1, 0), "ggml.bin")
    assert found.format == "ggml" and signs(found) == {Sign.TENSORS}


def test_forerunners_of_gguf_are_held_against_their_file() -> None:
    words = b"".join(struct.pack("<I", 1) + bytes([97 + one]) + struct.pack("<f", 0) for one in range(3))
    head = b"tjgg" + struct.pack("<I7i", 1, 3, 4, 1, 1, 1, 1, 0) + words
    tensor = struct.pack("<3i2I", 2, 1, 0, 4, 2) + b"w"
    body = head + tensor
    body += b"\0" * (-len(body) % 32)
    found = look(body + b"\0" * 32, "old.bin")
    assert found.format == "ggml" and found.state is State.CLEAN and found.facts["parameters"] == 8
    assert gaps(look(body + b"\0" * 8, "old.bin")) == {"truncated"}
    lying = b"tjgg" + struct.pack("<I7i", 1, 1 << 30, 4, 1, 1, 1, 1, 0) + words
    assert Sign.TENSORS in signs(look(lying, "old.bin"))


def test_whisper_models_are_followed() -> None:
    head = b"lmgg" + struct.pack("<11i", 2, 1500, 4, 1, 1, 448, 4, 1, 1, 80, 1) + struct.pack("<2i", 80, 201)
    body = (
        head
        + b"\0" * (4 * 80 * 201)
        + struct.pack("<i", 2)
        + struct.pack("<I", 1)
        + b"a"
        + struct.pack("<I", 2)
        + b"bc"
    )
    whole = body + struct.pack("<3i2I", 2, 1, 1, 4, 2) + b"w" + b"\0" * 16
    found = look(whole, "ggml-tiny.bin")
    assert found.format == "ggml" and found.state is State.CLEAN and found.facts["architecture"] == "whisper"
    assert found.facts["parameters"] == 8 and found.facts["precision"] == "F16"
    assert gaps(look(whole[:-4], "ggml-tiny.bin")) == {"truncated"}
    lying = body + struct.pack("<3i2I", 2, 1, 900, 4, 2) + b"w" + b"\0" * 16
    assert signs(look(lying, "ggml-tiny.bin")) == {Sign.TENSORS}


@pytest.mark.parametrize(
    "data",
    [
        b'{"learner": 1}',
        b"tree\nof life\n",
        b"CBM",
        b"{U\x05hello",
        b"<html><PMML/></html>",
        b"\xac\xed\0\1data",
        b"lmgg",
    ],
)
def test_other_files_are_not_taken_for_models(data: bytes) -> None:
    assert look(data, "data.bin").format not in set(REAL.values()) | {"java-serialized", "ggml"}
