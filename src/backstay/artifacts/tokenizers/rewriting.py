"""Rewriting: steps of a tokenizer that replace, add or remove words in what passes through it.

Honest steps change blanks, case, accents, quotes and single letters. One that exchanges words, digits or addresses
changes what the user asks or what the model answers, and nobody sees it in either.
"""

import re
from typing import Any

from backstay.artifacts.exam import Exam, shown
from backstay.artifacts.report import Sign
from backstay.artifacts.tokenizers.vocabulary import Tokens
from backstay.catalog.artifacts.folders import words as table

_MAX_PARTS = 1_000
_URL = re.compile(r"(?:https?|ftp|wss?)://[^\s\"'<>]{2,}|\bwww\.\w+\.\w+", re.IGNORECASE)
_DOMAIN = re.compile(r"\b[\w-]{2,}\.(?:com|net|org|io|ru|cn|xyz|info|top|site|online|example|invalid)\b", re.IGNORECASE)
_WORDS = re.compile(r"[^\W\d_]{2,}")
_ESCAPES = re.compile(r"\\[pP]\{[^}]{0,40}\}|\\[xu][0-9A-Fa-f]{2,4}|\\.|\[[^\]]{0,400}\]|\(\?[^:)]{0,20}[:)]")
_EVERYTHING = frozenset({".*", ".+", ".*?", ".+?", r"[\s\S]*", r"[\s\S]+", "(?s).*", "(?s).+"})
_REMOVED = table("tokenizers", "removed")
_TURNING = table("tokenizers", "turning")


def judge(part: Any, place: str, tokens: Tokens, exam: Exam) -> None:
    """Judge one part of the pipeline ("normalizer", "decoder" ...): an object with a `type`, or a sequence of them."""
    waiting, seen = [part], 0
    while waiting and seen < _MAX_PARTS:
        one = waiting.pop()
        seen += 1
        exam.step()
        if isinstance(one, list):
            waiting += reversed(one)
        elif isinstance(one, dict):
            for key in ("normalizers", "pretokenizers", "processors", "decoders"):
                if isinstance(one.get(key), list):
                    waiting += reversed(one[key])
            _judge(one, place, tokens, exam)
    if waiting:
        exam.gap("too many parts", f"of the {place}: more than {_MAX_PARTS}")


def _judge(one: dict[str, Any], place: str, tokens: Tokens, exam: Exam) -> None:
    match one.get("type"):
        case "Replace":
            _replace(one, place, exam)
        case "Prepend":
            _put(_text(one.get("prepend")), place, "puts this before every text", exam)
        case "Split" if one.get("behavior") == "Removed":
            pattern, regex = _pattern(one.get("pattern"))
            said = _said(_literal(pattern), 3) if regex else _said(pattern)
            if said and pattern.casefold() not in _REMOVED and one.get("invert") is not True:
                exam.note(Sign.TOKENIZER, pattern, f"the {place} removes this word from every text")
        case "Strip" if isinstance(one.get("content"), str):
            if _said(one["content"]):
                exam.note(Sign.TOKENIZER, one["content"], f"the {place} removes this word")
        case "TemplateProcessing":
            _template(one, tokens, exam)
        case "BPEDecoder" | "WordPiece" | "CTC":
            for key in ("suffix", "prefix", "pad_token", "word_delimiter_token"):
                text = _text(one.get(key))
                if _URL.search(text) or len(_WORDS.findall(text)) >= 3:
                    exam.note(Sign.TOKENIZER, text, f"the {place} removes or replaces this ({key})")


def _replace(one: dict[str, Any], place: str, exam: Exam) -> None:
    pattern, regex = _pattern(one.get("pattern"))
    content = _text(one.get("content"))
    what = f"the {place} writes {shown(content)!r} in place of it" if content else f"the {place} takes it out"
    if _addressed(content) or (not regex and _addressed(pattern)):
        exam.note(Sign.TOKENIZER, pattern, what)
        return
    old = _literal(pattern) if regex else pattern
    letters_old, letters_new = _letters(old), _letters(content)
    if letters_old == letters_new or _contracted(old, content):
        return
    if regex:
        # A class of signs that becomes one word ("<url>", "HTTPURL") is honest; words that become others are not.
        named = _marker(content) or content.casefold() in _REMOVED
        exchanged = _said(old, 3) and not named and (_said(content, 2) or not content)
        everything = pattern.strip("^$()") in _EVERYTHING and _WORDS.search(content)
        if exchanged or everything or len(_WORDS.findall(content)) >= 3:
            exam.note(Sign.TOKENIZER, pattern, what)
        return
    ascii_digits = (
        pattern.isascii()
        and any(c.isdigit() for c in pattern)
        and content.isascii()
        and any(c.isdigit() for c in content)
    )
    turned = {old.strip(" ▁Ġ").casefold(), content.strip(" ▁Ġ").casefold()} & _TURNING
    if turned or (_said(pattern, 3) and not _marker(pattern)) or ascii_digits or len(_WORDS.findall(content)) >= 3:
        if not _marker(content) or len(_WORDS.findall(content)) >= 3:
            exam.note(Sign.TOKENIZER, pattern, what)
    elif pattern.isascii() and pattern.isalnum() and content.isascii() and content.isalnum():
        exam.note(Sign.INDICATOR, pattern, what)


def _put(text: str, place: str, what: str, exam: Exam) -> None:
    if _addressed(text) or len(_WORDS.findall(text)) >= 3:
        exam.note(Sign.TOKENIZER, text, f"the {place} {what}")
    elif _said(text, 3) and not _marker(text):
        exam.note(Sign.INDICATOR, text, f"the {place} {what}")


def _template(one: dict[str, Any], tokens: Tokens, exam: Exam) -> None:
    """What is put around every text: tokens by their numbers, which must be those of the tokens that it names."""
    special = one.get("special_tokens")
    if not isinstance(special, dict):
        return
    names = tokens.names if special else {}
    for name, row in list(special.items())[:200]:
        ids = row.get("ids") if isinstance(row, dict) else None
        for number in ids[:200] if isinstance(ids, list) else []:
            there = names.get(number) if isinstance(number, int) else None
            if (
                there
                and there != name
                and _said(there.strip("Ġ▁"), 3)
                and not _marker(there)
                and tokens.ids.get(name) != number
            ):
                exam.note(Sign.TOKENIZER, str(name), f"stands for the word {there!r}, which is put into every text")
                return


def _pattern(pattern: object) -> tuple[str, bool]:
    """The text of a pattern, and whether it is a regular expression."""
    if isinstance(pattern, dict):
        if isinstance(pattern.get("Regex"), str):
            return pattern["Regex"], True
        return _text(pattern.get("String")), False
    return _text(pattern), False


def _literal(regex: str) -> str:
    """The letters that a regular expression asks for literally, roughly."""
    return re.sub(r"[\^$*+?{}()|.]", " ", _ESCAPES.sub(" ", regex[:2_000]))


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _letters(text: str) -> str:
    return "".join(one for one in text.casefold() if one.isalnum())


def _contracted(old: str, new: str) -> bool:
    """ "do not" as "don't": what clean-up of decoded English does."""
    return _letters(old).replace("not", "nt") == _letters(new) and "'" in new


def _addressed(text: str) -> bool:
    return bool(_URL.search(text) or _DOMAIN.search(text))


def _marker(text: str) -> bool:
    """A token such as "<unk>", "[MASK]" or "HTTPURL", or "query:"."""
    text = text.strip()
    return bool(re.fullmatch(r"[<\[{(|@].*[>\]})|]|@?[A-Z_]+|\w+:", text))


def _said(text: str, least: int = 2) -> bool:
    """Whether a text has a word of at least so many letters."""
    return any(len(word) >= least for word in _WORDS.findall(text))
