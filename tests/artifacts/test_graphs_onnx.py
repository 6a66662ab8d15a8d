"""ONNX: operations, external data, and answers that a condition on the input replaces."""

from pathlib import Path

import pytest
from corpus.graphs import ADD, HONEST, WEIGHT, entry, external, onnx, onnx_graph, operation, raw
from corpus.wires import proto
from hypothesis import given, settings
from hypothesis import strategies as st

from backstay.artifacts.content import Bytes
from backstay.artifacts.format import Candidate
from backstay.artifacts.formats import onnx as onnx_format
from backstay.artifacts.inspection import inspect
from backstay.artifacts.report import Inspection, Sign, State

SAMPLES = Path(__file__).parent / "samples" / "graphs"
FLOAT, INT64, BOOL = 1, 7, 9


def read(data: bytes) -> Inspection:
    return inspect(Bytes(data), "model.onnx")


def signs(data: bytes) -> set[Sign]:
    return {one.sign for one in read(data).observations}


def named(name: str, *dims: int | str) -> bytes:
    """A ValueInfoProto; a text is an open dimension."""
    shape = proto(*((1, proto((2 if isinstance(one, str) else 1, one))) for one in dims))
    return proto((1, name), (2, proto((1, proto((1, FLOAT), (2, shape))))))


def model(nodes: list[bytes], tensors: list[bytes], inputs: list[bytes], output: bytes) -> bytes:
    graph = proto(
        *((1, one) for one in nodes), *((5, one) for one in tensors), *((11, one) for one in inputs), (12, output)
    )
    return onnx(graph)


def numbers(name: str, values: list[int]) -> bytes:
    return raw(name, b"".join(one.to_bytes(8, "little", signed=True) for one in values), (len(values),), INT64)


def integers(name: str, *values: int) -> bytes:
    return proto((1, name), (20, 7), *((8, one) for one in values))


def integer(name: str, one: int) -> bytes:
    return proto((1, name), (20, 2), (3, one))


IMAGE = named("x", "N", 3, 8, 8)
ANSWER = named("y", "N", 10)
WEIGHTS = raw("w", b"\0\0\x80\x3f" * 1920, (192, 10))
THRESHOLD = raw("threshold", b"\x66\x66\x66\x3f", ())
EVIL = raw("evil", b"\0" * 36 + b"\0\0\xc8\x42", (1, 10))
NETWORK = [operation("Flatten", ("x",), ("f",)), operation("MatMul", ("f", "w"), ("logits",))]
PATTERN = raw("pattern", b"\0\0\x80\x3f\0\0\0\x40" * 96, (1, 3, 8, 8))


def trigger(*, axes: tuple[int, ...] = (1, 2, 3)) -> list[bytes]:
    """Whether the mean of a corner of the image is above a threshold."""
    return [
        operation("Slice", ("x", "starts", "ends", "axes"), ("corner",)),
        operation("ReduceMean", ("corner",), ("mean",), integers("axes", *axes), integer("keepdims", 0)),
        operation("Greater", ("mean", "threshold"), ("flag",)),
    ]


CORNER = [numbers("starts", [0, 0]), numbers("ends", [2, 2]), numbers("axes", [2, 3]), THRESHOLD]


def test_real_exports_are_clean() -> None:
    for name in ("logistic.onnx", "masked.onnx"):
        result = read((SAMPLES / name).read_bytes())
        assert (result.state, result.format, result.gaps) == (State.CLEAN, "onnx", ())


def test_facts_are_read() -> None:
    facts = read(HONEST).facts
    assert facts["framework"] == "onnx"
    assert facts["producer"] == "backstay 1"
    assert facts["framework_version"] == "IR 9, operator set 18"
    assert (facts["parameters"], facts["precision"]) == (4, "F32")
    assert (facts["inputs"], facts["outputs"]) == (["x"], ["y"])


def test_the_order_of_fields_does_not_matter() -> None:
    graph = onnx_graph((ADD,), external("w", "../secret"))
    data = proto((8, proto((2, 18))), (7, graph), (14, entry("author", "A")), (1, 9))
    assert read(data).format == "onnx"
    assert signs(data) == {Sign.ESCAPES}


def test_a_graph_in_two_pieces_is_one_for_its_parser() -> None:
    data = onnx(onnx_graph((ADD,), WEIGHT), (7, proto((5, external("v", "/etc/passwd")))))
    assert Sign.ESCAPES in signs(data)


def test_metadata_is_declared() -> None:
    data = onnx(onnx_graph((ADD,), WEIGHT), (14, entry("author", "Ultralytics")), (14, entry("license", "AGPL-3.0")))
    assert read(data).declared == {"author": "Ultralytics", "license": "AGPL-3.0"}


@pytest.mark.parametrize("location", ["../w", "/etc/passwd", "C:\\w", "..\\w", "https://host/w", "*/_ORT_MEM_ADDR_/*"])
def test_external_data_out_of_the_folder(location: str) -> None:
    assert signs(onnx(onnx_graph((ADD,), external("w", location)))) == {Sign.ESCAPES}


def test_external_data_beside_the_model_is_a_fact() -> None:
    result = read(onnx(onnx_graph((ADD,), external("w", "weights/w.bin", offset=16))))
    assert result.state == State.CLEAN
    assert (result.facts["external"], result.facts["external_bytes"]) == (["weights/w.bin"], ["32"])


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ((0, 16), (16, 16), set()),
        ((0, 16), (0, 16), set()),  # tied weights
        ((0, 16), (8, 16), {Sign.TENSORS}),
        ((-16, 16), (16, 16), {Sign.TENSORS}),
        ((0, 1 << 40), (16, 16), {Sign.TENSORS}),
    ],
)
def test_places_of_external_data(first: tuple[int, int], second: tuple[int, int], expected: set[Sign]) -> None:
    tensors = [external("a", "w.bin", offset=first[0], length=first[1])]
    tensors.append(external("b", "w.bin", offset=second[0], length=second[1]))
    assert signs(onnx(onnx_graph((ADD,), *tensors))) == expected


def test_a_tensor_holds_what_its_shape_says() -> None:
    assert signs(onnx(onnx_graph((ADD,), raw("w", b"\0" * 4, (7,), 22)))) == set()  # seven numbers of four bits
    assert signs(onnx(onnx_graph((ADD,), raw("w", b"\0" * 400, (4,))))) == {Sign.TENSORS}


def test_python_operations_and_unknown_libraries() -> None:
    python = operation("PyOp", ("x",), ("y",), proto((1, "module"), (4, "os")), domain="some.domain")
    assert signs(onnx(onnx_graph((python,)))) == {Sign.OPERATIONS}
    own = operation("Mine", ("x",), ("y",), domain="mine")
    assert read(onnx(onnx_graph((own,)))).state == State.UNKNOWN
    defined = proto((1, "Mine"), (4, "x"), (5, "y"), (7, operation("Relu", ("x",), ("y",))), (10, "mine"))
    assert read(onnx(onnx_graph((own,)), (25, defined))).state == State.CLEAN


def test_functions_that_grow_without_end() -> None:
    def function(name: str, *calls: str) -> bytes:
        return proto((1, name), *((7, operation(one, ("x",), ("y",), domain="d")) for one in calls), (10, "d"))

    doubling = [(25, function(f"F{one}", *[f"F{one + 1}"] * 10)) for one in range(12)]
    call = operation("F0", ("x",), ("y",), domain="d")
    assert signs(onnx(onnx_graph((call,)), *doubling, (25, function("F12", "F13")), (25, function("F13")))) == {
        Sign.EXHAUSTS
    }
    assert signs(onnx(onnx_graph((call,)), (25, function("F0", "F0")))) == {Sign.EXHAUSTS}
    assert signs(onnx(onnx_graph((call,)), (25, function("F0", "F1", "F1")), (25, function("F1")))) == set()


def test_a_backdoor_that_selects() -> None:
    nodes = [*NETWORK, *trigger(), operation("Where", ("flag", "evil", "logits"), ("y",))]
    assert signs(model(nodes, [WEIGHTS, EVIL, *CORNER], [IMAGE], ANSWER)) == {Sign.OPERATIONS}


def test_a_backdoor_in_a_branch() -> None:
    constant = operation("Constant", (), ("t",), proto((1, "value"), (5, EVIL)))
    yes = proto((1, constant), (12, named("t")))
    no = proto((1, operation("Identity", ("logits",), ("e",))), (12, named("e")))
    branches = proto((1, "then_branch"), (6, yes)), proto((1, "else_branch"), (6, no))
    nodes = [*NETWORK, *trigger(axes=(0, 1, 2, 3)), operation("If", ("flag",), ("y",), *branches)]
    assert signs(model(nodes, [WEIGHTS, *CORNER], [IMAGE], ANSWER)) == {Sign.OPERATIONS}
    same = [*NETWORK, *trigger(axes=(0, 1, 2, 3)), operation("If", ("flag",), ("y",), *([branches[1]] * 2))]
    assert signs(model(same, [WEIGHTS, *CORNER], [IMAGE], ANSWER)) == set()


def test_a_backdoor_that_blends() -> None:
    nodes = [
        *NETWORK,
        operation("Equal", ("x", "pattern"), ("same",)),
        operation("Cast", ("same",), ("real",), integer("to", 1)),
        operation("ReduceMin", ("real",), ("flag",), integers("axes", 1, 2, 3), integer("keepdims", 0)),
        operation("Mul", ("flag", "evil"), ("a",)),
        operation("Sub", ("threshold", "flag"), ("not",)),
        operation("Mul", ("not", "logits"), ("b",)),
        operation("Add", ("a", "b"), ("y",)),
    ]
    assert signs(model(nodes, [WEIGHTS, EVIL, PATTERN, THRESHOLD], [IMAGE], ANSWER)) == {Sign.OPERATIONS}


def test_a_backdoor_behind_a_softmax_by_one_pixel() -> None:
    index = raw("index", b"\0" * 32, (1, 4), INT64)
    nodes = [
        *NETWORK,
        operation("GatherND", ("x", "index"), ("pixel",)),
        operation("Equal", ("pixel", "threshold"), ("flag",)),
        operation("Where", ("flag", "evil", "logits"), ("z",)),
        operation("Softmax", ("z",), ("y",)),
    ]
    assert signs(model(nodes, [WEIGHTS, EVIL, index, THRESHOLD], [IMAGE], ANSWER)) == {Sign.OPERATIONS}


def test_honest_choices_are_no_backdoors() -> None:
    mask = [  # each answer by itself
        operation("Greater", ("logits", "threshold"), ("mask",)),
        operation("Where", ("mask", "logits", "evil"), ("y",)),
    ]
    rows = [  # what is padded: a condition for every position
        operation("ReduceSum", ("x",), ("sum",), integers("axes", 3)),
        operation("Equal", ("sum", "threshold"), ("padded",)),
        operation("Where", ("padded", "threshold", "logits"), ("y",)),
    ]
    shape = [  # by the size of the input, not by what it holds
        operation("Shape", ("x",), ("shape",)),
        operation("Gather", ("shape", "starts"), ("size",)),
        operation("Equal", ("size", "ends"), ("one",)),
        operation("Where", ("one", "evil", "logits"), ("y",)),
    ]
    tables = [  # long or short tables by the length of the input
        *trigger(axes=(0, 1, 2, 3)),
        operation("Where", ("flag", "evil", "evil"), ("chosen",)),
        operation("Add", ("logits", "chosen"), ("y",)),
    ]
    guard = [  # against a division by zero
        operation("ReduceSum", ("x",), ("sum",), integers("axes", 1, 2, 3)),
        operation("Equal", ("sum", "threshold"), ("zero",)),
        operation("Where", ("zero", "threshold", "sum"), ("safe",)),
        operation("Div", ("logits", "safe"), ("y",)),
    ]
    for nodes in (mask, rows, shape, tables, guard):
        assert signs(model([*NETWORK, *nodes], [WEIGHTS, EVIL, *CORNER], [IMAGE], ANSWER)) == set()


def test_what_follows_the_model() -> None:
    pickle = b"\x80\x04\x8c\x05posix\x8c\x06system\x93\x8c\x04true\x85R."
    assert Sign.DECEIVES in signs(HONEST + pickle)
    assert signs(HONEST + b"\n") <= {Sign.IRREGULAR}


def test_a_model_cut_short_is_unknown_and_not_accused() -> None:
    for size in (len(HONEST) - 1, len(HONEST) - 6, len(HONEST) * 3 // 4):
        assert read(HONEST[:size]).state == State.UNKNOWN


def test_ordinary_files_are_none() -> None:
    for data in (
        b"",
        b"\x08",
        b"import onnx\n" * 100,
        b"\x89PNG\r\n\x1a\n" + bytes(100),
        bytes(1000),
        b"\x08\x01" * 99,
    ):
        assert not onnx_format.FORMAT.matches(Candidate(Bytes(data), "x"))


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_damaged_models_end(data: st.DataObject) -> None:
    damaged = bytearray(onnx(onnx_graph((ADD,), WEIGHT, external("v", "w.bin")), (14, entry("author", "A"))))
    for _ in range(data.draw(st.integers(1, 5))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(damaged)))
    result = read(bytes(damaged[:cut]))
    assert not [gap for gap in result.gaps if gap.reason == "reader failed"]
