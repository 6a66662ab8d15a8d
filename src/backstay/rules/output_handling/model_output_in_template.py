"""Model output in a template: what a model answers is read as a template's source."""

from collections.abc import Iterator

from backstay.graph import Graph
from backstay.model import Asset, Kind, Match
from backstay.plugin import rule
from backstay.rules.facts import output_flows


@rule(Kind.SERVICE, Kind.REPOSITORY)
def check(asset: Asset, graph: Graph) -> Iterator[Match]:
    for flow in output_flows(asset, graph, "template"):
        yield Match(
            message=f"{flow.subject} has {flow.callee} interpret {flow.origin} as a template.",
            evidence=flow.evidence,
            discriminator=flow.name,
        )
