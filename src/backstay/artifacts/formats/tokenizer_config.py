"""Configurations of tokenizers and processors with chat templates: `tokenizer_config.json`, `chat_template.json`."""

from collections.abc import Iterator
from typing import Any

from backstay.artifacts import references, templates
from backstay.artifacts.content import Content
from backstay.artifacts.documents import read_json
from backstay.artifacts.exam import Exam
from backstay.artifacts.format import Candidate, Format, Role
from backstay.artifacts.shapes import has, is_object
from backstay.artifacts.tokenizers import vocabulary

_MAX_TEMPLATES = 100


def _matches(candidate: Candidate) -> bool:
    if not is_object(candidate):
        return False
    if has(candidate, "chat_template") and (
        b"{%" in candidate.head + candidate.tail or b"{{" in candidate.head + candidate.tail
    ):
        return True
    named = candidate.name.endswith(("tokenizer_config.json", "processor_config.json"))
    return has(candidate, "tokenizer_class") and (
        named or has(candidate, "model_max_length", "added_tokens_decoder", "auto_map", "bos_token", "unk_token")
    )


def _read(content: Content, exam: Exam) -> None:
    root = references.judge(read_json(content, exam), exam)
    for number, (name, text) in enumerate(_templates(root)):
        if number >= _MAX_TEMPLATES:
            exam.gap("too many templates", f"more than {_MAX_TEMPLATES}")
            break
        with exam.contained():
            templates.judge(text, exam, name)
    decoder = root.get("added_tokens_decoder")
    if isinstance(decoder, dict):
        vocabulary.judge(vocabulary.Tokens(), vocabulary.added(decoder, exam), exam)
    if isinstance(root.get("tokenizer_class"), str):
        exam.declare("tokenizer_class", root["tokenizer_class"])


def _templates(root: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Templates by name: one text, an object of texts, or a list of objects with `name` and `template`."""
    for key, value in root.items():
        if key not in ("chat_template", "chat_templates", "default_chat_template"):
            continue
        if isinstance(value, str):
            yield key, value
        elif isinstance(value, dict):
            yield from ((f"{key}.{name}", text) for name, text in value.items() if isinstance(text, str))
        elif isinstance(value, list):
            for one in value:
                if isinstance(one, dict) and isinstance(one.get("template"), str):
                    yield f"{key}.{one.get('name', '')}", one["template"]


FORMAT = Format(
    id="tokenizer-configuration",
    matches=_matches,
    read=_read,
    suffixes=("tokenizer_config.json", "chat_template.json"),
    executable=None,
    role=Role.COMPANION,
)
