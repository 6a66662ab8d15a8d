"""C# literals: the text and numbers that string and number tokens stand for."""

import re

_DIGITS = frozenset("0123456789abcdefABCDEF")
_SIMPLE = {
    "n": "\n", "t": "\t", "r": "\r", "0": "\0", "a": "\a", "b": "\b", "f": "\f", "v": "\v", "e": "\x1b",
    "\\": "\\", "'": "'", '"': '"',
}  # fmt: skip
_SUFFIX = re.compile(r"(?:[uU][lL]?|[lL][uU]?)\Z")


def unescaped(text: str) -> str:
    """The text of a regular string literal; an escape that C# does not know stays as it stands."""
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
        width = {"u": 4, "U": 8, "x": 4}.get(code, 0)
        end = at + 2
        while end < len(text) and end < at + 2 + width and text[end] in _DIGITS:
            end += 1
        if width and end > at + 2 and (code == "x" or end == at + 2 + width):
            number = int(text[at + 2 : end], 16)
            out.append(chr(number) if number < 0x110000 and not 0xD800 <= number < 0xE000 else "\ufffd")
            at = end
        else:
            out.append(_SIMPLE.get(code, "\\" + code))
            at += 2
    return "".join(out)


def raw_indent(text: str) -> str:
    """The blanks before the closing quotes of a raw literal over several lines; empty for any other."""
    tail = text.rstrip('"').rpartition("\n")[2] if "\n" in text else ""
    return tail if not tail.strip(" \t") else ""


def raw_piece(text: str, indent: str, first: bool, last: bool) -> str:
    """A piece of a raw literal over several lines, without indentation and the breaks at the literal's ends."""
    text = text.replace("\r\n", "\n").replace("\n" + indent, "\n")
    if first and "\n" in text and not text.partition("\n")[0].strip():
        text = text.partition("\n")[2] if not (last and text.count("\n") == 1) else ""
    return text.removesuffix("\n") if last else text


def number(raw: str) -> int | float | None:
    """The value of a number; None when it is none."""
    raw = raw.replace("_", "").lower()
    base = {"0x": 16, "0b": 2}.get(raw[:2], 10)
    digits = _SUFFIX.sub("", raw)
    try:
        if base != 10:
            value = int(digits[2:], base) if len(digits) < 70 else 2**63
        elif digits.isdigit():
            value = int(digits) if len(digits) < 25 else 2**63
        else:
            return float(raw.rstrip("fdm"))
    except ValueError:
        return None
    return value if value < 2**63 else float(value)
