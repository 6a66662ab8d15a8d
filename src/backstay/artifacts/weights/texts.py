"""Texts: judges what an author wrote beside the weights: programs in disguise, and commands that no tool writes there.

No loader runs such texts. They are found because whoever shows, logs or evaluates metadata may, and because nothing
honest puts them there.
"""

import base64
import binascii
import re

from backstay.artifacts.containers import payloads
from backstay.artifacts.content import Bytes
from backstay.artifacts.exam import Exam
from backstay.artifacts.report import Sign

MAX_JUDGED = 1 << 20  # characters of one text that are searched for commands
_MAX_DECODED = 16 << 20

_COMMANDS = (
    (
        "runs commands or code in Python",
        re.compile(
            r"\b(?:__import__ ?\(|os\.(?:system|popen|execv|execl|spawn[a-z]{1,3}) ?\(|pty\.spawn ?\("
            r"|subprocess\.(?:call|run|Popen|check_output|check_call|getoutput) ?\("
            r"|(?:exec|eval) ?\( ?(?:base64|compile|__import__|open|requests|urllib|bytes|codecs|zlib|marshal)\b"
            r"|(?:pickle|marshal)\.loads? ?\()"
        ),
    ),
    (
        "runs commands in a shell",
        re.compile(
            r"\brm -[rRf]{1,3} +[/~*$.]|\b(?:curl|wget) [^|;&\n]{0,200}\| ?(?:ba|z|da|k)?sh\b"
            r"|(?:&&|;) ?(?:curl|wget) [^|;&\n]{0,200}https?://|\bnc (?:-[a-z]+ )*-e\b|/dev/tcp/[0-9a-z.]{3,100}/[0-9]"
            r"|\bpowershell(?:\.exe)? +-(?:e|enc|nop|w|command|encodedcommand)\b|\bbash -i >&",
            re.IGNORECASE,
        ),
    ),
    ("runs a script in the page that shows it", re.compile(r"<script[\s>]|\bjavascript:[a-z(]", re.IGNORECASE)),
)
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{24,}={0,2}")
_HEXADECIMAL = re.compile(r"(?:\\?x?[0-9A-Fa-f]{2}){24,}")


def judge(subject: str, text: str, exam: Exam, at: int = -1, where: str = "metadata") -> None:
    """Note what a text hides or would do to whoever evaluates or shows it. `subject` is its key."""
    searched = text[:MAX_JUDGED]
    for message, pattern in _COMMANDS:
        if pattern.search(searched):
            exam.note(
                Sign.DECEIVES, subject, f"a text in {where} that {message}: no tool writes such a thing there", at
            )
    raw = decoded(text)
    if raw:
        exam.step(1 + len(raw) // 64)
        program = payloads.kind(raw[:4096])
        if program:
            exam.note(Sign.PROGRAM, subject, f"a text in {where} that is an encoded {program}", at)
        else:
            exam.inspect(Bytes(raw), subject)
    elif text[:1] in ("c", "(", "\x80") and text.rstrip()[-1:] == "." and len(text) < _MAX_DECODED:
        try:
            exam.inspect(Bytes(text.encode("latin-1")), subject)
        except UnicodeEncodeError:
            return


def decoded(text: str) -> bytes:
    """The bytes that a text encodes as base64 or hexadecimal digits; none when it does neither, or they are few."""
    start = text.find(";base64,", 0, 200)
    plain = (text[start + 8 :] if start >= 0 else text).strip()
    if not 24 <= len(plain) <= _MAX_DECODED:
        return b""
    if _HEXADECIMAL.fullmatch(plain):
        try:
            return bytes.fromhex(plain.replace("\\x", "").replace("x", ""))
        except ValueError:
            return b""
    flat = plain.replace("\n", "").replace("\r", "") if "\n" in plain else plain
    if not _BASE64.fullmatch(flat):
        return b""
    flat = flat.rstrip("=")
    try:
        return base64.b64decode(flat + "=" * (-len(flat) % 4), altchars=b"-_" if "-" in flat or "_" in flat else None)
    except (binascii.Error, ValueError):
        return b""
