"""Model output in SQL: what a model answers becomes part of a database statement."""

from collections.abc import Iterator

from backstay.graph import Graph
from backstay.model import Asset, Kind, Match
from backstay.plugin import rule
from backstay.rules.facts import output_flows


@rule(Kind.SERVICE, Kind.REPOSITORY)
def check(asset: Asset, graph: Graph) -> Iterator[Match]:
    for flow in output_flows(asset, graph, "sql"):
        yield Match(
            message=f"{flow.subject} puts {flow.origin} into an SQL statement, through {flow.callee}.",
            evidence=flow.evidence,
            discriminator=flow.name,
        )
