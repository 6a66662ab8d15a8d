"""Keras configuration: judges the nested configuration of a Keras model, in whatever file it stands.

A configuration is a tree of `{"module", "class_name", "config", "registered_name"}`: whoever loads it makes an object
of each. It may name any class or function (CVE-2025-1550), hold compiled code (`Lambda`), a pickled PyTorch module, or
paths that are read while the model is built (CVE-2025-12058).
"""

import base64
import binascii
import re
from dataclasses import dataclass, field
from typing import Any

from backstay.artifacts import keras_code, keras_names
from backstay.artifacts.content import Bytes
from backstay.artifacts.documents import Document, parse_json
from backstay.artifacts.exam import Exam, MalformedError
from backstay.artifacts.keras_names import Name
from backstay.artifacts.report import Sign

# Fields that name a function where they hold a text.
_FUNCTIONS = frozenset({"activation", "recurrent_activation"})
# Fields in which hand-written configurations name what is to be called.
_CALLABLE = frozenset({"fn", "func", "callable", "loader", "call_fn", "init_fn"})
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]{1,20}:/")
_ABSOLUTE = re.compile(r"[/\\~]|[A-Za-z]:[/\\]")
_PATH_TEXT = 1024  # a longer text is no path: tokenizers hold theirs inline


# Names that Keras gives models without one.
_DEFAULT = re.compile(r"(?:sequential|functional|model)(?:_\d+)?")


@dataclass
class Described:
    """What a configuration says of its model. `layers` are the names of its top layers, in order, `inputs` those of
    them that are inputs, with their shapes."""

    architecture: str = ""
    name: str = ""
    layers: list[str] = field(default_factory=list)
    inputs: list[str] = field(default_factory=list)


def judge(config: object, exam: Exam, at: int = -1) -> Described:
    """Judge a configuration: parsed, or its JSON text. `at` is where it stands in the member in hand.

    Raises MalformedError when the text is no JSON, StopError when a budget is spent.
    """
    if isinstance(config, str):
        config = config.encode("utf-8", "surrogatepass")
    if isinstance(config, bytes):
        return judge_document(parse_json(config.rstrip(b"\x00")), exam, at)
    return judge_document(Document(config), exam, at)


def judge_document(document: Document, exam: Exam, at: int = -1) -> Described:
    """Judge a configuration that was parsed. Raises as `judge` does."""
    for key in dict.fromkeys(document.duplicates):
        exam.note(Sign.DECEIVES, key, "stands twice in one object of the configuration: readers differ on it", at)
    if not isinstance(document.root, dict | list):
        raise MalformedError("invalid Keras configuration")
    exam.fact("framework", "Keras")
    _Walk(exam, at).all(document.root)
    described = _described(document.root)
    if described.architecture:
        exam.fact("architecture", described.architecture)
    if described.inputs:
        exam.fact("inputs", described.inputs)
    if not _DEFAULT.fullmatch(described.name):
        exam.declare("name", described.name)
    return described


@dataclass
class _Walk:
    exam: Exam
    at: int

    def note(self, sign: Sign, subject: str, message: str) -> None:
        self.exam.note(sign, subject, message, self.at)

    def all(self, root: Any) -> None:
        """Every object of the tree, however it is nested, without recursion."""
        waiting = [(root, True)]
        while waiting:
            node, known = waiting.pop()
            self.exam.step(1 + len(node) // 64)
            if isinstance(node, dict):
                if isinstance(node.get("class_name"), str):
                    known = self.entry(node)
                for key, value in node.items():
                    if isinstance(value, str):
                        self.text(key, value, known)
            inner = node.values() if isinstance(node, dict) else node
            waiting.extend((one, known) for one in reversed(inner) if isinstance(one, dict | list))

    def entry(self, node: dict[str, Any]) -> bool:
        """One `{"class_name": ..., "config": ...}`; whether its class is one of Keras, which opens paths as it does."""
        name, module, config = node["class_name"], _text(node.get("module")), node.get("config")
        registered = _text(node.get("registered_name"))
        if name in keras_names.words("values") and (not module or module in {"builtins", "keras"}):
            return True
        if name == "__typespec__":
            name = _text(node.get("spec_name"))
        if name == "__lambda__":
            self.code(_code(node), "lambda", "")
        elif name == "function":
            self.function(module, config if isinstance(config, str) else registered)
        else:
            standing = keras_names.of_class(module, name, registered)
            self.named(standing, module, name, "class")
            self.special(name.rpartition(">")[2], config if isinstance(config, dict) else {})
            return standing is not Name.CUSTOM
        return True

    def special(self, name: str, config: dict[str, Any]) -> None:
        """The classes whose own configuration holds code, or names something to load."""
        label = _text(config.get("name")) or name
        if name == "Lambda":
            self.lambda_layer(config, label)
        elif name in {"TFOpLambda", "SlicingOpLambda", "TFClassMethodDispatcher", "ClassMethod"}:
            self.operation(_text(config.get("function")) or _text(config.get("cls_symbol")))
        elif name == "TensorFlowOpLayer":
            for operation in sorted(keras_names.words("operations")):
                if re.search(rf"(?<![A-Za-z0-9]){operation}(?![A-Za-z0-9])", str(config.get("node_def"))[:100_000]):
                    self.note(Sign.OPERATIONS, operation, f"layer {label} is this operation of TensorFlow")
        elif name == "TorchModuleWrapper":
            self.torch_module(config.get("module"), label)
        elif name == "TFSMLayer":
            self.note(Sign.CARRIES, label, "loads the TensorFlow SavedModel at its file path as a layer (TFSMLayer)")

    def lambda_layer(self, config: dict[str, Any], label: str) -> None:
        for name, of_module, of_kind in (
            ("function", "module", "function_type"),
            ("output_shape", "output_shape_module", "output_shape_type"),
            ("mask", "mask_module", "mask_type"),
        ):
            value, module, kind = config.get(name), _text(config.get(of_module)), _text(config.get(of_kind))
            packed = isinstance(value, dict) and value.get("class_name") == "__tuple__"  # of TensorFlow 2.13 on
            if packed or (isinstance(value, list) and value and isinstance(value[0], str)):
                self.code(_code(value), label, module)
            elif isinstance(value, str) and (kind == "lambda" or (not kind and len(value) > 100)):
                self.code(value, label, module)
            elif isinstance(value, str) and (kind in {"function", "raw"} or name == "function"):
                self.function(module, value)
            elif name == "function" and not (isinstance(value, dict) and "class_name" in value):
                self.note(Sign.CARRIES, label, "a Lambda whose function is not where Keras writes it")

    def function(self, module: str, name: str) -> None:
        if "(" in name or name.startswith("lambda"):  # source in place of a name, which no Keras writes
            keras_code.judge(name.encode("ascii", "backslashreplace"), self.exam, "lambda", self.at)
        elif name:
            self.named(keras_names.of_function(module, name.rpartition(">")[2]), module, name, "function")

    def named(self, standing: Name, module: str, name: str, kind: str) -> None:
        """Note what a name means, and that it is imported."""
        full = f"{module}.{name}" if module else name
        if standing is not Name.KNOWN or module:
            self.exam.needs(module, name) if module else self.exam.needs(name, "")
        if standing is Name.DANGEROUS:
            why = keras_names.why(module, name)
            self.note(Sign.EXECUTES, full, f"the configuration names this {kind}, which {why}: loading imports it")
        elif standing is Name.CODE:
            self.note(Sign.CARRIES, full, f"the configuration names this {kind}, which makes code of what it is given")
        elif standing is Name.CUSTOM:
            self.note(Sign.UNKNOWN, full, f"a custom {kind}: loading needs code that is not part of Keras")

    def loose(self, full: str) -> None:
        """A function that a field names by its whole path, or by a name of Keras alone."""
        module, _, name = full.rpartition(".")
        if keras_names.of_function(module or "keras.utils", name) is Name.DANGEROUS:
            self.note(Sign.EXECUTES, full, "a field of the configuration names this function")

    def operation(self, symbol: str) -> None:
        standing = keras_names.of_tensorflow(symbol)
        if standing is Name.DANGEROUS:
            self.note(Sign.OPERATIONS, f"tf.{symbol}", "a layer calls it: it reads or writes files, or runs code")
        elif standing is Name.CUSTOM:
            self.note(Sign.UNKNOWN, f"tf.{symbol}", "a layer calls this function, which is not known as harmless")

    def code(self, code: object, label: str, module: str) -> None:
        """Compiled Python, as base64 of a marshalled code object."""
        if keras_names.foreign(module):
            self.note(Sign.EXECUTES, f"{label} in {module}", "its code runs with the names of that module at hand")
        if not isinstance(code, str):
            self.note(Sign.CARRIES, label, "a Lambda whose code is not where Keras writes it")
            return
        try:
            data = base64.b64decode(code.encode("ascii"), validate=False)
        except (UnicodeEncodeError, binascii.Error, ValueError):
            data = code.encode("raw_unicode_escape", "surrogatepass")
        keras_code.judge(data, self.exam, label, self.at)

    def torch_module(self, module: object, label: str) -> None:
        self.note(Sign.CARRIES, label, "a pickled PyTorch module: loading unpickles it (TorchModuleWrapper)")
        text = max(_texts(module, self.exam), key=len, default="")
        self.exam.step(len(text) // 64)
        try:
            data = base64.b64decode(text.encode("ascii"))
        except (UnicodeEncodeError, binascii.Error, ValueError):
            data = text.encode("raw_unicode_escape", "surrogatepass")
        if data and not self.exam.inspect(Bytes(data), f"{label}.pt"):
            self.exam.gap("not recognised", f"the PyTorch module of layer {label}")

    def text(self, key: str, value: str, known: bool) -> None:
        """A text that is opened as a file (when `known`: what a custom class does with it, nobody can tell), or looked
        up as a function."""
        last = value.rpartition(".")[2]
        unsafe = last == "enable_unsafe_deserialization" and key not in {"class_name", "config", "registered_name"}
        if unsafe or (key in _CALLABLE and last.isidentifier()):
            self.loose(value)
        if key in keras_names.words("paths") and value and len(value) <= _PATH_TEXT:
            if leaves(value) and known:
                self.note(Sign.ESCAPES, value, f"building the model opens this path ({key})")
            elif key in {"vocabulary", "filepath"} or leaves(value):
                self.note(Sign.IRREGULAR, value, f"building the model may read this file ({key})")
        elif (
            key in _FUNCTIONS
            and keras_names.of_function("", value) is Name.CUSTOM
            and value not in keras_names.words("classes")
        ):
            self.note(Sign.UNKNOWN, value, f"a custom function ({key}): loading needs code that is not part of Keras")


def leaves(path: str) -> bool:
    """Whether a path is outside of the folder it is written in, or on a network."""
    return bool(_URL.match(path) or _ABSOLUTE.match(path)) or ".." in re.split(r"[/\\]", path)


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _code(value: object) -> str | None:
    """The code of a stored function: a text, the first of three values, or one of the fields that hold those."""
    for _ in range(8):
        if isinstance(value, str):
            return value
        if isinstance(value, list) and value:
            value = value[0]
        elif isinstance(value, dict):
            value = next((value[one] for one in ("code", "value", "items", "config") if value.get(one)), None)
        else:
            break
    return None


def _texts(root: object, exam: Exam) -> list[str]:
    """All texts of a value."""
    found, waiting = [], [root]
    while waiting:
        node = waiting.pop()
        exam.step()
        if isinstance(node, str):
            found.append(node)
        elif isinstance(node, dict | list):
            waiting.extend(node.values() if isinstance(node, dict) else node)
    return found


def _described(root: Any) -> Described:
    if not isinstance(root, dict):
        return Described()
    top = root["model_config"] if isinstance(root.get("model_config"), dict) else root
    config = top.get("config")
    described = Described(_text(top.get("class_name")))
    layers = config.get("layers") if isinstance(config, dict) else config
    if isinstance(config, dict):
        described.name = _text(config.get("name"))
    for layer in layers if isinstance(layers, list) else []:
        inner = layer.get("config") if isinstance(layer, dict) else None
        name = (_text(inner.get("name")) if isinstance(inner, dict) else "") or (
            _text(layer.get("name")) if isinstance(layer, dict) else ""
        )
        if name:
            described.layers.append(name)
        if isinstance(inner, dict) and layer.get("class_name") == "InputLayer":
            shape = inner.get("batch_shape", inner.get("batch_input_shape"))
            described.inputs.append(f"{name} {shape}" if isinstance(shape, list) and len(shape) < 20 else name)
    return described
