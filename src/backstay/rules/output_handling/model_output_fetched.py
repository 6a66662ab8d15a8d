"""Model output fetched: what a model answers decides which address the server calls."""

from collections.abc import Iterator

from backstay.graph import Graph
from backstay.model import Asset, Kind, Match
from backstay.plugin import rule
from backstay.rules.facts import output_flows


@rule(Kind.SERVICE, Kind.REPOSITORY)
def check(asset: Asset, graph: Graph) -> Iterator[Match]:
    for flow in output_flows(asset, graph, "url"):
        yield Match(
            message=f"{flow.subject} lets the answer of {flow.origin} decide which address {flow.callee} calls.",
            evidence=flow.evidence,
            discriminator=flow.name,
        )
