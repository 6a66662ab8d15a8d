"""Model output fetched: what a model answers decides which address the server calls."""

from collections.abc import Iterator

from backstay.graph import Graph
from backstay.model import Asset, Kind, Match, Severity
from backstay.plugin import rule
from backstay.rules.facts import output_flows


@rule(Kind.SERVICE, Kind.REPOSITORY)
def check(asset: Asset, graph: Graph) -> Iterator[Match]:
    for flow in output_flows(asset, graph, "url"):
        yield Match(
            message=f"{flow.subject} lets {flow.origin} decide which address {flow.callee} calls.",
            evidence=flow.evidence,
            discriminator=flow.name,
            # To fetch what it is asked for may be a tool's purpose.
            severity=Severity.MEDIUM if flow.to_tool else None,
        )
