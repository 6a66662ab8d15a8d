"""Sensitivity: which data can be lost through the flaw, by the stores, tools and secrets in reach of its subject."""

import re

from backstay.model import Asset, Evidence, Kind, Level
from backstay.scoring.case import Assessment, Case, Change
from backstay.scoring.formula import factor

PUBLIC, INTERNAL, PERSONAL, REGULATED = 0.2, 0.5, 0.8, 1.0
_DECLARED = {"public": PUBLIC, "internal": INTERNAL, "personal": PERSONAL, "regulated": REGULATED}
_DOCUMENTS = 0.4  # a vector store holds documents somebody found worth keeping; whose is not known
_SECRET = 0.8
_STORES = frozenset({Kind.DATASET, Kind.VECTOR_STORE, Kind.DATA_STORE})

# A name is a hint, no proof: it lifts the lower end of the range and is said to be inferred.
_REGULATED_WORDS = frozenset(
    {"bank", "banking", "biometric", "card", "clinical", "credit", "diagnosis", "health", "iban", "insurance"}
    | {"medical", "passport", "patient", "payment", "payroll", "salary", "ssn", "tax"}
)
_PERSONAL_WORDS = frozenset(
    {"chat", "contact", "conversation", "crm", "customer", "cv", "email", "employee", "hr", "inbox", "mail", "member"}
    | {"people", "person", "profile", "resume", "ticket", "user"}
)
_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+")


def sensitivity(case: Case) -> Assessment:
    found = sorted(
        (hint for asset in case.around.reached if (hint := _hint(case, asset))), key=lambda hint: -hint[0]
    )  # a stable sort: of equals, the nearest first
    declared = case.context.data
    if declared:
        value = _DECLARED[declared]
        reason = f"The policy says that the data here is {declared}."
        return Assessment(factor("sensitivity", value, value, reason, evidence=case.declared("data")))
    if case.subject.kind == Kind.CREDENTIAL and case.subject.text("form") == "value":
        reason = "It is a secret itself."
        return Assessment(factor("sensitivity", REGULATED, REGULATED, reason, evidence=case.subject.evidence[:1]))
    if case.placement:
        return Assessment(
            factor("sensitivity", PUBLIC, INTERNAL, f"It stands in {case.code}, which seldom meets real data.")
        )
    if not found:
        return Assessment(factor("sensitivity", PUBLIC, REGULATED, "Which data it can reach is not known."))
    low, asset, reason, level = found[0]
    evidence = tuple(
        Evidence(place.source, place.path, place.line, level=level, note=place.note) for place in asset.evidence[:1]
    )
    others = [hint[0] for hint in found if hint[1].key != asset.key]
    change = Change(
        f"without reach to {asset.kind.replace('_', ' ')} {asset.name}", max(others, default=PUBLIC), REGULATED
    )
    changes = (change,) if asset.key != case.subject.key else ()
    return Assessment(factor("sensitivity", low, REGULATED, reason, evidence=evidence), changes)


def _hint(case: Case, asset: Asset) -> tuple[float, Asset, str, Level] | None:
    """The least that an asset in reach says of the data, why, and how surely."""
    if asset.kind == Kind.CREDENTIAL and asset.text("form") == "value":
        return _SECRET, asset, f"A secret value ({asset.name}) is in its reach.", Level.OBSERVED
    if asset.kind in _STORES:
        words = {word.lower() for word in _WORD.findall(asset.name[:200])}
        words |= {word.removesuffix("s") for word in words}
        for known, value, kind in ((_REGULATED_WORDS, 0.6, "regulated"), (_PERSONAL_WORDS, INTERNAL, "personal")):
            if words & known:
                reason = f"The name of {asset.kind} {asset.name} suggests {kind} data; what it holds is not known."
                return value, asset, reason, Level.INFERRED
        if asset.kind == Kind.VECTOR_STORE:
            reason = f"Documents of vector store {asset.name} are in its reach; what they hold is not known."
            return _DOCUMENTS, asset, reason, Level.OBSERVED
    if "reads_private" in asset.items("capabilities"):
        reason = f"It reads private data through {asset.kind} {asset.name}; which data is not known."
        return INTERNAL, asset, reason, Level.OBSERVED
    return None
