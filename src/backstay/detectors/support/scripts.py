"""Scripts: the shell in files of many kinds, from Makefiles to CI workflows, each with its line and known variables."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from backstay.detectors.support.makefiles import justfile_scripts, makefile_scripts
from backstay.detectors.support.reading import json_root, yaml_documents
from backstay.documents import Node
from backstay.plugin import File, UnreadableError

MAX_SCRIPTS = 1_000
MAX_DEPTH = 12
_SHELLS = re.compile(r"#!\s*\S{0,80}?(?:/|\benv\s+(?:-\S+\s+)?)(?:ba|z|da|k|a)?sh\b")
_SUFFIXES = (".sh", ".bash", ".zsh", ".ksh", ".slurm", ".sbatch", ".command")
_EXPRESSION = re.compile(r"\$\{\{\s{0,20}(env\.(\w{1,80})|[^}]{0,300})\s{0,20}\}\}")
_TEMPLATE = re.compile(r"\{\{\s{0,20}\.(\w{1,80})\s{0,20}\}\}")
_BLOCK = re.compile(r"[|>][-+0-9]{0,2}\s*(?:#.*)?\Z")
# Keys that hold commands in the files of CI services and of devcontainers.
_RUN_KEYS = frozenset(
    {"run", "script", "before_script", "after_script", "bash", "inlinescript", "commands", "setup", "cmd", "cmds"}
    | {"postcreatecommand", "poststartcommand", "postattachcommand", "oncreatecommand", "updatecontentcommand"}
)
_VARIABLE_KEYS = frozenset({"env", "variables", "vars", "envs"})


@dataclass(frozen=True)
class Piece:
    """A piece of shell script, the line where it begins, and the variables it is given."""

    text: str
    line: int
    known: dict[str, str] = field(default_factory=dict)


def pieces(file: File) -> Iterator[Piece]:
    """Every piece of shell script that a file holds, by the kind of file that its name says it is."""
    name = file.name.lower()
    if name in ("makefile", "gnumakefile") or name.startswith("makefile.") or name.endswith(".mk"):
        yield from (Piece(one.text, one.line) for one in makefile_scripts(file.text))
    elif name in ("justfile", ".justfile") or name.endswith(".just"):
        yield from (Piece(one.text, one.line) for one in justfile_scripts(file.text))
    elif name == "procfile" or name.startswith("procfile."):
        yield from _labelled(file, re.compile(r"[\w.-]{1,80}:\s*(\S.*)"))
    elif name.endswith(".service"):
        yield from _labelled(file, re.compile(r"Exec(?:Start|StartPre|StartPost)=[@!+:-]{0,3}(\S.*)"))
    elif name.endswith(".conf"):
        yield from _labelled(file, re.compile(r"command\s{0,20}=\s{0,20}(\S.*)"))
    elif name == "package.json":
        for _, one in json_root(file).get("scripts").entries():
            if one.text:
                yield Piece(one.text, one.line)
    elif name.endswith((".yml", ".yaml", ".json")):
        yield from _documents(file)
    elif name.endswith(_SUFFIXES) or _SHELLS.match(file.text[:200]):
        yield Piece(file.text, 1)


def _labelled(file: File, pattern: re.Pattern[str]) -> Iterator[Piece]:
    for number, line in enumerate(file.text.splitlines()[:5_000], 1):
        found = pattern.match(line[:10_000])
        if found:
            yield Piece(found[1], number)


def _documents(file: File) -> Iterator[Piece]:
    try:
        roots = [json_root(file)] if file.name.lower().endswith(".json") else yaml_documents(file)
    except UnreadableError:
        return  # templates of workflows; the file's own detectors report what is broken
    lines = file.text.splitlines()
    count = 0
    for root in roots:
        for piece in _walk(root, {}, lines, 0):
            count += 1
            if count > MAX_SCRIPTS:
                return
            yield piece


def _walk(node: Node, known: dict[str, str], lines: list[str], depth: int) -> Iterator[Piece]:
    if depth > MAX_DEPTH:
        return
    for key, one in node.entries():
        if key.lower() in _VARIABLE_KEYS:
            known = known | {
                name: str(value.value)
                for name, value in list(one.entries())[:100]
                if isinstance(value.value, str | int | float) and "{{" not in str(value.value)
            }
    for key, one in node.entries():
        if key.lower() in _RUN_KEYS:
            yield from _given(one, known, lines)
        if isinstance(one.value, dict | list):
            yield from _walk(one, known, lines, depth + 1)
    for one in node.elements():
        if isinstance(one.value, dict | list):
            yield from _walk(one, known, lines, depth + 1)


def _given(node: Node, known: dict[str, str], lines: list[str]) -> Iterator[Piece]:
    each = [node, *node.elements(), node.get("command"), *(one.get("cmd") for one in node.elements())]
    for one in each:
        if one.text:
            block = 0 < one.line <= len(lines) and _BLOCK.search(lines[one.line - 1])
            text = _EXPRESSION.sub(lambda m: "${" + (m[2] or "expression") + "}", one.text)
            text = _TEMPLATE.sub(lambda m: "${" + m[1] + "}", text)
            yield Piece(text, one.line + (1 if block else 0), known)
