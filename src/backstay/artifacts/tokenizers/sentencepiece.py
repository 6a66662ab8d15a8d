"""SentencePiece: judges the tokenizer models of that library, which are Protocol Buffers.

Fields by its `sentencepiece_model.proto`: ModelProto.pieces 1 (piece 1, score 2, type 3), trainer_spec 2,
normalizer_spec 3, denormalizer_spec 5; NormalizerSpec.name 1, precompiled_charsmap 2, normalization_rule_tsv 6.
A compiled map is the size of a trie (4 bytes), the trie, and the texts that are written, each ended by a zero byte.
"""

import re

from backstay.artifacts.exam import Exam
from backstay.artifacts.report import Sign
from backstay.artifacts.tokenizers import vocabulary
from backstay.artifacts.tokenizers.vocabulary import Added
from backstay.artifacts.wire.protobuf import BYTES, FIXED32, Field, Message

_NORMAL, _CONTROL, _USER = 1, 3, 4
_MAX_MAP = 8 << 20
_PIECE = 30  # steps for each piece, which is kept: the largest models have 262,144
# The longest words that Unicode's own compatibility forms give have four letters: "kcal" and "viii".
_WORDS = re.compile(rb"[A-Za-z]{5,}|https?://[^\x00\s]{2,}|www\.[^\x00\s]{2,}")
_ADDRESS = re.compile(rb"https?://[^\x00\s]{2,}|www\.[^\x00\s]{2,}")


def recognised(message: Message) -> bool:
    """Whether the first fields of a message are pieces: a text, a score, at most a small type."""
    pieces = 0
    for field in message.fields():
        if field.number != 1:
            return pieces > 0 and field.number in (2, 3, 4, 5) and field.wire == BYTES
        if field.wire != BYTES or not _is_piece(field):
            return False
        pieces += 1
        if pieces == 4:
            return True
    return pieces > 0 and not message.walk.broken


def _is_piece(field: Field) -> bool:
    seen: list[int] = []
    for part in field.message():
        seen.append(part.number)
        if (part.number, part.wire) not in ((1, BYTES), (2, FIXED32), (3, 0)) or (part.number == 3 and part.value > 6):
            return False
    return seen[:2] == [1, 2]


def judge(message: Message, exam: Exam) -> None:
    """Judge a whole model."""
    pairs: list[tuple[str, int]] = []
    special: list[Added] = []
    for field in message.fields((1, 3, 5)):
        if field.number == 1:
            text, kind = _piece(field)
            if kind in (_CONTROL, _USER):
                special.append(Added(text, len(pairs), kind == _CONTROL))
            pairs.append((text, len(pairs)))
            exam.step(_PIECE)
        else:
            _rules(field, "normalizer" if field.number == 3 else "denormalizer", exam)
    vocabulary.judge(vocabulary.collect(pairs, exam), special, exam)
    exam.fact("tokenizer", "SentencePiece")


def _piece(field: Field) -> tuple[str, int]:
    text, kind = "", _NORMAL
    for part in field.message():
        if part.number == 1:
            text = part.text(10_000)
        elif part.number == 3:
            kind = part.value
    return text, kind


def _rules(field: Field, place: str, exam: Exam) -> None:
    for part in field.message():
        if part.number == 2 and part.value:
            if part.value > _MAX_MAP:
                exam.gap("too large", f"the {place}'s map of {part.value} bytes")
            _map(part.bytes(_MAX_MAP), place, part.at, exam)
        elif part.number == 6 and part.value:
            for found in _ADDRESS.finditer(part.bytes(_MAX_MAP)):
                exam.note(Sign.TOKENIZER, _shown(found[0]), f"the {place} has a rule with an address", part.at)
                break


def _map(data: bytes, place: str, at: int, exam: Exam) -> None:
    trie = int.from_bytes(data[:4], "little")
    if len(data) < 4 or trie > len(data) - 4:
        exam.note(Sign.IRREGULAR, place, "its map is cut short", at)
        return
    exam.step(len(data) >> 6)
    found = _WORDS.search(data, 4 + trie)
    if found:
        exam.note(
            Sign.TOKENIZER, _shown(found[0]), f"the {place} writes this in place of other text", at + found.start()
        )


def _shown(text: bytes) -> str:
    return text.decode("utf-8", "replace")
