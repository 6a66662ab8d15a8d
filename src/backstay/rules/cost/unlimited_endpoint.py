"""Unlimited endpoint: one caller can send any number of requests that each cost a model call."""

from collections.abc import Iterator

from backstay.graph import Graph
from backstay.model import Asset, Kind, Match, Severity
from backstay.plugin import rule
from backstay.rules.facts import MODELS, absent, endpoints_of, host_of, is_loopback, named, reached


@rule(Kind.SERVICE, Kind.REPOSITORY)
def check(asset: Asset, graph: Graph) -> Iterator[Match]:
    # Limits are set for an application more than for a route, so the service is judged and not each endpoint.
    paid = [one for one in endpoints_of(asset, graph) if reached(one, graph, MODELS | {Kind.AGENT})]
    free = [one for one in paid if absent(one, "rate_limit") and not is_loopback(host_of(one.text("host")))]
    if free:
        yield Match(
            message=f"{asset.name} sets no limit on how often a caller may use a model through "
            f"{named(one.name for one in free)}.",
            evidence=tuple(dict.fromkeys(place for one in free for place in one.evidence)),
            severity=Severity.MEDIUM if any(absent(one, "authentication") for one in free) else None,
        )
