"""Text: literals of strings and numbers, and what is put together from several."""

from backstay.code.facts import Expr, Lit, Op, Text
from backstay.code.languages.javascript.reader import MAX_LITERAL

_SIMPLE = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "v": "\v", "0": "\0", "\n": "", "\r": ""}
_HEX = frozenset("0123456789abcdefABCDEF")


def unescaped(raw: str) -> str:
    """The text that a literal's source stands for."""
    out: list[str] = []
    at = 0
    while True:
        slash = raw.find("\\", at)
        if slash < 0 or slash + 1 >= len(raw):
            out.append(raw[at:])
            break
        out.append(raw[at:slash])
        code = raw[slash + 1]
        at = slash + 2
        digits = ""
        if code == "u" and raw[at : at + 1] == "{":
            end = raw.find("}", at, at + 12)
            digits, after = (raw[at + 1 : end], end + 1) if end > 0 else ("", at)
        elif code in "ux":
            after = at + (4 if code == "u" else 2)
            digits = raw[at:after] if after <= len(raw) else ""
        if digits and _HEX.issuperset(digits):
            point = int(digits, 16)
            out.append(chr(point) if point < 0x110000 else "\ufffd")
            at = after
        else:
            out.append(_SIMPLE.get(code, code))
    text = "".join(out)
    # Escaped surrogate pairs make one character; a lone one is not text.
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def number(raw: str) -> int | float | None:
    """A number's value; one past 63 bits as a float, None for what is none."""
    raw = raw.replace("_", "").lower().removesuffix("n")
    try:
        if len(raw) < 25:
            value = int(raw, 8 if raw[:1] == "0" and raw.isdigit() else 0)
            return value if value < 2**63 else float(value)
    except ValueError:
        pass
    try:
        return float(raw)
    except ValueError:
        return None


def total(parts: list[Expr], line: int) -> Expr:
    """`a + b + c`, in halves, so that thousands of terms do not nest thousands deep."""
    if len(parts) == 1:
        return parts[0]
    half = len(parts) // 2
    return Op("+", total(parts[:half], line), total(parts[half:], line), line)


def joined(parts: list[Expr], line: int, end: int) -> Expr:
    """Text put together from parts; one literal where all are."""
    flat: list[Expr] = []
    for part in parts:
        flat.extend(part.parts if isinstance(part, Text) else [part])
    if flat and all(isinstance(part, Lit) and isinstance(part.value, str) for part in flat):
        whole = "".join(str(part.value) for part in flat if isinstance(part, Lit))
        return Lit(whole[:MAX_LITERAL], line, end)
    return Text(flat, line, end)
