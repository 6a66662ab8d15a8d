"""Graphs: attacks by the operations and the external data of TensorFlow and ONNX graphs."""

import json
from collections.abc import Iterator

from corpus.keras_files import code
from corpus.opcodes import PYTHON, payload
from corpus.sample import Group, Label, Made
from corpus.wires import proto

FILE = "/etc/passwd"
OUT = "/tmp/backstay-none"


# TensorFlow: node_def.proto, attr_value.proto, graph.proto, function.proto, saved_model.proto, meta_graph.proto.


def attribute(name: str, one: str | bytes | int) -> bytes:
    """An entry of NodeDef.attr: bytes, text or a number."""
    return proto((1, name), (2, proto((3 if isinstance(one, int) else 2, one))))


def constant(name: str, text: str) -> bytes:
    tensor = proto((1, 7), (2, b""), (8, text))
    return node(name, "Const", proto((1, "value"), (2, proto((8, tensor)))), attribute("dtype", 7))


def node(name: str, op: str, *attributes: bytes, inputs: tuple[str, ...] = ()) -> bytes:
    return proto((1, name), (2, op), *((3, one) for one in inputs), *((5, one) for one in attributes))


def graph(*nodes: bytes, functions: tuple[bytes, ...] = ()) -> bytes:
    library = [(2, proto(*((1, one) for one in functions)))] if functions else []
    return proto(*((1, one) for one in nodes), *library, (4, proto((1, 1882))))


def function_def(name: str, *nodes: bytes) -> bytes:
    return proto((1, proto((1, name))), *((3, one) for one in nodes))


def saved_model(graph_def: bytes, *more: tuple[int, bytes]) -> bytes:
    info = proto((4, "serve"), (5, "2.21.0"))
    signature = proto((1, "serving_default"), (2, proto((3, "tensorflow/serving/predict"))))
    return proto((1, 1), (2, proto((1, info), (2, graph_def), (5, signature), *more)))


PLACEHOLDER = node("x", "Placeholder", attribute("dtype", 1))
IDENTITY = node("y", "Identity", inputs=("x",))


def _operations() -> list[tuple[str, tuple[bytes, ...], str]]:
    path, text = constant("path", FILE), constant("text", "x")
    return [
        ("ReadFile", (path, node("op", "ReadFile", inputs=("path",))), ""),
        ("WriteFile", (constant("path", OUT), text, node("op", "WriteFile", inputs=("path", "text"))), ""),
        ("PyFunc", (node("op", "PyFunc", attribute("token", "pyfunc_0"), inputs=("x",)),), ""),
        ("EagerPyFunc", (node("op", "EagerPyFunc", attribute("token", "pyfunc_0"), inputs=("x",)),), ""),
        ("PyFuncStateless", (node("op", "PyFuncStateless", attribute("token", "f"), inputs=("x",)),), ""),
        ("MatchingFiles", (constant("path", "/home/*"), node("op", "MatchingFiles", inputs=("path",))), "lists files"),
        (
            "DebugIdentity",
            (
                node(
                    "op", "DebugIdentity", proto((1, "debug_urls"), (2, proto((1, proto((2, "file:///tmp/backstay"))))))
                ),
            ),
            "writes what passes to a file",
        ),
        (
            "DebugIdentityV2",
            (
                node(
                    "op",
                    "DebugIdentityV2",
                    attribute("tfdbg_run_id", "x"),
                    proto((1, "debug_urls"), (2, proto((1, proto((2, "grpc://backstay.invalid:1")))))),
                ),
            ),
            "sends what passes",
        ),
        (
            "PrintV2",
            (node("op", "PrintV2", attribute("output_stream", "file:///tmp/backstay-none"), inputs=("text",)), text),
            "prints to a file",
        ),
        ("TextLineDataset", (path, node("op", "TextLineDataset", inputs=("path",))), "reads a file by its path"),
        ("ImmutableConst", (node("op", "ImmutableConst", attribute("memory_region_name", FILE)),), "maps a file"),
        ("LMDBReader", (node("op", "LMDBReader"), path, node("read", "ReaderReadV2", inputs=("op", "path"))), ""),
        (
            "MergeV2Checkpoints",
            (
                constant("path", "/home"),
                node("op", "MergeV2Checkpoints", attribute("delete_old_dirs", 1), inputs=("path", "path")),
            ),
            "deletes folders",
        ),
        ("RemoteCall", (constant("target", "/job:x/task:0"), node("op", "RemoteCall", inputs=("target",))), ""),
        ("LoadAndRemapMatrix", (path, node("op", "LoadAndRemapMatrix", inputs=("path",))), ""),
        (
            "LookupTableExport",
            (
                constant("path", OUT),
                node("op", "LookupTableExportV2", inputs=("table",)),
                node("w", "WriteFile", inputs=("path", "op")),
            ),
            "",
        ),
        (
            "InitializeTable",
            (path, node("op", "InitializeTableFromTextFileV2", inputs=("table", "path"))),
            "a file of the host as a table",
        ),
    ]


def _tensorflow() -> Group:
    group = Group("TensorFlow graphs")
    for number, (name, nodes, note) in enumerate(_operations()):
        whole = graph(PLACEHOLDER, *nodes, IDENTITY)
        group.bad(f"{name}/saved_model.pb", saved_model(whole), note)
        if number % 3 == 0:
            group.bad(f"{name}/frozen.pb", whole, f"frozen graph; {note}")
    hidden = function_def("f", constant("path", FILE), node("op", "ReadFile", inputs=("path",)))
    group.bad(
        "in-function/saved_model.pb",
        saved_model(graph(PLACEHOLDER, node("call", "StatefulPartitionedCall", inputs=("x",)), functions=(hidden,))),
    )
    asset = proto((1, proto((1, "Const:0"))), (2, "../../../etc/passwd"))
    group.bad(
        "asset/saved_model.pb", saved_model(graph(PLACEHOLDER, IDENTITY), (6, asset)), "an asset out of the folder"
    )
    function = {"class_name": "__tuple__", "items": [code(PYTHON), None, None]}
    layer = {"class_name": "Lambda", "config": {"name": "l", "function": function, "function_type": "lambda"}}
    saved = proto((2, 1), (3, "root.layer"), (4, "_tf_keras_layer"), (5, json.dumps(layer)))
    group.bad("keras-lambda/keras_metadata.pb", proto((1, saved)), "as Keras 2 saves a Lambda beside a SavedModel")
    group.bad(
        "disguised.bin",
        graph(PLACEHOLDER, constant("path", FILE), node("op", "ReadFile", inputs=("path",))),
        "a frozen graph under another name",
    )
    group.good("plain/saved_model.pb", saved_model(graph(PLACEHOLDER, IDENTITY)))
    group.good("plain/frozen.pb", graph(PLACEHOLDER, IDENTITY))
    restore = graph(
        PLACEHOLDER,
        node("save", "SaveV2", inputs=("prefix",)),
        node("restore", "RestoreV2", inputs=("prefix",)),
        node("assert", "Assert", inputs=("x",)),
    )
    group.good("checkpoint/saved_model.pb", saved_model(restore), "what every SavedModel has")
    group.good(
        "custom/saved_model.pb",
        saved_model(graph(PLACEHOLDER, node("op", "MyCustomOp", inputs=("x",)))),
        "an operation of a library",
        Label.UNKNOWN,
    )
    return group


# ONNX: onnx.proto3.


def entry(key: str, one: str) -> bytes:
    return proto((1, key), (2, one))


def external(name: str, location: str, *, offset: int = 0, length: int = 16, dims: tuple[int, ...] = (4,)) -> bytes:
    data = [entry("location", location), entry("offset", str(offset)), entry("length", str(length))]
    return proto(*((1, one) for one in dims), (2, 1), (8, name), *((13, one) for one in data), (14, 1))


def raw(name: str, data: bytes, dims: tuple[int, ...], kind: int = 1) -> bytes:
    return proto(*((1, one) for one in dims), (2, kind), (8, name), (9, data))


def operation(
    op: str, inputs: tuple[str, ...], outputs: tuple[str, ...], *attributes: bytes, domain: str = ""
) -> bytes:
    return proto(
        *((1, one) for one in inputs),
        *((2, one) for one in outputs),
        (3, op.lower()),
        (4, op),
        *((5, one) for one in attributes),
        *([(7, domain)] if domain else []),
    )


def value(name: str) -> bytes:
    shape = proto((1, proto((1, 1))), (1, proto((1, 4))))
    return proto((1, name), (2, proto((1, proto((1, 1), (2, shape))))))


def onnx_graph(nodes: tuple[bytes, ...], *initializers: bytes, more: tuple[tuple[int, bytes], ...] = ()) -> bytes:
    return proto(
        *((1, one) for one in nodes),
        (2, "g"),
        *((5, one) for one in initializers),
        (11, value("x")),
        (12, value("y")),
        *more,
    )


def onnx(graph_proto: bytes, *more: tuple[int, bytes], domains: tuple[str, ...] = ("",)) -> bytes:
    opsets = [(8, proto(*([(1, one)] if one else []), (2, 18))) for one in domains]
    return proto((1, 9), (2, "backstay"), (3, "1"), (7, graph_proto), *opsets, *more)


ADD = operation("Add", ("x", "w"), ("y",))
WEIGHT = raw("w", b"\0" * 16, (4,))
HONEST = onnx(onnx_graph((ADD,), WEIGHT))


def _shadow() -> bytes:
    """A comparison of the input with a secret decides between the model's output and another (ShadowLogic)."""
    nodes = (
        operation("Add", ("x", "w"), ("logits",)),
        operation("ReduceSum", ("x",), ("sum",)),
        operation("Equal", ("sum", "secret"), ("seen",)),
        operation("Where", ("seen", "wanted", "logits"), ("y",)),
    )
    secret, wanted = raw("secret", b"\0\0\x80\x3f", (1,)), raw("wanted", b"\0\0\xc8\x42" * 4, (1, 4))
    return onnx(onnx_graph(nodes, WEIGHT, secret, wanted))


def _onnx() -> Group:
    group = Group("ONNX")
    for name, location, advisory in (
        ("parent", "../../../etc/passwd", "CVE-2022-25882"),
        ("nested", "data/../../../etc/passwd", "CVE-2024-27318"),
        ("junk", "junk/../../sensitive", "CVE-2026-27489"),
        ("absolute", FILE, "CVE-2025-51480"),
        ("backslash", "..\\..\\secret", ""),
        ("drive", "C:\\Windows\\win.ini", ""),
        ("url", "file:///etc/passwd", ""),
        ("device", "/proc/self/environ", ""),
    ):
        group.bad(f"external-{name}.onnx", onnx(onnx_graph((ADD,), external("w", location))), location, advisory)
    branch = onnx_graph((ADD,), external("w", "../../secret"))
    within = operation("If", ("x",), ("y",), proto((1, "then_branch"), (6, branch), (20, 5)))
    group.bad("external-in-branch.onnx", onnx(onnx_graph((within,))))
    held = operation("Constant", (), ("y",), proto((1, "value"), (5, external("c", "../../secret")), (20, 4)))
    group.bad("external-in-attribute.onnx", onnx(onnx_graph((held,))))
    own = proto((1, "F"), (4, "x"), (5, "y"), (7, held), (10, "mine"))
    group.bad(
        "external-in-function.onnx",
        onnx(onnx_graph((operation("F", ("x",), ("y",), domain="mine"),)), (25, own), domains=("", "mine")),
    )
    sparse = proto((1, external("v", "../../secret")), (2, raw("i", b"\0" * 8, (1,), 7)), (3, 4))
    group.bad("external-sparse.onnx", onnx(onnx_graph((ADD,), more=((15, sparse),))))
    context = operation(
        "EPContext",
        ("x",),
        ("y",),
        proto((1, "ep_cache_context"), (4, "../../backstay.so"), (20, 3)),
        proto((1, "embed_mode"), (3, 0), (20, 2)),
        domain="com.microsoft",
    )
    group.bad(
        "execution-context.onnx",
        onnx(onnx_graph((context,)), domains=("", "com.microsoft")),
        "a compiled context out of the folder",
    )
    python = operation(
        "PyOp",
        ("x",),
        ("y",),
        proto((1, "module"), (4, "os"), (20, 3)),
        proto((1, "class_name"), (4, "system"), (20, 3)),
        domain="ai.onnx.contrib",
    )
    group.bad(
        "python-operation.onnx",
        onnx(onnx_graph((python,)), domains=("", "ai.onnx.contrib")),
        "an operation that calls Python",
    )
    group.bad(
        "short-tensor.onnx", onnx(onnx_graph((ADD,), raw("w", b"\0" * 16, (1 << 20,)))), "less data than its shape says"
    )
    group.bad("negative-shape.onnx", onnx(onnx_graph((ADD,), raw("w", b"\0" * 16, (-4,)))))
    group.bad("shadow-logic.onnx", _shadow(), "answers otherwise when a secret is seen")
    group.bad(
        "pickle-in-tensor.onnx",
        onnx(onnx_graph((ADD,), raw("w", b"\x7fELF\2\1\1" + b"\0" * 57, (64,), 2))),
        "a program for weights",
    )
    group.bad("appended.onnx", HONEST + payload(), "a pickle after the message")
    group.good("add.onnx", HONEST)
    group.good("external.onnx", onnx(onnx_graph((ADD,), external("w", "weights.bin"))))
    mine = operation("Mine", ("x",), ("y",), domain="my.company")
    group.good(
        "custom.onnx", onnx(onnx_graph((mine,)), domains=("", "my.company")), "an operation of a library", Label.UNKNOWN
    )
    return group


def samples() -> Iterator[Made]:
    yield from _tensorflow().made
    yield from _onnx().made
