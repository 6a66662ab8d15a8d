"""Declared: what authors and training tools write beside the weights of a safetensors file, brought to common names.

Keys of `modelspec.*`: Stability AI's ModelSpec 1.0; keys of `ss_*`: kohya-ss/sd-scripts; `format`: the library's own.
"""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from backstay.artifacts.exam import Exam
from backstay.artifacts.weights.tensors import Tensor

_FRAMEWORKS = {"pt": "pytorch", "tf": "tensorflow", "np": "numpy", "flax": "flax", "mlx": "mlx", "paddle": "paddle"}
_PLAIN = {
    "name": ("modelspec.title", "title", "name", "model_name", "ss_output_name"),
    "license": ("modelspec.license", "license"),
    "author": ("modelspec.author", "author"),
    "version": ("modelspec.version", "version"),
    "architecture": ("modelspec.architecture", "architecture", "model_type", "ss_base_model_version"),
    "base_model": (
        "base_model",
        "modelspec.base_model",
        "base_model_name_or_path",
        "ss_sd_model_name",
        "ss_base_model",
    ),
}
_TOOLS = (("ss_network_module", "kohya-ss/sd-scripts"), ("sd_merge_recipe", "sd-webui merger"))
_NAMES = re.compile(r"[,;] *")
_MOST = 1 << 20  # characters of one value that are parsed as JSON


def declare_safetensors(metadata: Mapping[str, Any], tensors: Sequence[Tensor], exam: Exam) -> None:
    """Facts and declarations of the metadata; the kind of quantisation as the tensors' names and types show it."""
    texts = {key: value for key, value in metadata.items() if isinstance(value, str)}
    framework = _FRAMEWORKS.get(texts.get("format", ""))
    if framework:
        exam.fact("framework", framework)
    for name, keys in _PLAIN.items():
        value = next((texts[key] for key in keys if texts.get(key) not in (None, "", "None")), "")
        exam.declare(name, value)
    for key, tool in _TOOLS:
        if key in texts:
            exam.fact("producer", tool)
    if "ss_sd_scripts_commit_hash" in texts:
        exam.fact("producer", "kohya-ss/sd-scripts")
    exam.declare("tags", _listed(texts.get("modelspec.tags", "") or texts.get("tags", "")))
    exam.declare("languages", _listed(texts.get("language", "") or texts.get("languages", "")))
    exam.declare("datasets", _datasets(texts))
    quantised = quantisation(tensors)
    if quantised:
        exam.fact("quantisation", quantised)


def quantisation(tensors: Sequence[Tensor]) -> str:
    """The kind of quantisation that names and types of tensors show; "" for none."""
    ends = {one.name.rpartition(".")[2] for one in tensors}
    kinds = {one.kind for one in tensors}
    if {"qweight", "qzeros"} <= ends:
        return "GPTQ" if "g_idx" in ends else "AWQ"
    if "SCB" in ends:
        return "bitsandbytes int8"
    if "absmax" in ends or any("quant_state.bitsandbytes" in one.name for one in tensors[:20_000]):
        return "bitsandbytes 4-bit"
    if "weight_packed" in ends:
        return "compressed-tensors"
    for kind in ("F4", "F8_E4M3", "F8_E5M2"):
        if kind in kinds:
            return kind
    return ""


def _datasets(texts: Mapping[str, str]) -> list[str]:
    plain = _listed(texts.get("datasets", "") or texts.get("dataset", "") or texts.get("training_dataset", ""))
    if plain:
        return plain
    found = [*_object(texts.get("ss_dataset_dirs", "")), *_object(texts.get("ss_tag_frequency", ""))]
    return list(dict.fromkeys(found))


def _object(text: str) -> list[str]:
    value = _parsed(text) if text.startswith("{") else None
    return list(value) if isinstance(value, dict) else []


def _listed(text: str) -> list[str]:
    if text.startswith("["):
        value = _parsed(text)
        if isinstance(value, list):
            return [one for one in value if isinstance(one, str) and one]
    return [one.strip() for one in _NAMES.split(text[:10_000]) if one.strip()]


def _parsed(text: str) -> Any:
    if len(text) > _MOST:
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
