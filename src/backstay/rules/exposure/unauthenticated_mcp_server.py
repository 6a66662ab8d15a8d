"""Unauthenticated MCP server: anyone who reaches the server can call its tools."""

from collections.abc import Iterator

from backstay.graph import Graph
from backstay.model import Asset, Kind, Match, RelationshipKind, Severity
from backstay.plugin import rule
from backstay.rules.facts import absent, can, host_of, is_loopback, named

ACTS = ("spends_money", "changes_state", "runs_code", "reads_private", "sends_out")


@rule(Kind.MCP_SERVER)
def check(asset: Asset, graph: Graph) -> Iterator[Match]:
    if asset.text("role") != "server" or asset.text("transport") not in ("http", "sse"):
        return
    host = host_of(asset.text("host") or asset.text("url"))
    if not absent(asset, "authentication") or is_loopback(host):
        return
    tools = graph.targets(asset, Kind.TOOL, RelationshipKind.CONTAINS)
    acting = [tool for tool in tools if can(tool, *ACTS)]
    offers = f" ({named(tool.name for tool in acting or tools)})" if tools else ""
    yield Match(
        message=f"MCP server {asset.name} lets anyone who reaches it call its tools{offers}.",
        severity=Severity.CRITICAL if any(can(tool, "runs_code") for tool in tools) else None,
    )
