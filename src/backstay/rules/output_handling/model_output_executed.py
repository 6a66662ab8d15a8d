"""Model output executed: what a model answers is run as code."""

from collections.abc import Iterator

from backstay.graph import Graph
from backstay.model import Asset, Kind, Match
from backstay.plugin import rule
from backstay.rules.facts import output_flows


@rule(Kind.SERVICE, Kind.REPOSITORY)
def check(asset: Asset, graph: Graph) -> Iterator[Match]:
    for flow in output_flows(asset, graph, "code"):
        yield Match(
            message=f"{flow.subject} runs {flow.origin} as code, through {flow.callee}.",
            evidence=flow.evidence,
            discriminator=flow.name,
        )
