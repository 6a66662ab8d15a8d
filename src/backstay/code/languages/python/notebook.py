"""The notebook front-end: the code cells of a .ipynb as one Python source whose lines are those of the file."""

import re

from backstay.code.facts import Module
from backstay.code.languages.python import statements
from backstay.documents import Node, read_json

_MAGIC = re.compile(r"^\s*(?:[%!]|\?|.*\?\s*$)")
_OTHER_CELL = re.compile(r"^%%(?!time\b|timeit\b|capture\b|prun\b)\w+")


def parse(path: str, text: str) -> Module:
    """The facts of a notebook. Raises DocumentError when it is not JSON."""
    source, lines = code(read_json(text))
    return statements.parse(path, source.encode("utf-8", "replace"), lines or [1])


def code(notebook: Node) -> tuple[str, list[int]]:
    """The code cells' source joined, and for each of its lines the line in the notebook's file.

    Shell and magic lines become `pass`; cells in other languages (`%%bash`) are left out.
    """
    source: list[str] = []
    lines: list[int] = []
    cells = notebook.get("cells")
    if not cells.line:
        cells = notebook.get("worksheets", 0, "cells")
    for cell in cells.elements():
        if cell.get("cell_type").text != "code":
            continue
        cell_lines = list(_lines(cell.get("source") if cell.get("source").line else cell.get("input")))
        if cell_lines and _OTHER_CELL.match(cell_lines[0][0]):
            continue
        for content, line in cell_lines:
            indent = content[: len(content) - len(content.lstrip())]
            source.append(f"{indent}pass" if _MAGIC.match(content) else content)
            lines.append(line)
    return "\n".join(source) + "\n", [*lines, lines[-1] if lines else 1]


def _lines(source: Node) -> list[tuple[str, int]]:
    if isinstance(source.value, str):
        return [(line, source.line) for line in source.value.splitlines()]
    return [(line, element.line) for element in source.elements() for line in (element.text.splitlines() or [""])]
