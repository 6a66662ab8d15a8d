"""Inert: text from the scanned tree as Markdown in which nothing is a link, a mention, an image or markup."""

import re

from backstay.display import printable

LIMIT = 240  # characters of one text: a hostile name must not fill a comment

_ACTIVE = re.compile(r"[\\`*_{}\[\]<>#!|~&$^]|^[-+=]|^\d+(?=[.)])")
# Code hosts find mentions and issue numbers in the rendered text, where an escape no longer shows. The
# full-width forms read the same and mean nothing to them; an address loses its scheme's colon, as is usual
# for addresses nobody should follow.
_MENTION = re.compile(r"@(?=\w)")
_ISSUE = re.compile(r"#(?=\d)|\bGH-(?=\d)", re.IGNORECASE)
_ADDRESS = re.compile(r":(?=//)|(?<=\bmailto):|(?<=\bxmpp):|(?<=\bwww)\.", re.IGNORECASE)


def prose(text: str) -> str:
    """Text as part of a sentence: every mark that Markdown acts upon escaped, what hosts act upon replaced."""
    shown = _ADDRESS.sub(lambda match: f"[{match.group()}]", printable(text, LIMIT))
    shown = _MENTION.sub("\uff20", shown)
    shown = _ISSUE.sub(lambda match: "\uff03" if match.group() == "#" else "GH\u2011", shown)
    return _ACTIVE.sub(_escaped, shown.strip()) or "\u2013"


def code(text: str) -> str:
    """Text as a code span, in which nothing is acted upon; also inside a table, where only a bar matters."""
    shown = printable(text, LIMIT).replace("|", "\u00a6").strip() or "\u2013"
    longest = max((len(run) for run in re.findall("`+", shown)), default=0)
    fence = "`" * (longest + 1)
    padding = " " if longest or shown.startswith("`") else ""
    return f"{fence}{padding}{shown}{padding}{fence}"


def _escaped(match: re.Match[str]) -> str:
    # A number that would start a list: its full stop or bracket follows and takes the escape.
    return f"{match.group()}\\" if match.group().isdigit() else f"\\{match.group()}"
