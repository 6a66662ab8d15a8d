"""Configurations of PEFT's adapters: `adapter_config.json`."""

from typing import Any

from backstay.artifacts import named_code, references
from backstay.artifacts.content import Content
from backstay.artifacts.documents import read_json
from backstay.artifacts.exam import Exam
from backstay.artifacts.format import Candidate, Format, Role
from backstay.artifacts.report import Sign
from backstay.artifacts.shapes import has, is_object
from backstay.catalog.artifacts.folders import words

_UNUSUAL = words("adapters", "unusual")


def _matches(candidate: Candidate) -> bool:
    return (
        is_object(candidate)
        and has(candidate, "peft_type")
        and has(candidate, "base_model_name_or_path", "task_type", "target_modules", "inference_mode", "auto_mapping")
    )


def _read(content: Content, exam: Exam) -> None:
    root = references.judge(read_json(content, exam), exam)
    exam.fact("framework", "peft")
    if isinstance(root.get("peft_version"), str):
        exam.fact("framework_version", root["peft_version"])
    if isinstance(root.get("peft_type"), str):
        exam.declare("architecture", f"adapter ({root['peft_type']})")
    if isinstance(root.get("base_model_name_or_path"), str):
        exam.declare("base_model", root["base_model_name_or_path"])
    _imports(root, exam)
    _targets(root, exam)


def _imports(root: dict[str, Any], exam: Exam) -> None:
    """Modules that PEFT imports by the configuration's word."""
    mapping = root.get("auto_mapping")
    if isinstance(mapping, dict):
        library, base = mapping.get("parent_library"), mapping.get("base_model_class")
        if isinstance(library, str) and library.startswith("transformers_modules"):
            exam.note(Sign.CARRIES, library, "the base model is code of a repository, which its loader runs")
        elif isinstance(library, str) and isinstance(base, str) and library:
            named_code.judge(f"{library}.{base}", exam, "AutoPeftModel imports this and calls it (auto_mapping)")
    core = root.get("megatron_core")
    if isinstance(core, str) and core and not core.startswith("megatron"):
        named_code.judge(core if "." in core else f"{core}.{core}", exam, "PEFT imports this (megatron_core)")


def _targets(root: dict[str, Any], exam: Exam) -> None:
    """Adapters change projections of attention and feed-forward layers; the ends of a model are what backdoors want."""
    for key in ("target_modules", "modules_to_save", "target_parameters", "trainable_token_indices"):
        value = root.get(key)
        if key == "trainable_token_indices" and value:
            exam.note(Sign.INDICATOR, key, "single tokens are trained anew")
            continue
        names = [value] if isinstance(value, str) else value if isinstance(value, list) else []
        exam.step(len(names))
        found = sorted({one for one in names if isinstance(one, str) and one.rpartition(".")[2] in _UNUSUAL})
        if found and key != "modules_to_save":
            exam.note(Sign.INDICATOR, ", ".join(found)[:150], f"unusual to adapt ({key})")


FORMAT = Format(
    id="adapter-configuration",
    matches=_matches,
    read=_read,
    suffixes=("adapter_config.json",),
    executable=None,
    role=Role.COMPANION,
)
