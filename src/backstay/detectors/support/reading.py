"""Reading a file as JSON, YAML or TOML, so that what is malformed is reported and nothing hostile gets through."""

import re
import tomllib
from typing import Any

from backstay.documents import DocumentError, Node, read_json, read_yaml
from backstay.plugin import File, UnreadableError

MAX_PARTS = 200  # of a dotted key in TOML
MAX_DOCUMENT = 8 * 1024 * 1024  # characters; parsers written in Python take seconds a megabyte
_FRONT = re.compile(r"\A---[ \t]*\r?\n")
_FRONT_END = re.compile(r"^(?:---|\.\.\.)[ \t]*$", re.MULTILINE)
_AT_LINE = re.compile(r"at line (\d+)")


def json_root(file: File) -> Node:
    """The file's JSON value. Raises UnreadableError when it is none."""
    _check_size(file)
    try:
        return read_json(file.text)
    except DocumentError as error:
        raise _unreadable(error) from None


def yaml_documents(file: File) -> list[Node]:
    """The file's YAML documents. Raises UnreadableError when they are none."""
    _check_size(file)
    try:
        return read_yaml(file.text)
    except DocumentError as error:
        raise _unreadable(error) from None


def toml_table(file: File) -> dict[str, Any]:
    """The file's TOML table. Raises UnreadableError when it is none."""
    _check_size(file)
    for number, line in enumerate(file.text.splitlines(), 1):
        # tomllib takes time by the square of a dotted key's parts.
        if len(line) > 2 * MAX_PARTS and line.partition("=")[0].count(".") > MAX_PARTS:
            raise UnreadableError("nested too deeply", f"line {number}")
    try:
        return tomllib.loads(file.text.replace("\r\n", "\n"))
    except (ValueError, RecursionError) as error:
        at = _AT_LINE.search(str(error))
        raise UnreadableError("invalid TOML", f"line {at[1]}" if at else "") from None


def document(file: File) -> list[Node]:
    """The file's JSON value or YAML documents, as its name says."""
    return yaml_documents(file) if file.name.lower().endswith((".yaml", ".yml")) else [json_root(file)]


def front_matter(text: str) -> tuple[Node, str, int]:
    """The YAML front matter of a Markdown text, the text below it, and the line where that begins.

    Without front matter, or with one that is no mapping, the first is a node of None and the text is whole.
    """
    opened = _FRONT.match(text)
    closed = _FRONT_END.search(text, opened.end()) if opened else None
    if not opened or not closed or closed.start() > 200_000:
        return Node(None, 0), text, 1
    # Newlines keep the lines of the nodes those of the file.
    try:
        nodes = read_yaml("\n" + text[opened.end() : closed.start()])
    except DocumentError:
        return _loose_front_matter(text[opened.end() : closed.start()]), text[closed.end() :], _line(text, closed.end())
    if not nodes or not isinstance(nodes[0].value, dict):
        return Node(None, 0), text, 1
    return nodes[0], text[closed.end() :], _line(text, closed.end())


def _loose_front_matter(raw: str) -> Node:
    # Editors' rule files hold globs (`globs: *.ts`) and colons that are no YAML; their readers take line by line.
    pairs: dict[str, Node] = {}
    for number, line in enumerate(raw.splitlines(), 2):
        name, colon, value = line.partition(":")
        if colon and name.strip() and not name[0].isspace():
            pairs.setdefault(name.strip(), Node(value.strip().strip("\"'"), number, number))
    return Node(pairs, 2)


def _line(text: str, at: int) -> int:
    return text.count("\n", 0, at) + 1


def texts(node: Node) -> list[str]:
    """The non-empty strings of a list, or of a comma-separated string."""
    if isinstance(node.value, str):
        return [part.strip() for part in node.value.split(",") if part.strip()]
    return [element.text for element in node.elements() if element.text]


def named(node: Node, *names: str) -> Node:
    """The first of several keys that a mapping has, else a node of None."""
    for name in names:
        found = node.get(name)
        if found.line:
            return found
    return Node(None, 0)


def _check_size(file: File) -> None:
    if len(file.data) > MAX_DOCUMENT:
        raise UnreadableError("too large", f"{file.size} bytes")


def _unreadable(error: DocumentError) -> UnreadableError:
    reason, _, place = str(error).partition(" at ")
    return UnreadableError(reason, place)
