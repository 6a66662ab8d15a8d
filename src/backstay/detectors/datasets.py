"""Detector of datasets: data files where data for models stands, and the files that describe datasets."""

import json
import re
import struct
from collections.abc import Iterator

from backstay.detectors.support.facts import owner_edge
from backstay.detectors.support.hub import folder_dataset
from backstay.detectors.support.lfs import pointer
from backstay.detectors.support.reading import front_matter, json_root, yaml_documents
from backstay.documents import Node
from backstay.model import Asset, Attributes, Kind, Level
from backstay.model import RelationshipKind as Edge
from backstay.plugin import Fact, File, Selector, UnreadableError, detector
from backstay.secrecy import clean_url

_ID = "datasets"
_COLUMNS = (".parquet", ".arrow", ".feather", ".tfrecord", ".tfrecords")
_TEXTS = (".csv", ".tsv", ".jsonl", ".ndjson", ".libsvm", ".svmlight", ".conll", ".conllu")
# Texts for people, which retrieval reads: data where nothing but data stands.
_DOCUMENTS = {".pdf": b"%PDF-", ".docx": b"PK"}
_PACKED = tuple(suffix + end for suffix in (".csv", ".tsv", ".jsonl") for end in (".gz", ".bz2", ".xz", ".zst"))
_CARD_KEYS = (
    "task_categories",
    "task_ids",
    "dataset_info",
    "size_categories",
    "source_datasets",
    "annotations_creators",
)

_SELECTOR = Selector(
    names=frozenset({"dataset_infos.json", "dataset_info.json", "dataset_dict.json", "readme.md", "dataset_card.md"}),
    suffixes=(*_COLUMNS, *_TEXTS, *_PACKED, *_DOCUMENTS, ".dvc"),
    paths=("**/train*.json", "**/test*.json", "**/val*.json", "**/dev*.json", "**/eval*.json", "**/*dataset*.json"),
    magic=(b"PAR1", b"ARROW1", b"FEA1"),
    contains=(b"mlcommons.org/croissant",),
    within=(".json", ".jsonld"),
    whole=False,
)

_FOLDERS = frozenset(
    {"data", "dataset", "datasets", "corpus", "corpora", "train", "training", "trainset", "testset", "eval", "evals"}
    | {"evaluation", "evaluations", "validation", "finetune", "finetuning", "fine_tuning", "fine-tuning", "raw"}
    | {"processed", "benchmark", "benchmarks", "golden", "ground_truth"}
)
_LIBRARIES = frozenset(
    {"data", "dataset", "datasets", "datasources", "corpus", "corpora", "knowledge", "knowledge_base", "knowledge-base"}
)
# Data of tests, pages and programs: it feeds no model.
_ELSEWHERE = frozenset(
    {"test", "tests", "__tests__", "testdata", "test_data", "fixtures", "__fixtures__", "mocks", "locales", "locale"}
    | {"i18n", "translations", "migrations", "seeds", "seeders", "node_modules", "docs", "public", "static", "assets"}
)
# What came out of models: data for one only where the file's own name says so.
_OUTCOMES = frozenset(
    {"result", "results", "output", "outputs", "prediction", "predictions", "preds", "generations", "logs", "ratings"}
)
# Words by which data for models is named, at the start or end of a file's name...
_SPLITS = frozenset(
    {"train", "training", "trainset", "test", "testset", "val", "valid", "validation", "dev", "eval", "evals"}
    | {"holdout", "dataset", "datasets", "corpus", "finetune", "finetuning", "sft", "dpo", "golden", "labels"}
)
# ... unless another word says that it is what came out, or how something is set up.
_NO_SPLITS = frozenset({"result", "results", "report", "metrics", "output", "log", "logs", "config", "settings", "env"})


@detector(_SELECTOR, Kind.DATASET)
def detect(file: File) -> Iterator[Fact]:
    name = file.name.lower()
    if name in ("readme.md", "dataset_card.md"):
        yield from _card(file)
    elif name in ("dataset_infos.json", "dataset_info.json", "dataset_dict.json"):
        yield from _described(file)
    elif name.endswith(".dvc"):
        yield from _tracked(file)
    elif name.endswith((".json", ".jsonld")) and "mlcommons.org/croissant" in file.text[:20_000]:
        yield from _croissant(file)
    else:
        found = _format(file, name)
        if found:
            yield from _dataset(file, found)


def _dataset(file: File, found: str) -> Iterator[Fact]:
    pointed = None if file.binary else pointer(file.text[:2_000]) if file.size < 2_000 else None
    attributes: Attributes = {"format": found, "path": file.path, "size": pointed[1] if pointed else file.size}
    # That a table in data/ is data for a model is a conclusion; its format is not.
    sure = found in ("parquet", "arrow", "tfrecord")
    level = Level.OBSERVED if sure else Level.INFERRED
    seen = file.evidence(_ID, level=level, confidence=0.9 if sure or _is_split(file) else 0.7)
    asset = Asset(file.urn(Kind.DATASET, file.path), Kind.DATASET, file.path, attributes, seen)
    yield asset
    yield owner_edge(Edge.CONTAINS, asset.key, seen)


def _is_split(file: File) -> bool:
    """Whether a file is named as data for models is: train-00001-of-2.csv, my_dataset.jsonl."""
    words = [word for word in re.split(r"[^a-z]+", file.name.lower().partition(".")[0]) if word not in _FILLERS]
    return bool(words) and bool({words[0], words[-1]} & _SPLITS) and not set(words) & _NO_SPLITS


_FILLERS = frozenset({"", "of", "v", "set", "data", "split", "sample", "small", "full", "clean", "final"})


def _format(file: File, name: str) -> str | None:
    folders = set(file.folder.lower().split("/"))
    here = not folders & _ELSEWHERE
    pointed = not file.binary and file.size < 2_000 and pointer(file.text[:2_000]) is not None
    if file.data.startswith(b"PAR1") or (pointed and name.endswith(".parquet")):
        return "parquet" if here else None
    if file.data.startswith((b"ARROW1", b"FEA1")) or (name.endswith(".arrow") and file.data.startswith(b"\xff" * 4)):
        return "arrow" if here else None
    if name.endswith((".tfrecord", ".tfrecords")):
        return "tfrecord" if here and (pointed or _tfrecord(file)) else None
    if name.endswith(tuple(_DOCUMENTS)):
        suffix = name[name.rindex(".") :]
        opens = pointed or file.data.startswith(_DOCUMENTS[suffix])
        stands = file.folder.lower().rpartition("/")[2] in _LIBRARIES
        return suffix[1:] if here and stands and opens else None
    if not here or not ((folders & _FOLDERS and not folders & _OUTCOMES) or _is_split(file)):
        return None
    suffix = next((one for one in (*_PACKED, *_TEXTS) if name.endswith(one)), "")
    if suffix and (pointed or suffix in _PACKED or _plausible(suffix, file)):
        return suffix.split(".")[1]
    if name.endswith(".json") and _is_split(file) and _records(file):
        return "json"
    return None


def _tfrecord(file: File) -> bool:
    """A first record whose length fits the file: 8 bytes of length, a checksum, the record, a checksum."""
    return len(file.data) >= 16 and 0 < struct.unpack_from("<Q", file.data)[0] <= file.size - 16


def _plausible(suffix: str, file: File) -> bool:
    lines = [line for line in file.text[:20_000].splitlines()[:20] if line.strip()]
    if suffix in (".jsonl", ".ndjson"):
        try:
            return bool(lines) and (len(lines[0]) > 15_000 or isinstance(json.loads(lines[0]), dict | list))
        except (ValueError, RecursionError):
            return False
    if suffix in (".csv", ".tsv"):
        # One column is a list, and text corpora are often just that; nothing at all is no data.
        return len(lines) >= 2
    return bool(lines)


def _records(file: File) -> bool:
    """Whether a JSON file is a list of records, or a mapping with such a list, judged by how it starts."""
    head = file.text[:4_000]
    if re.match(r'\s*\[\s*\{\s*"', head):
        return True
    return bool(re.match(r'\s*\{\s*"(?:data|examples|instances|records|rows|questions|annotations)"\s*:\s*\[', head))


def _card(file: File) -> Iterator[Fact]:
    if file.truncated:
        return
    front, _, _ = front_matter(file.text)
    if not any(front.get(key).line for key in _CARD_KEYS) or front.get("library_name").line:
        return
    attributes: Attributes = {"card": file.path, "path": file.folder}
    license = front.get("license").text or front.get("license", 0).text
    if license:
        attributes["license"] = license
    seen = file.evidence(_ID, front.line or 1, level=Level.DECLARED)
    yield from _folder(folder_dataset(file, attributes, seen, front.get("pretty_name").text))


def _described(file: File) -> Iterator[Fact]:
    if file.truncated:
        raise UnreadableError("too large", f"{file.size} bytes")
    root = json_root(file)
    nodes = [root, *(one for _, one in root.entries())]
    if not any(one.get("features").line or one.get("splits").line for one in nodes):
        return
    license = next((one.get("license").text for one in nodes if one.get("license").text), "")
    attributes: Attributes = {"path": file.folder}
    if license:
        attributes["license"] = license[:100]
    yield from _folder(folder_dataset(file, attributes, file.evidence(_ID, root.line or 1)))


def _folder(asset: Asset) -> Iterator[Fact]:
    yield asset
    yield owner_edge(Edge.CONTAINS, asset.key, asset.evidence)


_MODEL_SUFFIXES = (
    ".pt",
    ".pth",
    ".pkl",
    ".pickle",
    ".h5",
    ".keras",
    ".onnx",
    ".joblib",
    ".safetensors",
    ".ckpt",
    ".bin",
)


def _tracked(file: File) -> Iterator[Fact]:
    """What DVC tracks: the data lies in its cache, the repository holds its digest and size."""
    for root in yaml_documents(file):
        for out in root.get("outs").elements():
            path = out.get("path").text
            if not path or not (out.get("md5").text or out.get("hash").text) or path.lower().endswith(_MODEL_SUFFIXES):
                continue
            whole = f"{file.folder}/{path}" if file.folder else path
            seen = file.evidence(_ID, out.get("path").line)
            attributes: Attributes = {"path": whole, "format": "dvc"}
            size = out.get("size").value
            if isinstance(size, int):
                attributes["size"] = size
            if set(whole.lower().split("/")) & {"model", "models"}:
                continue
            yield from _folder(Asset(file.urn(Kind.DATASET, whole), Kind.DATASET, whole, attributes, seen))


def _croissant(file: File) -> Iterator[Fact]:
    if file.truncated:
        raise UnreadableError("too large", f"{file.size} bytes")
    root = json_root(file)
    name = root.get("name")
    if not name.text or "Dataset" not in _type(root):
        return
    attributes: Attributes = {"card": file.path}
    if root.get("url").text:
        attributes["url"] = clean_url(root.get("url").text)
    if root.get("license").text:
        attributes["license"] = root.get("license").text[:200]
    seen = file.evidence(_ID, name.line, level=Level.DECLARED)
    yield from _folder(Asset(file.urn(Kind.DATASET, file.path), Kind.DATASET, name.text, attributes, seen))


def _type(root: Node) -> str:
    return root.get("@type").text or root.get("@type", 0).text
