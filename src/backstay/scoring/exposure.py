"""Exposure: who can get at the flaw, from the endpoints that lead to it, what it reads, and what the policy says."""

from backstay.model import Asset, Kind
from backstay.scoring.case import Assessment, Case, Change
from backstay.scoring.formula import factor

INTERNET, AUTHENTICATED, PARTNER, INTERNAL, INTERNAL_AUTHENTICATED, ISOLATED = 1.0, 0.7, 0.5, 0.3, 0.2, 0.1
_DECLARED = {
    "internet": (INTERNET, "anybody on the internet"),
    "internet-authenticated": (AUTHENTICATED, "authenticated users on the internet"),
    "partner": (PARTNER, "partners"),
    "internal": (INTERNAL, "the internal network"),
    "isolated": (ISOLATED, "nobody from outside"),
}
_LOOPBACK = ("127.", "localhost", "::1", "[::1]")
_INSIDE = Change("reachable from the internal network only", ISOLATED, INTERNAL)


def exposure(case: Case) -> Assessment:
    # First what is reached otherwise than by the network: no firewall stands before these.
    if case.info.family == "secrets" or case.subject.kind == Kind.CREDENTIAL:
        reason = "Whoever can read the source can read it; who can is not known."
        return Assessment(factor("exposure", INTERNAL, INTERNET, reason))
    if case.info.family in ("supply-chain", "artifacts"):
        return _upstream(case)
    if case.context.exposure:
        value, who = _DECLARED[case.context.exposure]
        changes = (Change("with authentication", AUTHENTICATED, AUTHENTICATED), _INSIDE)
        reason = f"The policy says that {who} can reach it."
        return Assessment(factor("exposure", value, value, reason, evidence=case.declared("exposure")), changes)
    if case.placement:
        high = ISOLATED if case.placement == "test" else INTERNAL
        reason = f"It stands in {case.code}, which is not served."
        return Assessment(factor("exposure", ISOLATED, high, reason))
    return _reached(case)


def _upstream(case: Case) -> Assessment:
    if case.placement:
        reason = f"Who can publish upstream reaches it, but only in {case.code}."
        return Assessment(factor("exposure", ISOLATED, PARTNER, reason))
    reason = "Who can publish upstream reaches it, whatever the network lets through"
    if not case.context.exposure:
        return Assessment(factor("exposure", PARTNER, INTERNET, f"{reason}; who else can is not known."))
    value, who = _DECLARED[case.context.exposure]
    reason = f"{reason}; else, the policy says, {who} can."
    return Assessment(factor("exposure", PARTNER, max(PARTNER, value), reason, evidence=case.declared("exposure")))


def _reached(case: Case) -> Assessment:
    endpoints = case.endpoints
    low, high, reason = ISOLATED, INTERNET, "Nothing seen in the code says who can reach it."
    changes: list[Change] = []
    evidence = tuple(place for endpoint in endpoints[:3] for place in endpoint.evidence[:1])
    if endpoints:
        low, high = _span(endpoints, as_if_authenticated=False)
        worst = max(endpoints, key=lambda endpoint: (*_range(endpoint, _authenticated(endpoint))[::-1], endpoint.key))
        reason = _sentence(worst, len(endpoints))
        if any(_authenticated(endpoint) is not True for endpoint in endpoints):
            changes.append(Change("with authentication", *_span(endpoints, as_if_authenticated=True)))
    reader = _reader(case)
    if reader is not None:
        changes = [Change("without reading content that others write", low, high)]
        low, high = max(low, AUTHENTICATED), INTERNET
        evidence = reader.evidence[:1] + evidence
        reason = f"Whoever writes what {reader.kind} {reader.name} reads can reach it."
    elif endpoints:
        changes.append(_INSIDE)
    return Assessment(factor("exposure", low, high, reason, evidence=evidence), tuple(changes))


def _reader(case: Case) -> Asset | None:
    """A tool in reach of an agent that reads what outsiders write: content is an entrance of its own."""
    if case.subject.kind not in (Kind.AGENT, Kind.TOOL, Kind.MCP_SERVER):
        return None
    return next((asset for asset in case.around.reached if "reads_untrusted" in asset.items("capabilities")), None)


def _span(endpoints: list[Asset], *, as_if_authenticated: bool) -> tuple[float, float]:
    ranges = [_range(one, True if as_if_authenticated else _authenticated(one)) for one in endpoints]
    return max(low for low, _ in ranges), max(high for _, high in ranges)


def _authenticated(endpoint: Asset) -> bool | None:
    """True, False, or None when it is not known."""
    if "authentication" not in endpoint.attributes:
        return None
    return bool(endpoint.attributes["authentication"])


def _range(endpoint: Asset, authenticated: bool | None) -> tuple[float, float]:
    outside_low = AUTHENTICATED if authenticated is not False else INTERNET
    outside_high = AUTHENTICATED if authenticated else INTERNET
    if endpoint.attributes.get("share") is True:
        return outside_low, outside_high
    if endpoint.text("host").startswith(_LOOPBACK):
        return ISOLATED, ISOLATED
    return (INTERNAL if authenticated is False else INTERNAL_AUTHENTICATED), outside_high


def _sentence(endpoint: Asset, count: int) -> str:
    authenticated = _authenticated(endpoint)
    asks = {True: "asks for authentication", False: "asks for no authentication", None: "may ask for authentication"}
    host = endpoint.text("host")
    if endpoint.attributes.get("share") is True:
        where = "is shared by a public link"
    elif host.startswith(_LOOPBACK):
        where = "listens on this machine only"
    else:
        where = f"listens on {host}" if host else "its network is not known"
    more = f" ({count} endpoints lead here.)" if count > 1 else ""
    return f"Endpoint {endpoint.name} leads here: it {asks[authenticated]} and {where}.{more}"
