"""Risk: a value, its range, and the factors that make it up."""

import msgspec

from backstay.model.evidence import Evidence


class Factor(msgspec.Struct, frozen=True, omit_defaults=True):
    """One input of a risk: `value` within [`low`, `high`], each 0 to 1, with a sentence saying why.

    A known factor has low == high == value; an unknown one spans what is possible.
    """

    name: str
    value: float
    low: float
    high: float
    reason: str
    evidence: tuple[Evidence, ...] = ()

    @property
    def known(self) -> bool:
        return self.low == self.high


class Counterfactual(msgspec.Struct, frozen=True):
    """What one change would do: `change` is a phrase ("with authentication"), `value` the risk then."""

    change: str
    value: int


class Risk(msgspec.Struct, frozen=True, omit_defaults=True):
    """A value from 0 (none) to 100, with the range that unknown factors leave open."""

    value: int
    low: int
    high: int
    factors: tuple[Factor, ...] = ()
    counterfactuals: tuple[Counterfactual, ...] = ()
