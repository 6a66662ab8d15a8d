"""Makefiles and justfiles as the shell scripts their recipes are, with the files' own variables put in."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

MAX_LINES = 20_000
MAX_EXPANDED = 20_000  # characters of one line with its variables put in
MAX_LAYERS = 5  # variables within variables

_ASSIGNMENT = re.compile(r"(?:export[ \t]+|override[ \t]+)?([A-Za-z_][\w.-]{0,80})[ \t]*(\?|:{1,3}|\+|!)?=[ \t]*(.*)\Z")
_MAKE_VARIABLE = re.compile(r"\$(?:(\$)|\(([\w.-]{1,80})\)|\{([\w.-]{1,80})\}|([@<^*?%]))")
_JUST_ASSIGNMENT = re.compile(r"(?:export[ \t]+)?([A-Za-z_][\w-]{0,80})[ \t]*:=[ \t]*(.*)\Z")
_JUST_VARIABLE = re.compile(r"\{\{[ \t]{0,20}([A-Za-z_][\w-]{0,80})[ \t]{0,20}\}\}")
_JUST_DEFAULT = re.compile(r"\b([A-Za-z_][\w-]{0,80})=(\"[^\"]{0,300}\"|'[^']{0,300}'|[^\s:\"']{1,300})")
_JUST_RULE = re.compile(r"@?[A-Za-z_][\w-]{0,80}(?:[ \t][^:]{0,400})?:(?!=)")


@dataclass(frozen=True)
class Script:
    """A piece of shell script and the line of the file where it begins."""

    text: str
    line: int


def makefile_scripts(text: str) -> Iterator[Script]:
    """The recipe of every rule of a Makefile."""
    lines = text.replace("\r\n", "\n").split("\n")[:MAX_LINES]
    known = _variables(lines)
    for start, recipe in _recipes(lines, "\t"):
        yield Script("\n".join(_expand_make(line, known) for line in _bare(recipe)), start)


def _variables(lines: list[str]) -> dict[str, str]:
    known: dict[str, str] = {}
    at = 0
    while at < len(lines):
        line = lines[at]
        at += 1
        if line[:1] in ("\t", "#"):
            continue
        while line.endswith("\\") and at < len(lines) and len(line) < MAX_EXPANDED:
            line = line[:-1] + " " + lines[at].strip()
            at += 1
        found = _ASSIGNMENT.match(line[:MAX_EXPANDED].strip())
        if not found or found[2] == "!":
            continue
        name, value = found[1], found[3].partition(" #")[0].strip()
        if found[2] == "+":
            known[name] = f"{known.get(name, '')} {value}".strip()[:MAX_EXPANDED]
        elif found[2] != "?" or name not in known:
            known[name] = value
    return known


def _recipes(lines: list[str], mark: str) -> Iterator[tuple[int, list[str]]]:
    """The lines of each recipe, with the number of its first; a rule may hold its first command itself."""
    recipe: list[str] = []
    start = 0
    for number, line in enumerate(lines, 1):
        if line.startswith(mark):
            start = start or number
            recipe.append(line)
        elif recipe and (not line.strip() or line.startswith("#") or line.split(" ", 1)[0] in _CONDITIONS):
            recipe.append("")  # a conditional of make, or nothing: the recipe goes on
        else:
            if recipe:
                yield start, recipe
            recipe, start = [], 0
            rule, semicolon, command = line.partition(";")
            if semicolon and ":" in rule and "=" not in rule and not line.startswith("#"):
                recipe, start = [mark + command], number
    if recipe:
        yield start, recipe


_CONDITIONS = frozenset({"ifeq", "ifneq", "ifdef", "ifndef", "else", "endif"})


def _bare(recipe: list[str]) -> Iterator[str]:
    """The lines without make's own marks (silent, always, ignore errors), which only begin a command."""
    continued = False
    for line in recipe:
        text = line.lstrip("\t ")
        yield text if continued else text.lstrip("@+- ")
        continued = text.endswith("\\")


def _expand_make(text: str, known: dict[str, str], layer: int = 0) -> str:
    def value(match: re.Match[str]) -> str:
        if match[1]:
            return "$" if layer == 0 else "$$"
        name = match[2] or match[3] or ""
        if name in known and layer < MAX_LAYERS:
            return _expand_make(known[name], known, layer + 1)[: MAX_EXPANDED // 4]
        return "${" + re.sub(r"\W", "_", name or "target") + "}"

    return _MAKE_VARIABLE.sub(value, text[:MAX_EXPANDED])[:MAX_EXPANDED]


def justfile_scripts(text: str) -> Iterator[Script]:
    """The recipe of every rule of a justfile; recipes in other languages are left out."""
    lines = text.replace("\r\n", "\n").split("\n")[:MAX_LINES]
    known: dict[str, str] = {}
    for line in lines:
        found = _JUST_ASSIGNMENT.match(line[:MAX_EXPANDED])
        if found and re.fullmatch(r"\"[^\"]*\"|'[^']*'", found[2].strip()):
            known[found[1]] = found[2].strip()[1:-1]
    at = 0
    while at < len(lines):
        head = lines[at]
        at += 1
        if head[:1].isspace() or not _JUST_RULE.match(head[:1_000]):
            continue
        here = known | {name: value.strip("\"'") for name, value in _JUST_DEFAULT.findall(head[:1_000])}
        start = at
        while at < len(lines) and (not lines[at].strip() or lines[at][:1].isspace()):
            at += 1
        body = [line.strip().lstrip("@-") for line in lines[start:at]]
        first = next((line for line in body if line), "")
        if first and (not first.startswith("#!") or re.search(r"\b(?:ba|z|da|k)?sh\b", first)):
            yield Script("\n".join(_expand_just(line, here) for line in body), start + 1)


def _expand_just(line: str, known: dict[str, str]) -> str:
    return _JUST_VARIABLE.sub(lambda m: known.get(m[1], "${" + m[1].replace("-", "_") + "}"), line)[:MAX_EXPANDED]
