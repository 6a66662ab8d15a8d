"""Business impact: what it would cost the organisation, as the policy says it; code alone cannot know."""

from backstay.scoring.case import Assessment, Case
from backstay.scoring.formula import factor

TIERS = {"tier1": 1.0, "tier2": 0.6, "tier3": 0.3}
_LOWEST = TIERS["tier3"]
# What an environment leaves possible when no tier is given.
_ENVIRONMENTS = {"production": (0.6, 1.0), "staging": (_LOWEST, 0.6), "development": (_LOWEST, _LOWEST)}


def business(case: Case) -> Assessment:
    context = case.context
    if context.criticality:
        value = TIERS[context.criticality]
        reason = f"The policy says that it is {context.criticality}."
        return Assessment(factor("business", value, value, reason, evidence=case.declared("criticality")))
    if context.environment:
        low, high = _ENVIRONMENTS[context.environment]
        reason = f"The policy says that it runs in {context.environment}; how critical it is it does not say."
        return Assessment(factor("business", low, high, reason, evidence=case.declared("environment")))
    if case.placement:
        return Assessment(factor("business", _LOWEST, _LOWEST, f"It stands in {case.code}: no business rests on that."))
    return Assessment(factor("business", _LOWEST, 1.0, "How critical it is the policy does not say."))
