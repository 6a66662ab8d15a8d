"""Formula: how factors make a risk, and how risks of parts make the risk of a whole; docs/risk.md explains it.

risk = potential(severity) x exploitability^0.30 x exposure^0.25 x sensitivity^0.20 x business^0.15 x usage^0.10
"""

import math
from collections.abc import Iterable, Sequence

from backstay.model import Counterfactual, Evidence, Factor, Risk, Severity
from backstay.scoring.case import Assessment

# What a flaw of a severity can come to at worst, when every factor is at its highest.
POTENTIAL = {
    Severity.CRITICAL: 100,
    Severity.HIGH: 80,
    Severity.MEDIUM: 55,
    Severity.LOW: 30,
    Severity.INFO: 10,
}
WEIGHTS = {"exploitability": 0.30, "exposure": 0.25, "sensitivity": 0.20, "business": 0.15, "usage": 0.10}
FLOOR = 0.05  # a factor never makes a risk vanish: no flaw is nothing

_TAIL = 0.25  # the share of what is left to 100 that everything beside the worst can add
_EACH = 0.1  # how much one more part counts of that
_MAX_CHANGES = 4


def factor(name: str, low: float, high: float, reason: str, evidence: tuple[Evidence, ...] = ()) -> Factor:
    """A factor whose shown value is half way between the best and the worst that is possible."""
    low, high = round(low, 4), round(high, 4)
    return Factor(name, round(low + (high - low) / 2, 4), low, high, reason, evidence)


def risk_of(severity: Severity, assessments: Sequence[Assessment]) -> Risk:
    """A finding's risk from its factors, with what each possible change would make of it."""
    factors = [assessment.factor for assessment in assessments]
    risk = _risk(severity, factors)
    changed: dict[str, int] = {}
    for at, assessment in enumerate(assessments):
        for change in assessment.changes:
            now = assessment.factor
            then = factor(now.name, min(now.low, change.low), min(now.high, change.high), change.phrase)
            value = _risk(severity, [*factors[:at], then, *factors[at + 1 :]]).value
            if value < risk.value:
                changed[change.phrase] = value
    best = sorted(changed.items(), key=lambda item: (item[1], item[0]))[:_MAX_CHANGES]
    potential = POTENTIAL[severity]
    first = factor("severity", potential / 100, potential / 100, f"A {severity} flaw comes to {potential} at worst.")
    return Risk(risk.value, risk.low, risk.high, (first, *factors), tuple(Counterfactual(*item) for item in best))


def _risk(severity: Severity, factors: Iterable[Factor]) -> Risk:
    value = low = high = float(POTENTIAL[severity])
    for one in factors:
        weight = WEIGHTS[one.name]
        value *= max(one.value, FLOOR) ** weight
        low *= max(one.low, FLOOR) ** weight
        high *= max(one.high, FLOOR) ** weight
    return Risk(shown(value), shown(low), shown(high))


def shown(value: float) -> int:
    """A risk as a whole number from 1 to 100: what is there is never shown as nothing."""
    return max(1, min(100, round(value)))


def whole(parts: Iterable[int]) -> int:
    """The risk of a whole: the worst part, and a small tail for the others that never outweighs the worst.

    0 for no parts. Grows with every part, never reaches 100 unless one part does.
    """
    ordered = sorted((part for part in parts if part > 0), reverse=True)
    if not ordered:
        return 0
    worst, others = ordered[0], ordered[1:]
    share = 1 - math.prod(1 - _EACH * other / 100 for other in others)
    return shown(worst + _TAIL * (100 - worst) * share)


def whole_risk(parts: Sequence[Risk]) -> Risk:
    """`whole` over values and over both ends of the ranges."""
    return Risk(
        whole(part.value for part in parts), whole(part.low for part in parts), whole(part.high for part in parts)
    )
