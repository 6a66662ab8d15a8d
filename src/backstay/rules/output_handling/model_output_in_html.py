"""Model output in HTML: what a model answers is shown as markup."""

from collections.abc import Iterator

from backstay.graph import Graph
from backstay.model import Asset, Kind, Match
from backstay.plugin import rule
from backstay.rules.facts import output_flows


@rule(Kind.SERVICE, Kind.REPOSITORY)
def check(asset: Asset, graph: Graph) -> Iterator[Match]:
    for flow in output_flows(asset, graph, "html"):
        yield Match(
            message=f"{flow.subject} shows {flow.origin} as unescaped markup, through {flow.callee}.",
            evidence=flow.evidence,
            discriminator=flow.name,
        )
