"""Chat templates as files of their own: `chat_template.jinja` and whatever else has the marks of one."""

import re

from backstay.artifacts import references, templates
from backstay.artifacts.content import Content
from backstay.artifacts.exam import Exam, StopError
from backstay.artifacts.format import Candidate, Format, Role
from backstay.documents import DocumentError, read_yaml

_SUFFIXES = (".jinja", ".jinja2", ".j2", ".template")
_JINJA = re.compile(rb"\{[{%]")
_LOOP = re.compile(rb"\{%-?\s{0,20}for\s{1,20}\w{1,60}\s{1,20}in\s{1,20}\w{0,60}messages\b|\bmessages\s{0,5}\[")
_MARKS = re.compile(rb"add_generation_prompt|\b(?:bos|eos)_token\b|\brole\b|<\|im_start\|>|\[INST\]")
# Pages and mails loop over messages, too.
_PAGE = re.compile(
    rb"<!doctype|</?(?:html|body|div|span|ul|li|table|p|a|head|script)\b|\{%-?\s{0,5}(?:extends|load)\b", re.IGNORECASE
)


def _matches(candidate: Candidate) -> bool:
    if not candidate.name.endswith(_SUFFIXES):
        return False
    seen = candidate.head if candidate.size <= len(candidate.head) else candidate.head + candidate.tail
    if not _JINJA.search(seen) or b"\0" in seen:
        return False
    if candidate.name.startswith("chat_template"):
        return True
    return bool(_LOOP.search(seen) and _MARKS.search(seen)) and not _PAGE.search(seen)


def _read(content: Content, exam: Exam) -> None:
    # Only a model's own template says something of a model; others are prompts of programs.
    templates.judge(_text(content, exam), exam, "template", own=exam.name.startswith("chat_template"))


# Programs that serve or train models keep templates in YAML (instruction templates of text-generation-webui).
_KEYS = ("chat_template", "instruction_template", "custom_chat_template")
_KEY = re.compile(rb"(?m)^[ \t-]{0,20}(?:" + b"|".join(one.encode() for one in _KEYS) + rb")[ \t]{0,5}:")
_CHART = re.compile(rb"\{\{-?[ \t]{0,5}(?:\.|include\b|toYaml\b|\$)")


def _matches_yaml(candidate: Candidate) -> bool:
    head = candidate.head
    if not candidate.name.endswith((".yaml", ".yml")) or b"_template" not in head:
        return False
    return bool(_KEY.search(head) and _JINJA.search(head)) and not _CHART.search(head)


def _read_yaml(content: Content, exam: Exam) -> None:
    try:
        documents = [one.plain() for one in read_yaml(_text(content, exam))]
    except DocumentError as error:
        exam.gap("invalid YAML", str(error))
        return
    for _, one in references.objects(documents, exam):
        for key in _KEYS:
            text = one.get(key)
            if isinstance(text, str) and _JINJA.search(text.encode("utf-8", "surrogatepass")):
                with exam.contained():
                    templates.judge(text, exam, key, own=False)


def _text(content: Content, exam: Exam) -> str:
    if content.size > exam.limits.text:
        raise StopError("too large", f"a template of {content.size} bytes")
    return content.read(0, content.size).decode("utf-8-sig", "replace")


FORMAT = Format(
    id="chat-template",
    matches=_matches,
    read=_read,
    suffixes=("chat_template.jinja",),
    executable=None,
    role=Role.COMPANION,
)
YAML = Format(id="chat-template-settings", matches=_matches_yaml, read=_read_yaml, executable=None, role=Role.COMPANION)
