"""Chat templates as files of their own: `chat_template.jinja` and whatever else has the marks of one."""

import re

from backstay.artifacts import templates
from backstay.artifacts.content import Content
from backstay.artifacts.exam import Exam, StopError
from backstay.artifacts.format import Candidate, Format, Role

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
    if content.size > exam.limits.text:
        raise StopError("too large", f"a template of {content.size} bytes")
    text = content.read(0, content.size).decode("utf-8", "replace")
    # Only a model's own template says something of a model; others are prompts of programs.
    templates.judge(text, exam, "template", fact=exam.name.startswith("chat_template"))


FORMAT = Format(
    id="chat-template",
    matches=_matches,
    read=_read,
    suffixes=("chat_template.jinja",),
    executable=None,
    role=Role.COMPANION,
)
