"""TOML as nodes that know their lines: tomllib reads the values, a scan of the lines finds where keys stand."""

import re
from collections.abc import Iterator
from typing import Any

from backstay.detectors.support.reading import toml_table
from backstay.documents import MAX_DEPTH, Node
from backstay.plugin import File, UnreadableError

_HEADER = re.compile(r"\s*(\[{1,2})([^\[\]]{1,400})\]{1,2}")
_PAIR = re.compile(
    r"""\s*((?:"[^"\n]{0,200}"|'[^'\n]{0,200}'|[A-Za-z0-9_-]{1,200})(?:\s*\.\s*[\w"'-]{1,200}){0,8})\s*="""
)
_PART = re.compile(r"""\s*(?:"([^"]*)"|'([^']*)'|([^.\s"']+))\s*\.?""")

Path = tuple[str | int, ...]


def toml_node(file: File) -> Node:
    """The file's TOML as nodes, with the line of the table where a value has none; raises UnreadableError."""
    return _node(toml_table(file), (), dict(_lines(file.text)), 1)


def _lines(text: str) -> Iterator[tuple[Path, int]]:
    table: Path = ()
    arrays: dict[Path, int] = {}
    seen: set[Path] = set()
    for number, line in enumerate(text.splitlines(), 1):
        header = _HEADER.match(line)
        if header:
            parts = _indexed(_parts(header[2]), arrays)
            if header[1] == "[[":
                arrays[parts] = arrays.get(parts, -1) + 1
                parts = (*parts, arrays[parts])
            table = parts
            path = table
        else:
            pair = _PAIR.match(line)
            if not pair:
                continue
            path = (*table, *_parts(pair[1]))
        # Inner tables place their outer ones, which may have no line of their own.
        for length in range(len(path), 0, -1):
            if path[:length] in seen:
                break
            seen.add(path[:length])
            yield path[:length], number


def _parts(dotted: str) -> tuple[str, ...]:
    return tuple(a or b or c for a, b, c in _PART.findall(dotted))


def _indexed(parts: tuple[str, ...], arrays: dict[Path, int]) -> Path:
    path: Path = ()
    for number, part in enumerate(parts):
        path = (*path, part)
        if path in arrays and number < len(parts) - 1:
            path = (*path, arrays[path])
    return path


def _node(value: Any, path: Path, lines: dict[Path, int], line: int) -> Node:
    line = lines.get(path, line)
    if len(path) > MAX_DEPTH:
        raise UnreadableError("nested too deeply", f"line {line}")
    if isinstance(value, dict):
        return Node({key: _node(one, (*path, key), lines, line) for key, one in value.items()}, line, line)
    if isinstance(value, list):
        return Node([_node(one, (*path, at), lines, line) for at, one in enumerate(value)], line, line)
    if isinstance(value, str | int | float | bool):
        return Node(value, line, line)
    return Node(str(value), line, line)
