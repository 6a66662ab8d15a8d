"""Syntax trees within bounds: tree-sitter takes more than linear time for some broken sources."""

import re
import time

import tree_sitter

CHUNK = 65_536
# The parser reports in about once every 150 bytes of ordinary code, and far more often where it goes astray.
REPORTS, REPORTS_A_BYTE = 10_000, 1 / 16
SECONDS = 4.0  # of processor for a source that makes each step slow; ordinary code of a megabyte takes a quarter of one
# At the end of a source a parser takes time by the square of the `<` that are open, and reports nothing meanwhile.
MAX_OPEN = 4_000
MAX_ANGLES = 20_000  # however many are closed: in a comment they are for us, and not for the parser
# Lengths of the sources that were given up: a parser that is stopped never gives back the memory it had taken, so that
# a process that reads many files had better end after one.
given_up: list[int] = []
# Lines of `#` after each other: at the end of a statement, Python's grammar looks beyond all of them from each of them.
_REMARKS = re.compile(rb"^[ \t]*#[^\n]*\n(?:[ \t]*(?:#[^\n]*)?\n)*", re.MULTILINE)
MAX_REMARKS = 50_000_000  # lines by bytes; about half a second
_ANYTHING = re.compile(rb"[^\n]")
_OTHERS = bytes(sorted(set(range(256)) - set(b"<>;{}")))


def tree(
    language: tree_sitter.Language, source: bytes, *, angles: bool = True, remarks: bool = False
) -> tree_sitter.Tree | None:
    """The syntax tree of a source; None when it takes more steps than any code of its size should.

    `angles` says that the grammar may take `<` for a bracket; then no more may be open than in any code. `remarks` says
    that it is Python's, for which endless runs of remarks are left out; all positions stay what they are.
    Steps are counted, so that the same source gives the same answer on every machine; the clock is the last resort.
    """
    if angles and _too_open(source):
        return None
    if remarks:
        source = _REMARKS.sub(_without, source)
    latest = time.process_time() + SECONDS
    left = int(REPORTS + len(source) * REPORTS_A_BYTE)

    def stop(offset: int, error: bool) -> bool:
        nonlocal left
        left -= 1
        return left < 0 or (left % 16 == 0 and time.process_time() > latest)

    def read(offset: int, point: object) -> bytes:
        return source[offset : offset + CHUNK]

    try:
        return tree_sitter.Parser(language).parse(read, progress_callback=stop)
    except ValueError:  # how a parser says that it was stopped
        given_up.append(len(source))
        return None


def _without(run: re.Match[bytes]) -> bytes:
    """The same stretch, of the same length, without its remarks when there are too many of them."""
    text = run[0]
    return _ANYTHING.sub(b" ", text) if text.count(b"\n") * len(text) > MAX_REMARKS else text


def _too_open(source: bytes) -> bool:
    count = source.count(b"<")
    if count <= MAX_OPEN:
        return False
    depth = 0
    for one in source.translate(None, _OTHERS) if count <= MAX_ANGLES else b"":
        if one == ord("<"):
            depth += 1
        elif one == ord(">"):
            depth = max(0, depth - 1)
        else:
            depth = 0  # those before were comparisons
        if depth > MAX_OPEN:
            return True
    return count > MAX_ANGLES
