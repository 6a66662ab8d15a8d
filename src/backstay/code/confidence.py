"""Confidence: how sure each kind of inference is. `benchmarks/calibration.py` tells what share of each really holds."""

IMPORTED = 0.85  # a package that code imports and no manifest declares: which package brings a module is a guess
NAMED = 0.9  # a known model's id, or a prompt by its name and length, that no call was seen to take
NAMED_USE = 0.8  # that the code around such a name uses it
TOUCHED = 0.9  # a method that no table knows, on something that one does
_THROUGH = (1.0, 0.9, 0.85, 0.85, 0.5)


def through(calls: int) -> float:
    """The most that can be said of what an asset uses by way of functions, that many calls from its own code.

    Each call may stand in a branch that this asset never takes. Up to three, most of what is reached is used; what
    lies beyond is mostly what some caller of a shared function uses.
    """
    return _THROUGH[min(calls, len(_THROUGH) - 1)]
