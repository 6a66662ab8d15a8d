"""skops: every node is judged by what its loader does, and not by what it is shown as."""

import io
import json
import zipfile
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stored_samples import look, signs, stored, subjects

from backstay.artifacts.report import Inspection, Sign, State

Json = dict[str, Any]
_TEXT = {"__class__": "str", "__module__": "builtins", "__loader__": "JsonNode", "content": '"true"', "is_json": True}


def node(loader: str, module: str, name: str, **more: Any) -> Json:
    return {"__class__": name, "__module__": module, "__loader__": loader, **more}


def text(one: str) -> Json:
    return {**_TEXT, "content": json.dumps(one)}


def several(*ones: Json) -> Json:
    return node("TupleNode", "builtins", "tuple", content=list(ones))


def archive(root: Json, **others: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as file:
        file.writestr("schema.json", json.dumps({**root, "protocol": 2, "_skops_version": "0.16.0"}))
        for name, data in others.items():
            file.writestr(name, data)
    return out.getvalue()


def judged(root: Json, **others: bytes) -> Inspection:
    return look(archive(root, **others), "model.skops")


@pytest.mark.parametrize("name", ["pipe", "rf", "ft"])
def test_models_that_skops_wrote_are_clean(name: str) -> None:
    report = look(stored(f"skops/{name}.skops"), f"{name}.skops")
    assert report.state is State.CLEAN and report.complete and report.format == "skops" and report.model
    assert report.facts["framework"] == "scikit-learn" and report.facts["framework_version"] == "1.9.1"
    assert report.facts["producer"] == "skops 0.16.0" and report.imports


LOADERS = ["FunctionNode", "TypeNode", "ObjectNode", "ConstructorFromReduceNode", "ListNode", "LossNode", "NdArrayNode"]


@pytest.mark.parametrize("loader", LOADERS)
def test_whatever_names_a_command_executes(loader: str) -> None:
    report = judged(node(loader, "os", "system", content=[]))
    assert subjects(report, Sign.EXECUTES) == {"os.system"} and report.state is State.MALICIOUS


def test_dangerous_nodes_at_any_depth() -> None:
    evil = node("FunctionNode", "subprocess", "run")
    content = {"func": evil, "args": several(), "kwds": node("DictNode", "builtins", "dict", content={})}
    root = node(
        "ListNode", "builtins", "list", content=[several(node("PartialNode", "functools", "partial", content=content))]
    )
    assert subjects(judged(root), Sign.EXECUTES) == {"subprocess.run"}


def test_what_a_dictionary_or_a_partial_calls_is_no_mere_value() -> None:
    memmap = node("TypeNode", "numpy", "memmap")
    keys = node("ListNode", "builtins", "list", content=[memmap])
    assert Sign.EXECUTES not in signs(judged(memmap))
    report = judged(node("DictNode", "builtins", "dict", content={"/no/such": text("x")}, key_types=keys))
    assert subjects(report, Sign.EXECUTES) == {"numpy.memmap"}
    content = {"func": memmap, "args": several(), "kwds": node("DictNode", "builtins", "dict", content={})}
    assert Sign.EXECUTES in signs(judged(node("PartialNode", "functools", "partial", content=content)))


def test_cve_2025_54412_an_operator_that_is_shown_as_something_else() -> None:
    report = judged(node("OperatorFuncNode", "builtins", "call", attrs=several(text("true"))))
    assert signs(report) == {Sign.DECEIVES, Sign.EXECUTES}
    assert subjects(judged(node("OperatorFuncNode", "operator", "call", attrs=several())), Sign.EXECUTES)


@pytest.mark.parametrize(
    ("name", "argument", "harmless"),
    [
        ("itemgetter", "key", True),
        ("attrgetter", "shape", True),
        ("attrgetter", "__class__.__base__", False),
        ("methodcaller", "toarray", True),
        ("methodcaller", "__reduce__", False),
        ("methodcaller", "system", False),
    ],
)
def test_operators_by_their_arguments(name: str, argument: str, harmless: bool) -> None:
    report = judged(node("OperatorFuncNode", "operator", name, attrs=several(text(argument))))
    assert (Sign.EXECUTES not in signs(report)) is harmless


def test_cve_2025_54413_a_method_of_another_object() -> None:
    owner = node("ObjectNode", "sklearn.preprocessing._data", "StandardScaler")
    honest = node(
        "MethodNode", "sklearn.preprocessing._data", "StandardScaler", content={"func": "transform", "obj": owner}
    )
    assert judged(honest).state is State.CLEAN
    lying = {**honest, "__module__": "builtins", "__class__": "int"}
    assert Sign.DECEIVES in signs(judged(lying))
    inner = {**honest, "content": {"func": "__globals__", "obj": owner}}
    assert Sign.EXECUTES in signs(judged(inner))
    of_function = node("FunctionNode", "numpy", "log1p")
    method = node("MethodNode", "numpy", "log1p", content={"func": "reduce", "obj": of_function})
    assert Sign.DECEIVES in signs(judged(method))


def test_a_node_that_builds_something_else_than_it_names() -> None:
    assert Sign.DECEIVES in signs(judged({**_TEXT, "__module__": "os", "__class__": "system"}))


def test_an_unknown_loader_is_no_clean_one() -> None:
    assert judged(node("FutureNode", "builtins", "list")).state is State.UNKNOWN
    assert judged(node("ReduceNode", "subprocess", "Popen")).state is State.MALICIOUS


def test_types_of_other_packages_are_unknown() -> None:
    report = judged(node("ObjectNode", "mypackage.models", "Mine"))
    assert subjects(report, Sign.UNKNOWN) == {"mypackage.models.Mine"} and report.state is State.UNKNOWN


def test_files_that_are_not_in_the_archive() -> None:
    array = node("NdArrayNode", "numpy", "ndarray", type="numpy", file="1.npy")
    assert signs(judged(array)) == {Sign.INCOMPLETE}
    assert Sign.ESCAPES in signs(judged({**array, "file": "../../etc/passwd"}))


def test_ids_that_stand_for_two_things() -> None:
    first, second = {**text("x"), "__id__": 7}, node("ListNode", "builtins", "list", content=[], __id__=7)
    assert Sign.IRREGULAR in signs(judged(several(first, second)))


def test_cve_2025_54886_a_pickle_under_its_name() -> None:
    evil = b"\x80\x04\x95\x1b\0\0\0\0\0\0\0\x8c\x05posix\x94\x8c\x06system\x94\x93\x94\x8c\x04true\x94\x85\x94R\x94."
    assert Sign.EXECUTES in signs(look(evil, "model.skops"))
    assert Sign.EXECUTES in signs(judged(_TEXT, **{"model.pkl": evil}))


def test_keys_that_stand_twice() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as file:
        file.writestr("schema.json", '{"__loader__": "JsonNode", "__loader__": "JsonNode", "_skops_version": "1"}')
    assert Sign.DECEIVES in signs(look(out.getvalue(), "m.skops"))


def test_another_schema_is_none_of_skops() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as file:
        file.writestr("schema.json", '{"type": "object"}')
    assert look(out.getvalue(), "m.zip").format == "zip"


keys = st.sampled_from(["__loader__", "__class__", "__module__", "content", "attrs", "func", "obj", "file", "__id__"])
words = st.sampled_from([*LOADERS, "MethodNode", "OperatorFuncNode", "JsonNode", "PartialNode", "os", "system", ""])
trees = st.recursive(
    st.none() | st.integers() | words,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner | words, max_size=6),
    max_leaves=20,
)


@given(st.dictionaries(keys, trees | words, max_size=8))
def test_any_schema_is_judged_without_fault(root: Json) -> None:
    assert not any(one.reason == "reader failed" for one in judged(root).gaps)
