"""Names: what compiled code does, by the names and constants that it holds."""

import re
import tomllib
from collections.abc import Iterator, Sequence
from functools import cache
from importlib import resources
from typing import Any

import msgspec

from backstay.artifacts.exam import Exam
from backstay.artifacts.report import Sign

MAX_CONSTANTS = 200_000
_BY_TEXT = frozenset({"__import__", "import_module", "getattr", "globals", "vars", "attrgetter", "__dict__"})
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]{1,60}")
_SHELL = re.compile(
    r"/bin/(?:ba|z|da)?sh\b|\bbash -[ic]|\bnc -[a-z]*e|\bcmd(?:\.exe)? /c|powershell|/dev/tcp/|\bcurl \S|\bwget \S"
)


class Known(msgspec.Struct, frozen=True):
    """The table `catalog/artifacts/programs.toml`."""

    starts: frozenset[str]
    tools: frozenset[str]
    runs: frozenset[str]
    hides: frozenset[str]
    unmarshals: frozenset[str]
    unpickles: frozenset[str]
    sends: frozenset[str]
    posts: frozenset[str]
    asked: frozenset[str]
    private: tuple[str, ...]
    certain: frozenset[str]
    together: tuple[tuple[str, frozenset[str], frozenset[str]], ...]
    strict: tuple[tuple[str, frozenset[str], frozenset[str]], ...]


@cache
def known() -> Known:
    """The table, read once."""
    text = resources.files("backstay.catalog").joinpath("artifacts", "programs.toml").read_text(encoding="utf-8")
    table = tomllib.loads(text)
    words = {key: frozenset(value.split()) for key, value in table.items() if isinstance(value, str)}
    words.pop("private")
    return Known(
        private=tuple(table["private"].split()),
        together=_pairs(table["together"]),
        strict=_pairs(table["strict"]),
        **words,
    )


def _pairs(rows: dict[str, Any]) -> tuple[tuple[str, frozenset[str], frozenset[str]], ...]:
    return tuple((why, frozenset(first.split()), frozenset(second.split())) for why, (first, second) in rows.items())


def judge(
    names: Sequence[str], consts: Sequence[object], exam: Exam, subject: str, at: int = -1, *, strict: bool = False
) -> None:
    """Note what a code object says of itself: that it is carried code, and that it executes what no model needs.

    `names` are those it asks for (`co_names`), `consts` its constants: texts, bytes and tuples of them are looked at,
    anything else is not. `strict` is for a function that only reckons, as in a layer of a network: it needs no files
    and no modules of the machine either.
    """
    why = reason(names, consts, strict=strict)
    if why:
        exam.note(Sign.EXECUTES, subject, f"compiled code that {why}", at)
    else:
        exam.note(Sign.CARRIES, subject, "compiled code that runs when the model is loaded or used", at)


def reason(names: Sequence[str], consts: Sequence[object], *, strict: bool = False) -> str:
    """What such code does that no model needs, as a phrase ("starts a program: popen"); empty when nothing is seen."""
    table = known()
    asked = {part for name in names[:MAX_CONSTANTS] for part in name.split(".")}
    if "platform" in asked and not strict:
        asked.discard("system")  # of `platform`, for all that names alone can tell
    texts = list(_texts(consts))
    for name in sorted(asked & table.certain):
        return f"runs code or programs: {name}"
    for why, first, second in table.together + (table.strict if strict else ()):
        one, other = sorted(asked & first), sorted(asked & second)
        if one and other:
            return f"{why}: {one[0]}" if one[0] == other[0] else f"{why}: {one[0]} and {other[0]}"
    if asked & _BY_TEXT:
        for text in texts:
            if text in table.asked:
                return f"asks for {text} by a text"
    for text in texts:
        found = (
            _private(text) if asked & {"open", "Path", "read_text", "listdir", "expanduser", "copy", "copyfile"} else ""
        )
        if found:
            return f"reaches {found}"
        if asked & {"eval", "compile", "getattr", "system"} and (_SHELL.search(text[:10_000]) or _code(text)):
            return "holds commands or code as text, and what runs it"
    return ""


def _private(text: str) -> str:
    return next((one for one in known().private if one in text), "") if len(text) < 4_096 else ""


def _code(text: str) -> bool:
    """Whether a text is Python code that reaches for modules of the machine."""
    return any(
        one in text for one in ("__import__", "import os", "import subprocess", "os.system", "os.popen", "exec(")
    )


def _texts(consts: Sequence[object]) -> Iterator[str]:
    waiting: list[object] = list(consts[:MAX_CONSTANTS])
    seen = 0
    while waiting and seen < MAX_CONSTANTS:
        seen += 1
        one = waiting.pop()
        if isinstance(one, str):
            yield one
        elif isinstance(one, bytes | bytearray):
            yield bytes(one[:65_536]).decode("latin-1")
        elif isinstance(one, tuple | list | frozenset | set):
            waiting.extend(list(one)[: MAX_CONSTANTS - seen])


def words(data: bytes) -> list[str]:
    """The identifiers that stand in some bytes, for code that cannot be read as such."""
    return sorted(set(_WORD.findall(data[: 1 << 22].decode("latin-1"))))
