"""Loops: where a file does something again and again, in any language whose syntax tree says so."""

from functools import cache

import tree_sitter

MAX_LOOPS = 5_000  # of one file
_KINDS = frozenset(
    (
        "while_statement",
        "do_statement",
        "do_while_statement",
        "for_statement",
        "for_in_statement",
        "enhanced_for_statement",
        "foreach_statement",
    )
)


def loops(tree: tree_sitter.Tree, lines: list[int] | None = None) -> list[tuple[int, int]]:
    """The first and last lines of all loops, outer ones first. `lines` maps the source's lines to those to report."""
    query = _query(tree.language)
    if query is None:
        return []
    found = tree_sitter.QueryCursor(query).captures(tree.root_node).get("loop", [])
    spans = sorted({(node.start_point.row, node.end_point.row) for node in found[:MAX_LOOPS]}, key=_outer_first)
    if lines is None:
        return [(first + 1, last + 1) for first, last in spans]
    return [(lines[min(first, len(lines) - 1)], lines[min(last, len(lines) - 1)]) for first, last in spans]


def _outer_first(span: tuple[int, int]) -> tuple[int, int]:
    return span[0], -span[1]


@cache
def _query(language: tree_sitter.Language) -> tree_sitter.Query | None:
    known = {language.node_kind_for_id(id) for id in range(language.node_kind_count)}
    kinds = [kind for kind in sorted(_KINDS) if kind in known]
    return tree_sitter.Query(language, "\n".join(f"({kind}) @loop" for kind in kinds)) if kinds else None
