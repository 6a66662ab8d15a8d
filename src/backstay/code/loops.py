"""Loops: where a file does something again and again, in any language whose syntax tree says so."""

from collections.abc import Iterator
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
    kinds = _ids(tree.language)
    spans = sorted(set(_spans(tree, kinds)), key=_outer_first) if kinds else []
    if lines is None:
        return [(first + 1, last + 1) for first, last in spans]
    return [(lines[min(first, len(lines) - 1)], lines[min(last, len(lines) - 1)]) for first, last in spans]


def _spans(tree: tree_sitter.Tree, kinds: frozenset[int]) -> Iterator[tuple[int, int]]:
    # By a cursor, as a query takes quadratic time where much did not parse.
    cursor, found = tree.walk(), 0
    while found < MAX_LOOPS:
        node = cursor.node
        if node is not None and node.kind_id in kinds:
            yield node.start_point.row, node.end_point.row
            found += 1
        if cursor.goto_first_child():
            continue
        while not cursor.goto_next_sibling():
            if not cursor.goto_parent():
                return


def _outer_first(span: tuple[int, int]) -> tuple[int, int]:
    return span[0], -span[1]


@cache
def _ids(language: tree_sitter.Language) -> frozenset[int]:
    every = range(language.node_kind_count)
    return frozenset(id for id in every if language.node_kind_is_named(id) and language.node_kind_for_id(id) in _KINDS)
