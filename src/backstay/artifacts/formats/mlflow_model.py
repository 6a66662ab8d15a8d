"""MLflow models: the `MLmodel` file that says by which module a folder is loaded.

`mlflow.pyfunc.load_model` imports `loader_module`, after it has put the folder of `code` on the import path, or
unpickles `python_model`; models "from code" run `model_code_path`.
"""

import re
from typing import Any

from backstay.artifacts import named_code, references, targets
from backstay.artifacts.content import Content
from backstay.artifacts.exam import Exam, MalformedError, StopError
from backstay.artifacts.format import Candidate, Format, Role
from backstay.artifacts.pickles.policy import Standing
from backstay.artifacts.report import Sign
from backstay.documents import DocumentError, read_yaml

_FLAVORS = re.compile(rb"^(?:\"?flavors\"?):[ \t]*(?:\r?\n|\{)", re.MULTILINE)
_MARKS = re.compile(rb"\b(?:loader_module|python_function|mlflow_version|model_uuid|artifact_path)\b")
_PATHS = frozenset(
    {
        "data",
        "path",
        "code",
        "model_path",
        "pickled_model",
        "python_model",
        "model_code_path",
        "model_data",
        "model_config",
    }
    | {"python_env", "conda", "virtualenv", "saved_input_example", "artifact_path", "tokenizer_path", "saved_model_dir"}
    | {"pytorch_model", "model_binary", "input_example", "serving_input_path", "processor_path"}
)
_MODULE = re.compile(r"[A-Za-z_][\w.]{0,200}")


def _matches(candidate: Candidate) -> bool:
    named = candidate.name == "mlmodel" or candidate.name.endswith((".yaml", ".yml"))
    return (
        named
        and b"flavors" in candidate.head
        and bool(_FLAVORS.search(candidate.head) and _MARKS.search(candidate.head))
    )


def _read(content: Content, exam: Exam) -> None:
    if content.size > exam.limits.text:
        raise StopError("too large", f"YAML of {content.size} bytes")
    text = content.read(0, content.size).decode("utf-8", "replace")
    try:
        documents = read_yaml(text)
    except DocumentError as error:
        raise MalformedError("invalid YAML", str(error)) from None
    root = documents[0].plain() if documents else None
    if not isinstance(root, dict):
        raise MalformedError("invalid YAML", "no mapping")
    targets.judge(text, exam, "MLmodel", unknown=False)
    flavors = root.get("flavors")
    flavors = flavors if isinstance(flavors, dict) else {}
    own = False
    for name, flavor in list(flavors.items())[:100]:
        if isinstance(flavor, dict):
            own |= _carried(str(name), flavor, exam)
    function = flavors.get("python_function")
    if isinstance(function, dict):
        _loader(function, own, exam)
    _paths({key: value for key, value in root.items() if key != "path"}, exam)
    for _, one in references.objects(flavors, exam):
        _paths(one, exam)
    _metadata(root, flavors, exam)


def _carried(name: str, flavor: dict[str, Any], exam: Exam) -> bool:
    """Code that the folder brings. Gives whether it does."""
    found = False
    for key, what in (
        ("code", "its Python files are put on the import path before the model is loaded"),
        ("model_code_path", "the model is this script, which loading runs"),
        ("python_model", "a pickled class of its author, which loading runs"),
    ):
        value = flavor.get(key)
        if isinstance(value, str) and value:
            exam.note(Sign.CARRIES, value, f"{name}.{key}: {what}")
            found = True
    return found


def _loader(function: dict[str, Any], own: bool, exam: Exam) -> None:
    module = function.get("loader_module")
    if not isinstance(module, str):
        return
    exam.needs(module, "")
    if named_code.known_module("mlflow", module):
        return
    if not _MODULE.fullmatch(module):
        exam.note(Sign.IRREGULAR, module, "the loader is no name of a module")
        return
    top = module.partition(".")[0]
    if top in ("os", "subprocess", "sys", "builtins", "runpy", "pty", "importlib", "ctypes", "socket", "code"):
        exam.note(Sign.EXECUTES, module, "MLflow would load the model by this module, which reaches the system")
    elif own:
        exam.note(Sign.CARRIES, module, "the loader is a module of the folder, which MLflow imports and runs")
    elif (
        named_code.judge(f"{module}._load_pyfunc", exam, "MLflow imports and calls this", unknown=False)
        is Standing.UNKNOWN
    ):
        exam.note(Sign.UNKNOWN, module, "MLflow imports this module and calls it, and nobody here knows it")


def _paths(one: dict[str, Any], exam: Exam) -> None:
    for key, value in one.items():
        # `artifact_path` may be the URI of a registry.
        if key in _PATHS and isinstance(value, str) and references.leaves(value) and "://" not in value:
            exam.note(Sign.ESCAPES, value, f"{key} leads out of the model's folder")


def _metadata(root: dict[str, Any], flavors: dict[str, Any], exam: Exam) -> None:
    for name, flavor in flavors.items():
        if name != "python_function" and isinstance(flavor, dict):
            exam.fact("framework", str(name))
            for key in (f"{name}_version", "sklearn_version", "version"):
                if isinstance(flavor.get(key), str):
                    exam.fact("framework_version", flavor[key])
    exam.fact("producer", f"mlflow {root.get('mlflow_version') or ''}".strip())
    if isinstance(root.get("artifact_path"), str) and "/" not in root["artifact_path"]:
        exam.declare("name", root["artifact_path"])


FORMAT = Format(
    id="mlflow-model", matches=_matches, read=_read, suffixes=("mlmodel",), executable=None, role=Role.COMPANION
)
