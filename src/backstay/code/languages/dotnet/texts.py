"""C# literals: from the nodes of a syntax tree to facts."""

import tree_sitter

from backstay.code.facts import Expr, Lit, Opaque, Text
from backstay.code.languages.dotnet.literals import number, raw_indent, raw_piece, unescaped
from backstay.code.languages.dotnet.reading import MAX_LITERAL, Reading


class Texts(Reading):
    """Reads literals."""

    def _string(self, node: tree_sitter.Node, depth: int) -> Expr:
        raw = self._text(node)
        text = raw[1:].rpartition('"')[0]
        return Lit(self._told(unescaped(text)), self._line(node), self._end(node))

    def _verbatim(self, node: tree_sitter.Node, depth: int) -> Expr:
        text = self._text(node).partition('"')[2].rpartition('"')[0].replace('""', '"')
        return Lit(self._told(text), self._line(node), self._end(node))

    def _raw(self, node: tree_sitter.Node, depth: int) -> Expr:
        whole = self._text(node)
        inner = "".join(self._text(child) for child in node.named_children if child.type == "raw_string_content")
        text = raw_piece(inner, raw_indent(whole), True, True) if "\n" in whole else inner
        return Lit(self._told(text), self._line(node), self._end(node))

    def _interpolated(self, node: tree_sitter.Node, depth: int) -> Expr:
        start = ""
        raw = False
        parts: list[Expr] = []
        for child in node.named_children:
            line = self._line(child)
            match child.type:
                case "interpolation_start":
                    start = self._text(child)
                case "interpolation_quote":
                    raw = raw or self._text(child).startswith('"""')
                case "string_content" | "escape_sequence":
                    text = self._text(child)
                    if not raw and "@" in start:
                        text = text.replace('""', '"')
                    elif not raw:
                        text = unescaped(text)
                    if not raw:
                        text = text.replace("{{", "{").replace("}}", "}")
                    parts.append(Lit(text, line, self._end(child)))
                case "interpolation":
                    inner = [one for one in child.named_children if not one.type.startswith("interpolation_")]
                    parts.append(self.expr(inner[0], depth) if inner else Opaque([], line))
        whole = self._text(node) if raw else ""
        for index, part in enumerate(parts):
            if isinstance(part, Lit) and isinstance(part.value, str):
                if "\n" in whole:
                    part.value = raw_piece(part.value, raw_indent(whole), not index, index == len(parts) - 1)
                part.value = self._told(part.value)
        return joined(parts, self._line(node), self._end(node)) if parts else Lit("", self._line(node))

    def _number(self, node: tree_sitter.Node, depth: int) -> Expr:
        value = number(self._text(node))
        return Lit(value, self._line(node)) if value is not None else Opaque([], self._line(node))

    def _constant(self, node: tree_sitter.Node, depth: int) -> Expr:
        value = {"true": True, "false": False}.get(self._text(node))
        return Lit(value, self._line(node))

    def _character(self, node: tree_sitter.Node, depth: int) -> Expr:
        return Lit(unescaped(self._text(node).strip("'")), self._line(node))


def joined(parts: list[Expr], line: int, end: int) -> Expr:
    """Text put together from parts; a literal when all of them are."""
    flat: list[Expr] = []
    for part in parts:
        flat.extend(part.parts if isinstance(part, Text) else [part])
    if flat and all(isinstance(part, Lit) and isinstance(part.value, str) for part in flat):
        return Lit("".join(str(part.value) for part in flat if isinstance(part, Lit))[:MAX_LITERAL], line, end)
    return Text(flat, line, end)
