"""Keras: each published way around its safe mode, what real versions write, and configurations in every container."""

import base64
import io
import json
import marshal
import zipfile
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stored_samples import look, signs, stored, subjects

from backstay.artifacts import keras_config, keras_names
from backstay.artifacts.exam import Exam, MalformedError
from backstay.artifacts.keras_names import Name
from backstay.artifacts.report import Inspection, Sign, State

Json = dict[str, Any]


def layer(name: str, module: str | None = "keras.layers", registered: str | None = None, **config: Any) -> Json:
    return {"module": module, "class_name": name, "config": config, "registered_name": registered}


def function(module: str, name: str) -> Json:
    return {"module": module, "class_name": "function", "config": name, "registered_name": name}


def model(*layers: Json, **more: Any) -> Json:
    config = {"name": "m", "layers": list(layers)}
    return {"module": "keras", "class_name": "Sequential", "config": config, "registered_name": None, **more}


def code(source: str) -> str:
    """Bytecode as Keras stores it; made of source here, and never run."""
    return base64.b64encode(marshal.dumps(compile(source, "<lambda>", "eval"))).decode()


def stored_lambda(source: str) -> Json:
    return {"class_name": "__lambda__", "config": {"code": code(source), "defaults": None, "closure": None}}


def judged(config: object) -> Inspection:
    exam = Exam("config.json")
    with exam.contained():
        keras_config.judge(config, exam)
    return exam.report(0)


RUNS = "__import__('os').system('true')"
EXECUTES: dict[str, Json] = {
    "CVE-2024-3660: a lambda that starts a program": model(layer("Lambda", function=stored_lambda(RUNS))),
    "CVE-2025-1550: a function of any module": model(layer("Lambda", function=function("os", "system"))),
    "CVE-2025-1550: a class of any module": model(layer("Popen", module="subprocess", args=["true"])),
    "CVE-2025-1550: of the interpreter": model(layer("Lambda", function=function("builtins", "eval"))),
    "CVE-2025-1550: in an initializer": model(
        layer("Dense", units=1, kernel_initializer=layer("Popen", module="subprocess"))
    ),
    "CVE-2025-8747: get_file": model(layer("Lambda", function=function("keras.utils", "get_file"))),
    "CVE-2025-8747: get_file by its source": model(
        layer("Lambda", function=function("keras.src.utils.file_utils", "get_file"))
    ),
    "CVE-2025-9906: the end of safe mode": model(
        layer("Lambda", function=function("keras.config", "enable_unsafe_deserialization"))
    ),
    "CVE-2025-9906: load_model": model(layer("Lambda", function=function("keras.models", "load_model"))),
    "an object made of arguments": model(layer("Lambda", function=function("keras.layers", "deserialize"))),
    "a class of keras that is a function": model(layer("get_file", module="keras.utils")),
    "within wrappers": model(
        layer("Bidirectional", layer=layer("TimeDistributed", layer=layer("system", module="os")))
    ),
    "within a model in a model": model(model(model(layer("Lambda", function=function("posix", "system"))))),
    "within the configuration of the training": model(compile_config={"loss": function("shutil", "rmtree")}),
    "within the configuration of the building": model(build_config={"x": [{"y": function("os", "remove")}]}),
    "within arguments of a call": model(
        layer("Add") | {"inbound_nodes": [{"args": [function("os", "system")], "kwargs": {}}]}
    ),
    "a type specification": {"class_name": "__typespec__", "module": "os", "spec_name": "system", "config": []},
    "source in place of bytecode": model(
        layer("Lambda", function=[base64.b64encode(b"exec('true')").decode(), None, None])
    ),
    "source in place of a name": model(layer("Lambda", function="lambda x: eval('1')", function_type="function")),
    "the names of a module at hand": model(
        {"class_name": "Lambda", "config": {"function": [code("1"), None, None], "module": "subprocess"}}
    ),
    "a lambda as a tuple with line breaks": {
        "class_name": "Lambda",
        "config": {
            "name": "l",
            "function": {
                "class_name": "__tuple__",
                "items": [code(RUNS)[:20] + "\n" + code(RUNS)[20:] + "\n", None, None],
            },
            "function_type": "lambda",
            "module": "__main__",
        },
    },
    "a lambda whose values are items": model(
        layer("Lambda", function={"class_name": "__lambda__", "items": [code(RUNS), None, None]})
    ),
    "a lambda by its value": model(
        layer("Dense", activation={"class_name": "__lambda__", "config": {"value": [code(RUNS), None, None]}})
    ),
    "a function of TensorFlow": model(layer("Lambda", function=function("tensorflow.io", "write_file"))),
    "a function of TensorFlow by its source": model(
        layer("Lambda", function=function("tensorflow.python.ops.io_ops", "read_file"))
    ),
    "a field that names a function": model(layer("Dense", fn="get_file", url="x")),
}


@pytest.mark.parametrize("name", EXECUTES)
def test_what_reaches_beyond_the_model_executes(name: str) -> None:
    report = judged(json.dumps(EXECUTES[name]).encode())
    assert Sign.EXECUTES in signs(report) and report.state is State.MALICIOUS


@pytest.mark.parametrize(
    "path",
    [
        "/etc/passwd",
        "http://backstay.invalid/x",
        "gs://bucket/x",
        "file:/x",
        "..\\x",
        "a/../../x",
        "~/.ssh/id",
        "C:\\x",
    ],
)
def test_cve_2025_12058_a_vocabulary_from_outside_escapes(path: str) -> None:
    for name in ("StringLookup", "TextVectorization", "IntegerLookup"):
        assert subjects(judged(model(layer(name, vocabulary=path))), Sign.ESCAPES) == {path}


def test_a_path_of_a_custom_class_is_no_accusation() -> None:
    mine = layer("Mine", module="mypackage", weights="/content/weights.h5", url="https://host.invalid/x")
    assert signs(judged(model(mine))) == {Sign.UNKNOWN, Sign.IRREGULAR}


def test_a_vocabulary_beside_the_model_is_only_odd() -> None:
    assert signs(judged(model(layer("StringLookup", vocabulary="vocab.txt")))) == {Sign.IRREGULAR}
    assert not signs(judged(model(layer("StringLookup", vocabulary=["/etc/passwd", "http://x/"]))))


@pytest.mark.parametrize(
    ("symbol", "sign"),
    [
        ("io.read_file", Sign.OPERATIONS),
        ("io.gfile.remove", Sign.OPERATIONS),
        ("raw_ops.PyFunc", Sign.OPERATIONS),
        ("numpy_function", Sign.OPERATIONS),
        ("math.multiply", None),
        ("__operators__.getitem", None),
        ("nn.relu", None),
        ("mystery.op", Sign.UNKNOWN),
    ],
)
def test_layers_of_tensorflow_functions(symbol: str, sign: Sign | None) -> None:
    config = model({"class_name": "TFOpLambda", "config": {"name": "x", "function": symbol}})
    assert signs(judged(config)) == ({sign} if sign else set())


def test_a_node_of_a_graph_as_a_layer() -> None:
    node = '{"name": "x", "op": "ReadFile", "input": ["a"]}'
    config = model({"class_name": "TensorFlowOpLayer", "config": {"node_def": node}})
    assert subjects(judged(config), Sign.OPERATIONS) == {"ReadFile"}


def test_a_lambda_without_effect_carries_code() -> None:
    new, old = model(layer("Lambda", function=stored_lambda("1"))), [code("1"), None, None]
    for one in (new, model({"class_name": "Lambda", "config": {"function": old, "function_type": "lambda"}})):
        report = judged(one)
        assert signs(report) == {Sign.CARRIES} and report.state is State.CODE


@pytest.mark.parametrize("value", [None, [], {}, 3, [[code("1")]], {"x": [code("1")]}])
def test_a_lambda_in_an_unusual_form_is_never_clean(value: object) -> None:
    assert judged(model(layer("Lambda", function=value))).state >= State.CODE


@pytest.mark.parametrize(
    "config",
    [
        layer("Mine", module="mypackage.layers", registered="mypackage>Mine"),
        layer("Mine", module=None, registered="Mine"),
        layer("Dense", activation=function("builtins", "my_activation")),
        layer("Dense", activation="my_activation"),
        layer("Lambda", function=function("mypackage", "scale")),
        {"class_name": "Addons>GELU", "config": {}},
        {"class_name": "Custom>Mine", "config": {}},
    ],
)
def test_custom_objects_depend_on_unknown_code(config: Json) -> None:
    report = judged(model(config))
    assert signs(report) == {Sign.UNKNOWN} and report.state is State.UNKNOWN and report.imports


@pytest.mark.parametrize(
    "config",
    [
        layer("Dense", units=1, activation="gelu", kernel_initializer=layer("HeNormal", "keras.initializers")),
        layer("Dense", activation=function("keras.activations", "silu")),
        layer("Relu", module="keras.src.ops.nn"),
        layer("Adam", module="keras.src.backend.torch.optimizers.torch_adam"),
        layer("BertBackbone", module="keras_hub.src.models.bert.bert_backbone", registered="keras_hub>BertBackbone"),
        {"class_name": "Custom>Adam", "config": {}},
        {"class_name": "CuDNNLSTM", "config": {"units": 1}},
        {"class_name": "TensorShape", "items": [None, 3]},
        {"class_name": "__bytes__", "config": {"value": "x"}},
        layer("TensorSpec", module="tensorflow.python.framework.tensor_spec"),
    ],
)
def test_parts_of_keras_are_clean(config: Json) -> None:
    report = judged(model(config))
    assert not report.observations and report.state is State.CLEAN


def test_another_encoding_hides_nothing() -> None:
    text = json.dumps(EXECUTES["CVE-2025-1550: a function of any module"])
    for encoding in ("utf-16", "utf-16-le", "utf-32-be", "utf-8-sig"):
        assert Sign.EXECUTES in signs(look(archive(text.encode(encoding)), "m.keras")), encoding


def test_a_key_that_stands_twice_deceives() -> None:
    text = '{"class_name": "Sequential", "config": {"layers": []}, "config": {}}'
    assert subjects(judged(text), Sign.DECEIVES) == {"config"}


def test_facts_of_a_configuration() -> None:
    dense = {"class_name": "Dense", "config": {"name": "d"}}
    start = {"class_name": "InputLayer", "config": {"name": "i", "batch_shape": [None, 8]}}
    report = judged(model(start, dense))
    assert report.facts == {"framework": "Keras", "architecture": "Sequential", "inputs": ["i [None, 8]"]}
    assert report.declared == {"name": "m"}
    assert keras_config.judge(model(dense), Exam("x")).layers == ["d"]


@pytest.mark.parametrize("text", [b"", b"nonsense", b"[", b"3", b'"x"', b"null", b"\xff\xfe"])
def test_what_is_no_configuration_is_malformed(text: bytes) -> None:
    with pytest.raises(MalformedError):
        keras_config.judge(text, Exam("x"))


def test_a_configuration_nested_too_deeply_is_a_gap() -> None:
    assert judged('{"config": ' * 60_000 + "1" + "}" * 60_000).gaps


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                ["class_name", "config", "module", "registered_name", "function", "layers", "vocabulary", "fn", "name"]
            ),
            inner | st.sampled_from(["Lambda", "function", "__lambda__", "TFOpLambda", "TorchModuleWrapper", "os"]),
            max_size=6,
        )
    ),
    max_leaves=25,
)


@given(values)
def test_any_tree_is_judged_without_fault(value: object) -> None:
    assert not any(one.reason == "reader failed" for one in judged(value).gaps)


@pytest.mark.parametrize(
    ("module", "name", "standing"),
    [
        ("keras.losses", "deserialize", Name.DANGEROUS),
        ("keras.losses", "mse", Name.KNOWN),
        ("keras.ops", "copy", Name.KNOWN),
        ("keras.saving", "load_weights", Name.DANGEROUS),
        ("keras.utils", "to_categorical", Name.CUSTOM),
        ("kerasx.utils", "get_file", Name.CUSTOM),
        ("", "relu", Name.KNOWN),
    ],
)
def test_functions_by_name(module: str, name: str, standing: Name) -> None:
    assert keras_names.of_function(module, name) is standing


# The containers.


def archive(config: Json | str | bytes, weights: bytes | None = None, **others: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as file:
        file.writestr("metadata.json", json.dumps({"keras_version": "3.15.1"}))
        file.writestr("config.json", config if isinstance(config, str | bytes) else json.dumps(config))
        if weights is not None:
            file.writestr("model.weights.h5", weights)
        for name, data in others.items():
            file.writestr(f"assets/{name}", data)
    return out.getvalue()


@pytest.mark.parametrize(
    ("name", "state"),
    [("seq", State.CLEAN), ("lambda", State.CODE), ("custom", State.UNKNOWN), ("torchmod", State.CODE)],
)
def test_archives_that_keras_wrote(name: str, state: State) -> None:
    report = look(stored(f"keras/{name}.keras"), f"{name}.keras")
    assert report.state is state and report.complete and report.format == "keras" and report.model
    assert report.facts["framework"] == "Keras" and report.facts["framework_version"] == "3.15.1"
    assert Sign.INDICATOR not in signs(report)


@pytest.mark.parametrize(("name", "version", "parameters"), [("keras-2", "2.15.0", 62), ("keras-3", "3.15.1", 46)])
def test_hdf5_files_that_keras_wrote(name: str, version: str, parameters: int) -> None:
    report = look(stored(f"hdf5/{name}"), "model.h5")
    assert report.state is State.CLEAN and report.complete and report.format == "keras-hdf5"
    assert report.facts["framework_version"] == version and report.facts["parameters"] == parameters
    assert report.facts["precision"] == "F32" and report.facts["architecture"] == "Sequential"
    assert Sign.INDICATOR not in signs(report)


def test_weights_alone_are_keras_too() -> None:
    report = look(stored("hdf5/keras-3-weights"), "x.weights.h5")
    assert report.format == "keras-hdf5" and report.state is State.CLEAN and report.facts["parameters"] == 322


def test_a_layer_with_weights_and_no_place_in_the_architecture() -> None:
    with zipfile.ZipFile(io.BytesIO(stored("keras/seq.keras"))) as file:
        config, weights = json.loads(file.read("config.json")), file.read("model.weights.h5")
    honest = look(archive(config, weights), "m.keras")
    assert Sign.INDICATOR not in signs(honest)
    gone = config["config"]["layers"].pop()
    report = look(archive(config, weights), "m.keras")
    assert subjects(report, Sign.INDICATOR) == {gone["config"]["name"]} and report.state is State.CLEAN


def test_a_broken_configuration_is_looked_at_as_whatever_else_it_is() -> None:
    evil = b"\x80\x04\x8c\x05posix\x8c\x06system\x93\x8c\x04true\x85R."
    report = look(archive(evil.decode("latin-1"), b""), "m.keras")
    assert report.state is not State.CLEAN and report.gaps


def test_an_archive_within_an_archive_is_still_one_of_keras() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as file:
        file.writestr("models/m.keras", archive(EXECUTES["CVE-2025-1550: a function of any module"], b""))
    assert Sign.EXECUTES in signs(look(out.getvalue(), "models.zip"))


@pytest.mark.parametrize("name", ["config.json", "model.json", "architecture", "x.txt"])
def test_an_architecture_as_text_by_any_name(name: str) -> None:
    evil = json.dumps(EXECUTES["CVE-2025-1550: a function of any module"]).encode()
    assert Sign.EXECUTES in signs(look(evil, name))


def test_tensorflow_js() -> None:
    topology = {"keras_version": "2.15.0", "model_config": model(layer("Dense", units=1))}
    text = {"modelTopology": topology, "weightsManifest": [{"paths": ["../../x.bin", "a.bin"], "weights": []}]}
    report = look(json.dumps(text).encode(), "model.json")
    assert subjects(report, Sign.ESCAPES) == {"../../x.bin"} and report.facts["architecture"] == "Sequential"


def test_an_index_of_shards() -> None:
    text = {"metadata": {}, "weight_map": {"/layers/dense/vars": "m_00000.weights.h5", "/x": ["/etc/passwd"]}}
    assert subjects(look(json.dumps(text).encode(), "m.weights.json"), Sign.ESCAPES) == {"/etc/passwd"}


def test_cve_2021_37678_yaml_that_makes_objects() -> None:
    start = "backend: tensorflow\nclass_name: Sequential\nconfig:\n  name: m\n  layers:\n"
    start += "  - class_name: Dense\n    config: "
    honest = look((start + "{units: 1, shape: !!python/tuple [1, 2]}\nkeras_version: 2.5.0\n").encode(), "m.yaml")
    assert honest.state is State.CLEAN and honest.facts["architecture"] == "Sequential"
    assert honest.facts["framework_version"] == "2.5.0"
    for tag in ("!!python/object/apply:os.system", "!!python/object/new:subprocess.Popen", "!!python/name:os.system"):
        assert Sign.EXECUTES in signs(look((start + f"{tag} [x]\n").encode(), "m.yaml")), tag
    handle = "%TAG !p! tag:yaml.org,2002:python/\n---\n" + start + "!p!object/apply:os.system [x]\n"
    assert Sign.EXECUTES in signs(look(handle.encode(), "m.yaml"))
    lambda_ = start.replace("Dense", "Lambda") + "{function: {class_name: function, module: os, config: system}}\n"
    assert Sign.EXECUTES in signs(look(lambda_.encode(), "m.yaml"))


@pytest.mark.parametrize(
    "text",
    [
        b'{"name": "package", "config": {"class_name": 1}}',
        b'{"class_name": "TextNode", "metadata": {}}',
        b"class_name: thing\nother: 1\n",
        b"import keras\nclass_name: str\n",
        b"{}",
        b"",
    ],
)
def test_other_texts_are_none_of_keras(text: bytes) -> None:
    assert look(text, "x.json").format == ""
