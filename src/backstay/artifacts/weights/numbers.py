"""Numbers: looks at samples of the tensors' data for values that are none, and for tensors unlike their siblings.

At most `BUDGET` bytes of a file are looked at: all of it where it is small, otherwise two stretches of every tensor, at
its beginning and its end. The places depend on nothing but the file, so two runs see the same.
"""

import math
import re
import struct
from collections.abc import Sequence
from operator import mul

from backstay.artifacts.content import Content
from backstay.artifacts.exam import Exam
from backstay.artifacts.report import Sign
from backstay.artifacts.weights.tensors import Tensor

BUDGET = 32 << 20
_LEAST = 4096  # bytes of a stretch
_VALUES = 2048  # of a tensor that its size is estimated from
_TENSORS = 50_000
_TOLD = 20
_LEAST_ELEMENTS = 1024  # of a matrix that is compared: biases and norms differ from layer to layer in honest models
_SIBLINGS = 6  # of the same name and shape in other layers, to compare a tensor with
# A tensor is an outlier when it is both many robust deviations and many times away from its siblings' middle.
_DEVIATIONS = 12.0
_TIMES = 10.0

_LAYER = re.compile(r"(^|\.)\d{1,5}(?=\.)")

_ONES7 = bytes(int(one & 0x7F == 0x7F) for one in range(256))  # the upper seven bits of an exponent, all ones
_HIGH1 = bytes(one >> 7 for one in range(256))
_HIGH4 = bytes(int(one & 0xF0 == 0xF0) for one in range(256))
_ONES5 = bytes(int(one & 0x7C == 0x7C) for one in range(256))

# Where a ggml block holds its scales in half precision: size of the block, offsets of the scales.
_SCALES = {
    "Q4_0": (18, (0,)), "Q4_1": (20, (0, 2)), "Q5_0": (22, (0,)), "Q5_1": (24, (0, 2)), "Q8_0": (34, (0,)),
    "Q2_K": (84, (80, 82)), "Q3_K": (110, (108,)), "Q4_K": (144, (0, 2)), "Q5_K": (176, (0, 2)), "Q6_K": (210, (208,)),
    "IQ4_NL": (18, (0,)), "IQ4_XS": (136, (0,)), "IQ2_XXS": (66, (0,)), "IQ3_XXS": (98, (0,)),
}  # fmt: skip
_WIDTH = {"F16": 2, "BF16": 2, "F32": 4, "F64": 8, "C64": 4, "F8_E5M2": 1, "F8_E4M3": 1}


def check_numbers(tensors: Sequence[Tensor], content: Content, exam: Exam) -> None:
    """Note tensors with NaN or infinity among the sampled values, and tensors far larger or smaller than the same
    tensor of other layers. Both are Sign.INDICATOR."""
    held = [one for one in tensors[:_TENSORS] if _is_looked_at(one) and one.end <= content.size]
    total = sum(one.end - one.start for one in held)
    if not held:
        return
    stretch = 0 if total <= BUDGET else max(_LEAST, BUDGET // (2 * len(held)))
    spent = told = 0
    sizes: dict[tuple[str, tuple[int, ...]], list[tuple[float, Tensor]]] = {}
    for one in held:
        exam.step()
        if spent > BUDGET:
            break
        first = True
        bad = 0
        for at, data in _samples(one, content, stretch):
            spent += len(data)
            if not bad and non_finite(data, one.kind):
                bad = at
            if first and one.kind in ("F32", "F16", "BF16") and len(one.shape) > 1 and one.elements >= _LEAST_ELEMENTS:
                first = False
                sibling = _LAYER.sub(r"\1#", one.name, count=1)
                if sibling != one.name:
                    sizes.setdefault((sibling, one.shape), []).append((root_mean_square(data, one.kind), one))
        if bad:
            told += 1
            if told <= _TOLD:
                exam.note(Sign.INDICATOR, one.name, "holds values that are no numbers (NaN or infinity)", bad)
    exam.step(spent // 1024)
    for siblings in sizes.values():
        _outliers(siblings, exam)


def _is_looked_at(one: Tensor) -> bool:
    """Whether a tensor holds numbers that should be finite: masks and single constants may be minus infinity."""
    return (one.kind in _WIDTH or one.kind in _SCALES) and one.elements > 1 and "mask" not in one.name.lower()


def _samples(one: Tensor, content: Content, stretch: int) -> list[tuple[int, bytes]]:
    """Stretches of a tensor's data with their places, cut to whole elements."""
    unit = _SCALES[one.kind][0] if one.kind in _SCALES else _WIDTH[one.kind]
    size = one.end - one.start
    if not stretch or size <= 2 * stretch:
        return [(one.start, content.read(one.start, size))]
    length = stretch // unit * unit
    last = one.start + (size - length) // unit * unit
    return [(one.start, content.glance(one.start, length)), (last, content.glance(last, length))]


def non_finite(data: bytes, kind: str) -> bool:
    """Whether there is a NaN or an infinity among the values of a type, little endian: an exponent of all ones."""
    if kind in ("F32", "C64"):
        return _both(data[3::4].translate(_ONES7), data[2::4].translate(_HIGH1))
    if kind == "BF16":
        return _both(data[1::2].translate(_ONES7), data[0::2].translate(_HIGH1))
    if kind == "F16":
        return b"\1" in data[1::2].translate(_ONES5)
    if kind == "F64":
        return _both(data[7::8].translate(_ONES7), data[6::8].translate(_HIGH4))
    if kind == "F8_E5M2":
        return b"\1" in data.translate(_ONES5)
    if kind == "F8_E4M3":
        return b"\x7f" in data or b"\xff" in data
    size, offsets = _SCALES[kind]
    return any(b"\1" in data[offset + 1 :: size].translate(_ONES5) for offset in offsets)


def _both(first: bytes, second: bytes) -> bool:
    """Whether two strings of zeros and ones have a one at the same place."""
    if b"\1" not in first or b"\1" not in second:
        return False
    return int.from_bytes(first[: len(second)], "little") & int.from_bytes(second[: len(first)], "little") != 0


def root_mean_square(data: bytes, kind: str) -> float:
    """Of the finite ones among the first values."""
    values: Sequence[float]
    if kind == "F16":
        part = data[: 2 * _VALUES]
        values = struct.unpack(f"<{len(part) // 2}e", part[: len(part) // 2 * 2])
    else:
        if kind == "BF16":
            part = data[: 2 * _VALUES]
            wide = bytearray(len(part) // 2 * 4)
            wide[2::4], wide[3::4] = part[0 : len(part) // 2 * 2 : 2], part[1::2]
        else:
            wide = bytearray(data[: 4 * _VALUES])
        values = struct.unpack(f"<{len(wide) // 4}f", wide[: len(wide) // 4 * 4])
    total = sum(map(mul, values, values))
    if not math.isfinite(total):
        kept = [value for value in values if math.isfinite(value)]
        total = sum(map(mul, kept, kept))
        return math.sqrt(total / len(kept)) if kept and math.isfinite(total) else 0.0
    return math.sqrt(total / len(values)) if values else 0.0


def _outliers(siblings: list[tuple[float, Tensor]], exam: Exam) -> None:
    known = [(math.log(size), one) for size, one in siblings if size > 0]
    if len(known) < _SIBLINGS:
        return
    middle = _median([size for size, _ in known])
    deviation = max(1.4826 * _median([abs(size - middle) for size, _ in known]), 0.02)
    for size, one in known:
        distance = abs(size - middle)
        if distance > _DEVIATIONS * deviation and distance > math.log(_TIMES):
            times = math.exp(min(distance, 50.0))
            word = "larger" if size > middle else "smaller"
            others = f"the same tensor in {len(known) - 1} other layers"
            message = f"its values are {times:.0f} times {word} than those of {others}"
            exam.note(Sign.INDICATOR, one.name, message, one.start)


def _median(values: Sequence[float]) -> float:
    ordered = sorted(values)
    half = len(ordered) // 2
    return ordered[half] if len(ordered) % 2 else (ordered[half - 1] + ordered[half]) / 2
