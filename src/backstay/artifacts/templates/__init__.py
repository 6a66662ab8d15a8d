"""Templates: judges the Jinja programs that turn conversations into prompts, without ever rendering one."""

import hashlib
import re

from backstay.artifacts.exam import Exam, MalformedError
from backstay.artifacts.report import Sign

_OPENING = re.compile(r"\{[{%]")
_INSIDE = re.compile(
    r"__(?:class|globals|builtins|subclasses|mro|bases?|import|getattribute|init|dict|code)__|\b(?:gi_frame|f_builtins)\b"
)
# Go's templates, which Ollama's models have; nothing of Python can be reached from them.
_GO = re.compile(r"\{\{-?\s*(?:(?:if|else if|range|with|and|or|not|eq|len)\s+[\s(]*)?[.$]")

# Steps that parsing and judging a template may take, as counted in opcodes of a pickle.
_START = 1_000
_CHARACTER = 30


def judge(text: str, exam: Exam, subject: str, *, own: bool = True) -> None:
    """Judge the text of a chat template. `subject` is its name ("tokenizer.chat_template").

    Notes Sign.TEMPLATE for what reaches beyond a template's data or speaks on a hidden condition, and Sign.EXHAUSTS for
    what does not end. Of a model's own template there is a fact, `template_digest`, by which it can be compared with
    that of the base model, and a gap when it is no template: Jinja would refuse to render it. A text that a program
    uses as one (`own=False`) says nothing of a model, and may well be of another language.
    """
    # Jinja takes as long to import as a scan of many files, and few have a template.
    from backstay.artifacts.templates import reach  # noqa: PLC0415
    from backstay.artifacts.templates.conditions import Conditions  # noqa: PLC0415
    from backstay.artifacts.templates.strings import Strings  # noqa: PLC0415
    from backstay.artifacts.templates.syntax import parse, walk  # noqa: PLC0415

    exam.step(_START + _CHARACTER * len(text))
    if own:
        exam.fact("template_digest", digest(text))
    try:
        tree = parse(text)
    except MalformedError as error:
        unread(text, exam, subject)
        if own and not _GO.search(text[:20_000]):
            exam.gap(error.reason, error.detail)
        return
    exam.step(sum(1 for _ in walk(tree)))
    strings = Strings(tree)
    reach.judge(tree, strings, exam, subject)
    Conditions(tree, strings).judge(exam, subject)


def unread(text: str, exam: Exam, subject: str) -> None:
    """Judge the text of a template that no parser here reads, by the names in it: other engines may take it."""
    opening = _OPENING.search(text)
    found = _INSIDE.search(text, opening.start()) if opening else None
    if found:
        exam.note(Sign.TEMPLATE, subject, f"reads {found[0]}, a way from data to Python's own objects", found.start())


def digest(text: str) -> str:
    """The first 32 hexadecimal digits of the SHA-256 of a template's text in UTF-8."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]
