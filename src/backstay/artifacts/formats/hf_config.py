"""Configurations of transformers, diffusers and timm: `config.json`, `preprocessor_config.json` and their like."""

from typing import Any

from backstay.artifacts import references, targets
from backstay.artifacts.content import Content
from backstay.artifacts.documents import read_json
from backstay.artifacts.exam import Exam
from backstay.artifacts.format import Candidate, Format, Role
from backstay.artifacts.shapes import has, is_object

_NAMES = (
    "config.json", "preprocessor_config.json", "processor_config.json", "generation_config.json",
    "video_preprocessor_config.json", "scheduler_config.json",
)  # fmt: skip
_KEYS = (
    "model_type", "architectures", "transformers_version", "auto_map", "custom_pipelines", "image_processor_type",
    "feature_extractor_type", "processor_class", "_diffusers_version", "pretrained_cfg", "_from_model_config",
)  # fmt: skip


def _matches(candidate: Candidate) -> bool:
    if not is_object(candidate) or has(candidate, "tokenizer_class", "peft_type", "weight_map"):
        return False
    named = candidate.name in _NAMES
    # A `model_type` alone is anything's; with the classes that read it, or their version, it is a model's.
    both = has(candidate, "model_type") and has(candidate, "architectures", "transformers_version", "hidden_size")
    return (
        both
        or has(candidate, "_diffusers_version")
        or (candidate.name == "genai_config.json" and has(candidate, "model", "search"))
        or (
            has(candidate, "auto_map", "custom_pipelines")
            and has(candidate, *(one for one in _KEYS if one != "auto_map"))
        )
        or (named and has(candidate, *(one for one in _KEYS if one != "model_type")) and _known(candidate))
    )


def _known(candidate: Candidate) -> bool:
    """`architectures` and `processor_class` are words that others use, too: not alone."""
    return has(candidate, "transformers_version", "auto_map", "image_processor_type", "feature_extractor_type") or (
        has(candidate, "processor_class", "pretrained_cfg", "_from_model_config")
    )


def _read(content: Content, exam: Exam) -> None:
    root = references.judge(read_json(content, exam), exam)
    targets.judge(root, exam, "config", unknown=False)
    metadata(root, exam)


def metadata(root: dict[str, Any], exam: Exam) -> None:
    """What a configuration says of its model."""
    architectures = root.get("architectures")
    if isinstance(architectures, list) and architectures and isinstance(architectures[0], str):
        exam.declare("architecture", architectures[0])
    elif isinstance(root.get("model_type") or root.get("_class_name"), str):
        exam.declare("architecture", root.get("model_type") or root["_class_name"])
    for key, framework in (("transformers_version", "transformers"), ("_diffusers_version", "diffusers")):
        if isinstance(root.get(key), str):
            exam.fact("framework", framework)
            exam.fact("framework_version", root[key])
    precision = root.get("torch_dtype") or root.get("dtype")
    if isinstance(precision, str):
        exam.declare("precision", precision.removeprefix("torch."))
    quantisation = root.get("quantization_config")
    if isinstance(quantisation, dict) and isinstance(quantisation.get("quant_method"), str):
        bits = quantisation.get("bits") or (4 if quantisation.get("load_in_4bit") is True else None)
        exam.declare("quantisation", quantisation["quant_method"] + (f" {bits}-bit" if isinstance(bits, int) else ""))


FORMAT = Format(
    id="model-configuration", matches=_matches, read=_read, suffixes=_NAMES, executable=None, role=Role.COMPANION
)
