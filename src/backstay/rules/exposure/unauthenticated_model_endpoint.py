"""Unauthenticated model endpoint: anyone who reaches an address can make a model or agent work."""

from collections.abc import Iterator

from backstay.graph import Graph
from backstay.model import Asset, Kind, Match
from backstay.plugin import rule
from backstay.rules.facts import MODELS, absent, host_of, is_everywhere, is_loopback, named, reached


@rule(Kind.ENDPOINT)
def check(asset: Asset, graph: Graph) -> Iterator[Match]:
    host = asset.text("host")
    if not absent(asset, "authentication") or is_loopback(host_of(host)):
        return
    behind = reached(asset, graph, MODELS | {Kind.AGENT})
    if behind:
        bound = " It listens on every network interface." if is_everywhere(host) else ""
        yield Match(
            message=f"{asset.name} lets anyone who reaches it use {named(step.asset.name for step in behind)}.{bound}",
        )
