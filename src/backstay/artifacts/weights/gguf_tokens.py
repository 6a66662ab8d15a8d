"""GGUF tokens: a vocabulary held against itself: what is missing, doubled, exchanged or hidden in it.

Without the base model's vocabulary a changed one cannot be proven: what looks changed is an indicator. Arrays that are
too short for the vocabulary are read beyond by loaders. Keys and token types from ggml/docs/gguf.md.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from backstay.artifacts.exam import Exam
from backstay.artifacts.report import Sign

_TOKENS = "tokenizer.ggml.tokens"
_CONTROL, _USER_DEFINED = 3, 4
_NO_TOKEN = (-1, 0xFFFFFFFF)
_BYTE = re.compile(rb"<0x[0-9A-Fa-f]{2}>")
_LONG = 200  # characters of a control token
_TOLD = 10


def check_tokens(metadata: Mapping[str, Any], exam: Exam) -> None:
    """Note what does not fit in a vocabulary."""
    tokens = metadata.get(_TOKENS)
    if not isinstance(tokens, list) or not tokens or not isinstance(tokens[0], bytes):
        return
    exam.step(1 + len(tokens) // 4)
    for name in ("scores", "token_type"):
        values = metadata.get(f"tokenizer.ggml.{name}")
        if isinstance(values, list) and len(values) < len(tokens):
            message = f"{len(values)} values for {len(tokens)} tokens: a loader reads beyond them"
            exam.note(Sign.TENSORS, f"tokenizer.ggml.{name}", message)
    for key, value in metadata.items():
        named = key.startswith("tokenizer.ggml.") and key.endswith("_token_id") and type(value) is int
        if named and value not in _NO_TOKEN and not 0 <= value < len(tokens):
            exam.note(Sign.IRREGULAR, key, f"names token {value} of a vocabulary of {len(tokens)}")
    _check_doubles(tokens, exam)
    _check_bytes(tokens, exam)
    types = metadata.get("tokenizer.ggml.token_type")
    _check_control(tokens, types if isinstance(types, list) else [], exam)


def _check_doubles(tokens: Sequence[bytes], exam: Exam) -> None:
    if len(set(tokens)) == len(tokens):
        return
    seen: set[bytes] = set()
    doubled: list[bytes] = []
    for one in tokens:
        if one in seen and one and len(one) < 1024:
            doubled.append(one)
        seen.add(one)
    if doubled:
        message = f"{len(doubled)} tokens stand in the vocabulary twice: what is read and what is written can differ"
        exam.note(Sign.INDICATOR, _shown(doubled[0]), message)


def _check_bytes(tokens: Sequence[bytes], exam: Exam) -> None:
    """Bytes have tokens of their own, in the same order in every vocabulary of a kind."""
    alphabet = _alphabet()
    if set(tokens[:256]) == set(alphabet):
        _note_exchanged(alphabet, tokens[:256], exam)
    places = {
        one: at for at, one in enumerate(tokens) if len(one) == 6 and one.startswith(b"<0x") and one.endswith(b">")
    }
    for one in places:
        if not _BYTE.fullmatch(one):
            message = "a token of a byte that is none: a loader takes it for an index"
            exam.note(Sign.TENSORS, _shown(one), message)
            break
    names = [f"<0x{one:02X}>".encode() for one in range(256)]
    if all(name in places for name in names):
        first = min(places[name] for name in names)
        _note_exchanged(names, tokens[first : first + 256], exam)


def _note_exchanged(expected: Sequence[bytes], found: Sequence[bytes], exam: Exam) -> None:
    wrong = [at for at in range(256) if at >= len(found) or expected[at] != found[at]]
    if wrong:
        message = f"{len(wrong)} tokens of single bytes are not in their usual places: text may be read as another"
        exam.note(Sign.INDICATOR, _shown(expected[wrong[0]]), message)


def _check_control(tokens: Sequence[bytes], types: Sequence[Any], exam: Exam) -> None:
    told = 0
    for one, kind in zip(tokens, types, strict=False):
        if kind not in (_CONTROL, _USER_DEFINED) or told >= _TOLD:
            continue
        text = one.decode("utf-8", "replace")
        hidden = next((char for char in text if _is_hidden(ord(char))), "")
        if hidden:
            told += 1
            exam.note(Sign.INDICATOR, text, f"a special token with the invisible character U+{ord(hidden):04X}")
        elif len(text) > _LONG and text.strip(text[0]):
            told += 1
            exam.note(Sign.INDICATOR, text, f"a special token of {len(text)} characters")


def _is_hidden(code: int) -> bool:
    """Characters that change the direction of text, and tags, which no reader sees."""
    return 0x202A <= code <= 0x202E or 0x2066 <= code <= 0x2069 or 0xE0000 <= code <= 0xE007F


def _alphabet() -> list[bytes]:
    """Bytes as characters, in the order of their tokens: printable ones first (GPT-2's `bytes_to_unicode`)."""
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    return [chr(one).encode() for one in [*printable, *range(0x100, 0x100 + 256 - len(printable))]]


def _shown(token: bytes) -> str:
    return token.decode("utf-8", "replace")
