"""Unapproved MCP server: a client is set up with a server that the policy does not allow."""

from collections.abc import Iterator

from backstay.graph import Graph
from backstay.model import Asset, Kind, Match
from backstay.plugin import rule
from backstay.rules.facts import allows, host_of


@rule(Kind.MCP_SERVER)
def check(asset: Asset, graph: Graph) -> Iterator[Match]:
    # A server written here is no server taken in.
    if asset.text("role") == "server":
        return
    # The name in a configuration is anyone's choice: it counts only when nothing says what really runs.
    identity = [asset.text("package"), host_of(asset.text("url"))]
    if not any(identity):
        identity = [asset.name]
    if not allows(graph.policy.allow.mcp_servers, *identity):
        what = next(filter(None, identity))
        runs = f" ({what})" if what != asset.name else ""
        yield Match(message=f"MCP server {asset.name}{runs} is not among those that the policy allows.")
