"""Types: the shape and the element type of a dataset or attribute."""

from dataclasses import dataclass
from math import prod

from backstay.artifacts.exam import MalformedError
from backstay.artifacts.hdf5.source import Fields, shown

_MAX_DEPTH = 16
_MAX_RANK = 32  # of the format


@dataclass(frozen=True)
class Datatype:
    """`kind` is a word ("float", "vlen-string"), `size` the bytes of one element, `precision` what is usual for
    weights ("F32", "BF16", "I8"; "" for what is no number), `base` the type of the elements of one element, `parts`
    the types of a compound's members."""

    kind: str
    size: int
    precision: str = ""
    base: "Datatype | None" = None
    parts: "tuple[Datatype, ...]" = ()
    swapped: bool = False  # the most significant byte first

    @property
    def number(self) -> bool:
        return bool(self.precision)


@dataclass(frozen=True)
class Dataspace:
    """`dims` is None for a space of nothing, () for a scalar."""

    dims: tuple[int, ...] | None

    @property
    def elements(self) -> int:
        return 0 if self.dims is None else prod(self.dims)


def dataspace(fields: Fields) -> Dataspace:
    """The dataspace message, versions 1 and 2."""
    version, rank, flags = fields.byte(), fields.byte(), fields.byte()
    if version not in {1, 2} or rank > _MAX_RANK:
        raise MalformedError("invalid HDF5 structure", f"dataspace version {version} of rank {rank}")
    kind = fields.byte()
    if version == 1:
        fields.skip(4)
    elif kind == 2:
        return Dataspace(None)
    dims = tuple(fields.length() for _ in range(rank))
    if flags & 1:
        fields.skip(min(fields.left, rank * fields.source.lengths))
    return Dataspace(dims)


def datatype(fields: Fields, depth: int = 0) -> Datatype:
    """The datatype message; of compound types all members. Raises MalformedError for what is none."""
    if depth > _MAX_DEPTH:
        raise MalformedError("nested too deeply", "an HDF5 type")
    fields.source.exam.step()
    first, bits, size = fields.byte(), fields.number(3), fields.number(4)
    kind, version = first & 15, first >> 4
    match kind:
        case 0:
            fields.skip(4)
            return Datatype("integer", size, f"{'I' if bits & 8 else 'U'}{size * 8}", swapped=bool(bits & 1))
        case 1:
            fields.skip(5)
            exponent = fields.byte()
            fields.skip(6)
            name = "BF16" if (size, exponent) == (2, 8) else f"F{size * 8}"
            return Datatype("float", size, name, swapped=bool(bits & 1))
        case 2:
            fields.skip(2)
            return Datatype("time", size)
        case 3:
            return Datatype("string", size)
        case 4:
            fields.skip(4)
            return Datatype("bitfield", size)
        case 5:
            fields.skip(min(bits & 0xFF, fields.left))
            return Datatype("opaque", size)
        case 6:
            return Datatype("compound", size, parts=_members(fields, bits & 0xFFFF, version, size, depth))
        case 7:
            return Datatype("reference", size)
        case 8:
            return _enumeration(fields, bits & 0xFFFF, version, size, depth)
        case 9:
            base = datatype(fields, depth + 1)
            return Datatype("vlen-string" if bits & 15 == 1 else "vlen", size, base=base)
        case 10:
            rank = fields.byte()
            fields.skip(3 if version < 3 else 0)
            fields.skip(4 * rank * (2 if version < 3 else 1))
            return Datatype("array", size, base=datatype(fields, depth + 1))
        case 11:
            return Datatype("complex", size, base=datatype(fields, depth + 1))
        case _:
            raise MalformedError("invalid HDF5 structure", f"datatype class {kind}")


def _members(fields: Fields, number: int, version: int, size: int, depth: int) -> tuple[Datatype, ...]:
    found = []
    for _ in range(number):
        _name(fields, version)
        if version >= 3:
            fields.skip(max(1, ((size - 1).bit_length() + 7) // 8))
        else:
            fields.skip(4 + (28 if version == 1 else 0))
        found.append(datatype(fields, depth + 1))
    return tuple(found)


def _enumeration(fields: Fields, number: int, version: int, size: int, depth: int) -> Datatype:
    base = datatype(fields, depth + 1)
    names = [_name(fields, version) for _ in range(min(number, fields.left))]
    fields.skip(min(fields.left, number * base.size))
    return Datatype("enumeration", size, "BOOL" if names == ["FALSE", "TRUE"] else "", base)


def _name(fields: Fields, version: int) -> str:
    start = fields.at
    name = fields.text()
    if version < 3:
        fields.align(8, start)
    return shown(name)
