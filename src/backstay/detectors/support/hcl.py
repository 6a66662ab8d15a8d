"""HCL, the language of Terraform: blocks with attributes, read within bounds and without evaluating anything.

A literal is a value; what would have to be computed stays as text in `${...}`. `Values` puts in the defaults of
variables and the locals that are literals themselves.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field

from backstay.documents import Node
from backstay.plugin import UnreadableError

MAX_TEXT = 1_000_000  # characters
MAX_DEPTH = 30
MAX_BLOCKS = 20_000
MAX_LAYERS = 4  # references within references

_SPACE = re.compile(r"(?:[ \t\r\n]|#[^\n]*|//[^\n]*|/\*(?:[^*]|\*(?!/))*(?:\*/|\Z))+")
_IDENTIFIER = re.compile(r"[A-Za-z_][\w-]{0,200}")
_HEREDOC = re.compile(r"<<(-?)[ \t]{0,10}([A-Za-z_]\w{0,60})[ \t\r]*\n")
_NUMBER = re.compile(r"-?\d{1,30}(?:\.\d{1,30})?(?:[eE][+-]?\d{1,3})?\Z")
_REFERENCE = re.compile(r"\$\{\s{0,20}((?:var|local)\.[\w-]{1,200})\s{0,20}\}")
_ENCODED = re.compile(r"jsonencode\s{0,20}\((.*)\)\Z", re.DOTALL)
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", '"': '"', "\\": "\\"}
_OPENING, _CLOSING = "([{", ")]}"


@dataclass
class Block:
    """`type "label" { ... }`: its attributes by name and the blocks in it."""

    type: str
    labels: tuple[str, ...]
    line: int
    attributes: dict[str, Node] = field(default_factory=dict)
    blocks: list["Block"] = field(default_factory=list)

    def get(self, *path: str) -> Node:
        """An attribute, through the first inner blocks of these types and the keys of objects."""
        block: Block | None = self
        for at, name in enumerate(path):
            if block is None:
                break
            if name in block.attributes:
                return block.attributes[name].get(*path[at + 1 :])
            block = next((one for one in block.blocks if one.type == name), None)
        return Node(None, 0)

    def all(self, type: str) -> Iterator["Block"]:
        """The inner blocks of a type, written out or made for each of something."""
        for one in self.blocks:
            if one.type == type:
                yield one
            elif one.type == "dynamic" and one.labels[:1] == (type,):
                yield from (inner for inner in one.blocks if inner.type == "content")


def read_hcl(text: str) -> list[Block]:
    """The blocks of a file. Raises UnreadableError for what is no HCL or goes beyond the bounds."""
    if len(text) > MAX_TEXT:
        raise UnreadableError("too large", f"{len(text)} characters")
    return _Reader(text).file().blocks


class _Reader:
    def __init__(self, text: str) -> None:
        self.text = text
        self.starts = [0, *(found.end() for found in re.finditer("\n", text))]
        self.blocks = 0

    def line(self, at: int) -> int:
        return bisect_right(self.starts, at)

    def fail(self, at: int, why: str = "invalid HCL") -> UnreadableError:
        return UnreadableError(why, f"line {self.line(at)}")

    def space(self, at: int) -> int:
        found = _SPACE.match(self.text, at)
        return found.end() if found else at

    def file(self) -> Block:
        root = Block("", (), 1)
        at = self.body(root, 0, 0)
        if at < len(self.text):
            raise self.fail(at)
        return root

    def body(self, block: Block, at: int, depth: int) -> int:
        """Everything up to the closing brace, or the end; returns where that is."""
        if depth > MAX_DEPTH:
            raise self.fail(at, "nested too deeply")
        while True:
            at = self.space(at)
            if at >= len(self.text) or self.text[at] == "}":
                return at
            name = _IDENTIFIER.match(self.text, at)
            quoted = self.text[at] == '"'
            if not name and not quoted:
                raise self.fail(at)
            start, end = at, name.end() if name else self.string_end(at)
            word = name[0] if name else self.text[at + 1 : end - 1]
            at = self.inline_space(end)
            if self.text[at : at + 1] == "=" and self.text[at + 1 : at + 2] != "=":
                begin = self.space(at + 1)
                at = self.expression_end(begin, "\n}")
                block.attributes.setdefault(word, self.value(begin, at, depth + 1))
            else:
                at = self.inner(block, word, start, at, depth)

    def inner(self, outer: Block, word: str, start: int, at: int, depth: int) -> int:
        labels: list[str] = []
        while len(labels) < 5 and self.text[at : at + 1] != "{":
            if self.text[at : at + 1] == '"':
                end = self.string_end(at)
                labels.append(self.text[at + 1 : end - 1])
            else:
                name = _IDENTIFIER.match(self.text, at)
                if not name:
                    raise self.fail(at)
                end = name.end()
                labels.append(name[0])
            at = self.inline_space(end)
        self.blocks += 1
        if self.text[at : at + 1] != "{" or self.blocks > MAX_BLOCKS:
            raise self.fail(at)
        made = Block(word, tuple(labels), self.line(start))
        outer.blocks.append(made)
        at = self.body(made, at + 1, depth + 1)
        if at >= len(self.text):
            raise self.fail(start)
        return at + 1

    def inline_space(self, at: int) -> int:
        while at < len(self.text) and self.text[at] in " \t":
            at += 1
        return at

    def string_end(self, at: int) -> int:
        """Where a quoted string ends; an interpolation in it may hold strings of its own."""
        text, depth = self.text, 0
        at += 1
        while at < len(text):
            char = text[at]
            if char == "\\":
                at += 2
                continue
            if depth == 0 and char == '"':
                return at + 1
            if text.startswith(("${", "%{"), at) and text[at - 1] != char:
                depth += 1
                at += 2
                continue
            if depth and char == "{":
                depth += 1
            elif depth and char == "}":
                depth -= 1
            elif char == "\n" and depth == 0:
                break
            at += 1
        raise self.fail(min(at, len(text) - 1), "unclosed string")

    def expression_end(self, at: int, stops: str) -> int:
        """Where an expression ends: at one of `stops` outside all brackets, strings and here-documents."""
        text, depth = self.text, 0
        while at < len(text):
            char = text[at]
            if char == '"':
                at = self.string_end(at)
                continue
            if depth == 0 and char in stops:
                break
            heredoc = _HEREDOC.match(text, at) if char == "<" else None
            if heredoc:
                at = self.heredoc_end(heredoc)[1]
                continue
            if char == "#" or text.startswith(("//", "/*"), at):
                if depth == 0 and "\n" in stops and not text.startswith("/*", at):
                    break
                end = text.find("*/" if text.startswith("/*", at) else "\n", at + 1)
                at = len(text) if end < 0 else end + (2 if text[end] == "*" else 0)
                continue
            if char in _OPENING:
                depth += 1
            elif char in _CLOSING:
                depth -= 1
                if depth < 0:
                    break
            at += 1
        return at

    def heredoc_end(self, opened: re.Match[str]) -> tuple[int, int]:
        """Where the text of a here-document ends, and where its mark does."""
        closed = re.compile(rf"^[ \t]*{opened[2]}[ \t\r]*$", re.MULTILINE).search(self.text, opened.end())
        if not closed:
            raise self.fail(opened.start(), "unclosed here-document")
        return closed.start(), closed.end()

    def value(self, start: int, end: int, depth: int) -> Node:
        """The value of an expression that stands between two places."""
        while end > start and self.text[end - 1] in " \t\r\n":
            end -= 1
        line, last = self.line(start), self.line(max(start, end - 1))
        raw = self.text[start:end]
        if depth > MAX_DEPTH:
            raise self.fail(start, "nested too deeply")
        if raw.startswith('"') and self.string_end(start) == end:
            return Node(_unescaped(raw[1:-1]), line, last)
        heredoc = _HEREDOC.match(self.text, start)
        if heredoc and self.heredoc_end(heredoc)[1] >= end:
            return Node(self.text[heredoc.end() : self.heredoc_end(heredoc)[0]], line + 1, last)
        encoded = _ENCODED.match(raw)
        if encoded:
            return self.value(self.space(start + encoded.start(1)), start + encoded.end(1), depth + 1)
        listed = raw[:1] in ("[", "{") and raw[-1:] in ("]", "}") and not re.match(r"[\[{]\s{0,50}for\s", raw)
        if listed and self.expression_end(start + 1, "") == end - 1:
            return self.collection(start, end, depth, line, last)
        if raw in ("true", "false"):
            return Node(raw == "true", line, last)
        if _NUMBER.match(raw):
            return Node(float(raw) if re.search("[.eE]", raw) else int(raw), line, last)
        return Node(None, line, last) if raw in ("null", "") else Node("${" + raw[:2_000] + "}", line, last)

    def collection(self, start: int, end: int, depth: int, line: int, last: int) -> Node:
        members: dict[str, Node] = {}
        items: list[Node] = []
        at = start + 1
        while True:
            at = self.space(at)
            while at < end - 1 and self.text[at] == ",":
                at = self.space(at + 1)
            if at >= end - 1:
                break
            if self.text[start] == "[":
                stop = self.expression_end(at, ",")
                items.append(self.value(at, min(stop, end - 1), depth + 1))
            else:
                stop = self.expression_end(at, "=:\n,")
                key = self.text[at:stop].strip().strip('"').strip("()")
                if self.text[stop : stop + 1] not in ("=", ":") or stop >= end:
                    break
                begin = self.space(stop + 1)
                stop = self.expression_end(begin, ",\n")
                members[key[:200]] = self.value(begin, min(stop, end - 1), depth + 1)
            if stop <= at:
                break
            at = stop
        return Node(items if self.text[start] == "[" else members, line, last)


def _unescaped(raw: str) -> str:
    if "\\" not in raw and "$${" not in raw:
        return raw
    return re.sub(r"\\(.)", lambda found: _ESCAPES.get(found[1], found[0]), raw).replace("$${", "${")


class Values:
    """Literals of a file's variables and locals, by `var.NAME` and `local.NAME`."""

    def __init__(self, blocks: list[Block]) -> None:
        self.known: dict[str, Node] = {}
        for block in blocks:
            if block.type == "variable" and block.labels and "default" in block.attributes:
                self.known[f"var.{block.labels[0]}"] = block.attributes["default"]
            elif block.type == "locals":
                self.known |= {f"local.{name}": node for name, node in block.attributes.items()}

    def text(self, node: Node) -> str:
        """A node's text with what is known put in; what is not stays `${...}`."""
        text = node.text
        for _ in range(MAX_LAYERS):
            if "${" not in text or len(text) > 20_000:
                break
            put = _REFERENCE.sub(lambda found: self._of(found[1]) or found[0], text)
            if put == text:
                break
            text = put
        return text[:20_000]

    def _of(self, name: str) -> str:
        node = self.known.get(name)
        return node.text if node is not None else ""
