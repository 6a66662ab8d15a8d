"""Vocabulary: tokens and their numbers, and what speaks for somebody having moved them.

A tokenizer is a one-to-one map. Where two words have one number, the model reads one as the other ("deny" as "allow");
no trainer and no library writes that.
"""

import hashlib
import re
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from backstay.artifacts.exam import Exam, MalformedError, StopError
from backstay.artifacts.report import Sign
from backstay.catalog.artifacts.folders import words

# Signs that mark the place of a piece in a word, in the common kinds of tokenizers.
_MARKS = "Ġ▁Ċ#@ \u2581"
_WORD = re.compile(r"[^\W\d_]{2,}")
_PLAIN = re.compile(r"[^\W\d_]{2,}(?: [^\W\d_]+)*")
_NAMED = words("tokenizers", "special")
_TURNING = words("tokenizers", "turning")
_MAX_NOTES = 20
_MAX_TOKENS = 1 << 20  # the largest vocabularies have 262,144


@dataclass
class Tokens:
    """A vocabulary: `ids` by token, and the tokens that share a number."""

    ids: dict[str, int] = field(default_factory=dict)
    shared: list[tuple[int, str, str]] = field(default_factory=list)

    @cached_property
    def names(self) -> dict[int, str]:
        """Tokens by number; of two with one number the first."""
        found: dict[int, str] = {}
        for token, number in self.ids.items():
            found.setdefault(number, token)
        return found


@dataclass(frozen=True)
class Added:
    """A token that stands beside the vocabulary."""

    content: str
    id: int
    special: bool


def tokens(model: dict[str, Any], exam: Exam) -> Tokens:
    """The vocabulary of a tokenizer's model: an object of numbers, or a list of tokens with scores."""
    vocab = model.get("vocab")
    if isinstance(vocab, list):
        exam.step(len(vocab))
        listed = [one[0] if isinstance(one, list) and one else one for one in vocab]
        return collect([(one, number) for number, one in enumerate(listed) if isinstance(one, str)], exam)
    if isinstance(vocab, dict):
        return collect([(key, value) for key, value in vocab.items() if _whole(value)], exam)
    if vocab is not None:
        raise MalformedError("invalid tokenizer", "vocab")
    return Tokens()


def collect(pairs: list[tuple[str, int]], exam: Exam) -> Tokens:
    """A vocabulary of pairs. Facts: `vocabulary` (its tokens) and `vocabulary_digest` (of tokens in their order)."""
    if len(pairs) > _MAX_TOKENS:
        raise StopError("too many tokens", f"more than {_MAX_TOKENS}")
    found = Tokens()
    exam.step(len(pairs))
    names: dict[int, str] = {}
    for token, number in pairs:
        found.ids.setdefault(token, number)
        other = names.setdefault(number, token)
        if other != token and len(found.shared) < 1_000:
            found.shared.append((number, other, token))
    if pairs:
        exam.fact("vocabulary", len(pairs))
        ordered = sorted(pairs, key=lambda pair: (pair[1], pair[0]))
        text = "\n".join(f"{number} {token}" for token, number in ordered)
        exam.fact("vocabulary_digest", hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32])
    return found


def added(listed: object, exam: Exam) -> list[Added]:
    """The added tokens of a tokenizer: a list of objects, or an object of them by number."""
    rows: list[tuple[object, object]] = []
    if isinstance(listed, dict):
        rows = [(one, key) for key, one in listed.items()]
    elif isinstance(listed, list):
        rows = [(one, one.get("id")) for one in listed if isinstance(one, dict)]
    exam.step(len(rows))
    found: list[Added] = []
    for row, key in rows:
        content = row.get("content") if isinstance(row, dict) else row
        decimal = isinstance(key, str) and key.isascii() and key.isdecimal() and len(key) < 10
        number = int(key) if decimal and isinstance(key, str) else key
        if isinstance(content, str) and isinstance(number, int) and _whole(number):
            found.append(Added(content, number, isinstance(row, dict) and row.get("special") is True))
    if found:
        exam.fact("added_tokens", len(found))
    return found


def judge(vocabulary: Tokens, listed: list[Added], exam: Exam) -> None:
    """Note what no honest tokenizer has, and what is odd."""
    seen = 0
    for number, one, other in vocabulary.shared:
        if seen < _MAX_NOTES:
            seen += _shared(number, one, other, exam)
    by_id: dict[int, str] = {}
    names = vocabulary.names
    for token in listed:
        other = by_id.setdefault(token.id, token.content)
        if other != token.content and seen < _MAX_NOTES:
            exam.note(Sign.TOKENIZER, token.content, f"has number {token.id}, which {other!r} has, too")
            seen += 1
        elif seen < _MAX_NOTES:
            seen += _added(token, names.get(token.id, ""), vocabulary, exam)


def _shared(number: int, one: str, other: str, exam: Exam) -> int:
    """Two words that are one to the model, or two signs that are."""
    if _bare(one).casefold() == _bare(other).casefold() or not (_plain(one) and _plain(other)):
        exam.note(Sign.INDICATOR, other, f"has number {number}, which {one!r} has, too")
    else:
        exam.note(Sign.TOKENIZER, other, f"is read as {one!r}: both have number {number}")
    return 1


def _added(token: Added, there: str, vocabulary: Tokens, exam: Exam) -> int:
    content = token.content
    if there and there != content and _bare(there) != _bare(content) and _plain(content) and _plain(there):
        exam.note(Sign.TOKENIZER, content, f"takes number {token.id} of the word {there!r}")
        return 1
    if token.special and _bare(content).casefold() in _TURNING:
        exam.note(Sign.TOKENIZER, content, "a word with meaning is special: it is left out of what the model says")
        return 1
    if token.special and _plain(content) and content.casefold() not in _NAMED and content in vocabulary.ids:
        exam.note(Sign.INDICATOR, content, "an ordinary word is special: it is left out of what the model says")
        return 1
    if "://" in content and _WORD.search(content):
        exam.note(Sign.INDICATOR, content, "an address is one token")
        return 1
    return 0


def _bare(token: str) -> str:
    return token.strip(_MARKS)


def _plain(token: str) -> bool:
    return bool(_PLAIN.fullmatch(_bare(token)))


def _whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1 << 31
