"""Model output in a path: what a model answers decides which file is opened."""

from collections.abc import Iterator

from backstay.graph import Graph
from backstay.model import Asset, Kind, Match, Severity
from backstay.plugin import rule
from backstay.rules.facts import output_flows


@rule(Kind.SERVICE, Kind.REPOSITORY)
def check(asset: Asset, graph: Graph) -> Iterator[Match]:
    for flow in output_flows(asset, graph, "path"):
        yield Match(
            message=f"{flow.subject} lets {flow.origin} decide which file {flow.callee} touches.",
            evidence=flow.evidence,
            discriminator=flow.name,
            # To open what it is asked for may be a tool's purpose.
            severity=Severity.LOW if flow.to_tool else None,
        )
