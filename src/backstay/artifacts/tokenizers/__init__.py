"""Tokenizers: judges what turns text into tokens and back, by its own rules and without running it."""

from typing import Any

from backstay.artifacts.documents import Document
from backstay.artifacts.exam import Exam
from backstay.artifacts.report import Sign
from backstay.artifacts.tokenizers import rewriting, vocabulary

_VOCABULARY_KEYS = 20  # duplicates that are looked at


def judge(document: Document, exam: Exam) -> None:
    """Judge a parsed `tokenizer.json` (Hugging Face tokenizers' serialisation of a whole pipeline)."""
    root = document.root if isinstance(document.root, dict) else {}
    model = root.get("model")
    model = model if isinstance(model, dict) else {}
    tokens = vocabulary.tokens(model, exam)
    added = vocabulary.added(root.get("added_tokens"), exam)
    vocabulary.judge(tokens, added, exam)
    for key in document.duplicates[:_VOCABULARY_KEYS]:
        # The library writes each token once; its reader and others keep different ones of two.
        exam.note(Sign.DECEIVES, key, "a key that stands twice in one object: readers take different values")
    for part in ("normalizer", "pre_tokenizer", "post_processor", "decoder"):
        rewriting.judge(root.get(part), part, tokens, exam)
    exam.fact("tokenizer", str(model.get("type") or _kind(model)))


def _kind(model: dict[str, Any]) -> str:
    vocab = model.get("vocab")
    if isinstance(vocab, list):
        return "Unigram"
    return "BPE" if "merges" in model else "WordPiece" if "continuing_subword_prefix" in model else "WordLevel"
