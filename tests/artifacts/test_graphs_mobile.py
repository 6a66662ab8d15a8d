"""TensorFlow Lite, Core ML, OpenVINO, Paddle, TensorRT: what they carry, and where they lead."""

import struct
from contextlib import suppress
from pathlib import Path

import pytest
from corpus.wires import Table, flatbuffer, proto, varint
from hypothesis import given, settings
from hypothesis import strategies as st

from backstay.artifacts.content import Bytes
from backstay.artifacts.exam import Exam, MalformedError, StopError
from backstay.artifacts.graphs.circles import circular, sizes
from backstay.artifacts.inspection import inspect
from backstay.artifacts.report import Inspection, Sign, State
from backstay.artifacts.wire import sstable

SAMPLES = Path(__file__).parent / "samples" / "graphs"


def signs(data: bytes, name: str) -> set[Sign]:
    return {one.sign for one in inspect(Bytes(data), name).observations}


def sample(name: str) -> Inspection:
    return inspect(Bytes((SAMPLES / name).read_bytes()), name)


@pytest.mark.parametrize(
    ("name", "format", "parameters"),
    [
        ("dense.tflite", "tflite", 40), ("network.mlmodel", "coreml", None), ("program.mlmodel", "coreml", 540),
        ("linear.pdmodel", "paddle", 10), ("linear.pdiparams", "paddle-parameters", 10),
        ("linear.json", "paddle", None), ("network.xml", "openvino", 251), ("logistic.ort", "onnx-runtime", None),
    ],
)  # fmt: skip
def test_real_exports_are_clean(name: str, format: str, parameters: int | None) -> None:
    result = sample(name)
    assert (result.state, result.format, result.gaps) == (State.CLEAN, format, ())
    assert result.facts.get("parameters") == parameters


def test_what_authors_write_is_declared() -> None:
    assert sample("network.mlmodel").declared == {"author": "Me", "license": "MIT"}
    assert sample("network.mlmodel").facts["producer"] == "coremltools 9.0"
    assert sample("linear.pdmodel").facts["framework_version"] == "3.3.1"


# TensorFlow Lite


def tflite(codes: list[Table], graphs: list[Table], buffers: list[Table]) -> bytes:
    return flatbuffer(Table(f0=3, f1=codes, f2=graphs, f3="t", f4=[Table(), *buffers]), b"TFL3")


def ints(*values: int) -> bytes:
    """A vector of int32, counted in elements: its length is put right by `counted`."""
    return struct.pack(f"<{len(values)}i", *values)


def counted(data: bytes, vector: bytes) -> bytes:
    """Make the length of a vector that was written as bytes one of int32."""
    at = data.find(struct.pack("<I", len(vector)) + vector)
    assert at >= 0
    return data[:at] + struct.pack("<I", len(vector) // 4) + data[at + 4 :]


ADD = Table(f0=(0, 1), f3=0)


def custom(name: str) -> Table:
    return Table(f0=(32, 1), f1=name, f3=32)


def test_flex_operations_are_tensorflows() -> None:
    graph = Table(f0=[Table(f2=0)], f3=[Table(f0=0)])
    assert signs(tflite([custom("FlexReadFile")], [graph], []), "m.tflite") == {Sign.OPERATIONS}
    assert signs(tflite([custom("FlexMatMul")], [graph], []), "m.tflite") == set()
    assert signs(tflite([custom("MyOp")], [graph], []), "m.tflite") == {Sign.NATIVE}
    assert signs(tflite([custom("TFLite_Detection_PostProcess")], [graph], []), "m.tflite") == {Sign.NATIVE}


def test_a_flex_operation_is_what_its_options_say() -> None:
    options = proto((1, "x"), (2, "WriteFile"))
    graph = Table(f0=[Table(f2=0)], f3=[Table(f0=0, f5=options)])
    assert signs(tflite([custom("FlexIdentity")], [graph], []), "m.tflite") == {Sign.OPERATIONS}


def test_buffers_lie_in_the_file() -> None:
    graph = Table(f0=[Table(f2=1)])
    assert signs(tflite([ADD], [graph], [Table(f1=(1 << 40, 8), f2=(16, 8))]), "m.tflite") == {Sign.TENSORS}
    assert signs(tflite([ADD], [graph], [Table(f1=(64, 8), f2=(4, 8))]), "m.tflite") == set()


def test_tensors_fit_their_buffers() -> None:
    shape = ints(1 << 20)
    graph = Table(f0=[Table(f0=shape, f1=(0, 1), f2=1, f3="w")])
    data = counted(tflite([ADD], [graph], [Table(f0=b"\0" * 16)]), shape)
    assert signs(data, "m.tflite") == {Sign.TENSORS}


def test_operators_use_tensors_that_are_there() -> None:
    wrong = ints(0, 77, -5)
    graph = Table(f0=[Table(f2=0)], f3=[Table(f0=0, f1=wrong)])
    assert signs(counted(tflite([ADD], [graph], []), wrong), "m.tflite") == {Sign.TENSORS}
    assert signs(tflite([ADD], [Table(f0=[Table(f2=0)], f3=[Table(f0=9)])], []), "m.tflite") == {Sign.TENSORS}


def test_a_program_in_a_buffer() -> None:
    elf = b"\x7fELF\2\1\1" + b"\0" * 9 + struct.pack("<HH", 3, 62) + b"\0" * 100
    graph = Table(f0=[Table(f2=1, f1=(3, 1), f0=b"")])
    assert Sign.PROGRAM in signs(tflite([ADD], [graph], [Table(f0=elf)]), "m.tflite")


def test_offsets_out_of_the_file() -> None:
    assert signs(struct.pack("<I", 0xF0F0F0F0) + b"TFL3" + bytes(64), "m.tflite") == {Sign.TENSORS}
    whole = (SAMPLES / "dense.tflite").read_bytes()
    for size in (len(whole) // 3, len(whole) // 2, len(whole) * 9 // 10):
        assert inspect(Bytes(whole[:size]), "m.tflite").state == State.UNKNOWN


def test_subgraphs_that_call_themselves() -> None:
    loop = Table(f0=[Table(f2=0)], f3=[Table(f0=0, f4=Table(f0=0, f1=0))])
    assert signs(tflite([Table(f0=(119, 1), f3=119)], [loop], []), "m.tflite") == {Sign.EXHAUSTS}


def test_circles_and_sizes() -> None:
    assert circular({"a": ["b"], "b": ["c"], "c": ["a", "d"]}) == ["a"]
    assert circular({"a": ["b", "c"], "b": ["d"], "c": ["d"], "d": []}) == []
    chain = {number: [number + 1] for number in range(100_000)}
    assert circular(chain) == []
    doubling = {number: {number + 1: 2} for number in range(50)}
    assert sizes(doubling, {50: 1})[0] == 2**50


# Core ML


def coreml(*fields: tuple[int, int | bytes]) -> bytes:
    described = proto((1, proto((1, "x"), (3, proto((5, b""))))))
    return proto((1, 6), (2, described), *fields)


def test_code_that_an_app_brings() -> None:
    layer = proto((1, "l"), (500, proto((10, "EvilLayer"))))
    assert signs(coreml((500, proto((1, layer)))), "m.mlmodel") == {Sign.NATIVE}
    branch = proto((1, "b"), (605, proto((1, proto((1, layer))))))
    assert signs(coreml((403, proto((1, branch)))), "m.mlmodel") == {Sign.NATIVE}
    inner = proto((1, 6), (555, proto((10, "EvilModel"))))
    assert signs(coreml((200, proto((1, proto((1, inner)))))), "m.mlmodel") == {Sign.NATIVE}


def test_files_of_a_package() -> None:
    def program(path: str) -> bytes:
        held = proto((5, proto((1, path), (2, 64))))
        block = proto((3, proto((1, "const"), (5, proto((1, "val"), (2, held))))))
        function = proto((3, proto((1, "CoreML6"), (2, block))))
        return coreml((502, proto((1, 1), (2, proto((1, "main"), (2, function))))))

    assert signs(program("@model_path/weights/weight.bin"), "m.mlmodel") == set()
    assert signs(program("@model_path/../../secret"), "m.mlmodel") == {Sign.ESCAPES}
    assert signs(program("/etc/passwd"), "m.mlmodel") == {Sign.ESCAPES}
    assert signs(coreml((556, proto((1, proto((1, proto((1, "../x.mlmodelc")))))))), "m.mlmodel") == {Sign.ESCAPES}
    manifest = b'{"itemInfoEntries": {"a": {"path": "%s"}}, "rootModelIdentifier": "a"}'
    assert signs(manifest % b"com.apple.CoreML/model.mlmodel", "Manifest.json") == set()
    assert signs(manifest % b"../../etc/passwd", "Manifest.json") == {Sign.ESCAPES}


# OpenVINO


def layer(attributes: str = 'version="opset1"', data: str = "") -> bytes:
    inner = f'<layer id="0" name="l" type="Const" {attributes}>{data}</layer>'
    return f'<net name="n" version="11"><layers>{inner}</layers></net>'.encode()


def test_layers_and_their_weights() -> None:
    assert signs(layer(), "m.xml") == set()
    assert signs(layer('version="extension"'), "m.xml") == {Sign.NATIVE}
    assert signs(layer(data='<data element_type="f32" shape="2, 2" offset="0" size="16"/>'), "m.xml") == set()
    assert signs(layer(data='<data element_type="f32" shape="2, 2" offset="0" size="99"/>'), "m.xml") == {Sign.TENSORS}
    assert signs(layer(data='<data element_type="f32" shape="2" offset="-8" size="8"/>'), "m.xml") == {Sign.TENSORS}
    assert signs(layer(data='<data library="./evil.so"/>'), "m.xml") == {Sign.OPERATIONS}
    assert signs(layer(data='<data path="../../etc/passwd"/>'), "m.xml") == {Sign.ESCAPES}
    entity = b'<!DOCTYPE net [<!ENTITY x SYSTEM "file:///etc/passwd">]>' + layer()
    assert Sign.ENTITIES in signs(entity, "m.xml")
    result = inspect(Bytes(layer(data='<data element_type="f32" shape="4" offset="16" size="16"/>')), "m.xml")
    assert (result.facts["external"], result.facts["external_bytes"]) == (["m.bin"], ["32"])


# ONNX Runtime


def test_operations_of_a_prepared_graph() -> None:
    whole = (SAMPLES / "logistic.ort").read_bytes()
    assert signs(whole.replace(b"LinearClassifier", b"ExfilClassifier!"), "m.ort") == {Sign.NATIVE}
    assert signs(b"\xf0\xf0\xf0\xf0" + whole[4:], "m.ort") == {Sign.TENSORS}


# Paddle


def program(operation: str, *attributes: tuple[str, str]) -> bytes:
    entries = [(4, proto((1, name), (2, 2), (5, text))) for name, text in attributes]
    return proto((1, proto((1, 0), (2, (1 << 64) - 1), (4, proto((3, operation), *entries)))), (4, proto((1, 3003001))))


def test_paddle_operations() -> None:
    assert signs(program("relu"), "m.pdmodel") == set()
    assert signs(program("relu_grad"), "m.pdmodel") == set()
    assert signs(program("py_func"), "m.pdmodel") == {Sign.OPERATIONS}
    assert signs(program("load", ("file_path", "weights/w")), "m.pdmodel") == set()
    assert signs(program("load", ("file_path", "/etc/passwd")), "m.pdmodel") == {Sign.OPERATIONS}
    assert signs(program("evil_op"), "m.pdmodel") == {Sign.NATIVE}
    whole = b'{"base_code":{"magic":"pir","version":1},"program":{"regions":[{"blocks":[{"ops":[%s]}]}]}}'
    assert signs(whole % b'{"#":"1.py_func","A":[],"I":[],"O":[]}', "m.json") == {Sign.OPERATIONS}
    assert signs(whole % b'{"#":"1.relu","A":[],"I":[],"O":[]}', "m.json") == set()


def test_paddle_parameters_cut_short() -> None:
    whole = (SAMPLES / "linear.pdiparams").read_bytes()
    result = inspect(Bytes(whole[:-3]), "m.pdiparams")
    assert (result.state, [gap.reason for gap in result.gaps]) == (State.UNKNOWN, ["cut short"])


# TensorRT


def test_engines_are_never_clean() -> None:
    for data in (b"ftrt" + bytes(100), struct.pack("<I", 18) + b'{"license":"AGPL"}' + b"ftrt" + bytes(100)):
        result = inspect(Bytes(data), "m.engine")
        assert (result.format, result.state) == ("tensorrt", State.UNKNOWN)
    assert result.declared == {"license": "AGPL"}


# Checkpoints


def block(*entries: tuple[bytes, bytes]) -> bytes:
    data = b"".join(varint(0) + varint(len(key)) + varint(len(value)) + key + value for key, value in entries)
    return data + struct.pack("<II", 0, 1)


def checkpoint(*entries: tuple[bytes, bytes], kind: bytes = b"\0") -> bytes:
    data = block((b"", proto((1, 1), (3, proto((1, 1))))), *entries)
    if kind == b"\1":  # Snappy, all of it as it is
        data = varint(len(data)) + bytes([61 << 2]) + struct.pack("<H", len(data) - 1) + data
    index = block((b"~", varint(0) + varint(len(data))))
    start = len(data) + 5
    footer = varint(0) + varint(0) + varint(start) + varint(len(index))
    return data + kind + bytes(4) + index + bytes(5) + footer.ljust(40, b"\0") + sstable.MAGIC


def variable(*, offset: int = 0, size: int = 16, shard: int = 0) -> bytes:
    return proto((1, 1), (2, proto((2, proto((1, 4))))), (3, shard), (4, offset), (5, size))


@pytest.mark.parametrize("kind", [b"\0", b"\1"])
def test_variables_of_a_checkpoint(kind: bytes) -> None:
    def found(*entries: tuple[bytes, bytes]) -> set[Sign]:
        return signs(checkpoint(*entries, kind=kind), "c.index")

    assert found((b"a", variable()), (b"b", variable(offset=16))) == set()
    assert found((b"a", variable()), (b"b", variable(offset=8))) == {Sign.TENSORS}
    assert found((b"a", variable(size=99))) == {Sign.TENSORS}
    assert found((b"a", variable(shard=7))) == {Sign.TENSORS}
    result = inspect(Bytes(checkpoint((b"a", variable(offset=64)), kind=kind)), "c.index")
    assert (result.facts["external"], result.facts["external_bytes"]) == (["c.data-00000-of-00001"], ["80"])


FILES = [one for one in SAMPLES.iterdir() if one.suffix not in (".md", ".onnx")]


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_damaged_files_end(data: st.DataObject) -> None:
    path = data.draw(st.sampled_from(FILES))
    damaged = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 6))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    result = inspect(Bytes(bytes(damaged[: data.draw(st.integers(len(damaged) // 2, len(damaged)))])), path.name)
    assert not [gap for gap in result.gaps if gap.reason == "reader failed"]


@given(st.binary(max_size=200))
def test_any_table_ends(data: bytes) -> None:
    exam = Exam("x")
    with suppress(MalformedError, StopError):
        list(sstable.entries(Bytes(data + bytes(60) + sstable.MAGIC), exam))
