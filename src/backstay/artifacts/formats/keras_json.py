"""Keras architectures as text: JSON of every version of Keras, of TensorFlow.js and of KerasHub, and the YAML of
Keras 2, which is read with Python's objects (CVE-2021-37678)."""

import re
from typing import Any

import yaml

from backstay.artifacts import keras_config
from backstay.artifacts.content import Content
from backstay.artifacts.documents import Document, read_json
from backstay.artifacts.exam import Exam, MalformedError, StopError
from backstay.artifacts.format import Candidate, Format
from backstay.artifacts.keras_config import leaves
from backstay.artifacts.pickles import policy
from backstay.artifacts.pickles.policy import Standing
from backstay.artifacts.report import Sign

_YAML_TEXT = 8 << 20  # bytes: the parser takes a second a megabyte
_MAX_DEPTH = 200
_CLASS = re.compile(rb'"class_name"\s*:\s*"')
_KERAS = re.compile(
    rb'"class_name"\s*:\s*"(?:Functional|Sequential|Model|Graph|Lambda|function|__lambda__)"'
    rb'|"(?:keras_version|registered_name|modelTopology)"\s*:|"module"\s*:\s*(?:"|null)'
)
_YAML_CLASS = re.compile(rb"(?m)^class_name: *['\"]?(?:(Functional|Sequential|Model|Graph)|[A-Za-z_]\w*)['\"]? *\r?$")
_YAML_CONFIG = re.compile(rb"(?m)^config:")
_PYTHON = "tag:yaml.org,2002:python/"
_HARMLESS = frozenset(
    {"none", "bool", "bytes", "str", "unicode", "int", "long", "float", "complex", "list", "tuple", "dict"}
)


def _matches(candidate: Candidate) -> bool:
    head = candidate.head
    start = head[:64].removeprefix(b"\xef\xbb\xbf").lstrip(b" \t\r\n")
    if start[:1] == b"{":
        if b'"weight_map"' in head and candidate.name.endswith(".weights.json"):
            return True
        return b'"class_name"' in head and b'"config"' in head and bool(_CLASS.search(head) and _KERAS.search(head))
    if b"class_name:" not in head or b"config:" not in head:
        return False
    named = _YAML_CLASS.search(head)
    return bool(
        named and _YAML_CONFIG.search(head) and (named[1] or b"!!python/" in head or b"\nkeras_version:" in head)
    )


def _read(content: Content, exam: Exam) -> None:
    start = content.read(0, 256).removeprefix(b"\xef\xbb\xbf").lstrip(b" \t\r\n")
    if start[:1] == b"{":
        document = read_json(content, exam)
    else:
        document = _Yaml(exam).read(content)
    root = document.root
    if not isinstance(root, dict):
        raise MalformedError("invalid Keras configuration")
    if "class_name" in root or "modelTopology" in root or "config" in root:
        topology = root.get("modelTopology")
        if isinstance(topology, dict):  # of TensorFlow.js
            document = Document({**topology, "training": root.get("trainingConfig")}, document.duplicates)
        keras_config.judge_document(document, exam)
        if isinstance(root.get("keras_version"), str):
            exam.fact("framework_version", root["keras_version"])
    for path in _shards(root):
        if leaves(path):
            exam.note(Sign.ESCAPES, path, "the weights of this index are outside its folder")


def _shards(root: dict[str, Any]) -> list[str]:
    """The files that an index of shards names."""
    found: list[str] = []
    weights = root.get("weight_map")
    for value in weights.values() if isinstance(weights, dict) else []:
        found += [one for one in (value if isinstance(value, list) else [value]) if isinstance(one, str)]
    manifest = root.get("weightsManifest")
    for group in manifest if isinstance(manifest, list) else []:
        paths = group.get("paths") if isinstance(group, dict) else None
        found += [one for one in (paths if isinstance(paths, list) else []) if isinstance(one, str)]
    return list(dict.fromkeys(found))


class _Yaml:
    """Builds plain values from the events of a YAML text: no tag is obeyed, no alias followed."""

    def __init__(self, exam: Exam) -> None:
        self.exam = exam

    def read(self, content: Content) -> Document:
        """Raises StopError when it is too large, MalformedError when it is no YAML."""
        if content.size > _YAML_TEXT:
            raise StopError("too large", f"YAML of {content.size} bytes")
        try:
            return Document(self._value(content.read(0, content.size).decode("utf-8-sig")))
        except UnicodeDecodeError:
            raise MalformedError("invalid YAML", "not UTF-8") from None
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            raise MalformedError("invalid YAML", f"at line {mark.line + 1}" if mark else "") from None

    def _value(self, text: str) -> Any:
        root: list[Any] = []
        open_: list[Any] = [root]
        keys: list[Any] = [None]
        for event in yaml.parse(text, Loader=yaml.SafeLoader):
            self.exam.step(10)
            if isinstance(event, yaml.NodeEvent):
                tag = getattr(event, "tag", None)
                if isinstance(tag, str) and tag.startswith(_PYTHON):
                    self._tag(tag[len(_PYTHON) :], event.start_mark.index if event.start_mark else -1)
            if isinstance(event, yaml.ScalarEvent):
                _put(open_[-1], keys, event.value)
            elif isinstance(event, yaml.AliasEvent):
                _put(open_[-1], keys, None)
            elif isinstance(event, yaml.MappingStartEvent | yaml.SequenceStartEvent):
                if len(open_) > _MAX_DEPTH:
                    raise StopError("nested too deeply", f"more than {_MAX_DEPTH} levels")
                inner: Any = {} if isinstance(event, yaml.MappingStartEvent) else []
                _put(open_[-1], keys, inner)
                open_.append(inner)
                keys.append(None)
            elif isinstance(event, yaml.MappingEndEvent | yaml.SequenceEndEvent):
                open_.pop()
                keys.pop()
        return root[0] if root else None

    def _tag(self, tag: str, at: int) -> None:
        """A tag of PyYAML's own: a plain type, or a Python object to be made."""
        kind, _, name = tag.partition(":")
        if kind in _HARMLESS and not name:
            return
        module, _, last = name.rpartition(".")
        known = policy.entry(module or name, last if module else "")
        calls = kind in {"object/apply", "object/new"} or kind.startswith("object")
        self.exam.needs(module or name, last if module else "")
        if known.standing is Standing.DANGEROUS or (known.standing is Standing.WEIGH and calls):
            self.exam.note(Sign.EXECUTES, name, f"!!python/{kind}: {known.reason or 'no part of a model'}", at)
        elif known.standing is Standing.CODE:
            self.exam.note(Sign.CARRIES, name, f"!!python/{kind}: {known.reason or 'brings code'}", at)
        elif known.standing is Standing.UNKNOWN:
            self.exam.note(Sign.UNKNOWN, name, f"!!python/{kind}: the policy does not know it", at)


def _put(container: Any, keys: list[Any], value: Any) -> None:
    """Add a value to the container that is open; in a map, keys and values take turns."""
    if isinstance(container, list):
        container.append(value)
    elif keys[-1] is None:
        keys[-1] = value if isinstance(value, str) else "?"
    else:
        container[keys[-1]] = value
        keys[-1] = None


FORMAT = Format("keras-json", _matches, _read)
