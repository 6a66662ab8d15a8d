"""CatBoost: holds the tables of a CatBoost model against its file and against each other.

A file is "CBM1", a length, a flatbuffer, and tables of categories (catboost/libs/model/flatbuffers/model.fbs and
catboost/libs/model/model.cpp of catboost/catboost). The loader verifies the flatbuffer and not what its numbers mean.
"""

import json
import struct

from backstay.artifacts.containers import tail
from backstay.artifacts.content import Content
from backstay.artifacts.exam import Exam, MalformedError, StopError
from backstay.artifacts.format import Candidate, Format
from backstay.artifacts.report import Sign
from backstay.artifacts.weights.texts import judge

_MOST = 1 << 26  # elements of a vector
_DEEPEST = 30  # splits of a symmetric tree, which has 2 to their power leaves
# Fields of TModelCore and TModelTrees by their number in the schema.
_TREES, _INFORMATION, _PARTS = 1, 2, 3
_DIMENSION, _SPLITS, _SIZES, _STARTS, _LEAVES, _STEPS, _LEAF_IDS = 0, 1, 2, 3, 8, 10, 11
_TEXTS = 1 << 20


def _matches(candidate: Candidate) -> bool:
    head = candidate.head
    return head[:4] == b"CBM1" and len(head) >= 12


def _read(content: Content, exam: Exam) -> None:
    exam.fact("framework", "catboost")
    size = int.from_bytes(content.read(4, 4), "little")
    if 8 + size > content.size:
        if size > content.size * 1000:
            exam.note(Sign.TENSORS, "core", f"{size} bytes of a file of {content.size}: a loader allocates them", 4)
        else:
            exam.note(Sign.INCOMPLETE, "core", f"the file ends {8 + size - content.size} bytes before its tables do", 4)
        raise StopError("truncated", "within the tables")
    buffer = _Buffer(content.part(8, size), exam)
    core = buffer.table(0)
    _information(buffer, core, exam)
    trees = buffer.child(core, _TREES)
    if trees < 0:
        raise MalformedError("invalid model", "no trees")
    _trees(buffer, trees, exam)
    if buffer.vector(core, _PARTS, 4)[1] == 0:
        tail.check(content, 8 + size, exam)


def _information(buffer: "_Buffer", core: int, exam: Exam) -> None:
    at, number = buffer.vector(core, _INFORMATION, 4)
    for one in range(min(number, 1_000)):
        pair = buffer.follow(at + 4 * one)
        key, value = buffer.text(pair, 0), buffer.text(pair, 1)
        if key == "catboost_version_info":
            words = [line.split(":", 1)[1].strip() for line in value.splitlines() if "Branch:" in line]
            exam.fact("framework_version", words[0].rpartition("/")[2].removeprefix("v") if words else "")
        if key == "params" and value.startswith("{"):
            _parameters(value, exam)
        else:
            judge(key, value, exam)


def _parameters(text: str, exam: Exam) -> None:
    try:
        parameters = json.loads(text)
    except (ValueError, RecursionError):
        return
    loss = parameters.get("loss_function") if isinstance(parameters, dict) else None
    if isinstance(loss, dict) and isinstance(loss.get("type"), str):
        exam.fact("architecture", f"gradient boosted trees ({loss['type']})")


def _trees(buffer: "_Buffer", trees: int, exam: Exam) -> None:
    dimension = buffer.integer(trees, _DIMENSION)
    sizes, starts = buffer.integers(trees, _SIZES), buffer.integers(trees, _STARTS)
    splits, leaves = buffer.vector(trees, _SPLITS, 4)[1], buffer.vector(trees, _LEAVES, 8)[1]
    exam.step(1 + len(sizes))
    exam.fact("parameters", leaves)
    if len(starts) < len(sizes):
        _accuse("TreeStartOffsets", f"{len(starts)} starts for {len(sizes)} trees: a loader reads beyond them", exam)
        return
    for number, (start, size) in enumerate(zip(starts, sizes, strict=False)):
        if start < 0 or size < 0 or start + size > splits:
            message = f"tree {number} has splits {start} to {start + size} of {splits}: a loader reads beyond them"
            _accuse("TreeSizes", message, exam)
            return
    _, steps = buffer.vector(trees, _STEPS, 4)
    if steps:
        _steps(buffer, trees, starts, sizes, leaves, exam)
        return
    if any(size > _DEEPEST for size in sizes):
        _accuse("TreeSizes", f"a symmetric tree of {max(sizes)} splits: the number of its leaves overflows", exam)
        return
    wanted = sum(1 << size for size in sizes) * max(1, dimension)
    if sizes and wanted > leaves:
        _accuse("LeafValues", f"{leaves} values where the trees have {wanted}: a loader reads beyond them", exam)


def _steps(buffer: "_Buffer", trees: int, starts: list[int], sizes: list[int], leaves: int, exam: Exam) -> None:
    at, steps = buffer.vector(trees, _STEPS, 4)
    ids_at, ids = buffer.vector(trees, _LEAF_IDS, 4)
    diffs = struct.unpack(f"<{2 * steps}H", buffer.bytes(at, 4 * steps))
    values = struct.unpack(f"<{ids}I", buffer.bytes(ids_at, 4 * ids))
    exam.step(1 + steps)
    for number, (start, size) in enumerate(zip(starts, sizes, strict=False)):
        for node in range(start, min(start + size, steps)):
            if node + max(diffs[2 * node], diffs[2 * node + 1]) >= start + size:
                message = f"node {node - start} of tree {number} leads out of its {size} nodes"
                _accuse("NonSymmetricStepNodes", message, exam)
                return
            ends = not diffs[2 * node] or not diffs[2 * node + 1]
            if ends and (node >= ids or (values[node] >= leaves and values[node] != 0xFFFFFFFF)):
                message = f"node {node - start} of tree {number} names a leaf beyond the {leaves} values"
                _accuse("NonSymmetricNodeIdToLeafId", message, exam)
                return


def _accuse(subject: str, message: str, exam: Exam) -> None:
    exam.note(Sign.TENSORS, subject, message)


class _Buffer:
    """A flatbuffer: tables whose fields are found over a list of offsets, each held against the buffer."""

    def __init__(self, content: Content, exam: Exam) -> None:
        self.content, self.exam = content, exam

    def bytes(self, at: int, length: int) -> bytes:
        found = self.content.read(at, length) if length else b""
        if len(found) < length:
            raise MalformedError("invalid tables", f"at byte {at}")
        return found

    def follow(self, at: int) -> int:
        """Where an offset at a place leads."""
        return at + int.from_bytes(self.bytes(at, 4), "little")

    def table(self, at: int) -> int:
        return self.follow(at)

    def field(self, table: int, number: int) -> int:
        """Where a field of a table stands; -1 when it has its default."""
        self.exam.step()
        (back,) = struct.unpack("<i", self.bytes(table, 4))
        start = table - back
        size = int.from_bytes(self.bytes(start, 2), "little")
        if 4 + 2 * number + 2 > size:
            return -1
        offset = int.from_bytes(self.bytes(start + 4 + 2 * number, 2), "little")
        return table + offset if offset else -1

    def integer(self, table: int, number: int) -> int:
        at = self.field(table, number)
        return int(struct.unpack("<i", self.bytes(at, 4))[0]) if at >= 0 else 0

    def child(self, table: int, number: int) -> int:
        at = self.field(table, number)
        return self.follow(at) if at >= 0 else -1

    def vector(self, table: int, number: int, size: int) -> tuple[int, int]:
        """Where the elements of a vector begin, and how many they are."""
        at = self.child(table, number)
        if at < 0:
            return 0, 0
        length = int.from_bytes(self.bytes(at, 4), "little")
        if at + 4 + length * size > self.content.size:
            message = f"a vector of {length} elements in {self.content.size} bytes: a loader reads beyond them"
            self.exam.note(Sign.TENSORS, "core", message, 8 + at)
            raise StopError("invalid tables", f"at byte {at}")
        if length > _MOST:
            raise StopError("too large", f"a vector of {length} elements")
        return at + 4, length

    def integers(self, table: int, number: int) -> list[int]:
        at, length = self.vector(table, number, 4)
        self.exam.step(1 + length // 8)
        return list(struct.unpack(f"<{length}i", self.bytes(at, 4 * length)))

    def text(self, table: int, number: int) -> str:
        at, length = self.vector(table, number, 1)
        return self.bytes(at, min(length, _TEXTS)).decode("utf-8", "replace")


FORMAT = Format("catboost", _matches, _read, suffixes=(".cbm",))
