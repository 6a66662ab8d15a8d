"""Ingestion scripts: programs named for handing documents to a search index or chat, and the documents they take."""

import re
from collections.abc import Iterator

from backstay.detectors.support.facts import edge, owner_edge
from backstay.detectors.support.recipes import SOURCE, pipeline
from backstay.model import Asset, Kind
from backstay.model import RelationshipKind as Edge
from backstay.plugin import Fact, File

MAX_GLOBS = 20
MAX_TEXT = 100_000
SUFFIXES = (".js", ".mjs", ".cjs", ".ts", ".sh", ".ps1")
_NAME = re.compile(
    r"(?:\A|[-_.])(?:upload|ingest|index|embed|prep|prepare|load|import|seed|sync)[-_]?"
    r"(?:docs?|documents?|pdfs?|knowledge|corpus|embeddings)(?:\Z|[-_.])"
)
_FOR = re.compile(r"(?i)ingest|embed|vector|openai|llm\b|\brag\b")
_READS = re.compile(r"readdir|readFile|createReadStream|\bglob\b|Get-ChildItem|for \w{1,40} in |\*\.\w")
_SENDS = re.compile(r"\bfetch\(|axios|\bgot\b|\.post\(|\bcurl\b|Invoke-(?:RestMethod|WebRequest)")
_DOCUMENTS = re.compile(
    r"(?<![\w./*$}-])((?:\./)?[A-Za-z_][\w-]{0,60}(?:/[\w-]{1,60}){0,6}/(?:\*\*/)?\*\.(?:pdf|docx|md|txt|html|csv|json))\b"
)


def is_named(file: File) -> bool:
    """Whether a file's name says that it takes documents in."""
    stem, _, _ = file.name.lower().rpartition(".")
    return file.name.lower().endswith(SUFFIXES) and len(stem) < 200 and bool(_NAME.search(stem))


def ingestion_facts(file: File) -> Iterator[Fact]:
    """The script as a pipeline where it hands over documents itself; the documents that it names in any case."""
    text = file.text[:MAX_TEXT]
    if not _FOR.search(text):
        return
    found = None
    if _READS.search(text) and _SENDS.search(text):
        found = pipeline(file, "ingestion", 1, file.name.rpartition(".")[0])
        yield found
        yield owner_edge(Edge.USES, found.key, found.evidence)
    told: set[str] = set()
    for match in _DOCUMENTS.finditer(text):
        path = match[1].removeprefix("./")
        if path not in told and len(told) < MAX_GLOBS:
            told.add(path)
            seen = file.evidence(SOURCE, text.count("\n", 0, match.start()) + 1, confidence=0.8)
            asset = Asset(file.urn(Kind.DATASET, path), Kind.DATASET, path, {"path": path}, seen)
            yield asset
            yield (
                owner_edge(Edge.CONTAINS, asset.key, seen)
                if found is None
                else edge(found.key, Edge.CONSUMES, asset.key, seen)
            )
