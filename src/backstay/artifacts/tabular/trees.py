"""Trees: decision trees held in arrays, whose indices native loaders follow without looking."""

from collections.abc import Sequence

from backstay.artifacts.exam import Exam
from backstay.artifacts.report import Sign

_TOLD = 20


class Trees:
    """Judges the trees of one file. `features` is the number of input features, 0 when it is not known."""

    def __init__(self, features: int, exam: Exam) -> None:
        self.features, self.exam = features, exam
        self._told = 0

    def accuse(self, subject: str, message: str, at: int = -1) -> None:
        """Note an index or a size that leads a loader out of its memory."""
        self._told += 1
        if self._told <= _TOLD:
            self.exam.note(Sign.TENSORS, subject, message, at)

    def check(
        self, subject: str, left: Sequence[int], right: Sequence[int], splits: Sequence[int], leaves: int
    ) -> None:
        """Follow a tree from its root. A child of -1 and below is a leaf: number `-1 - child` of `leaves`; where
        `leaves` is 0, a node whose left child is -1 is itself a leaf. `splits` are features of the nodes."""
        size = min(len(left), len(right))
        if size == 0:
            return
        seen = bytearray(size)
        seen[0] = 1
        stack = [0]
        self.exam.step(1 + size)
        while stack:
            node = stack.pop()
            if leaves == 0 and left[node] == -1:
                continue
            if node < len(splits) and self.features and not 0 <= splits[node] < self.features:
                message = (
                    f"node {node} asks for feature {splits[node]} of {self.features}: a loader reads beyond its input"
                )
                self.accuse(subject, message)
            for child in (left[node], right[node]):
                if child < 0 and leaves:
                    if ~child >= leaves:
                        message = f"node {node} leads to leaf {~child} of {leaves}: a loader reads beyond the tree"
                        self.accuse(subject, message)
                elif not 0 <= child < size:
                    message = f"node {node} leads to node {child} of {size}: a loader reads beyond the tree"
                    self.accuse(subject, message)
                elif seen[child]:
                    self.accuse(subject, f"node {node} leads back to node {child}: following the tree does not end")
                else:
                    seen[child] = 1
                    stack.append(child)
