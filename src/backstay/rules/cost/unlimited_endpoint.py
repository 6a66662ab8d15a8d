"""Unlimited endpoint: one caller can send any number of requests that each cost a model call."""

from collections.abc import Iterator

from backstay.graph import Graph
from backstay.model import Asset, Kind, Match, Severity
from backstay.plugin import rule
from backstay.rules.facts import MODELS, absent, host_of, is_loopback, named, reached


@rule(Kind.ENDPOINT)
def check(asset: Asset, graph: Graph) -> Iterator[Match]:
    if not absent(asset, "rate_limit") or is_loopback(host_of(asset.text("host"))):
        return
    behind = reached(asset, graph, MODELS | {Kind.AGENT})
    if behind:
        yield Match(
            message=f"{asset.name} sets no limit on how often a caller may use "
            f"{named(step.asset.name for step in behind)}.",
            severity=Severity.MEDIUM if absent(asset, "authentication") else None,
        )
