"""Shell scripts as the commands they run, in words: quoting, variables with known values, loops, functions.

Nothing is run. What cannot be known stays in the word as it is written (`$NAME`, `$()`), which is no name of anything.
"""

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

import tree_sitter
import tree_sitter_bash

from backstay.plugin import UnreadableError

MAX_SCRIPT = 100_000  # characters; what is longer was written by a program
MAX_PIPES = 2_000  # the grammar's memory grows by the square of a broken pipeline's length
PARSE_SECONDS = 1.0  # broken scripts can take time by the square of their length
MAX_COMMANDS = 4_000
MAX_STEPS = 100_000
MAX_DEPTH = 60
MAX_WORDS = 400
MAX_TEXT = 20_000  # of one word
MAX_CHOICES = 12  # values of one variable that are tried
MAX_CALLS = 4  # functions within functions

_LANGUAGE = tree_sitter.Language(tree_sitter_bash.language())
_EXPANSION = re.compile(r"\$\{(\w{1,80})(?:\[[@*]\])?(?:(:?[-=])(.*))?\}\Z", re.DOTALL)
_ARRAY = re.compile(r"\$\{(\w{1,80})\[[@*]\]\}\Z")
_INNER = re.compile(r"\$(?:\{(\w{1,80})(?::?-([^${}]{0,200}))?\}|(\w{1,80}))")
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_QUOTED_ESCAPE = re.compile(r'\\([\\"$`\n])')
_ANSI = {"n": "\n", "t": "\t"}
_BRANCHES = frozenset({"if_statement", "case_statement", "while_statement", "list", "elif_clause", "else_clause"})
# What holds commands for later, or none at all.
_SILENT = frozenset({"comment", "heredoc_body", "heredoc_start", "heredoc_end", "test_command", "file_redirect"})

Fields = tuple[str, ...]  # the words a variable holds: one, or an array's


@dataclass(frozen=True)
class Command:
    """A command in words, with the line it starts on and the variables set for it alone."""

    words: tuple[str, ...]
    line: int
    environment: tuple[tuple[str, str], ...] = ()


_Made = TypeVar("_Made", Command, Fields)


def commands(script: str, known: Mapping[str, str] | None = None, line: int = 1) -> list[Command]:
    """Every command that a script can run, each once for every value its variables are known to have.

    `known` are variables that the script is given, `line` the line where the script begins. Raises UnreadableError
    for a script beyond the bounds.
    """
    if not script.strip():
        return []
    if len(script) > MAX_SCRIPT or script.count("|") > MAX_PIPES:
        raise UnreadableError("script too large", f"{len(script)} characters")
    data = script.replace("\r\n", "\n").replace("\0", " ").encode("utf-8", "replace")
    return _Reader(known or {}, line).read(_parse(data))


def _parse(data: bytes) -> tree_sitter.Node:
    end = time.process_time() + PARSE_SECONDS
    try:
        tree = tree_sitter.Parser(_LANGUAGE).parse(
            lambda at, _: data[at : at + 4096], progress_callback=lambda *_: time.process_time() > end
        )
    except ValueError:
        raise UnreadableError("script too broken") from None
    return tree.root_node


class _Reader:
    def __init__(self, known: Mapping[str, str], line: int) -> None:
        self.first = line
        self.values: dict[str, list[Fields]] = {name: [(value,)] for name, value in known.items()}
        self.functions: dict[str, tree_sitter.Node] = {}
        self.called: set[str] = set()
        self.found: dict[Command, None] = {}
        self.steps = MAX_STEPS
        self.choice = self.widest = self.calls = 0

    def read(self, root: tree_sitter.Node) -> list[Command]:
        self.walk(root, 0, branch=False)
        for name in [one for one in self.functions if one not in self.called]:
            self.walk(self.functions[name], 0, branch=True)
        return list(self.found)

    def walk(self, node: tree_sitter.Node, depth: int, *, branch: bool) -> None:
        self.steps -= 1
        if depth > MAX_DEPTH or self.steps < 0 or len(self.found) >= MAX_COMMANDS:
            return
        match node.type:
            case "command":
                self.command(node, depth)
            case "variable_assignment":
                self.assign(node, branch=branch)
            case "for_statement":
                self.loop(node, depth)
            case "function_definition":
                name, body = node.child_by_field_name("name"), node.child_by_field_name("body")
                if name is not None and body is not None:
                    self.functions[_text(name)] = body
            case kind if kind not in _SILENT:
                inner = branch or kind in _BRANCHES
                for child in node.named_children:
                    self.walk(child, depth + 1, branch=inner)

    def command(self, node: tree_sitter.Node, depth: int) -> None:
        line = self.first + node.start_point[0]
        for child in node.named_children:  # commands inside: $(...), <(...)
            self.inside(child, depth + 1)
        for one in self.each(lambda: self.command_words(node, line)):
            if not one.words or len(self.found) >= MAX_COMMANDS:
                continue
            body = self.functions.get(one.words[0])
            if body is None or self.calls >= MAX_CALLS:
                self.found[one] = None
            else:
                self.call(one, body)

    def command_words(self, node: tree_sitter.Node, line: int) -> Command:
        words: list[str] = []
        environment: list[tuple[str, str]] = []
        for child in node.named_children:
            if len(words) >= MAX_WORDS:
                break
            if child.type == "variable_assignment":
                name, value = child.child_by_field_name("name"), child.child_by_field_name("value")
                if name is not None:
                    environment.append((_text(name), " ".join(self.fields(value)) if value is not None else ""))
            elif not child.type.endswith("_redirect") and child.type != "comment":
                words += self.fields(child.named_children[0] if child.type == "command_name" else child)
        return Command(tuple(words[:MAX_WORDS]), line, tuple(environment[:50]))

    def call(self, one: Command, body: tree_sitter.Node) -> None:
        """A function of the script's own: its body, with what it is given."""
        name, *arguments = one.words
        self.called.add(name)
        given: dict[str, list[Fields]] = {str(n): [(word,)] for n, word in enumerate(arguments[:20], 1)}
        given |= {"@": [tuple(arguments)], "*": [tuple(arguments)]}
        kept, choice, widest = dict(self.values), self.choice, self.widest
        self.values |= given
        self.calls += 1
        self.walk(body, MAX_DEPTH // 2, branch=False)
        self.calls -= 1
        self.values, self.choice, self.widest = kept, choice, widest

    def inside(self, node: tree_sitter.Node, depth: int) -> None:
        if node.child_count == 0 or depth > MAX_DEPTH or self.steps < 0:
            return
        self.steps -= 1
        if node.type in ("command_substitution", "process_substitution"):
            for child in node.named_children:
                self.walk(child, depth + 1, branch=True)
        elif node.type not in ("raw_string", "simple_expansion", "heredoc_body"):
            for child in node.named_children:
                self.inside(child, depth + 1)

    def assign(self, node: tree_sitter.Node, *, branch: bool) -> None:
        name, value = node.child_by_field_name("name"), node.child_by_field_name("value")
        if name is None or name.type != "variable_name":
            return
        key = _text(name)
        more = any(child.type == "+=" for child in node.children)

        def one() -> Fields:
            made = self.array(value) if value is not None and value.type == "array" else (self.joined(value),)
            if not more:
                return made
            before = self.lookup(key)
            if before is None:
                return made
            array = value is not None and value.type == "array"
            return (*before, *made)[:MAX_WORDS] if array else (("".join((*before, *made)))[:MAX_TEXT],)

        found = self.each(one)
        known = self.values.get(key, []) if branch and not more else []
        values: list[Fields] = [*known]
        values.extend(found)
        self.values[key] = list(dict.fromkeys(values))[:MAX_CHOICES]
        if value is not None:
            self.inside(value, MAX_DEPTH // 2)

    def array(self, value: tree_sitter.Node) -> Fields:
        words: list[str] = []
        for child in value.named_children:
            if child.type != "comment" and len(words) < MAX_WORDS:
                words += self.fields(child)
        return tuple(words[:MAX_WORDS])

    def joined(self, value: tree_sitter.Node | None) -> str:
        return " ".join(self.fields(value, quoted=True))[:MAX_TEXT] if value is not None else ""

    def loop(self, node: tree_sitter.Node, depth: int) -> None:
        variable, body = node.child_by_field_name("variable"), node.child_by_field_name("body")
        words: list[str] = []
        for child in node.children_by_field_name("value"):
            for fields in self.each(partial(self.tuple_of, child)):
                words.extend(fields)
        if variable is not None and words:
            each: list[Fields] = [(word,) for word in dict.fromkeys(words)]
            self.values[_text(variable)] = each[:MAX_CHOICES]
        if body is not None:
            self.walk(body, depth + 1, branch=True)

    def each(self, make: Callable[[], _Made]) -> list[_Made]:
        """What is made for each of the values that the variables in it are known to have; they are taken in step."""
        outer = self.choice, self.widest
        self.choice = self.widest = 0
        found = [make()]
        for choice in range(1, min(self.widest, MAX_CHOICES)):
            self.choice = choice
            found.append(make())
        self.choice, self.widest = outer
        return list(dict.fromkeys(found))

    def lookup(self, name: str) -> Fields | None:
        values = self.values.get(name)
        if not values:
            return None
        self.widest = max(self.widest, len(values))
        return values[min(self.choice, len(values) - 1)]

    def fields(self, node: tree_sitter.Node, *, quoted: bool = False) -> list[str]:
        """The words that one written word becomes."""
        fields = _Fields()
        self.expand(node, fields, 0, quoted=quoted)
        return fields.done()

    def tuple_of(self, node: tree_sitter.Node) -> Fields:
        return tuple(self.fields(node))

    def expand(self, node: tree_sitter.Node, out: "_Fields", depth: int, *, quoted: bool) -> None:
        self.steps -= 1
        if depth > MAX_DEPTH or self.steps < 0:
            return
        match node.type:
            case "string":
                out.add("")
                self.string(node, out, depth)
            case "raw_string":
                out.add(_text(node)[1:-1])
            case "ansi_c_string":
                out.add(_ESCAPE.sub(lambda m: _ANSI.get(m[1], m[1]), _text(node)[2:-1]))
            case "concatenation":
                end = node.start_byte
                for child in node.children:
                    if child.start_byte > end:  # the grammar leaves some escapes between the parts
                        out.add("")
                    self.expand(child, out, depth + 1, quoted=quoted)
                    end = child.end_byte
            case "simple_expansion" | "expansion":
                self.variable(_text(node), out, quoted=quoted)
            case "command_substitution" | "process_substitution" | "arithmetic_expansion":
                out.add("$()")
            case _:
                text = _text(node)
                out.add(_ESCAPE.sub(lambda m: "" if m[1] == "\n" else m[1], text) if "\\" in text else text)

    def string(self, node: tree_sitter.Node, out: "_Fields", depth: int) -> None:
        raw = node.text or b""
        at = 1
        for child in node.named_children:
            start, end = child.start_byte - node.start_byte, child.end_byte - node.start_byte
            if start > at:
                out.add(_unquoted(raw[at:start]))
            if child.type == "string_content":
                out.add(_unquoted(raw[start:end]))
            else:
                self.expand(child, out, depth + 1, quoted=True)
            at = end
        if len(raw) - 1 > at:
            out.add(_unquoted(raw[at:-1]))

    def variable(self, text: str, out: "_Fields", *, quoted: bool) -> None:
        found = _EXPANSION.match(text)
        name = found[1] if found else text.removeprefix("$")
        value = self.lookup(name)
        if value is None and found and found[2]:
            default = _INNER.sub(self.inner, found[3].strip("\"'"))[:MAX_TEXT]
            if found[2].endswith("="):
                self.values[name] = [(default,)]
            value = (default,)
        if value is None:
            out.add("$" + name if re.fullmatch(r"\w{1,80}|[@*#?!]", name) else "$()")
        elif _ARRAY.match(text) or text in ("$@", "$*"):
            out.add_all(value)
        elif quoted:
            out.add(value[0] if value else "")
        else:
            out.add_split(value[0] if value else "")

    def inner(self, match: re.Match[str]) -> str:
        value = self.lookup(match[1] or match[3])
        return " ".join(value) if value is not None else match[2] or match[0]


class _Fields:
    """Words under construction: a quoted part joins the word it stands in, an unquoted value may end it."""

    def __init__(self) -> None:
        self.words: list[str] = []
        self.current: str | None = None

    def add(self, text: str) -> None:
        self.current = ((self.current or "") + text)[:MAX_TEXT]

    def add_split(self, text: str) -> None:
        parts = text.split()[:MAX_WORDS]
        for number, part in enumerate(parts):
            if number or (text[:1].isspace() and self.current is not None):
                self.end()
            self.add(part)
        if parts and text[-1:].isspace():
            self.end()

    def add_all(self, parts: Fields) -> None:
        for number, part in enumerate(parts):
            if number:
                self.end()
            self.add(part)

    def end(self) -> None:
        if self.current is not None and len(self.words) < MAX_WORDS:
            self.words.append(self.current)
        self.current = None

    def done(self) -> list[str]:
        self.end()
        return self.words


def _unquoted(raw: bytes) -> str:
    return _QUOTED_ESCAPE.sub(lambda m: "" if m[1] == "\n" else m[1], raw.decode("utf-8", "replace"))


def _text(node: tree_sitter.Node) -> str:
    return (node.text or b"").decode("utf-8", "replace")
