"""LightGBM: reads boosted trees in LightGBM's text form.

From src/boosting/gbdt_model_text.cpp and src/io/tree.cpp of microsoft/LightGBM. The loader cuts the text where
`tree_sizes` says, takes as many numbers as `num_leaves` says, and follows their indices without looking.
"""

import re
from collections.abc import Iterator

from backstay.artifacts.content import Content
from backstay.artifacts.exam import Exam, MalformedError, StopError
from backstay.artifacts.format import Candidate, Format
from backstay.artifacts.report import Sign
from backstay.artifacts.tabular.trees import Trees

_START = re.compile(rb"tree\r?\n(?:[a-z_]{2,40}(?:=[^\r\n]{0,4000})?\r?\n){0,10}?version=v\d")
_LONGEST = 64 << 20  # bytes of a line
_MOST_LEAVES = 1 << 20  # eight times what LightGBM allows
_INDICES = ("left_child", "right_child", "split_feature", "decision_type")
_WANTED = (*_INDICES, "num_leaves", "num_cat", "threshold", "cat_boundaries", "is_linear", "leaf_features")
_COUNTED = ("cat_threshold", "leaf_value")


def _matches(candidate: Candidate) -> bool:
    return _START.match(candidate.head[:8192]) is not None


def _read(content: Content, exam: Exam) -> None:
    exam.fact("framework", "lightgbm")
    reader = _Reader(content, exam)
    reader.read()


class _Reader:
    """Goes through the lines: a header, then one block for each tree, then what the model was trained with."""

    def __init__(self, content: Content, exam: Exam) -> None:
        self.content, self.exam = content, exam
        self.trees = Trees(0, exam)
        self.header: dict[str, str] = {}
        self.starts: list[int] = []
        self.leaves = 0
        self._block: dict[str, bytes | int] = {}

    def read(self) -> None:
        end = windows = False
        at = 0
        for start, line in _lines(self.content):
            self.exam.step(1 + len(line) // 16)
            windows |= line.endswith(b"\r")
            plain = line.rstrip(b"\r")
            key, equals, value = plain.partition(b"=")
            if key == b"Tree" and equals and not end:
                self._finish()
                self.starts.append(start)
                self._block = {"": 1}
                if len(self.starts) == 1:
                    self._begin()
            elif plain == b"end of trees":
                self._finish()
                end, at = True, start
            elif self._block and not end:
                self._take(key.decode("latin-1"), value)
            elif not self.starts and not end:
                name = key.decode("latin-1")
                if name in self.header and name:
                    self.exam.note(Sign.DECEIVES, name, "stands in the header twice", start)
                self.header[name] = value.decode("utf-8", "replace")
        self._finish()
        if not self.starts:
            self._begin()
        if not end:
            self.exam.note(Sign.INCOMPLETE, "end of trees", "the file ends before its trees do", self.content.size)
            self.exam.gap("truncated", "within the trees")
        else:
            self._check_sizes(at, windows)
        self.exam.fact("parameters", self.leaves)

    def _begin(self) -> None:
        """What the header says; it precedes all trees."""
        highest = _integer(self.header.get("max_feature_idx", ""))
        if highest is None or not 0 <= highest < 1 << 31:
            raise MalformedError("invalid header", "max_feature_idx")
        self.trees.features = highest + 1
        self.exam.fact("architecture", "gradient boosted trees")
        names = self.header.get("feature_names", "").split()
        self.exam.fact("inputs", names[:200])
        if len(names) != highest + 1:
            message = f"{len(names)} names for {highest + 1} features: the loader refuses the model"
            self.exam.note(Sign.IRREGULAR, "feature_names", message)

    def _take(self, key: str, value: bytes) -> None:
        if key in self._block and key:
            subject = f"tree {len(self.starts) - 1}"
            self.exam.note(
                Sign.DECEIVES, subject, f"{key} stands in the tree twice: readers take the first or the last"
            )
        if key in _COUNTED:
            self._block[key] = value.count(b" ") + bool(value.strip())
        elif key in _WANTED:
            self._block[key] = value

    def _finish(self) -> None:
        """Judge the tree whose lines have been read: the last one."""
        block, self._block = self._block, {}
        if not block:
            return
        subject = f"tree {len(self.starts) - 1}"
        leaves = _integer(_text(block, "num_leaves"))
        if leaves is None or not 1 <= leaves <= _MOST_LEAVES:
            self.trees.accuse(
                subject, f"declares {_text(block, 'num_leaves') or 'no'} leaves: a loader allocates for them"
            )
            return
        self.leaves += leaves
        values = block.get("leaf_value")
        if isinstance(values, int) and values < leaves:
            self.trees.accuse(subject, f"{values} leaf values for {leaves} leaves: a loader reads beyond them")
        if leaves == 1:
            return
        arrays = {name: _integers(_text(block, name), leaves) for name in _INDICES}
        for name, array in arrays.items():
            if array is None or len(array) < leaves - 1:
                found = "no numbers" if array is None else f"{len(array)} numbers"
                self.trees.accuse(subject, f"{name} has {found} for {leaves - 1} nodes: a loader reads beyond them")
                return
        left, right, splits, kinds = (arrays[name] or [] for name in _INDICES)
        self.trees.check(subject, left[: leaves - 1], right[: leaves - 1], splits, leaves)
        self._categories(subject, block, kinds[: leaves - 1])
        used = _integers(_text(block, "leaf_features"), _MOST_LEAVES) or []
        if any(not 0 <= one < self.trees.features for one in used):
            self.trees.accuse(
                subject, f"a leaf's equation uses a feature beyond the {self.trees.features} of the model"
            )

    def _categories(self, subject: str, block: dict[str, bytes | int], kinds: list[int]) -> None:
        number = _integer(_text(block, "num_cat")) or 0
        categorical = [node for node, kind in enumerate(kinds) if kind & 1]
        if not categorical and not number:
            return
        bounds = _integers(_text(block, "cat_boundaries"), max(0, min(number, _MOST_LEAVES)) + 1) or []
        values = block.get("cat_threshold", 0)
        if len(bounds) < number + 1 or sorted(bounds) != bounds or (bounds and bounds[0] < 0):
            self.trees.accuse(subject, f"boundaries of {number} sets of categories that are not in order or missing")
            return
        if bounds and isinstance(values, int) and bounds[number] > values:
            message = f"sets of categories end at {bounds[number]} of {values} words: a loader reads beyond them"
            self.trees.accuse(subject, message)
        words = _text(block, "threshold").split(None, _MOST_LEAVES)
        for node in categorical:
            chosen = _integer(words[node]) if node < len(words) else None
            if chosen is None or not 0 <= chosen < number:
                message = f"node {node} chooses set of categories {words[node : node + 1]} of {number}"
                self.trees.accuse(subject, f"{message}: a loader reads beyond them")
                return

    def _check_sizes(self, end: int, windows: bool) -> None:
        sizes = _integers(self.header.get("tree_sizes", ""), len(self.starts) + 1)
        if not sizes:
            return
        real = [after - before for before, after in zip(self.starts, [*self.starts, end][1:], strict=True)]
        if len(sizes) != len(real):
            self.trees.accuse("tree_sizes", f"{len(sizes)} sizes for {len(real)} trees: the loader sees other trees")
        elif sizes != real:
            if windows:
                self.exam.note(Sign.IRREGULAR, "tree_sizes", "line ends were changed: the sizes of trees do not hold")
                return
            number = next(at for at, (one, other) in enumerate(zip(sizes, real, strict=True)) if one != other)
            message = f"tree {number} has {real[number]} bytes and is said to have {sizes[number]}"
            self.trees.accuse("tree_sizes", f"{message}: the loader cuts the text where it says")


def _lines(content: Content) -> Iterator[tuple[int, bytes]]:
    """The lines without their end, and where each begins."""
    rest, at = b"", 0
    for piece in content.chunks():
        if b"\n" not in piece:
            rest += piece
            if len(rest) > _LONGEST:
                raise StopError("too large", "a line")
            continue
        *lines, last = piece.split(b"\n")
        lines[0] = rest + lines[0]
        for line in lines:
            yield at, line
            at += len(line) + 1
        rest = last
    if rest:
        yield at, rest


def _text(block: dict[str, bytes | int], key: str) -> str:
    value = block.get(key)
    return value.decode("latin-1") if isinstance(value, bytes) else ""


def _integer(text: str) -> int | None:
    try:
        return int(text) if len(text) < 20 else None
    except ValueError:
        return None


def _integers(text: str, most: int) -> list[int] | None:
    """The first numbers of a text, as many as are asked for; None when they are none."""
    try:
        return list(map(int, text.split(None, most)[:most]))
    except ValueError:
        return None


FORMAT = Format("lightgbm", _matches, _read, suffixes=(".lgb", ".lightgbm"))
