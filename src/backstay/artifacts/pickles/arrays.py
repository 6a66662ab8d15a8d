"""Arrays: steps over the raw bytes that joblib writes between the opcodes of a pickle.

Source: `joblib/numpy_pickle.py`: after the BUILD of a `NumpyArrayWrapper` its loader reads the array from the file:
one byte with the length of a padding, the padding, and the items; or a pickle of its own when the items are objects.
"""

import math
from typing import TYPE_CHECKING, Any

from backstay.artifacts.pickles.constants import UnknownError
from backstay.artifacts.pickles.fold import literal
from backstay.artifacts.pickles.machine import BrokenError, Machine
from backstay.artifacts.pickles.terms import Call, Global, Group, Value
from backstay.artifacts.report import Sign

if TYPE_CHECKING:
    from backstay.artifacts.pickles.judge import Verdicts

_WRITERS = ("numpy_pickle", "numpy_pickle_compat")  # of joblib, and of the copies that others keep of it
_CHARACTERS = {"U": 4, "S": 1, "a": 1, "V": 1}
_SIZES = {
    "b": 1,
    "h": 2,
    "i": 4,
    "l": 8,
    "q": 8,
    "e": 2,
    "f": 4,
    "d": 8,
    "?": 1,
    "B": 1,
    "H": 2,
    "I": 4,
    "L": 8,
    "Q": 8,
}


def skipped(judge: "Verdicts", target: Call, at: int) -> int:
    """Where a pickle goes on after BUILD: behind the raw array, if `target` announces one."""
    wrapper = target.callable
    if not isinstance(wrapper, Global) or not wrapper.module.endswith(_WRITERS) or judge.within:
        return at
    if wrapper.name in ("NDArrayWrapper", "ZNDArrayWrapper"):
        _companion(judge, target, at)
        return at
    if wrapper.name != "NumpyArrayWrapper" or target.state is None:
        return at
    state = fields(target.state, judge)
    size, objects = item(state.get("dtype"), judge)
    try:
        shape = literal(state["shape"], judge.constants)
        count = math.prod(shape)
    except (KeyError, UnknownError, TypeError):
        raise BrokenError("array of unknown size") from None
    if objects:
        judge.within += 1
        outcome = Machine(judge.content, judge.exam, judge, judge.constants, at).run()
        judge.within -= 1
        if outcome.reason:
            raise BrokenError(outcome.reason)
        return outcome.at
    if size is None or not isinstance(count, int) or count < 0:
        raise BrokenError("array of unknown size")
    if "numpy_array_alignment_bytes" in state and _value(state["numpy_array_alignment_bytes"], judge) is not None:
        at += 1 + int.from_bytes(judge.content.read(at, 1), "little")
    if at + count * size > judge.content.size:
        raise BrokenError("truncated")
    return at + count * size


def fields(state: Value, judge: "Verdicts") -> dict[str, Value]:
    """The entries of a dict by their names."""
    values = state.items or [] if isinstance(state, Group) and state.kind == "dict" else []
    found = {}
    for key, value in zip(values[::2], values[1::2], strict=False):
        name = _value(key, judge)
        if isinstance(name, str):
            found[name] = value
    return found


def item(dtype: Value | None, judge: "Verdicts") -> tuple[int | None, bool]:
    """Bytes of one item of a `numpy.dtype`, None when they cannot be told; and whether it holds Python objects."""
    if not isinstance(dtype, Call):
        return None, False
    args = dtype.args.items or [] if isinstance(dtype.args, Group) else []
    code = _value(args[0], judge) if args else None
    state = dtype.state.items or [] if isinstance(dtype.state, Group) else []
    if not isinstance(code, str):
        return None, False
    code = code.lstrip("<>|=")
    if code[:1] == "O":
        return 8, True
    flags = _value(state[7], judge) if len(state) > 7 else 0
    if isinstance(flags, int) and flags & 1:
        return None, True
    declared = _value(state[5], judge) if len(state) > 5 else -1
    if isinstance(declared, int) and declared > 0:
        return declared, False
    if code[1:].isdigit():
        return int(code[1:]) * _CHARACTERS.get(code[:1], 1), False
    return _SIZES.get(code), False


def _companion(judge: "Verdicts", target: Call, at: int) -> None:
    """Before version 0.10 each array was a file of its own beside the pickle, loaded by its name."""
    values = fields(target.state, judge) if target.state is not None else {}
    name = _value(values["filename"], judge) if "filename" in values else None
    if isinstance(name, str) and (name.startswith(("/", "\\")) or ".." in name or ":" in name):
        judge.findings.add(Sign.ESCAPES, name, "an array is read from outside of the model's folder", "", at)


def _value(value: Value, judge: "Verdicts") -> Any:
    try:
        return literal(value, judge.constants)
    except UnknownError:
        return None
