"""Targets: what configurations make Hydra, Lightning and their like import and call.

Hydra instantiates every object with `_target_` (hydra.utils.instantiate), Lightning's command line `class_path`, latent
diffusion's loaders `target` beside `params`. NeMo ran whatever `model_config.yaml` named (CVE-2025-23304).
"""

import re
from typing import Any

import yaml

from backstay.artifacts import named_code
from backstay.artifacts.exam import Exam, MalformedError, StopError
from backstay.artifacts.report import Sign
from backstay.documents import DocumentError, read_yaml

_MAX_DEPTH = 100
_MAX_TEXT = 4 << 20
_NAME = re.compile(r"[A-Za-z_][\w.]{0,300}")
_RESOLVED = re.compile(r"\$\{[^{}]{0,500}")
_INSIDE = re.compile(
    r"__(?:import|class|globals|builtins|subclasses|mro|base|init)__|\b(?:os\.(?:system|popen|exec|spawn)|subprocess\b|"
    r"(?:eval|exec|compile)\s{0,5}\()"
)
# Tags of PyYAML's unsafe loaders (yaml.org,2002:python/...).
_TAG = re.compile(r"python/(object/apply|object/new|object|name|module)(?::|/)?(.{0,300})")


def judge(source: Any, exam: Exam, subject: str, *, unknown: bool = True) -> None:
    """Judge a configuration: its text (YAML, or JSON, which is YAML too) or the plain value of one.

    Notes Sign.EXECUTES for targets, tags and resolvers that run code or commands; Sign.UNKNOWN (unless that is not
    wanted) for targets of packages that nobody here knows. A text that does not parse is a gap.
    """
    if isinstance(source, str):
        source = _parsed(source, exam, subject, unknown)
    waiting: list[tuple[Any, int]] = [(source, 0)]
    while waiting:
        one, depth = waiting.pop()
        exam.step()
        if depth > _MAX_DEPTH:
            exam.gap("nested too deeply", f"more than {_MAX_DEPTH} levels")
            return
        if isinstance(one, dict):
            _called(one, exam, unknown)
            waiting += [(value, depth + 1) for value in reversed(one.values())]
        elif isinstance(one, list):
            waiting += [(value, depth + 1) for value in reversed(one)]
        elif isinstance(one, str) and "${" in one:
            _resolved(one, exam)


def _parsed(text: str, exam: Exam, subject: str, unknown: bool) -> Any:
    if len(text) > _MAX_TEXT:
        raise StopError("too large", f"{subject} of {len(text)} characters")
    _tags(text, exam, unknown)
    try:
        return [node.plain() for node in read_yaml(text)]
    except DocumentError as error:
        exam.gap("invalid YAML", f"{subject}: {error}")
        return None


def _called(one: dict[str, Any], exam: Exam, unknown: bool) -> None:
    for key in ("_target_", "class_path", "target"):
        value = one.get(key)
        # `target` is a word of many meanings: only a dotted name beside `params` is called.
        if not isinstance(value, str) or (key == "target" and not ("params" in one and "." in value)):
            continue
        name = value.strip()
        if "${" in name:
            continue
        if not _NAME.fullmatch(name):
            if _INSIDE.search(name):
                exam.note(Sign.EXECUTES, name, f"{key} is no name but code")
            continue
        if "." in name or key == "_target_":
            named_code.judge(name, exam, f"the loader calls this ({key})", unknown=unknown)


def _resolved(text: str, exam: Exam) -> None:
    for found in _RESOLVED.finditer(text[:100_000]):
        inside = _INSIDE.search(text, found.start(), min(len(text), found.start() + 2_000))
        if inside:
            exam.note(Sign.EXECUTES, found[0], f"a resolver is given code ({inside[0]})")
            return


def _tags(text: str, exam: Exam, unknown: bool) -> None:
    """Look for tags that make PyYAML's unsafe loaders call something. Only events are read; nothing is made of them."""
    if "python/" not in text:
        return
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)(text)
    try:
        while loader.check_event():
            event = loader.get_event()
            exam.step()
            tag = getattr(event, "tag", None)
            if isinstance(tag, str) and "python/" in tag:
                _tag(tag, exam, unknown)
    except yaml.YAMLError:
        raise MalformedError("invalid YAML") from None
    finally:
        loader.dispose()


def _tag(tag: str, exam: Exam, unknown: bool) -> None:
    found = _TAG.search(tag)
    if not found:
        return
    kind, name = found[1], found[2].strip()
    if kind == "module" or not _NAME.fullmatch(name):
        if unknown:
            exam.note(Sign.UNKNOWN, f"!!{found[0]}", "an unsafe loader imports this module")
        return
    what = "an unsafe YAML loader calls this" if kind != "name" else "an unsafe YAML loader imports this"
    named_code.judge(name, exam, f"!!python/{kind}: {what}", unknown=unknown)
