"""Words: tells natural language from the markup that chat templates are made of."""

import re
import unicodedata
from enum import Enum

from backstay.catalog.artifacts import folders as table


class Wording(Enum):
    """What a literal is that a template compares a message's text with."""

    NOTHING = "nothing"  # empty, blank or a single sign
    PART = "part"  # a role, or a kind of content: `'image' in content` asks for a key
    MODE = "mode"  # switches of reasoning: `/no_think`, `detailed thinking on`
    MARKUP = "markup"  # signs that models are trained on: `</think>`, `[TOOL_CALLS]`
    PLAIN = "plain"  # words as people write them
    HIDDEN = "hidden"  # characters that nobody sees


_PARTS = table.words("templates", "parts")
_MODE = re.compile(r"think|reason|thought|effort", re.IGNORECASE)
_WIDE = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")  # scripts that are written without blanks
_TAGGED = re.compile(r"[<>\[\]{}]|\A\s*/|\A\s*[A-Za-z0-9]*_\w*\s*\Z")
_WORD = re.compile(r"[^\W\d_]{2,}")
_URL = re.compile(r"(?:https?|ftp|wss?)://[^\s/\"'<>{}|\\]{2,}", re.IGNORECASE)
_DOMAIN = re.compile(
    r"\b[\w-]{2,}\.(?:com|net|org|io|ru|cn|xyz|info|top|site|online|club|biz|tk|ai|app|dev|me)\b", re.IGNORECASE
)
# Markers of a turn or a call, with the words in them.
_MARKED = re.compile(r"<[^<>\n]{1,80}>|\[/?[A-Z_ ]{2,40}\]|\{[^{}\n]{0,80}\}")
_TURN = re.compile(
    r"<\|?(?:im_start|start_header_id|start|role_start|system|assistant|user|tool)\b|\[INST\]|<<SYS>>", re.IGNORECASE
)


def wording(literal: str) -> Wording:
    """Classify a literal."""
    if any(_invisible(one) for one in literal):
        return Wording.HIDDEN
    text = literal.strip().rstrip(":").strip()
    if text.casefold() in _PARTS:
        return Wording.PART
    if _MODE.search(text):
        return Wording.MODE
    if not _WORD.search(text) and not re.search(r"\d{3,}", text):
        return Wording.NOTHING
    return Wording.MARKUP if _TAGGED.search(literal) else Wording.PLAIN


def _invisible(one: str) -> bool:
    # Joiners are part of ordinary spelling in several scripts; as the whole of a trigger they are not, but then the
    # text around them would be there too.
    spelling = one in "\u200c\u200d\u00ad\u061c\u200e\u200f"
    return unicodedata.category(one) == "Cf" and not spelling


def invisible(text: str) -> bool:
    """Whether a text holds characters that spell something nobody sees (Unicode tags)."""
    return not text.isascii() and any(0xE0020 <= ord(one) < 0xE0080 for one in text)


def count(text: str) -> int:
    """Words of natural language in a text, markers left out."""
    bare = _MARKED.sub(" ", text)
    wide = 0 if bare.isascii() else len(_WIDE.findall(bare))
    return len(_WORD.findall(bare)) + wide // 3


def urls(text: str) -> list[str]:
    """Addresses in a text."""
    return _URL.findall(text)


def addressed(text: str) -> bool:
    """Whether a text names an address or a host."""
    return bool(_URL.search(text) or _DOMAIN.search(text))


def mode(text: str) -> bool:
    """Whether a text is about how the model is to reason."""
    return bool(_MODE.search(text))


def turns(text: str) -> bool:
    """Whether a text opens a turn of the conversation."""
    return bool(_TURN.search(text))
