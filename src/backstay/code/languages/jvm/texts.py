"""Text and numbers as Java and Kotlin write them: escapes, text blocks, concatenation."""

import re

from backstay.code.facts import Expr, Lit, Op, Opaque, Text

MIN_TEXT = 25  # characters of a piece of text that may belong to a prompt
MAX_LITERAL = 100_000  # characters of one text literal that are kept
_DIGIT = re.compile(r"[0-9]")
_SIMPLE = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "s": " ", "0": "\0", "\n": ""}
_HEX = frozenset("0123456789abcdefABCDEF")


def is_telling(text: str) -> bool:
    """Whether a literal can be the id of a model or a piece of a prompt."""
    return len(text) >= MIN_TEXT or (len(text) > 1 and _DIGIT.search(text) is not None)


def unescaped(text: str) -> str:
    """The text that a literal's source stands for; what is no escape stays as it stands."""
    if "\\" not in text:
        return text
    out: list[str] = []
    at = 0
    while at < len(text):
        char = text[at]
        if char != "\\" or at + 1 == len(text):
            out.append(char)
            at += 1
            continue
        code = text[at + 1]
        if code == "u":
            start = at + 2
            while text[start : start + 1] == "u":  # Java allows any number of them
                start += 1
            digits = text[start : start + 4]
            if len(digits) == 4 and _HEX.issuperset(digits):
                number = int(digits, 16)
                out.append(chr(number) if not 0xD800 <= number < 0xE000 else "\ufffd")
                at = start + 4
                continue
        out.append(_SIMPLE.get(code, code))
        at += 2
    return "".join(out)


def dedented(text: str) -> str:
    """A block of text without the indentation that all its lines share."""
    lines = text.split("\n")
    last = len(lines) - 1
    widths = [len(line) - len(line.lstrip()) for at, line in enumerate(lines) if line.strip() or at == last]
    shared = min(widths, default=0)
    return "\n".join(line[shared:].rstrip() for line in lines)


def without_margin(text: str) -> str:
    """What Kotlin's `trimIndent` and `trimMargin` leave of a raw string."""
    lines = text.split("\n")
    while lines and not lines[0].strip():
        lines.pop(0)
    while lines and not lines[-1].strip():
        lines.pop()
    marked = [line.lstrip()[1:] if line.lstrip().startswith("|") else line for line in lines]
    shared = min((len(line) - len(line.lstrip()) for line in marked if line.strip()), default=0)
    return "\n".join(line[shared:] for line in marked)


def number(raw: str, line: int) -> Expr:
    """A number literal, whatever its base and suffix."""
    text = raw.replace("_", "").lower()
    whole = text.rstrip("lu") if not text.startswith("0x") else text.rstrip("l").rstrip("u")
    try:
        value = int(whole, 0 if whole[:2] in ("0x", "0b") else 10) if len(whole) < 25 else 2**63
        return Lit(value if value < 2**63 else float(value), line)
    except ValueError:
        pass
    try:
        return Lit(float(text.rstrip("fd")), line)
    except ValueError:
        return Opaque([], line)


def is_text(expr: Expr) -> bool:
    return isinstance(expr, Text) or (isinstance(expr, Lit) and isinstance(expr.value, str))


def added(parts: list[Expr], line: int, end: int) -> Expr:
    """`a + b + c`: text where one of them is text."""
    return joined(parts, line, end) if any(map(is_text, parts)) else _sum(parts, line)


def joined(parts: list[Expr], line: int, end: int) -> Expr:
    """Text put together; one literal where all parts are."""
    flat: list[Expr] = []
    for part in parts:
        flat.extend(part.parts if isinstance(part, Text) else [part])
    if all(isinstance(part, Lit) and isinstance(part.value, str) for part in flat):
        return Lit("".join(str(part.value) for part in flat if isinstance(part, Lit))[:MAX_LITERAL], line, end)
    return Text(flat, line, end)


def _sum(parts: list[Expr], line: int) -> Expr:
    """In halves, so that thousands of terms do not nest thousands deep."""
    if len(parts) == 1:
        return parts[0]
    half = len(parts) // 2
    return Op("+", _sum(parts[:half], line), _sum(parts[half:], line), line)
