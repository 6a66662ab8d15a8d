"""Syntax trees within bounds: tree-sitter takes more than linear time for some broken sources."""

import time

import tree_sitter

CHUNK = 65_536
# The parser reports in about once every 150 bytes of ordinary code, and far more often where it goes astray.
REPORTS, REPORTS_A_BYTE = 10_000, 1 / 16
SECONDS = 6.0  # of processor for a source that makes each step slow; ordinary code of a megabyte takes a quarter of one
# At the end of a source a parser takes time by the square of what is open, and reports nothing meanwhile.
MAX_OPEN = 4_000
MAX_ANGLES = 20_000  # however many are closed: in a comment they are for us, and not for the parser
_KEPT = b"()[]{}<>;"
_OTHERS = bytes(sorted(set(range(256)) - set(_KEPT)))
PLAIN = b"([{"  # brackets of a language whose grammar takes `<` for nothing but a comparison


def tree(language: tree_sitter.Language, source: bytes, brackets: bytes = b"([{<") -> tree_sitter.Tree | None:
    """The syntax tree of a source; None when it takes more steps than any code of its size should.

    No more of the `brackets` may be open at one place than any code has; none are looked at in data, which is large.
    Steps are counted, so that the same source gives the same answer on every machine; the clock is the last resort.
    """
    if brackets and _too_open(source, brackets):
        return None
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
        return None


def _too_open(source: bytes, openers: bytes) -> bool:
    angles = b"<" in openers
    if angles and source.count(b"<") > MAX_ANGLES:
        return True
    if max(source.count(one) for one in openers) <= MAX_OPEN:
        return False
    depth = dict.fromkeys(openers, 0)
    closed = dict(zip(b")]}>", b"([{<", strict=True))
    for one in source.translate(None, _OTHERS):
        if one in depth:
            depth[one] += 1
            if depth[one] > MAX_OPEN:
                return True
        elif depth.get(closed.get(one, 0)):
            depth[closed[one]] -= 1
        if angles and one in b";{}":  # a comparison, then
            depth[ord("<")] = 0
    return False
