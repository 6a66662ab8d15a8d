"""Auto-approved MCP tools: a client calls tools of a server without asking its user."""

from collections.abc import Iterator

from backstay.graph import Graph
from backstay.model import Asset, Kind, Match, Severity
from backstay.plugin import rule
from backstay.rules.facts import named


@rule(Kind.MCP_SERVER)
def check(asset: Asset, graph: Graph) -> Iterator[Match]:
    tools = asset.items("auto_approve")
    if "*" in tools:
        yield Match(
            message=f"Every tool of MCP server {asset.name} runs without asking, those it adds later included.",
            severity=Severity.HIGH,
        )
    elif tools:
        yield Match(
            message=f"{named(tools)} of MCP server {asset.name} run{'s' if len(tools) == 1 else ''} without asking."
        )
