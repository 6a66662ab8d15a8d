"""Text: Go's literals, escapes and format verbs."""

import re

from backstay.code.facts import Expr, Lit, Text

MIN_TEXT = 25  # characters of a piece of text that may belong to a prompt
MAX_LITERAL = 100_000  # characters of one text literal that are kept
_DIGIT = re.compile(r"[0-9]")
_VERB = re.compile(r"%(?:%|[-+# 0]{0,5}[0-9]{0,4}(?:\.[0-9]{0,4})?[a-zA-Z])")
_ESCAPE = re.compile(r"\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{3})|(.))", re.DOTALL)
_SIMPLE = {"n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "f": "\f", "v": "\v"}


def is_telling(text: str) -> bool:
    """Whether a literal can be the id of a model or a piece of a prompt."""
    return len(text) >= MIN_TEXT or (len(text) > 1 and _DIGIT.search(text) is not None)


def unquoted(raw: str) -> str:
    """The text of an interpreted string literal, its quotes included."""
    inner = raw[1:-1] if len(raw) > 1 and raw.endswith('"') else raw[1:]
    return (_ESCAPE.sub(_unescaped, inner) if "\\" in inner else inner)[:MAX_LITERAL]


def _unescaped(match: re.Match[str]) -> str:
    for group, base in ((1, 16), (2, 16), (3, 16), (4, 8)):
        if match[group]:
            number = int(match[group], base)
            return chr(number) if number < 0x110000 and not 0xD800 <= number < 0xE000 else "\ufffd"
    return _SIMPLE.get(match[5], match[5])


def number(raw: str, line: int) -> Lit | None:
    """An integer or floating-point literal; None for what is neither, such as an imaginary number."""
    raw = raw.replace("_", "").lower()
    try:
        octal = raw[:1] == "0" and raw.isdigit()
        value = int(raw, 8 if octal else 0) if len(raw) < 25 else 2**63
        return Lit(value if value < 2**63 else float(value), line)
    except ValueError:
        pass
    try:
        return Lit(float(raw), line)
    except ValueError:
        return None


def formatted(template: Lit, given: list[Expr], line: int, end: int) -> Expr | None:
    """`Sprintf(template, given...)` as text with its parts; None when verbs and arguments do not agree."""
    text = str(template.value)
    parts: list[Expr] = []
    left = list(reversed(given))
    at = 0
    for verb in _VERB.finditer(text):
        if verb.start() > at:
            parts.append(Lit(text[at : verb.start()], template.line, template.end_line))
        at = verb.end()
        if verb[0] == "%%":
            parts.append(Lit("%", template.line))
        elif left:
            parts.append(left.pop())
        else:
            return None
    if left:
        return None
    if at < len(text):
        parts.append(Lit(text[at:], template.line, template.end_line))
    return joined(parts, line, end)


def joined(parts: list[Expr], line: int, end: int) -> Expr:
    """Text of these parts; one literal when all of them are."""
    flat: list[Expr] = []
    for part in parts:
        flat.extend(part.parts if isinstance(part, Text) else [part])
    if all(isinstance(part, Lit) and isinstance(part.value, str) for part in flat):
        return Lit("".join(str(part.value) for part in flat if isinstance(part, Lit))[:MAX_LITERAL], line, end)
    return Text(flat, line, end)
