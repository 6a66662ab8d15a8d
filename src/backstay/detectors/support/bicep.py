"""Bicep: parameters, variables and properties that name models, read line by line with the objects they stand in."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

MAX_LINES = 20_000
MAX_LINE = 2_000
MAX_DEPTH = 200
MAX_ALLOWED = 200  # values of one parameter

_DECLARED = re.compile(r"\s*(?:param|var)\s+(\w{1,100})(?:\s+\w{1,40})?\s*=\s*(.*)")
_ALLOWED = re.compile(r"\s*@allowed\(")
_PARAMETER = re.compile(r"\s*param\s+(\w{1,100})")
_PROPERTY = re.compile(r"\s*'?([A-Za-z_][\w-]{0,100})'?\s*:\s*(.*)")
_LITERAL = re.compile(r"'([^'\n]{1,200})'")
_MASKED = re.compile(r"'(?:[^'\\\n]|\\.)*'")


@dataclass(frozen=True)
class Setting:
    """A name with a literal that it can have, and its line."""

    name: str
    value: str
    line: int


@dataclass
class _Object:
    key: str
    settings: dict[str, Setting] = field(default_factory=dict)


def read_bicep(text: str) -> Iterator[tuple[str, dict[str, Setting]]]:
    """Objects as they end, by their key, with their literals; what the file itself declares comes last, under "".

    What a parameter may be (`@allowed([...])`) is an object called so, its settings by the parameter's name.
    """
    root = _Object("")
    stack = [root]
    allowed: list[tuple[str, int]] = []
    listing = False
    for number, whole in enumerate(text.splitlines()[:MAX_LINES], 1):
        line = whole[:MAX_LINE]
        bare = _MASKED.sub("''", line).partition("//")[0]
        code = line if "//" not in line or "//" in "".join(_MASKED.findall(line)) else line.partition("//")[0]
        listing = listing or (len(stack) == 1 and _ALLOWED.match(code) is not None)
        if listing and len(allowed) < MAX_ALLOWED:
            allowed += [(literal, number) for literal in _LITERAL.findall(code)]
        listing = listing and ")" not in bare
        parameter = _PARAMETER.match(code)
        if parameter:
            name = parameter[1]
            yield "@allowed", {literal: Setting(name, literal, line_of) for literal, line_of in allowed}
            allowed = []
        found = _DECLARED.match(code) or _PROPERTY.match(code)
        key = found[1] if found else ""
        literals = _LITERAL.findall(found[2]) if found else []
        if key and literals:
            stack[-1].settings.setdefault(key, Setting(key, literals[-1], number))
        for char in bare:
            if char in "{[" and len(stack) < MAX_DEPTH:
                stack.append(_Object(key if char == "{" else ""))
            elif char in "}]" and len(stack) > 1:
                done = stack.pop()
                yield done.key, done.settings
    while stack:
        done = stack.pop()
        yield done.key, done.settings
