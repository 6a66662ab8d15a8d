"""Shards and external files: what is named and missing, or other than named, is told."""

import json
import struct
from pathlib import Path

from backstay.artifacts.formats.shard_index import digest
from backstay.model import Kind
from backstay.pipeline import scan


def safetensors(*names: str) -> bytes:
    header = {name: {"dtype": "F32", "shape": [1], "data_offsets": [4 * n, 4 * n + 4]} for n, name in enumerate(names)}
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + bytes(4 * len(names))


def model(folder: Path, weights: dict[str, str], shards: dict[str, tuple[str, ...]]) -> list[str]:
    """Messages of the findings of incomplete and irregular models, for an index and the shards that stand beside it."""
    folder.mkdir()
    (folder / "config.json").write_text('{"model_type": "bert", "architectures": ["Bert"], "hidden_size": 4}')
    index = {"metadata": {"total_size": 8}, "weight_map": weights}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    for name, tensors in shards.items():
        (folder / name).write_bytes(safetensors(*tensors))
    report = scan(folder)
    rules = ("incomplete-model", "irregular-model-file")
    return [one.message for one in report.findings if one.rule in rules and one.subject_kind == Kind.MODEL]


ONE, TWO = "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"


def test_whole_models_are_left_alone(tmp_path: Path) -> None:
    assert not model(tmp_path / "m", {"a": ONE, "b": TWO}, {ONE: ("a",), TWO: ("b",)})


def test_a_missing_shard(tmp_path: Path) -> None:
    [message] = model(tmp_path / "m", {"a": ONE, "b": TWO}, {ONE: ("a",)})
    assert f"{TWO}: named by the index, and not here" in message


def test_weights_that_are_kept_elsewhere(tmp_path: Path) -> None:
    assert not model(tmp_path / "m", {"a": ONE, "b": TWO}, {})


def test_a_shard_with_other_tensors(tmp_path: Path) -> None:
    [message] = model(tmp_path / "m", {"a": ONE, "b": TWO}, {ONE: ("a",), TWO: ("b", "trigger")})
    assert f"{TWO}: holds 2 tensors, of which the index names 1 or others" in message


OPENVINO = """<?xml version="1.0"?>
<net name="detector" version="11"><layers>
<layer id="0" name="w" type="Const" version="opset1"><data element_type="f32" shape="4" offset="0" size="16"/>
<output><port id="0" precision="FP32"><dim>4</dim></port></output></layer>
</layers><edges/></net>"""


def test_data_beside_a_graph(tmp_path: Path) -> None:
    def told() -> list[str]:
        return [one.message for one in scan(tmp_path).findings if one.rule == "incomplete-model"]

    (tmp_path / "Net.xml").write_text(OPENVINO)
    [message] = told()
    assert "net.bin: named by the graph, and not here" in message
    (tmp_path / "Net.bin").write_bytes(bytes(8))
    [message] = told()
    assert "net.bin: has 8 bytes, and 16 are referred to" in message
    (tmp_path / "Net.bin").write_bytes(bytes(16))
    assert not told()


def test_the_digest_does_not_depend_on_the_order() -> None:
    assert digest(["a", "b"]) == digest(["b", "a"]) != digest(["ab"])
