"""Storages: the tensors' memory that a PyTorch pickle asks its loader for, by persistent ids.

Source: `torch/serialization.py`: `("storage", storage type, key, location, number of items)`, in the old format with
one entry more for views.
"""

from typing import NamedTuple

from backstay.artifacts.pickles.constants import Constants, UnknownError
from backstay.artifacts.pickles.fold import literal
from backstay.artifacts.pickles.terms import Global, Group, Persistent, Value

# Bytes of an item and the precision that it has, by the name of the storage's class.
ITEMS = {
    "DoubleStorage": (8, "F64"),
    "FloatStorage": (4, "F32"),
    "HalfStorage": (2, "F16"),
    "BFloat16Storage": (2, "BF16"),
    "LongStorage": (8, "I64"),
    "IntStorage": (4, "I32"),
    "ShortStorage": (2, "I16"),
    "CharStorage": (1, "I8"),
    "ByteStorage": (1, "U8"),
    "BoolStorage": (1, "BOOL"),
    "ComplexDoubleStorage": (16, "C128"),
    "ComplexFloatStorage": (8, "C64"),
    "QInt8Storage": (1, "QI8"),
    "QUInt8Storage": (1, "QU8"),
    "QInt32Storage": (4, "QI32"),
    "QUInt4x2Storage": (1, "QU4"),
    "QUInt2x4Storage": (1, "QU2"),
    "UntypedStorage": (1, ""),
}


class Storage(NamedTuple):
    """One storage. `items` is -1 when it cannot be told."""

    type: str
    key: str
    location: str
    items: int

    @property
    def size(self) -> int:
        """Bytes, -1 when the type is not known."""
        return ITEMS[self.type][0] * self.items if self.type in ITEMS and self.items >= 0 else -1


def of(ids: list[Persistent], constants: Constants) -> list[Storage]:
    """The storages among persistent ids, each key once."""
    found: dict[str, Storage] = {}
    for one in ids:
        parts = one.id.items or [] if isinstance(one.id, Group) else []
        if len(parts) < 5 or _known(parts[0], constants) != "storage":
            continue
        type, key, location, items = parts[1], *(_known(part, constants) for part in parts[2:5])
        if isinstance(type, Global) and isinstance(key, str):
            found.setdefault(
                key,
                Storage(
                    type.name,
                    key,
                    location if isinstance(location, str) else "",
                    items if isinstance(items, int) else -1,
                ),
            )
    return list(found.values())


def plain(value: Value, constants: Constants, depth: int = 0) -> object:
    """A term as a plain value: tuples of constants, with globals as they are and None for what is not known."""
    if isinstance(value, Group) and depth < 4:
        return tuple(plain(one, constants, depth + 1) for one in (value.items or ())[:16])
    if isinstance(value, Global):
        return value
    return _known(value, constants)


def precision(storages: list[Storage]) -> str:
    """The precision of most of the items, "" when there is none."""
    weight: dict[str, int] = {}
    for one in storages:
        name = ITEMS.get(one.type, (0, ""))[1]
        if name and one.items > 0:
            weight[name] = weight.get(name, 0) + one.items
    return max(weight, key=lambda name: (weight[name], name)) if weight else ""


def _known(value: Value, constants: Constants) -> object:
    try:
        return literal(value, constants)
    except UnknownError:
        return None
