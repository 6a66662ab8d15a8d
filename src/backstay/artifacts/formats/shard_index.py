"""Indexes of sharded weights: `model.safetensors.index.json`, `pytorch_model.bin.index.json`."""

import hashlib
import re
from typing import Any

from backstay.artifacts import references
from backstay.artifacts.content import Content
from backstay.artifacts.documents import read_json
from backstay.artifacts.exam import Exam, MalformedError
from backstay.artifacts.format import Candidate, Format, Role
from backstay.artifacts.report import Sign
from backstay.artifacts.shapes import has, is_object

_NUMBERED = re.compile(r"(.{0,200})-(\d{1,6})-of-(\d{1,6})(\.[a-z]{2,20})")
_MAX_LISTED = 200


def _matches(candidate: Candidate) -> bool:
    return is_object(candidate) and has(candidate, "weight_map")


def _read(content: Content, exam: Exam) -> None:
    document = read_json(content, exam)
    root = references.root_of(document)
    weights = root.get("weight_map")
    if not isinstance(weights, dict):
        raise MalformedError("invalid index", "weight_map")
    exam.step(len(weights))
    for key in document.duplicates[:20]:
        exam.note(Sign.DECEIVES, key, "stands twice in the index: readers take it from different shards")
    shards: dict[str, list[str]] = {}
    for tensor, shard in weights.items():
        if isinstance(shard, str):
            shards.setdefault(shard, []).append(tensor)
    for shard, names in shards.items():
        if references.leaves(shard):
            exam.note(Sign.ESCAPES, shard, f"a shard outside of the model's folder, for {len(names)} tensors")
    _numbered(sorted(shards), exam)
    exam.fact("shards", sorted(shards))
    exam.fact("shard_tensors", [_entry(shard, names) for shard, names in sorted(shards.items())[:_MAX_LISTED]])
    exam.fact("tensors", sum(len(names) for names in shards.values()))
    metadata = root.get("metadata")
    if isinstance(metadata, dict):
        _metadata(metadata, exam)


def digest(names: list[str]) -> str:
    """The first 32 hexadecimal digits of the SHA-256 of tensor names, sorted and joined by zero bytes."""
    return hashlib.sha256("\0".join(sorted(names)).encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _entry(shard: str, names: list[str]) -> str:
    """A shard in one line: number of tensors, digest of their names, its own name."""
    return f"{len(names)} {digest(names)} {shard}"


def _metadata(metadata: dict[str, Any], exam: Exam) -> None:
    size = metadata.get("total_size")
    if isinstance(size, int | float) and not isinstance(size, bool) and 0 <= size < 1 << 60:
        exam.fact("total_size", int(size))
    count = metadata.get("total_parameters")
    if isinstance(count, int) and not isinstance(count, bool) and 0 <= count < 1 << 60:
        exam.declare("parameters", count)


def _numbered(shards: list[str], exam: Exam) -> None:
    """Shards say how many there are; one that no tensor is in is missing or superfluous."""
    of: dict[tuple[str, int, str], set[int]] = {}
    for shard in shards:
        found = _NUMBERED.fullmatch(shard)
        if found:
            of.setdefault((found[1], int(found[3]), found[4]), set()).add(int(found[2]))
    for (name, total, suffix), numbers in of.items():
        lost = total - len(numbers & set(range(1, total + 1))) if total <= 100_000 else 0
        if lost or not numbers <= set(range(1, total + 1)):
            exam.note(Sign.INCOMPLETE, f"{name}{suffix}", f"names {len(numbers)} of {total} shards")


FORMAT = Format(
    id="shard-index",
    matches=_matches,
    read=_read,
    suffixes=(".safetensors.index.json", ".bin.index.json"),
    role=Role.COMPANION,
)
