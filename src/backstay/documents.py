"""Documents: JSON and YAML as values that know their lines, read safely and within bounds."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import tree_sitter
import tree_sitter_json
import yaml

from backstay.trees import tree

MAX_DEPTH = 100
MAX_NODES = 500_000


class DocumentError(ValueError):
    """A document is malformed or goes beyond the bounds; the message says which, with a line where known."""


@dataclass(frozen=True)
class Node:
    """A value with its line, from 1: a dict or list of nodes, or a plain str, int, float, bool or None."""

    value: "dict[str, Node] | list[Node] | str | int | float | bool | None"
    line: int
    end_line: int = 0

    def get(self, *path: str | int) -> "Node":
        """The node at a path of keys and indices; a node of None (line 0) where there is none."""
        node = self
        for step in path:
            value = node.value
            if isinstance(value, dict) and isinstance(step, str) and step in value:  # noqa: SIM114
                node = value[step]
            elif isinstance(value, list) and isinstance(step, int) and -len(value) <= step < len(value):
                node = value[step]
            else:
                return Node(None, 0)
        return node

    def entries(self) -> "Iterator[tuple[str, Node]]":
        """Key and node of a mapping; nothing for anything else."""
        if isinstance(self.value, dict):
            yield from self.value.items()

    def elements(self) -> "Iterator[Node]":
        """The nodes of a list; nothing for anything else."""
        if isinstance(self.value, list):
            yield from self.value

    @property
    def text(self) -> str:
        """A string's value; empty for anything else."""
        return self.value if isinstance(self.value, str) else ""

    def plain(self) -> Any:
        """The value without lines, as json.loads would give it."""
        if isinstance(self.value, dict):
            return {key: node.plain() for key, node in self.value.items()}
        if isinstance(self.value, list):
            return [node.plain() for node in self.value]
        return self.value


_JSON = tree_sitter.Language(tree_sitter_json.language())
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f"}


def read_json(text: str) -> Node:
    """Read JSON, with comments and trailing commas allowed as editors' configuration has them."""
    data = text.encode("utf-8", "surrogatepass")
    parsed = tree(_JSON, data, angles=False)
    if parsed is None:
        raise DocumentError("too complex")
    if parsed.root_node.type == "ERROR":
        raise DocumentError("invalid JSON")
    root = next((child for child in parsed.root_node.named_children if child.type != "comment"), None)
    if root is None:
        raise DocumentError("empty document")
    return _json(root, 0, _Budget())


class _Budget:
    def __init__(self) -> None:
        self.left = MAX_NODES

    def spend(self, depth: int, line: int, count: int = 1) -> None:
        self.left -= count
        if depth > MAX_DEPTH:
            raise DocumentError(f"nested deeper than {MAX_DEPTH} levels at line {line}")
        if self.left < 0:
            raise DocumentError(f"more than {MAX_NODES} values")


def _json(node: tree_sitter.Node, depth: int, budget: _Budget) -> Node:
    line, end = node.start_point[0] + 1, node.end_point[0] + 1
    budget.spend(depth, line)
    raw = (node.text or b"").decode("utf-8", "replace") if node.child_count == 0 or node.type == "string" else ""
    if node.has_error and any(child.is_missing for child in node.children):
        raise DocumentError(f"invalid JSON at line {end}")
    match node.type:
        case "object":
            pairs: dict[str, Node] = {}
            for child in node.named_children:
                if child.type == "pair":
                    key, value = child.child_by_field_name("key"), child.child_by_field_name("value")
                    if key is None or value is None:
                        raise DocumentError(f"invalid JSON at line {child.start_point[0] + 1}")
                    pairs[str(_json(key, depth + 1, budget).value)] = _json(value, depth + 1, budget)
                elif child.type == "ERROR" and (child.text or b"").strip(b" \t\r\n,"):
                    raise DocumentError(f"invalid JSON at line {child.start_point[0] + 1}")
            return Node(pairs, line, end)
        case "array":
            elements: list[Node] = []
            for child in node.named_children:
                if child.type == "ERROR":
                    if (child.text or b"").strip(b" \t\r\n,"):
                        raise DocumentError(f"invalid JSON at line {child.start_point[0] + 1}")
                elif child.type != "comment":
                    elements.append(_json(child, depth + 1, budget))
            return Node(elements, line, end)
        case "string":
            return Node(_unescape(raw[1:-1] if len(raw) > 1 else ""), line, end)
        case "number":
            return Node(_number(raw), line, end)
        case "true" | "false":
            return Node(node.type == "true", line, end)
        case "null":
            return Node(None, line, end)
    raise DocumentError(f"invalid JSON at line {line}")


def _unescape(raw: str) -> str:
    if "\\" not in raw:
        return raw
    out: list[str] = []
    at = 0
    while at < len(raw):
        char = raw[at]
        if char != "\\" or at + 1 >= len(raw):
            out.append(char)
            at += 1
            continue
        code = raw[at + 1]
        if code == "u":
            try:
                out.append(chr(int(raw[at + 2 : at + 6], 16)))
            except ValueError:
                out.append("\ufffd")
            at += 6
        else:
            out.append(_ESCAPES.get(code, code))
            at += 2
    joined = "".join(out)
    # Escaped surrogate pairs make one character; a lone one is not text.
    return joined.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _number(raw: str) -> int | float:
    try:
        return int(raw) if len(raw) < 400 else float("inf")
    except ValueError:
        pass
    try:
        return float(raw)
    except ValueError:
        raise DocumentError("invalid number") from None


_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def read_yaml(text: str) -> list[Node]:
    """Read every document of a YAML stream, safe tags only; aliases and merge keys are followed within the bounds."""
    loader: Any = None
    try:
        loader = _LOADER(text)
        return list(_yaml_documents(loader))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        raise DocumentError(f"invalid YAML{f' at line {mark.line + 1}' if mark else ''}") from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        if isinstance(error, DocumentError):
            raise
        raise DocumentError("invalid YAML") from None
    finally:
        if loader is not None:
            loader.dispose()


class _Open:
    """A collection whose end has not come: its members, the key that waits for its value, and how large it is."""

    def __init__(self, event: yaml.CollectionStartEvent, line: int) -> None:
        self.line = self.end = line
        self.anchor = event.anchor
        self.members: dict[str, Node] | list[Node] = {} if isinstance(event, yaml.MappingStartEvent) else []
        self.key: str | None = None
        self.size = self.height = 1

    def add(self, node: Node, key: str, size: int, height: int) -> None:
        self.size += size
        self.height = max(self.height, height + 1)
        self.end = max(self.end, node.end_line if node.line >= self.line else 0)
        if isinstance(self.members, list):
            self.members.append(node)
        elif self.key is None:
            self.key = key
        else:
            _put(self.members, self.key, node)
            self.key = None


def _put(members: dict[str, Node], key: str, node: Node) -> None:
    if key != "<<":
        members[key] = node
        return
    for merged in [node, *node.elements()]:
        for name, value in merged.entries():
            members.setdefault(name, value)


def _yaml_documents(loader: Any) -> Iterator[Node]:
    # From events rather than yaml.compose, which recurses in C: a deep document would end the process.
    budget = _Budget()
    stack: list[_Open] = []
    anchors: dict[str, tuple[Node, int, int]] = {}
    while loader.check_event():
        event = loader.get_event()
        line, end = event.start_mark.line + 1, event.end_mark.line + 1
        key, size, height = "?", 1, 1
        if isinstance(event, yaml.DocumentStartEvent):
            anchors = {}
            continue
        if isinstance(event, yaml.AliasEvent):
            if event.anchor not in anchors:
                raise DocumentError(f"invalid YAML at line {line}")
            node, size, height = anchors[event.anchor]
            budget.spend(len(stack) + height, line, size)
        elif isinstance(event, yaml.ScalarEvent):
            budget.spend(len(stack), line)
            tag = event.tag
            if tag in (None, "!"):
                tag = loader.resolve(yaml.ScalarNode, event.value, event.implicit)
            key, node = str(event.value), Node(_yaml_scalar(tag, str(event.value)), line, end)
        elif isinstance(event, yaml.CollectionStartEvent):
            budget.spend(len(stack), line)
            stack.append(_Open(event, line))
            continue
        elif isinstance(event, yaml.CollectionEndEvent):
            done = stack.pop()
            node, size, height = Node(done.members, done.line, done.end), done.size, done.height
        else:
            continue
        anchor = done.anchor if isinstance(event, yaml.CollectionEndEvent) else getattr(event, "anchor", None)
        if anchor and not isinstance(event, yaml.AliasEvent):
            anchors[anchor] = (node, size, height)
        if stack:
            stack[-1].add(node, key, size, height)
        else:
            yield node


def _yaml_scalar(tag: str, raw: str) -> str | int | float | bool | None:
    match tag.rpartition(":")[2]:
        case "null":
            return None
        case "bool":
            return raw.lower() in ("true", "yes", "on")
        case "int":
            try:
                return int(raw.replace("_", ""), 0) if len(raw) < 400 else raw
            except ValueError:
                return raw
        case "float":
            try:
                return float(raw.replace("_", ""))
            except ValueError:
                return raw
    return raw
