"""Plaintext transport: prompts, answers and keys travel over HTTP."""

from collections.abc import Iterator

from backstay.graph import Graph
from backstay.model import Asset, Kind, Match, RelationshipKind, Severity
from backstay.plugin import rule
from backstay.rules.facts import host_of, is_internal, is_loopback, places


@rule(Kind.MCP_SERVER, Kind.PROVIDER, Kind.VECTOR_STORE)
def check(asset: Asset, graph: Graph) -> Iterator[Match]:
    address = asset.text("url") or asset.text("host")
    host = host_of(address)
    if not address.lower().startswith(("http://", "ws://")) or not host or is_loopback(host):
        return
    yield Match(
        message=f"{asset.name} is reached at {host} over plain HTTP: whoever is on the way reads what is sent.",
        evidence=asset.evidence or places(graph.into(asset, RelationshipKind.USES)),
        severity=Severity.LOW if is_internal(host) else None,
    )
