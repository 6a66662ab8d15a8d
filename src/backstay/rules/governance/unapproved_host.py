"""Unapproved host: prompts or data go to a host that the policy does not allow."""

from collections.abc import Iterator

from backstay.graph import Graph
from backstay.model import Asset, Kind, Match
from backstay.plugin import rule
from backstay.rules.facts import allows, host_of, is_loopback


@rule(Kind.MCP_SERVER, Kind.VECTOR_STORE, Kind.PROVIDER, Kind.DATASET)
def check(asset: Asset, graph: Graph) -> Iterator[Match]:
    # A server that is written here names its own bind address, which is no host that anything is sent to.
    if asset.text("role") == "server":
        return
    host = host_of(asset.text("url") or asset.text("host"))
    if host and not is_loopback(host) and not allows(graph.policy.allow.hosts, host):
        yield Match(message=f"{asset.name} is reached at {host}, which is not among the hosts that the policy allows.")
