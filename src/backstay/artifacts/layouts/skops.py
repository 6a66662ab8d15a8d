"""skops archives: the tree of nodes from which skops rebuilds a model, and what each of them would call.

A node names its loader and a class (`__loader__`, `__module__`, `__class__`). What skops shows a user as untrusted is
not always what it builds (CVE-2025-54412, CVE-2025-54413), so every node is judged by what its loader does with it
(`skops/io/_general.py` and its neighbours).
"""

from collections.abc import Sequence
from typing import Any

from backstay.artifacts.documents import read_json
from backstay.artifacts.exam import Exam, MalformedError, StopError
from backstay.artifacts.format import Layout, Member
from backstay.artifacts.keras_config import leaves
from backstay.artifacts.pickles import policy
from backstay.artifacts.pickles.policy import Standing
from backstay.artifacts.report import Sign

_SCHEMA = "schema.json"
_GETTERS = frozenset({"attrgetter", "itemgetter", "methodcaller"})
# What the loaders do with the class of a node: call it, make an instance past its __init__, name it as a value, or
# nothing at all because they know themselves what they build.
_CALLS = frozenset(
    {"ConstructorFromReduceNode", "DictNode", "ListNode", "LossNode", "NdArrayNode", "RandomGeneratorNode"}
    | {"RandomStateNode", "SetNode", "TupleNode"}
)
_MAKES = frozenset({"ObjectNode", "QuantileForestNode", "TreeNode"})
_NAMES = frozenset({"FunctionNode", "TypeNode"})
_FIXED = frozenset(
    {"BytearrayNode", "BytesNode", "CachedNode", "DTypeNode", "DefaultDictNode", "JsonNode", "MaskedArrayNode"}
    | {"MethodNode", "OperatorFuncNode", "PartialNode", "SliceNode", "SparseMatrixNode", "_DictWithDeprecatedKeysNode"}
)
# Nodes that are no instances: a method of one is a way to something else.
_NO_INSTANCES = _NAMES | {"JsonNode", "MethodNode", "OperatorFuncNode", "PartialNode", "SliceNode"}
# Methods of arrays, data frames and texts that steps of pipelines call by name.
_METHODS = frozenset(
    {"astype", "clip", "copy", "decode", "encode", "fillna", "flatten", "get", "join", "lower", "max", "mean", "min"}
    | {
        "predict",
        "predict_proba",
        "ravel",
        "replace",
        "reshape",
        "rename",
        "round",
        "select",
        "split",
        "squeeze",
        "strip",
    }
    | {"sum", "toarray", "todense", "tocsr", "to_frame", "to_numpy", "tolist", "transform", "transpose", "upper"}
)
_HARMLESS_MADE = frozenset({"calls", "calls-second", "constructor", "constructs", "size", "type", "codec", "attribute"})
_HARMLESS_VALUES = frozenset({"constructor", "constructs", "size", "type"})


def _matches(members: dict[str, Member]) -> bool:
    schema = members.get(_SCHEMA)
    if schema is None:
        return False
    try:
        content = schema.open()
        head = content.read(0, 65_536)
    except (StopError, MalformedError):
        return False
    return b'"__loader__"' in head or b'"_skops_version"' in content.read(max(0, content.size - 4096), 4096)


def _read(members: dict[str, Member], exam: Exam) -> Sequence[str]:
    with exam.inside(_SCHEMA) as inside:
        document = read_json(members[_SCHEMA].open(), inside)
        for key in dict.fromkeys(document.duplicates):
            inside.note(Sign.DECEIVES, key, "stands twice in one object of the schema: readers differ on it")
        if not isinstance(document.root, dict):
            raise MalformedError("invalid skops schema")
        _Tree(inside, members).all(document.root)
        _describe(document.root, exam)
    return [_SCHEMA]


class _Tree:
    """The nodes of a schema, each judged once, without recursion."""

    def __init__(self, exam: Exam, members: dict[str, Member]) -> None:
        self.exam, self.members = exam, members
        self.ids: dict[Any, tuple[str, str, str]] = {}

    def all(self, root: dict[str, Any]) -> None:
        waiting: list[Any] = [root]
        while waiting:
            node = waiting.pop()
            self.exam.step()
            if isinstance(node, dict):
                if isinstance(node.get("__loader__"), str):
                    self.node(node)
                inner: Any = node.values()
            else:
                self.exam.step(len(node) // 64)
                inner = node
            waiting.extend(one for one in inner if isinstance(one, dict | list))

    def node(self, node: dict[str, Any]) -> None:
        loader, module, name = node["__loader__"], _text(node.get("__module__")), _text(node.get("__class__"))
        full = f"{module}.{name}"
        self.same(node, loader, module, name)
        if loader in _CALLS:
            self.judge(module, name, f"{loader} calls it")
        elif loader in _MAKES:
            self.judge(module, name, f"{loader} makes an instance of it", _HARMLESS_MADE)
        elif loader in _NAMES:
            self.judge(module, name, f"{loader} hands it to the model", _HARMLESS_VALUES)
        elif loader not in _FIXED:
            self.exam.note(Sign.UNKNOWN, full, f"a node of the loader {loader}, which no skops that is known has")
            self.judge(module, name, f"{loader} names it")
        elif loader == "OperatorFuncNode":
            self.operator(node, module, name)
        elif loader == "MethodNode":
            self.method(node, module, name)
        elif loader not in {"CachedNode"} and policy.entry(module, name).standing is Standing.DANGEROUS:
            message = f"its loader {loader} builds something else than it names"
            self.exam.note(Sign.DECEIVES, full, message)
        self.called(node, loader)
        if loader == "FunctionNode" and isinstance(node.get("content"), dict):  # as the first protocol wrote it
            content = node["content"]
            self.judge(_text(content.get("module_path")), _text(content.get("function")), "FunctionNode names it")
        file = node.get("file")
        if isinstance(file, str) and leaves(file):
            self.exam.note(Sign.ESCAPES, file, f"a file outside the archive holds {full}")
        elif isinstance(file, str) and file not in self.members:
            self.exam.note(Sign.INCOMPLETE, file, f"the archive lacks this file of {full}")

    def judge(self, module: str, name: str, use: str, harmless: frozenset[str] = frozenset()) -> None:
        """Judge a class or function by the policy and by what its loader does with it."""
        if not module or not name:
            return
        self.exam.needs(module, name)
        known, full = policy.entry(module, name), f"{module}.{name}"
        match known.standing:
            case Standing.DANGEROUS:
                self.exam.note(Sign.EXECUTES, full, f"{use}: {known.reason or 'no part of a model'}")
            case Standing.CODE:
                self.exam.note(Sign.CARRIES, full, f"{use}: it makes code of what the file holds")
            case Standing.UNKNOWN:
                self.exam.note(Sign.UNKNOWN, full, f"{use}: a package that the policy does not know")
            case Standing.WEIGH if known.rule not in harmless:
                sign = Sign.UNKNOWN if harmless else Sign.EXECUTES
                self.exam.note(sign, full, f"{use}: {known.reason or 'it is harmful with some arguments'}")

    def called(self, node: dict[str, Any], loader: str) -> None:
        """The nodes below one that it calls: the types of a dictionary's keys, and what a partial holds."""
        waiting: list[Any] = []
        if loader == "DictNode" and isinstance(node.get("key_types"), dict):
            types = node["key_types"].get("content")
            waiting = types if isinstance(types, list) else []
        elif loader == "PartialNode" and isinstance(node.get("content"), dict):
            waiting = [node["content"].get("func")]
        self.exam.step(len(waiting))
        for one in waiting:
            if isinstance(one, dict) and one.get("__loader__") in _NAMES:
                self.judge(_text(one.get("__module__")), _text(one.get("__class__")), f"{loader} calls it")

    def same(self, node: dict[str, Any], loader: str, module: str, name: str) -> None:
        """skops takes a node whose id it has seen for the first of that id, whatever the second says."""
        identity = node.get("__id__")
        if not isinstance(identity, int | str) or loader == "CachedNode":
            return
        first = self.ids.setdefault(identity, (loader, module, name))
        if first != (loader, module, name):
            message = f"has the id of a {first[1]}.{first[2]}, which skops takes in its place"
            self.exam.note(Sign.IRREGULAR, f"{module}.{name}", message)

    def operator(self, node: dict[str, Any], module: str, name: str) -> None:
        full = f"{module}.{name}"
        self.exam.needs("operator", name)
        if module != "operator":
            message = f"shown as {full} and built as operator.{name}: CVE-2025-54412"
            self.exam.note(Sign.DECEIVES, full, message)
        if name not in _GETTERS:
            self.exam.note(Sign.EXECUTES, f"operator.{name}", "OperatorFuncNode calls it with arguments of the file")
            return
        texts = _texts(node.get("attrs"), self.exam)
        for text in texts:
            if "__" in text:
                message = f"reads {text}: a way into the interpreter"
                self.exam.note(Sign.EXECUTES, f"operator.{name}", message)
        if name == "methodcaller" and not any(text.strip('"') in _METHODS for text in texts):
            message = "calls a method by its name of whatever the model is given"
            self.exam.note(Sign.EXECUTES, "operator.methodcaller", message)

    def method(self, node: dict[str, Any], module: str, name: str) -> None:
        content = node.get("content")
        if not isinstance(content, dict) or not isinstance(content.get("obj"), dict):
            raise MalformedError("invalid skops schema", "a method without an object")
        owner, method = content["obj"], _text(content.get("func"))
        shown = f"{module}.{name}.{method}"
        if (_text(owner.get("__module__")), _text(owner.get("__class__"))) != (module, name):
            held = f"{owner.get('__module__')}.{owner.get('__class__')}"
            self.exam.note(Sign.DECEIVES, shown, f"shown as a method of {module}.{name}, of a {held}: CVE-2025-54413")
        if method.startswith("__") or "." in method:
            self.exam.note(Sign.EXECUTES, shown, "a method that leads into the interpreter")
        elif owner.get("__loader__") in _NO_INSTANCES:
            self.exam.note(Sign.DECEIVES, shown, "a method of what is no object of the model")
        elif policy.entry(module, f"{name}.{method}").standing is Standing.DANGEROUS:
            self.exam.note(
                Sign.EXECUTES, shown, policy.entry(module, f"{name}.{method}").reason or "no part of a model"
            )


def _texts(node: Any, exam: Exam) -> list[str]:
    """The JSON texts of the nodes below one."""
    found, waiting = [], [node]
    while waiting:
        one = waiting.pop()
        exam.step()
        if isinstance(one, dict):
            if one.get("__loader__") == "JsonNode":
                found.append(_text(one.get("content")))
            waiting.extend(value for value in one.values() if isinstance(value, dict | list))
        elif isinstance(one, list):
            waiting.extend(value for value in one if isinstance(value, dict | list))
    return found


def _describe(root: dict[str, Any], exam: Exam) -> None:
    module, name = _text(root.get("__module__")), _text(root.get("__class__"))
    if name:
        exam.fact("architecture", name)
    if module.startswith("sklearn."):
        exam.fact("framework", "scikit-learn")
    version = root.get("_skops_version")
    if isinstance(version, str):
        exam.fact("producer", f"skops {version}")
    inner: Any = root
    for key in ("content", "content", "_sklearn_version", "content"):
        inner = inner.get(key) if isinstance(inner, dict) else None
    if isinstance(inner, str):
        exam.fact("framework_version", inner.strip('"'))


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


LAYOUT = Layout("skops", _matches, _read, (".skops",), False)
