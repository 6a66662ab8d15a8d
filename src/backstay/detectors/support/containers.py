"""Reading Dockerfiles: logical instructions, stages, build arguments with defaults."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from backstay.detectors.support.shell import commands

MAX_INSTRUCTIONS = 20_000
_DIRECTIVE = re.compile(r"#\s*escape\s*=\s*(\S)\s*\Z", re.IGNORECASE)
_INSTRUCTION = re.compile(r"([A-Za-z]{2,12})\s+(\S.*)\Z", re.DOTALL)
_VARIABLE = re.compile(r"\$(?:\{(\w{1,100})(?::?-([^}]{0,300}))?\}|(\w{1,100}))")


@dataclass(frozen=True)
class Instruction:
    """One instruction of a Dockerfile: its keyword in capitals, the rest, and the lines from 1."""

    keyword: str
    rest: str
    line: int
    arguments: dict[str, str] = field(default_factory=dict)  # build arguments and variables known here


def instructions(text: str) -> Iterator[Instruction]:
    """The instructions of a Dockerfile, continued lines joined, heredocs taken as part of their instruction."""
    escape = "\\"
    first = _DIRECTIVE.match(text.partition("\n")[0])
    if first:
        escape = first[1]
    known: dict[str, str] = {}
    lines = text.splitlines()
    at = count = 0
    while at < len(lines) and count < MAX_INSTRUCTIONS:
        start = at
        parts: list[str] = []
        while at < len(lines):
            line = lines[at].rstrip()
            at += 1
            if line.lstrip().startswith("#") or (parts and not line.strip()):
                if not parts:
                    break
                continue
            if line.endswith(escape):
                parts.append(line[:-1])
                continue
            parts.append(line)
            break
        found = _INSTRUCTION.match(" ".join(parts).strip()[:50_000])
        if not found:
            continue
        rest = found[2]
        marker = re.search(r"<<-?[\"']?(\w{1,60})", rest)
        if marker and found[1].upper() in ("RUN", "COPY", "ADD"):
            while at < len(lines) and lines[at].strip() != marker[1]:
                rest += "\n" + lines[at]
                at += 1
            at += 1
        count += 1
        keyword = found[1].upper()
        if keyword in ("ARG", "ENV"):
            known = known | _assignments(rest, known)
        yield Instruction(keyword, rest, start + 1, known)


def _assignments(rest: str, known: dict[str, str]) -> dict[str, str]:
    found = {}
    for name, value in re.findall(r"(\w{1,100})=(\"[^\"]*\"|'[^']*'|\S*)", rest)[:100]:
        found[name] = substitute(value.strip("\"'"), known) or ""
    return found


def substitute(text: str, known: dict[str, str]) -> str | None:
    """The text with its variables replaced; None when one of them is not known."""
    missing = False

    def value(match: re.Match[str]) -> str:
        nonlocal missing
        name = match[1] or match[3]
        replaced = known.get(name) or match[2]
        missing = missing or not replaced
        return (replaced or "")[:500]

    result = _VARIABLE.sub(value, text)
    return None if missing else result


def exec_words(rest: str, known: dict[str, str]) -> list[str]:
    """The words of CMD or ENTRYPOINT: a list as it is, the shell form as words for a shell."""
    if rest.lstrip().startswith("["):
        try:
            words = json.loads(rest)
        except (ValueError, RecursionError):
            return []
        return [word for word in words if isinstance(word, str)] if isinstance(words, list) else []
    found = commands(rest, known)
    return list(found[0].words) if len(found) == 1 else ["sh", "-c", rest]
