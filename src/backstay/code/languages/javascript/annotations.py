"""Annotations: the types that TypeScript notes, as expressions."""

from tree_sitter import Node

from backstay.code.facts import Attr, Either, Expr, Item, Name, Seq
from backstay.code.languages.javascript.reader import MAX_DEPTH, Reader, children

# Types that say of another one only that it comes later, may be missing, or is seen in part.
_TRANSPARENT = frozenset(
    ("Promise", "PromiseLike", "Awaited", "Partial", "Required", "Readonly", "NonNullable", "Pick", "Omit", "Maybe")
)
_NOTHING = frozenset(("any", "unknown", "void", "never", "object", "undefined", "null"))


class Annotations(Reader):
    """Reads types."""

    def annotation(self, node: Node | None, depth: int) -> Expr | None:
        """What a type annotation names; None where that is nothing a value can be followed by."""
        if node is None or depth > MAX_DEPTH:
            return None
        match node.type:
            case "type_annotation" | "readonly_type" | "parenthesized_type" | "optional_type" | "rest_type":
                inner = children(node)
                return self.annotation(inner[0], depth + 1) if inner else None
            case "type_identifier" | "identifier":
                return self._name(node)
            case "predefined_type":
                word = self._text(node)
                return None if word in _NOTHING else Name(word, self._line(node))
            case "nested_type_identifier" | "nested_identifier":
                return self._qualified(node, depth)
            case "member_expression":
                return self.expr(node, depth)
            case "generic_type":
                return self._generic(node, depth)
            case "array_type":
                inner = children(node)
                element = self.annotation(inner[0], depth + 1) if inner else None
                line = self._line(node)
                return Item(Name("Array", line), element, line) if element is not None else None
            case "union_type" | "intersection_type":
                return self._union(node, depth)
            case "literal_type":
                inner = children(node)
                if not inner or inner[0].type in _NOTHING:
                    return None
                return self.expr(inner[0], depth + 1)
            case "tuple_type":
                found = [self.annotation(child, depth + 1) for child in children(node)]
                return Seq([one for one in found if one is not None], self._line(node))
        return None

    def _qualified(self, node: Node, depth: int) -> Expr | None:
        inner = children(node)
        if len(inner) != 2:
            return None
        owner = self.annotation(inner[0], depth + 1)
        word = self._text(inner[1])
        self._words.add(word)
        return Attr(owner, word, self._line(inner[1])) if owner is not None else None

    def _generic(self, node: Node, depth: int) -> Expr | None:
        inner = children(node)
        given = children(inner[1]) if len(inner) > 1 else []
        name = self._text(inner[0]) if inner else ""
        if name in _TRANSPARENT and given:
            return self.annotation(given[0], depth + 1)
        if name == "InstanceType" and given and given[0].type == "type_query":
            of = children(given[0])
            return self.annotation(of[0], depth + 1) if of else None
        base = self.annotation(inner[0], depth + 1) if inner else None
        found = [self.annotation(one, depth + 1) for one in given]
        arguments = [one for one in found if one is not None]
        if base is None or not arguments:
            return base
        line = self._line(node)
        return Item(base, arguments[0] if len(arguments) == 1 else Seq(arguments, line), line)

    def _union(self, node: Node, depth: int) -> Expr | None:
        """`A | B | null`: it leans left, and generated ones have thousands of members."""
        members: list[Node] = []
        at: Node | None = node
        while at is not None and at.type in ("union_type", "intersection_type"):
            inner = children(at)
            members += reversed(inner[1:])
            at = inner[0] if inner else None
        if at is not None:
            members.append(at)
        found = [self.annotation(member, depth + 1) for member in reversed(members)]
        options = [one for one in found if one is not None]
        if len(options) < 2:
            return options[0] if options else None
        return Either(options, self._line(node))
