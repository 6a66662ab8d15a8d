"""References: what the configuration of a model names: files, folders, code of its own or of another repository.

How transformers reads `auto_map`: `module.Class` is `module.py` of the same folder, `owner/name--module.Class` that of
another repository on the hub; both are imported when `trust_remote_code` is given.
"""

import re
from collections.abc import Iterator
from typing import Any

from backstay.artifacts.documents import Document
from backstay.artifacts.exam import Exam, MalformedError
from backstay.artifacts.report import Sign
from backstay.catalog.artifacts.folders import words

_MAX_DEPTH = 60
_OBJECT = 60  # steps for each object, in which many keys are looked for
# Keys under which a loader looks for code; two values under one hide one of them from a reader.
_CODE_KEYS = frozenset({"auto_map", "custom_pipelines", "chat_template", "type", "trust_remote_code", "weight_map"})
_KERNEL = re.compile(r"(?:\w+\|)?[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95}(?:[@:].{1,100})?")
_KERNEL_KEYS = (
    "attn_implementation",
    "_attn_implementation",
    "_attn_implementation_internal",
    "experts_implementation",
)
_FILES = words("references", "files")
_KEPT = words("references", "kept")
_SECRET = re.compile(
    r"(?:(?:\A|\.\.)/(?:etc|proc|sys|boot|dev(?!/shm))/|(?:^|/)\.(?:ssh|aws|kube|docker|gnupg|netrc|git-credentials|pypirc)(?:/|$)|"
    r"id_rsa|[/\\](?:passwd|shadow)$|[A-Za-z]:\\windows\\)",
    re.IGNORECASE,
)


def root_of(document: Document) -> dict[str, Any]:
    """The object that a document is. Raises MalformedError when it is another value."""
    if not isinstance(document.root, dict):
        raise MalformedError("invalid configuration", "no object")
    return document.root


def objects(root: Any, exam: Exam) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every object in a value, with the path of keys that leads to it."""
    waiting: list[tuple[str, Any, int]] = [("", root, 0)]
    while waiting:
        path, one, depth = waiting.pop()
        if depth > _MAX_DEPTH:
            exam.gap("nested too deeply", f"more than {_MAX_DEPTH} levels")
            return
        exam.step(_OBJECT if isinstance(one, dict) else 1 + len(one) // 8 if isinstance(one, list) else 1)
        if isinstance(one, dict):
            yield path, one
            inner = [(f"{path}.{key}"[-100:].lstrip("."), value) for key, value in one.items()]
        elif isinstance(one, list):
            inner = [(path, value) for value in one]
        else:
            continue
        waiting += [(key, value, depth + 1) for key, value in reversed(inner) if isinstance(value, dict | list)]


def judge(document: Document, exam: Exam) -> dict[str, Any]:
    """Note what any configuration may name: code, kernels, files. Gives the object that it is."""
    root = root_of(document)
    for key in document.duplicates[:20]:
        sign = Sign.DECEIVES if key in _CODE_KEYS else Sign.IRREGULAR
        exam.note(sign, key, "a key that stands twice in one object: readers take different values")
    for path, one in objects(root, exam):
        _code(one, path, exam)
        _files(one, exam)
    return root


def classes(value: Any) -> Iterator[str]:
    """The references of an `auto_map` or of `custom_pipelines`."""
    waiting, seen = [value], 0
    while waiting and seen < 1_000:
        one = waiting.pop()
        seen += 1
        if isinstance(one, str):
            yield one
        elif isinstance(one, list):
            waiting += reversed(one)
        elif isinstance(one, dict):
            waiting += [one["impl"]] if isinstance(one.get("impl"), str) else list(reversed(one.values()))


def _code(one: dict[str, Any], path: str, exam: Exam) -> None:
    for key in ("auto_map", "custom_pipelines"):
        for reference in classes(one.get(key)):
            _class(reference, exam)
    if one.get("trust_remote_code") is True and path:
        # Of a part: its loader hands the flag on, and whoever loads the whole was not asked.
        exam.note(
            Sign.CARRIES, f"{path}.trust_remote_code", "the file itself allows its loader to run code of a repository"
        )
    elif one.get("trust_remote_code") is True:
        exam.note(Sign.INDICATOR, "trust_remote_code", "the file asks its loader to run code of the repository")
    for key in _KERNEL_KEYS:
        for value in classes(one.get(key)):
            if _KERNEL.fullmatch(value):
                exam.note(Sign.CARRIES, value, f"{key} names native code on the hub, which the loader fetches and runs")


def _class(reference: str, exam: Exam) -> None:
    repository, remote, local = reference.rpartition("--")
    module = local.rpartition(".")[0] or local
    parts = [*re.split(r"[/\\]", module), *(re.split(r"[/\\]", repository) if remote else [])]
    if any(part in ("..", ".", "") for part in parts) or reference.startswith("~") or ".." in module:
        exam.note(Sign.ESCAPES, reference, "names code outside of the model's folder")
    elif remote:
        exam.note(
            Sign.CARRIES, reference,
            f"with trust_remote_code the loader fetches {module}.py of the repository {repository} and runs it",
        )  # fmt: skip
    else:
        exam.note(Sign.CARRIES, reference, f"with trust_remote_code the loader runs {module}.py of this folder")


def _files(one: dict[str, Any], exam: Exam) -> None:
    for key, value in one.items():
        if not isinstance(value, str):
            continue
        if key in _FILES:
            path(key, value, exam)
        elif key.endswith(("_path", "_file", "_dir", "filename")) and (
            _SECRET.search(value) or value.startswith("file:")
        ):
            exam.note(Sign.ESCAPES, value, f"{key} leads to what no model has")
        elif key in ("custom_ops_library", "custom_op_library"):
            # onnxruntime-genai's genai_config.json: session options register it.
            out = leaves(value)
            exam.note(Sign.ESCAPES if out else Sign.NATIVE, value, f"{key}: a native library, which the loader runs")


def path(key: str, value: str, exam: Exam) -> None:
    """Judge the path of a file that a loader opens, as a configuration gives it.

    Savers leave the absolute paths of the machine they ran on in such fields, where a loader does not look for them: an
    absolute path is an escape only when it leads to what no model keeps there.
    """
    if value.startswith(("\\\\", "//", "file:")) or _SECRET.search(value):
        exam.note(Sign.ESCAPES, value, f"{key} leads out of the model's folder")
    elif ".." in re.split(r"[/\\]", value):
        kept = re.split(r"[/\\]", value)[-1].casefold() in _KEPT
        sign = Sign.IRREGULAR if kept else Sign.ESCAPES
        exam.note(sign, value, f"{key} leads out of the model's folder")
    elif re.match(r"[a-z]{2,10}://", value, re.IGNORECASE):
        exam.note(Sign.IRREGULAR, value, f"{key} leads to the network")


def leaves(value: str) -> bool:
    """Whether a path that must stay in its folder does not: absolute, a URL, or with `..`."""
    parts = re.split(r"[/\\]", value)
    return (
        value.startswith(("/", "\\", "~"))
        or ".." in parts
        or bool(re.match(r"[A-Za-z]:[/\\]|[a-z][a-z0-9+.-]{1,20}://", value, re.IGNORECASE))
        or "\0" in value
    )
