"""Lists of modules: `modules.json` of sentence-transformers, `model_index.json` of diffusers.

sentence-transformers imports each module's `type`, a dotted name, and calls its `load`; diffusers imports each
component's class from the library that stands before it, or from a file of the folder.
"""

import re
from typing import Any

from backstay.artifacts import named_code, references
from backstay.artifacts.content import Content
from backstay.artifacts.documents import read_json
from backstay.artifacts.exam import Exam, MalformedError
from backstay.artifacts.format import Candidate, Format, Role
from backstay.artifacts.pickles.policy import Standing
from backstay.artifacts.report import Sign
from backstay.artifacts.shapes import has, is_object

_NAME = re.compile(r"[A-Za-z_][\w.]{0,200}")


def _matches_modules(candidate: Candidate) -> bool:
    start = candidate.head[:64].lstrip(b"\xef\xbb\xbf \t\r\n")
    return start.startswith(b"[") and has(candidate, "idx") and has(candidate, "type") and has(candidate, "path")


def _read_modules(content: Content, exam: Exam) -> None:
    document = read_json(content, exam)
    if not isinstance(document.root, list):
        raise MalformedError("invalid configuration", "no list")
    for key in document.duplicates[:20]:
        exam.note(Sign.DECEIVES, key, "a key that stands twice in one object: readers take different values")
    exam.fact("framework", "sentence-transformers")
    exam.step(len(document.root))
    for one in document.root:
        kind, path = (one.get("type"), one.get("path")) if isinstance(one, dict) else (None, None)
        if isinstance(path, str) and references.leaves(path):
            exam.note(Sign.ESCAPES, path, "the folder of a module leads out of the model's own")
        if isinstance(kind, str):
            _module(kind, exam)


def _module(kind: str, exam: Exam) -> None:
    if named_code.known_module("sentence_transformers", kind):
        exam.needs(*kind.rpartition(".")[::2])
        return
    remote = "--" in kind
    standing = Standing.UNKNOWN
    if not remote:
        standing = named_code.judge(kind, exam, "sentence-transformers imports this and calls it", unknown=False)
    if standing is Standing.UNKNOWN:
        where = "of another repository" if remote else "of this folder or of an installed package"
        exam.note(Sign.CARRIES, kind, f"a module of its own, {where}: loading imports and runs it")


def _matches_index(candidate: Candidate) -> bool:
    return (
        is_object(candidate)
        and has(candidate, "_class_name")
        and (
            candidate.name == "model_index.json"
            or (has(candidate, "_diffusers_version") and b'["diffusers"' in _dense(candidate.head))
        )
    )


def _dense(head: bytes) -> bytes:
    return re.sub(rb"\s+", b"", head)


def _read_index(content: Content, exam: Exam) -> None:
    root = references.judge(read_json(content, exam), exam)
    exam.fact("framework", "diffusers")
    if isinstance(root.get("_diffusers_version"), str):
        exam.fact("framework_version", root["_diffusers_version"])
    name = root.get("_class_name")
    if isinstance(name, list):
        for one in name[:1]:
            exam.note(Sign.CARRIES, str(one), "the pipeline is a file of this folder, which trust_remote_code runs")
    elif isinstance(name, str):
        exam.declare("architecture", name)
    for key, value in root.items():
        if isinstance(value, list) and len(value) >= 2:
            _component(key, value, exam)


def _component(key: str, value: list[Any], exam: Exam) -> None:
    library, name = value[0], value[1]
    if not isinstance(library, str) or not isinstance(name, str) or named_code.known_module("diffusers", library):
        return
    if references.leaves(library) or not _NAME.fullmatch(library):
        sign = Sign.ESCAPES if references.leaves(library) else Sign.IRREGULAR
        exam.note(sign, library, f"the library of the component {key} is no name")
        return
    standing = named_code.judge(f"{library}.{name}", exam, f"diffusers imports this (component {key})", unknown=False)
    if standing is Standing.UNKNOWN and name[:1].isupper():  # a class: a list of two words may be anything
        exam.note(
            Sign.CARRIES, f"{library}.{name}", f"the component {key} is code of this folder or of an unknown package"
        )


MODULES = Format(
    id="sentence-transformers-modules",
    matches=_matches_modules,
    read=_read_modules,
    suffixes=("modules.json",),
    executable=None,
    role=Role.COMPANION,
)
INDEX = Format(
    id="diffusers-index",
    matches=_matches_index,
    read=_read_index,
    suffixes=("model_index.json",),
    executable=None,
    role=Role.COMPANION,
)
