"""TensorFlow: operations that reach beyond their tensors are found wherever they stand, with what they are given."""

import time
from pathlib import Path

import pytest
from corpus.graphs import attribute, constant, function_def, graph, node, saved_model
from corpus.wires import proto
from hypothesis import given, settings
from hypothesis import strategies as st

from backstay.artifacts.content import Bytes
from backstay.artifacts.format import Candidate
from backstay.artifacts.formats import tensorflow_graph, tensorflow_saved_model
from backstay.artifacts.graphs import operations, tensorflow_text
from backstay.artifacts.graphs.paths import outside, sensitive
from backstay.artifacts.inspection import inspect
from backstay.artifacts.report import Inspection, Observation, Sign, State

SAMPLES = Path(__file__).parent / "samples" / "graphs"
TEXT = attribute("T", 0)[:0] + proto((1, "T"), (2, proto((6, 7))))


def read(data: bytes, name: str = "graph.pb") -> Inspection:
    return inspect(Bytes(data), name)


def signs(*nodes: bytes, functions: tuple[bytes, ...] = (), name: str = "graph.pb") -> set[Sign]:
    return {one.sign for one in read(graph(*nodes, functions=functions), name).observations}


def only(*nodes: bytes, functions: tuple[bytes, ...] = ()) -> Observation:
    (one,) = read(graph(*nodes, functions=functions)).observations
    return one


def called(function: str) -> bytes:
    """The attribute that says which function a node calls."""
    return proto((1, "f"), (2, proto((10, proto((1, function))))))


def test_real_exports_are_clean() -> None:
    for name in ("frozen.pb", "frozen.pbtxt", "saved_model.pb", "model.ckpt.index"):
        result = read((SAMPLES / name).read_bytes(), name)
        assert (result.state, result.gaps) == (State.CLEAN, ()), name
    assert read((SAMPLES / "model.ckpt.index").read_bytes(), "model.ckpt.index").facts == {
        "framework": "tensorflow", "external": ["model.ckpt.data-00000-of-00001"], "external_bytes": ["32"],
        "tensors": 1, "parameters": 8, "precision": "F32",
    }  # fmt: skip


def test_text_and_binary_graphs_say_the_same() -> None:
    assert (
        read((SAMPLES / "frozen.pb").read_bytes()).facts
        == read((SAMPLES / "frozen.pbtxt").read_bytes(), "g.pbtxt").facts
    )


def test_the_path_is_followed_through_nodes() -> None:
    nodes = (
        constant("a", "/etc"), constant("b", "passwd"),
        node("joined", "StringJoin", attribute("separator", "/"), inputs=("a", "b")),
        node("same", "Identity", TEXT, inputs=("joined",)),
        node("op", "ReadFile", inputs=("same",)),
    )  # fmt: skip
    assert "/etc/passwd" in only(*nodes).message


def test_the_path_is_followed_into_functions() -> None:
    inner = proto(
        (1, proto((1, "read"), (2, proto((1, "path"))))), (3, node("op", "TextLineDataset", inputs=("path",)))
    )
    call = node("call", "PartitionedCall", called("read"), inputs=("p",))
    assert "/etc/shadow" in only(constant("p", "/etc/shadow"), call, functions=(inner,)).message
    assert signs(constant("p", "data.txt"), call, functions=(inner,)) == set()


def test_the_path_is_followed_into_data_sets() -> None:
    inner = proto((1, proto((1, "one"), (2, proto((1, "arg"))))), (3, node("op", "TFRecordDataset", inputs=("arg",))))
    names = node("names", "TensorSliceDataset", inputs=("p",))
    shuffled = node("shuffled", "ShuffleDataset", inputs=("names",))
    flat = node("flat", "FlatMapDataset", called("one"), inputs=("shuffled",))
    assert "/root/x" in only(constant("p", "/root/x"), names, shuffled, flat, functions=(inner,)).message


def test_functions_within_functions_are_read_even_if_nobody_calls_them() -> None:
    assert only(functions=(function_def("f", node("op", "PyFunc", attribute("token", "t"))),)).subject == "PyFunc"


@pytest.mark.parametrize("number", [3, 12])
def test_a_text_may_stand_in_a_tensors_content(number: int) -> None:
    packed = bytes([11]) + b"/etc/passwd"
    tensor = proto((1, 7), (2, b""), (4, packed)) if number == 3 else proto((1, 7), (2, b""), (8, "/etc/passwd"))
    path = node("p", "Const", proto((1, "value"), (2, proto((8, tensor)))), proto((1, "dtype"), (2, proto((6, 7)))))
    assert "/etc/passwd" in only(path, node("op", "TextLineDataset", inputs=("p",))).message


def test_what_every_saved_model_has_is_not_accused() -> None:
    prefix = node("file_prefix", "Placeholder", proto((1, "dtype"), (2, proto((6, 7)))))
    nodes = (
        prefix, constant("part", "part"), constant("temp", "_temp/part"), constant("name", "variables/variables"),
        node("joined", "StringJoin", inputs=("file_prefix", "temp")),
        node("shard", "ShardedFilename", inputs=("joined",)), node("save", "SaveV2", inputs=("shard", "name")),
        node("merge", "MergeV2Checkpoints", inputs=("shard", "file_prefix")),
        node("restore", "RestoreV2", inputs=("file_prefix", "name")), node("assert", "Assert", inputs=("x",)),
    )  # fmt: skip
    assert signs(*nodes) == set()


def test_a_checkpoint_path_left_by_training_is_not_accused() -> None:
    restore = node("op", "RestoreV2", inputs=("p",))
    assert signs(constant("p", "/home/user/bert/bert_model.ckpt"), restore) == set()
    assert signs(constant("p", "/etc/passwd"), restore) == {Sign.OPERATIONS}
    assert signs(constant("p", "gs://bucket/bert_model.ckpt"), restore) == {Sign.OPERATIONS}
    assert signs(constant("p", "/home/user/model"), node("op", "SaveV2", inputs=("p",))) == {Sign.OPERATIONS}


def test_assets_are_the_models_own() -> None:
    asset = proto((1, proto((1, "p:0"))), (2, "vocab.txt"))
    table = node("init", "InitializeTableFromTextFileV2", inputs=("t", "p"))
    reads = node("op", "ReadFile", inputs=("p",))
    whole = graph(constant("p", "/home/user/vocab.txt"), table, reads)
    assert read(saved_model(whole, (6, asset)), "saved_model.pb").state == State.CLEAN
    assert read(saved_model(whole), "saved_model.pb").state == State.MALICIOUS


def test_assets_given_to_functions_are_the_models_own() -> None:
    inner = proto(
        (1, proto((1, "f"), (2, proto((1, "x"))), (2, proto((1, "asset"))))),
        (3, node("op", "ReadFile", inputs=("asset",))),
    )
    objects = proto((1, proto((5, b""))), (2, proto((1, "f"), (2, proto((2, 0))))))
    asset = proto((1, proto((1, "p:0"))), (2, "vocab.txt"))
    model = saved_model(graph(constant("p", "x"), functions=(inner,)), (6, asset), (7, objects))
    assert read(model, "saved_model.pb").state == State.CLEAN
    model = saved_model(graph(constant("p", "x"), functions=(inner,)), (6, asset))
    assert read(model, "saved_model.pb").state == State.MALICIOUS


@pytest.mark.parametrize("name", ["../../etc/passwd", "/etc/passwd", "https://host/vocab.txt"])
def test_assets_out_of_the_folder(name: str) -> None:
    model = saved_model(graph(node("x", "Placeholder")), (6, proto((1, proto((1, "p:0"))), (2, name))))
    assert [one.sign for one in read(model, "saved_model.pb").observations] == [Sign.ESCAPES]


def test_exports_of_tables() -> None:
    export = node("op", "LookupTableExportV2", inputs=("t",))
    mutable = node("t", "MutableHashTableV2")
    assert signs(node("t", "HashTableV2"), export) == {Sign.OPERATIONS}
    assert signs(mutable, export) == {Sign.OPERATIONS}
    assert signs(mutable, export, node("save", "SaveV2", inputs=("prefix", "n", "op"))) == set()
    assert signs(functions=(function_def("save_fn", mutable, export),)) == set()


def test_output_streams() -> None:
    assert signs(node("op", "PrintV2", attribute("output_stream", "stderr"))) == set()
    assert signs(node("op", "PrintV2", attribute("output_stream", "file:///tmp/x"))) == {Sign.OPERATIONS}


def test_training_graphs_may_read_data() -> None:
    reader, path = node("op", "TFRecordReaderV2"), constant("p", "/data/train.tfrecord")
    queue = node("q", "QueueEnqueueManyV2", inputs=("queue", "p"))
    meta = proto((1, proto((5, "1.15.0"))), (2, graph(reader, path, queue)))
    assert read(meta, "model.ckpt.meta").state == State.CLEAN
    assert signs(reader, path, queue) == {Sign.OPERATIONS}
    bad = proto((1, proto((5, "1.15.0"))), (2, graph(reader, constant("p", "/etc/passwd"), queue)))
    assert read(bad, "model.ckpt.meta").state == State.MALICIOUS


def test_operations_of_other_libraries() -> None:
    own = only(node("op", "EvilOp"))
    assert (own.sign, own.subject) == (Sign.NATIVE, "EvilOp")
    assert "TensorFlow Text" in only(node("op", "SentencepieceTokenizeOp")).message
    assert signs(node("op", "f"), functions=(function_def("f", node("x", "Relu")),)) == set()


def test_functions_that_call_themselves() -> None:
    assert signs(functions=(function_def("Fun", node("op", "Fun")),)) == {Sign.EXHAUSTS}
    first, second = function_def("One", node("op", "Two")), function_def("Two", node("op", "One"))
    assert signs(node("x", "Relu"), functions=(first, second)) == {Sign.EXHAUSTS}


def test_a_graph_in_a_text_is_read_too() -> None:
    inner = graph(*[node(f"n{one}", "Relu") for one in range(20)], node("op", "WriteFile", inputs=("a", "b")))
    tensor = proto((1, 7), (2, b""), (8, inner))
    held = node("g", "Const", proto((1, "value"), (2, proto((8, tensor)))), proto((1, "dtype"), (2, proto((6, 7)))))
    (one,) = read(graph(held, node("d", "DatasetFromGraph", inputs=("g",)))).observations
    assert (one.sign, one.subject, one.member) == (Sign.OPERATIONS, "WriteFile", "g.value")


def test_text_graphs() -> None:
    text = b"""# a comment
    node { name: "p" op: "Const"
      attr { key: "dtype" value { type: DT_STRING } }
      attr { key: "value" value { tensor { dtype: DT_STRING tensor_shape { } string_val: "/etc/" 'pass\\x77d' } } } }
    node < name: "op" op: "ReadFile" input: ["p"] >
    """
    (one,) = read(text, "graph.pbtxt").observations
    assert "/etc/passwd" in one.message
    assert one.offset == -1
    whole = (
        b'saved_model_schema_version: 1\nmeta_graphs {\n  meta_info_def { tags: "serve" }\n graph_def {' + text + b"}}"
    )
    assert read(whole, "saved_model.pbtxt").state == State.MALICIOUS


def test_source_code_is_no_graph() -> None:
    for text in (
        b"node {\n",
        b'x = """node { op: "ReadFile" }"""\n',
        b"node: a\nop: 'Read'\n",
        b" " * 65536,
        b"#\n" * 30000,
    ):
        start = time.perf_counter()
        assert not tensorflow_graph.FORMAT.matches(Candidate(Bytes(text), "a.py"))
        assert time.perf_counter() - start < 1
    assert tensorflow_text.kind(b"node_id: 3\n") == ""


@settings(max_examples=200, deadline=None)
@given(st.text('node{}<>[]:,"\\#op \n', max_size=60))
def test_any_text_ends(text: str) -> None:
    result = read(('node { op: "Relu" }\n' + text).encode(), "graph.pbtxt")
    assert result.format == "tensorflow-graph"
    assert not [gap for gap in result.gaps if gap.reason == "reader failed"]


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_damaged_models_end(data: st.DataObject) -> None:
    inner = proto((1, proto((1, "f"), (2, proto((1, "x"))))), (3, node("op", "ReadFile", inputs=("x",))))
    whole = graph(constant("p", "x"), node("c", "PartitionedCall", called("f"), inputs=("p",)), functions=(inner,))
    damaged = bytearray(saved_model(whole, (6, proto((2, "vocab.txt")))))
    for _ in range(data.draw(st.integers(1, 5))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    result = read(bytes(damaged[: data.draw(st.integers(0, len(damaged)))]), "saved_model.pb")
    assert not [gap for gap in result.gaps if gap.reason == "reader failed"]


def test_each_format_knows_its_own() -> None:
    candidates = {
        "graph": graph(node("x", "Relu")), "meta": proto((1, proto((5, "2.1.0"))), (2, graph(node("x", "Relu")))),
        "saved": saved_model(graph(node("x", "Relu"))),
    }  # fmt: skip
    formats = (tensorflow_graph.FORMAT, tensorflow_graph.META_GRAPH, tensorflow_saved_model.FORMAT)
    found = [[one.matches(Candidate(Bytes(data), "x")) for one in formats] for data in candidates.values()]
    assert found == [[True, False, False], [False, True, False], [False, False, True]]


def test_paths() -> None:
    assert [outside(one) for one in ("a/b", "assets://x", "ram://x", "\0_temp/part", "a/..b")] == [""] * 5
    for path in ("/a", "~/a", "C:\\a", "\\\\host\\a", "a/../../b", "\0/../b", "s3://a", "file:///a", "//host/a"):
        assert outside(path), path
    assert sensitive("/etc/passwd") and sensitive("/home/x/.ssh/id_rsa") and not sensitive("/data/train.tfrecord")


def test_tables_are_whole() -> None:
    for framework in ("tensorflow", "onnx", "tflite", "paddle", "openvino"):
        table = operations.table(framework)
        listed = [name for one in table.effect for name in one.operations]
        assert len(listed) == len(set(listed)), framework
    names = operations.table("tensorflow").names()
    assert {"ReadFile", "PyFunc", "MatMul", "StatefulPartitionedCall"} <= names
