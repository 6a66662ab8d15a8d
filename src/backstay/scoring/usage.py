"""Usage: how much the flawed thing is used. Code shows how many things rest on it; traffic is not measured here."""

import math

from backstay.model import Kind
from backstay.scoring.case import Assessment, Case
from backstay.scoring.formula import factor

_IDLE, _SOME, _HEAVY = 0.1, 0.3, 1.0
_AT_MOST = 0.5  # much used in code is not yet much used by people
_USERS = frozenset({Kind.ENDPOINT, Kind.AGENT, Kind.PIPELINE, Kind.NOTEBOOK, Kind.SERVICE})


def usage(case: Case) -> Assessment:
    if case.placement:
        return Assessment(factor("usage", _IDLE, _SOME, f"It stands in {case.code}, which is run now and then."))
    users = [asset for asset in case.around.callers if asset.kind in _USERS]
    low = min(_AT_MOST, _IDLE + 0.1 * math.log2(1 + len(users)))
    many = f"{len(users)} parts of the code rest" if len(users) != 1 else f"{users[0].kind} {users[0].name} rests"
    seen = f"{many} on it; real traffic" if users else "Real traffic"
    reason = f"{seen} is not measured."
    return Assessment(factor("usage", round(low, 4), _HEAVY, reason[0].upper() + reason[1:]))
