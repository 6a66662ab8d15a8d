"""GGUF metadata: what a file says of itself, held against its tensors, and the texts in it that somebody may run.

Keys from ggml/docs/gguf.md and gguf-py (constants.py) of llama.cpp.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from backstay.artifacts import templates
from backstay.artifacts.content import Bytes
from backstay.artifacts.exam import Exam
from backstay.artifacts.report import Sign
from backstay.artifacts.weights.ggml import FILE_TYPES, PLAIN
from backstay.artifacts.weights.tensors import Tensor
from backstay.artifacts.weights.texts import judge

_TEMPLATE = "tokenizer.chat_template"
_MOST_TEXTS = 1_000  # of an array
_MOST_PARENTS = 100
_MOST_BLOCKS = 512  # LLAMA_MAX_LAYERS


def judge_texts(metadata: Mapping[str, Any], places: Mapping[str, int], exam: Exam) -> None:
    """Judge templates as such, wherever they stand, and every other text as what an author wrote."""
    for key, value in metadata.items():
        if isinstance(value, str):
            _judge_text(key, value, places.get(key, -1), exam)
        elif (
            isinstance(value, list) and value and isinstance(value[0], bytes) and not key.startswith("tokenizer.ggml.")
        ):
            for number, one in enumerate(value[:_MOST_TEXTS]):
                _judge_text(f"{key}[{number}]", one.decode("utf-8", "replace"), places.get(key, -1), exam)


def _judge_text(key: str, text: str, at: int, exam: Exam) -> None:
    exam.step(1 + len(text) // 256)
    if key == "tokenizer.huggingface.json":
        exam.inspect(Bytes(text.encode("utf-8", "surrogatepass")), "tokenizer.json")
    elif key.startswith(_TEMPLATE) or "{%" in text or "{{" in text:
        templates.judge(text, exam, key)
    else:
        judge(key, text, exam, at)


def describe(metadata: Mapping[str, Any], tensors: Sequence[Tensor], exam: Exam) -> None:
    """Facts and declarations, and where they contradict the tensors."""
    architecture = _text(metadata, "general.architecture")
    exam.fact("framework", "ggml")
    if architecture:
        exam.fact("architecture", architecture)
        _fact_number(metadata, f"{architecture}.context_length", "context_length", exam)
    for key, name in (("split.count", "shards"), ("split.no", "shard"), ("split.tensors.count", "split_tensors")):
        _fact_number(metadata, key, name, exam)
    for name in ("name", "license", "author", "version"):
        exam.declare(name, _text(metadata, f"general.{name}"))
    exam.declare("base_model", _parents(metadata, "base_model") or _texts(metadata, "general.base_model"))
    exam.declare("datasets", _parents(metadata, "dataset") or _texts(metadata, "general.datasets"))
    exam.declare("languages", _texts(metadata, "general.languages"))
    exam.declare("tags", _texts(metadata, "general.tags"))
    exam.declare("size_label", _text(metadata, "general.size_label"))
    _describe_types(metadata, tensors, exam)
    _check_blocks(metadata, architecture, tensors, exam)


def _describe_types(metadata: Mapping[str, Any], tensors: Sequence[Tensor], exam: Exam) -> None:
    amounts: dict[str, int] = {}
    for one in tensors:
        amounts[one.kind] = amounts.get(one.kind, 0) + one.elements
    if not amounts:
        return
    most = max(amounts, key=lambda kind: (amounts[kind], kind))
    name, expected = FILE_TYPES.get(_number(metadata, "general.file_type"), ("", ()))
    fitting = not expected or any(kind in amounts for kind in expected)
    if not fitting:
        message = f"declares {name}, and most of its elements are {most}"
        exam.note(Sign.IRREGULAR, "general.file_type", message)
    if most not in PLAIN:
        exam.fact("quantisation", name if name and fitting else most)


def _check_blocks(metadata: Mapping[str, Any], architecture: str, tensors: Sequence[Tensor], exam: Exam) -> None:
    declared = _number(metadata, f"{architecture}.block_count")
    if declared < 0:
        return
    if declared > _MOST_BLOCKS:
        message = f"{declared} blocks: llama.cpp keeps {_MOST_BLOCKS}, older versions write beyond them"
        exam.note(Sign.TENSORS, f"{architecture}.block_count", message)
        return
    numbers = [
        int(parts[1])
        for parts in (one.name.split(".", 2) for one in tensors)
        if len(parts) == 3 and parts[0] == "blk" and parts[1].isdecimal() and len(parts[1]) < 6
    ]
    highest = max(numbers, default=-1)
    if highest >= declared:
        message = f"the model declares {declared} layers and has one of this number"
        exam.note(Sign.INDICATOR, f"blk.{highest}", message)


def _parents(metadata: Mapping[str, Any], kind: str) -> list[str]:
    """The models or datasets that a file comes from: a repository of the hub by its id, others by their name."""
    found = []
    count = min(_MOST_PARENTS, max(0, _number(metadata, f"general.{kind}.count")))
    for number in range(count):
        prefix = f"general.{kind}.{number}"
        address = _text(metadata, f"{prefix}.repo_url") or _text(metadata, f"{prefix}.url")
        name = _text(metadata, f"{prefix}.name")
        _, hub, repository = address.partition("huggingface.co/")
        one = repository.removeprefix("datasets/").strip("/") if hub else name or address
        if one:
            found.append(one)
    return found


def _text(metadata: Mapping[str, Any], key: str) -> str:
    value = metadata.get(key)
    return value if isinstance(value, str) else ""


def _texts(metadata: Mapping[str, Any], key: str) -> list[str]:
    value = metadata.get(key)
    if isinstance(value, str):
        return [value] if value else []
    if not isinstance(value, list):
        return []
    return [one.decode("utf-8", "replace") for one in value[:_MOST_TEXTS] if isinstance(one, bytes) and one]


def _number(metadata: Mapping[str, Any], key: str) -> int:
    value = metadata.get(key)
    return value if type(value) is int else -1


def _fact_number(metadata: Mapping[str, Any], key: str, name: str, exam: Exam) -> None:
    value = _number(metadata, key)
    if 0 <= value < 1 << 63:
        exam.fact(name, value)
