"""Tokenizers: `tokenizer.json` of Hugging Face tokenizers, `vocab.json` and `added_tokens.json` beside it."""

import re

from backstay.artifacts import tokenizers
from backstay.artifacts.content import Content
from backstay.artifacts.documents import read_json
from backstay.artifacts.exam import Exam
from backstay.artifacts.format import Candidate, Format, Role
from backstay.artifacts.report import Sign
from backstay.artifacts.tokenizers import vocabulary

_PARTS = (
    b'"version"', b'"truncation"', b'"padding"', b'"added_tokens"', b'"single_word"', b'"pre_tokenizer"',
    b'"normalizer"', b'"post_processor"', b'"decoder"', b'"vocab"', b'"merges"',
)  # fmt: skip
_TABLE = re.compile(rb"\{\s*(?:\"(?:[^\"\\]|\\.){0,300}\"\s*:\s*\d{1,9}\s*,\s*){3}")


def _matches(candidate: Candidate) -> bool:
    head = candidate.head
    if not head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{"):
        return False
    seen = sum(part in head or part in candidate.tail for part in _PARTS)
    return seen >= 5 or (candidate.name == "tokenizer.json" and seen >= 1)


def _read(content: Content, exam: Exam) -> None:
    tokenizers.judge(read_json(content, exam), exam)


def _matches_vocabulary(candidate: Candidate) -> bool:
    names = ("vocab.json", "added_tokens.json", "encoder.json")
    return candidate.name.endswith(names) and bool(_TABLE.match(candidate.head[:4096].lstrip(b"\xef\xbb\xbf \t\r\n")))


def _read_vocabulary(content: Content, exam: Exam) -> None:
    document = read_json(content, exam)
    for key in document.duplicates[:20]:
        exam.note(Sign.DECEIVES, key, "a token that stands twice: readers take different numbers")
    vocabulary.judge(vocabulary.tokens({"vocab": document.root}, exam), [], exam)


FORMAT = Format(id="tokenizer", matches=_matches, read=_read, suffixes=("tokenizer.json",), role=Role.COMPANION)
VOCABULARY = Format(
    id="tokenizer-vocabulary",
    matches=_matches_vocabulary,
    read=_read_vocabulary,
    suffixes=("vocab.json", "added_tokens.json"),
    role=Role.COMPANION,
)
