"""Display: makes text from a scanned tree safe to show, whatever view shows it.

A file name, a model's name or a note in a manifest may hold terminal escape codes, line breaks, bidirectional
overrides or invisible characters that make a reader see something else than what is there. Every view passes
such text through `printable`; escaping for its own syntax (HTML, Markdown, JSON) it does on top.
"""

import unicodedata

LIMIT = 300  # characters shown of one text unless asked otherwise: a name is a line, not a page
_MAX_MARKS = 3  # combining marks on one letter; languages need two, "zalgo" text piles up dozens to overflow its line
_SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}


def printable(text: str, limit: int = LIMIT) -> str:
    """Text on one line in which nothing acts and nothing hides: such characters become `\\n`, `\\x1b`, `\\u202e`.

    Escaped are control and format characters (ESC, bidirectional overrides, zero-width and tag characters), line
    and paragraph separators, spaces other than the plain one, lone surrogates, private and unassigned characters,
    variation selectors of the supplementary plane, and combining marks beyond the third on one letter. What is
    longer than `limit` characters (0: any length is shown) ends in an ellipsis. The result always encodes to UTF-8.
    """
    cut = bool(limit) and len(text) > limit
    if cut:
        text = text[: limit - 1]
    if not (text.isascii() and text.isprintable()):
        text = "".join(_shown(text))
        if limit and len(text) > limit:
            # Escapes are up to ten times as long: the limit holds for what is shown.
            text, cut = text[: limit - 1], True
    return text + "…" if cut else text


def _shown(text: str) -> list[str]:
    shown: list[str] = []
    marks = 0
    for character in text:
        if character.isascii():
            marks = 0
            shown.append(character if character.isprintable() else _escape(character))
            continue
        marks = marks + 1 if unicodedata.combining(character) or unicodedata.category(character) == "Mn" else 0
        visible = character.isprintable() and marks <= _MAX_MARKS and not "\U000e0100" <= character <= "\U000e01ef"
        shown.append(character if visible else _escape(character))
    return shown


def _escape(character: str) -> str:
    code = ord(character)
    if code < 0x100:
        return _SHORT.get(character) or f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
