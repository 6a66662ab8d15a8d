"""Tensors: the tensors that a file names, whether they fit into it and each other, and what they add up to."""

import hashlib
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from backstay.artifacts.containers import payloads, tail
from backstay.artifacts.content import Content
from backstay.artifacts.exam import Exam
from backstay.artifacts.report import Sign

_TOLD = 20  # observations of one kind in a file; what they are is known by then
_STRAY = 100  # holes that are looked into
_PROGRAMS = 20_000  # tensors whose first bytes are looked at
_IMPOSSIBLE = 1 << 43  # bytes (8 TiB) that no single file of weights has
_LARGE = 1 << 30

# Bits of an element by type, as the header of a safetensors file names them.
BITS = {
    "BOOL": 8, "F4": 4, "F6_E2M3": 6, "F6_E3M2": 6, "U8": 8, "I8": 8, "F8_E5M2": 8, "F8_E4M3": 8, "F8_E8M0": 8,
    "F8_E4M3FNUZ": 8, "F8_E5M2FNUZ": 8, "I16": 16, "U16": 16, "F16": 16, "BF16": 16, "I32": 32, "U32": 32, "F32": 32,
    "C64": 64, "F64": 64, "I64": 64, "U64": 64,
}  # fmt: skip


class Tensor(NamedTuple):
    """A tensor: `kind` is the type of its elements, `start` and `end` are bytes of the content in hand."""

    name: str
    kind: str
    shape: tuple[int, ...]
    start: int
    end: int

    @property
    def elements(self) -> int:
        return product(self.shape)


def product(shape: Iterable[int]) -> int:
    """The number of elements of a shape; stops growing where no file can follow."""
    number = 1
    for one in shape:
        number *= one
        if number > 1 << 128:
            return 1 << 128
    return number


def check_extents(tensors: Sequence[Tensor], begin: int, content: Content, exam: Exam, alignment: int = 1) -> int:
    """Hold the extents of all tensors against each other and against the file, whose data begin at `begin`.

    Overlaps and impossible sizes are Sign.TENSORS; bytes that belong to no tensor are looked into; a file that ends
    early and is consistent otherwise is Sign.INCOMPLETE with a gap. Gives the number of bytes that belong to none.
    """
    told = holes = stray = 0
    at, before = begin, ""
    for one in sorted((tensor for tensor in tensors if tensor.end > tensor.start), key=lambda tensor: tensor.start):
        exam.step()
        if one.start < at:
            told += 1
            if told <= _TOLD:
                message = (
                    f"shares {min(at, one.end) - one.start} bytes with {before}: a loader gives two tensors one memory"
                )
                exam.note(Sign.TENSORS, one.name, message, one.start)
        elif one.start - at >= alignment:
            holes += 1
            if holes <= _STRAY and at < content.size:
                stray += _look_into(content, at, min(one.start, content.size), exam)
        if one.end > at:
            at, before = one.end, one.name
    if at > content.size:
        _beyond(at, content, begin, exam, before)
    return stray


def _beyond(end: int, content: Content, begin: int, exam: Exam, last: str) -> None:
    missing = end - content.size
    if end > _IMPOSSIBLE or (missing > _LARGE and (content.size - begin) * 1000 < end - begin):
        message = f"claims to end at byte {end} of a file of {content.size}: a loader allocates or reads beyond it"
        exam.note(Sign.TENSORS, last, message)
    else:
        exam.note(Sign.INCOMPLETE, last, f"the file ends {missing} bytes before its last tensor does", content.size)
    exam.gap("truncated", f"{missing} bytes are missing")


def _look_into(content: Content, start: int, end: int, exam: Exam) -> int:
    """Judge bytes between two tensors; gives how many of them are no zeros, counted from the first."""
    at = start
    for piece in content.chunks(start, end):
        exam.step(1 + len(piece) // 4096)
        rest = piece.lstrip(b"\0")
        if rest:
            at += len(piece) - len(rest)
            tail.check(content.part(0, end), at, exam)
            return end - at
        at += len(piece)
    return 0


def check_programs(tensors: Sequence[Tensor], content: Content, exam: Exam) -> None:
    """Look whether the data of a tensor begin as a program does."""
    for one in tensors[:_PROGRAMS]:
        if one.end - one.start >= 64 and one.start < content.size:
            exam.step()
            found = payloads.kind(content.glance(one.start, min(4096, one.end - one.start)))
            if found:
                exam.note(Sign.PROGRAM, one.name, f"the data of this tensor are a program: {found}", one.start)


def summarise(tensors: Sequence[Tensor], exam: Exam) -> None:
    """Facts: tensors, parameters, precision and the digest of all names, for the comparison with an index."""
    exam.fact("tensors", len(tensors))
    if not tensors:
        return
    exam.fact("tensor_names", names_digest(one.name for one in tensors))
    amounts: dict[str, int] = {}
    for one in tensors:
        amounts[one.kind] = amounts.get(one.kind, 0) + one.elements
    total = sum(amounts.values())
    if total < 1 << 63:
        exam.fact("parameters", total)
    exam.fact("precision", max(amounts, key=lambda kind: (amounts[kind], kind)))


def names_digest(names: Iterable[str]) -> str:
    """The first 32 hexadecimal digits of SHA-256 over all names, sorted and joined by NUL."""
    return hashlib.sha256("\0".join(sorted(names)).encode("utf-8", "surrogatepass")).hexdigest()[:32]
