"""Model output deserialised: what a model answers is read by a loader that can run code."""

from collections.abc import Iterator

from backstay.graph import Graph
from backstay.model import Asset, Kind, Match
from backstay.plugin import rule
from backstay.rules.facts import output_flows


@rule(Kind.SERVICE, Kind.REPOSITORY)
def check(asset: Asset, graph: Graph) -> Iterator[Match]:
    for flow in output_flows(asset, graph, "deserialise"):
        yield Match(
            message=f"{flow.subject} hands {flow.origin} to {flow.callee}, which can run code.",
            evidence=flow.evidence,
            discriminator=flow.name,
        )
