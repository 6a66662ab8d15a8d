"""Syntax trees within bounds: tree-sitter takes more than linear time for some broken sources."""

import time

import tree_sitter

CHUNK = 65_536
# The parser reports in about once every 150 bytes of ordinary code, and far more often where it goes astray.
REPORTS, REPORTS_A_BYTE = 10_000, 1 / 16
SECONDS = 10  # for a source that makes each step slow; ordinary code of a megabyte takes a quarter of one


def tree(language: tree_sitter.Language, source: bytes) -> tree_sitter.Tree | None:
    """The syntax tree of a source; None when it takes more steps than any code of its size should.

    Steps are counted, so that the same source gives the same answer on every machine; the clock is the last resort.
    """
    latest = time.monotonic() + SECONDS
    left = int(REPORTS + len(source) * REPORTS_A_BYTE)

    def stop(offset: int, error: bool) -> bool:
        nonlocal left
        left -= 1
        return left < 0 or (left % 256 == 0 and time.monotonic() > latest)

    def read(offset: int, point: object) -> bytes:
        return source[offset : offset + CHUNK]

    try:
        return tree_sitter.Parser(language).parse(read, progress_callback=stop)
    except ValueError:  # how a parser says that it was stopped
        return None
