"""Tensors: checks that the tensors of a PyTorch pickle lie within their storages.

Source: `torch/_utils.py`: `_rebuild_tensor_v2(storage, storage_offset, size, stride, ...)` and its likes, which count
in items of the storage.
"""

from typing import TYPE_CHECKING

from backstay.artifacts.pickles import storages
from backstay.artifacts.pickles.constants import UnknownError
from backstay.artifacts.pickles.fold import literal
from backstay.artifacts.pickles.terms import Global, Group, Persistent, Value
from backstay.artifacts.report import Sign

if TYPE_CHECKING:
    from backstay.artifacts.pickles.judge import Verdicts

REBUILDING = frozenset(
    f"torch._utils.{name}"
    for name in ("_rebuild_tensor", "_rebuild_tensor_v2", "_rebuild_tensor_v3", "_rebuild_qtensor")
)


def check(judge: "Verdicts", function: Global, args: Value, at: int) -> None:
    """Say when a tensor reaches beyond its storage: reading it would read other memory, or fail."""
    given = args.items or [] if isinstance(args, Group) else []
    if len(given) < 4 or not isinstance(given[0], Persistent):
        return
    judge.tensors += 1
    found = storages.of([given[0]], judge.constants)
    try:
        offset, sizes, strides = (literal(one, judge.constants) for one in given[1:4])
    except UnknownError:
        return
    if not isinstance(offset, int) or not _whole(sizes) or not _whole(strides) or len(sizes) != len(strides):
        return
    if offset < 0 or min((*sizes, *strides), default=0) < 0:
        judge.findings.add(Sign.TENSORS, function.path, "makes a tensor with a negative size or offset", "", at)
    elif found and found[0].items >= 0 and 0 not in sizes:
        end = offset + sum((size - 1) * stride for size, stride in zip(sizes, strides, strict=True)) + 1
        if end > found[0].items:
            message = f"makes a tensor that ends at item {end} of a storage of {found[0].items} (key {found[0].key})"
            judge.findings.add(Sign.TENSORS, function.path, message, "", at)


def _whole(values: object) -> bool:
    return isinstance(values, tuple | list) and all(isinstance(one, int) for one in values)
