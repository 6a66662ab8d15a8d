"""XGBoost: reads boosted trees as JSON, as UBJSON and in the binary form of versions before 3.1.

From doc/model.schema and src/tree/tree_model.cc of dmlc/xgboost. Its loaders follow indices of nodes, features and
categories without looking whether they lie in the model.
"""

import re
from collections.abc import Sequence
from typing import Any

from backstay.artifacts.containers import tail
from backstay.artifacts.content import Content
from backstay.artifacts.documents import read_json
from backstay.artifacts.exam import Exam, MalformedError, StopError
from backstay.artifacts.format import Candidate, Format
from backstay.artifacts.report import Sign
from backstay.artifacts.tabular.trees import Trees
from backstay.artifacts.weights.texts import judge
from backstay.artifacts.wire.cursor import Cursor
from backstay.artifacts.wire.ubjson import read_ubjson

_START = re.compile(rb'\s*\{\s*"(?:learner|version|Config|Model)"\s*:')
_BINARY_START = re.compile(rb"\{[#$iUIlL]")
_SURE = ("gradient_booster", "learner_model_param", "left_children")
_OBJECTIVE = re.compile(rb"(?:reg|binary|multi|rank|count|survival):[a-z_:]{2,40}|[a-z_]{3,40}")
_BOOSTERS = (b"gbtree", b"gblinear", b"dart")
_LEARNER, _MODEL, _LINEAR, _TREE = 136, 160, 136, 148  # bytes of the structs that a binary file is made of
_NODE, _STATISTICS = 20, 16
_NO_PARENT = (-1, 0x7FFFFFFF, 0xFFFFFFFF)
_LONGEST = 1 << 20  # bytes of an attribute


def _matches(candidate: Candidate) -> bool:
    head = candidate.head
    if _START.match(head):
        ends = (head, candidate.tail)
        return any(f'"{word}"'.encode() in end for word in _SURE for end in ends)
    if _BINARY_START.match(head) and b"learner" in head[:64]:
        if re.match(rb"\{(?:[iU]|I\0|l\0\0\0|L\0\0\0\0\0\0\0)\x07learner", head):
            return True
        ends = (head, candidate.tail)
        return any(word.encode() in end for word in _SURE for end in ends)
    return _names(head) is not None


def _names(head: bytes) -> tuple[int, str, str] | None:
    """Where the trees of a binary file begin, with the names of its objective and its booster."""
    at = (4 if head.startswith(b"binf") else 0) + _LEARNER
    found = []
    for _ in range(2):
        length = int.from_bytes(head[at : at + 8], "little")
        if not 3 <= length <= 60 or len(head) < at + 8 + length:
            return None
        found.append(head[at + 8 : at + 8 + length])
        at += 8 + length
    if found[1] not in _BOOSTERS or not _OBJECTIVE.fullmatch(found[0]):
        return None
    return at, found[0].decode(), found[1].decode()


def _read(content: Content, exam: Exam) -> None:
    exam.fact("framework", "xgboost")
    head = content.read(0, 4096)
    if _START.match(head):
        document = read_json(content, exam)
        _note_duplicates(document.duplicates, exam)
        _model(document.root, exam)
    elif _BINARY_START.match(head) and b"learner" in head[:64]:
        value = read_ubjson(content, exam)
        _note_duplicates(value.duplicates, exam)
        tail.check(content, value.end, exam)
        _model(value.root, exam)
    else:
        names = _names(head)
        if names is not None:
            _binary(content, *names, exam)


def _note_duplicates(duplicates: list[str], exam: Exam) -> None:
    for key in duplicates[:20]:
        exam.note(Sign.DECEIVES, key, "stands in an object twice: readers take the first or the last")


def _model(root: Any, exam: Exam) -> None:
    root = root.get("Model", root) if isinstance(root, dict) else root  # a snapshot holds the model within
    learner = _object(root, "learner")
    if not learner:
        raise MalformedError("invalid model", "no learner")
    version = root.get("version")
    if isinstance(version, list) and 0 < len(version) <= 3:
        exam.fact("framework_version", ".".join(str(one) for one in version))
    parameters = _object(learner, "learner_model_param")
    features = _integer(parameters.get("num_feature"))
    exam.fact("architecture", _string(_object(learner, "gradient_booster"), "name"))
    names = learner.get("feature_names")
    if isinstance(names, list) and names:
        exam.fact("inputs", [one for one in names if isinstance(one, str)])
    for key, value in _object(learner, "attributes").items():
        if isinstance(value, str):
            judge(f"attributes.{key}", value, exam)
    booster = _object(learner, "gradient_booster")
    model = _object(booster, "model") or _object(_object(booster, "gbtree"), "model")
    trees = model.get("trees")
    if isinstance(trees, list):
        _trees(trees, model, features, exam)
    else:
        weights = model.get("weights")
        if isinstance(weights, list):
            _linear(weights, parameters, features, exam)


def _linear(weights: list[Any], parameters: dict[str, Any], features: int, exam: Exam) -> None:
    groups = max(1, _integer(parameters.get("num_class")), _integer(parameters.get("num_target")))
    exam.fact("parameters", len(weights))
    if features and len(weights) < (features + 1) * groups:
        message = f"{len(weights)} weights for {features} features and {groups} outputs: a loader reads beyond them"
        exam.note(Sign.TENSORS, "weights", message)


def _trees(trees: list[Any], model: dict[str, Any], features: int, exam: Exam) -> None:
    judge_trees = Trees(features, exam)
    declared = _integer(_object(model, "gbtree_model_param").get("num_trees"))
    if declared != len(trees):
        judge_trees.accuse("num_trees", f"declares {declared} trees and has {len(trees)}: a loader reads beyond them")
    groups = model.get("tree_info")
    if isinstance(groups, list):
        if len(groups) < len(trees):
            judge_trees.accuse("tree_info", f"{len(groups)} entries for {len(trees)} trees")
        if any(type(one) is not int or not 0 <= one < 1_000_000 for one in groups):
            judge_trees.accuse("tree_info", "an output that no model has: a loader writes beyond its predictions")
    starts = model.get("iteration_indptr")
    if isinstance(starts, list) and _integers(starts):
        inside = all(0 <= one <= len(trees) for one in starts)
        if not inside or sorted(starts) != starts:
            judge_trees.accuse("iteration_indptr", "boundaries that are not in order or lie beyond the trees")
    nodes = 0
    for number, tree in enumerate(trees):
        exam.step()
        if not isinstance(tree, dict):
            raise MalformedError("invalid model", f"tree {number}")
        nodes += _tree(f"tree {number}", tree, judge_trees)
    exam.fact("parameters", nodes)


def _tree(subject: str, tree: dict[str, Any], judge_trees: Trees) -> int:
    size = _integer(_object(tree, "tree_param").get("num_nodes"))
    arrays: dict[str, Sequence[int]] = {}
    for name in ("left_children", "right_children", "parents", "split_indices"):
        values = tree.get(name)
        if not isinstance(values, list) or not _integers(values):
            judge_trees.accuse(subject, f"{name} is no array of integers")
            return 0
        arrays[name] = values
    for name, values in tree.items():
        if name in _PER_NODE and isinstance(values, list) and len(values) < size:
            judge_trees.accuse(
                subject, f"{name} has {len(values)} entries for {size} nodes: a loader reads beyond them"
            )
            return 0
    if size <= 0:
        judge_trees.accuse(subject, f"declares {size} nodes")
        return 0
    left, right = arrays["left_children"][:size], arrays["right_children"][:size]
    judge_trees.check(subject, left, right, arrays["split_indices"], 0)
    for node, parent in enumerate(arrays["parents"][:size]):
        if parent not in _NO_PARENT and not 0 <= parent < size:
            judge_trees.accuse(
                subject, f"node {node} names node {parent} of {size} as its parent: a loader writes there"
            )
            break
    _categories(subject, tree, size, judge_trees)
    return size


_PER_NODE = ("left_children", "right_children", "parents", "split_indices", "split_conditions", "default_left",
             "split_type", "loss_changes", "sum_hessian")  # fmt: skip


def _categories(subject: str, tree: dict[str, Any], size: int, judge_trees: Trees) -> None:
    found = [tree.get(f"categories{end}", []) for end in ("", "_nodes", "_segments", "_sizes")]
    if not all(isinstance(one, list) and _integers(one) for one in found):
        judge_trees.accuse(subject, "categories are no arrays of integers")
        return
    values, nodes, segments, sizes = found
    if not len(nodes) == len(segments) == len(sizes):
        judge_trees.accuse(
            subject, f"{len(nodes)} nodes, {len(segments)} segments and {len(sizes)} sizes of categories"
        )
        return
    for node, start, number in zip(nodes, segments, sizes, strict=True):
        if not 0 <= node < size or start < 0 or number < 0 or start + number > len(values):
            message = f"categories {start} to {start + number} of {len(values)} for node {node} of {size}"
            judge_trees.accuse(subject, f"{message}: a loader reads beyond them")
            return
    if values and (min(values) < 0 or max(values) > 1 << 24):
        judge_trees.accuse(subject, "a category that no feature has: a loader allocates a bit for each below it")


def _binary(content: Content, at: int, objective: str, booster: str, exam: Exam) -> None:
    """The structs of versions before 3.1: learner, names, model, then the trees one after the other."""
    exam.fact("architecture", booster)
    cursor = Cursor(content, 4 if content.read(0, 4) == b"binf" else 0)
    cursor.skip(4)
    features, classes = cursor.number("I"), cursor.number("i")
    has_attributes, has_metrics = cursor.number("i"), cursor.number("i")
    major, minor = cursor.number("I"), cursor.number("I")
    if 0 < major < 100:
        exam.fact("framework_version", f"{major}.{minor}")
    cursor.at = at
    if booster == "gblinear":
        cursor.skip(_LINEAR)
        number = _vector("weights", 4, cursor, exam)
        exam.fact("parameters", number)
        if number < (features + 1) * max(1, classes):
            exam.note(Sign.TENSORS, "weights", f"{number} weights for {features} features: a loader reads beyond them")
    else:
        _binary_trees(features, booster, cursor, exam)
    if has_attributes:
        for one in range(cursor.number("Q")):
            exam.step()
            key, value = _short(cursor), _short(cursor)
            if one < 10_000:
                judge(f"attributes.{key}", value, exam)
    if objective == "count:poisson" and major == 0 and cursor.left:
        _short(cursor)  # its parameter, which later versions keep among the attributes
    if has_metrics:
        for _ in range(cursor.number("Q")):
            exam.step()
            _short(cursor)
    tail.check(content, cursor.at, exam)


def _short(cursor: Cursor) -> str:
    length = cursor.number("Q")
    if length > cursor.left:
        raise StopError("truncated", f"at byte {cursor.at}")
    if length > _LONGEST:
        raise StopError("too large", f"a text of {length} bytes")
    return cursor.take(length).decode("utf-8", "replace")


def _vector(subject: str, size: int, cursor: Cursor, exam: Exam) -> int:
    """Step over a counted array and give its number of elements."""
    number = cursor.number("Q")
    if number * size > cursor.left:
        message = f"{number} values in {cursor.left} bytes: a loader allocates or reads beyond them"
        exam.note(Sign.TENSORS, subject, message, cursor.at)
        raise StopError("invalid model", subject)
    cursor.skip(number * size)
    return number


def _binary_trees(features: int, booster: str, cursor: Cursor, exam: Exam) -> None:
    number = cursor.number("i")
    cursor.skip(_MODEL - 4)
    judge_trees = Trees(features, exam)
    if number < 0 or number * (_TREE + _NODE) > cursor.left:
        judge_trees.accuse(
            "num_trees", f"{number} trees in {cursor.left} bytes: a loader allocates or reads beyond them"
        )
        raise StopError("invalid model", f"{number} trees")
    nodes = sum(_binary_tree(f"tree {one}", cursor, judge_trees) for one in range(number))
    exam.fact("parameters", nodes)
    cursor.skip(4 * number)
    if booster == "dart" and number:
        _vector("weights of trees", 4, cursor, exam)


def _binary_tree(subject: str, cursor: Cursor, judge_trees: Trees) -> int:
    judge_trees.exam.step()
    at = cursor.at
    cursor.skip(4)
    size = cursor.number("i")
    cursor.skip(12)
    vectors = cursor.number("i")
    cursor.skip(_TREE - 24)
    if size <= 0 or size * (_NODE + _STATISTICS) > cursor.left:
        judge_trees.accuse(subject, f"{size} nodes in {cursor.left} bytes: a loader allocates or reads beyond them", at)
        raise StopError("invalid model", subject)
    left, right, splits = [], [], []
    for node in range(size):
        parent, first, second, split = (cursor.number(code) for code in "iiiI")
        cursor.skip(4)
        left.append(first)
        right.append(second)
        splits.append(split & 0x7FFFFFFF)
        if parent not in _NO_PARENT and not 0 <= parent & 0x7FFFFFFF < size:
            judge_trees.accuse(subject, f"node {node} names node {parent & 0x7FFFFFFF} of {size} as its parent", at)
    cursor.skip(size * _STATISTICS)
    if vectors:
        _vector(subject, 4, cursor, judge_trees.exam)
    judge_trees.check(subject, left, right, splits, 0)
    return size


def _object(value: Any, key: str) -> dict[str, Any]:
    found = value.get(key) if isinstance(value, dict) else None
    return found if isinstance(found, dict) else {}


def _string(value: dict[str, Any], key: str) -> str:
    found = value.get(key)
    return found if isinstance(found, str) else ""


def _integer(value: Any) -> int:
    """A number, which JSON models hold as a text; -1 for anything else."""
    if type(value) is int:
        return value
    if isinstance(value, str) and len(value) < 20 and value.removeprefix("-").isdecimal() and value.isascii():
        return int(value)
    return -1


def _integers(values: list[Any]) -> bool:
    return set(map(type, values)) <= {int, bool}


FORMAT = Format("xgboost", _matches, _read, suffixes=(".ubj", ".xgb", ".xgboost"))
