"""Unauthenticated vector store: a store on the network is used without any credential."""

from collections.abc import Iterator

from backstay.graph import Graph
from backstay.model import Asset, Kind, Match, Severity
from backstay.plugin import rule
from backstay.rules.facts import absent, host_of, is_everywhere, is_internal, is_loopback


@rule(Kind.VECTOR_STORE)
def check(asset: Asset, graph: Graph) -> Iterator[Match]:
    host = host_of(asset.text("host"))
    if not absent(asset, "authentication") or not host or is_loopback(host):
        return
    where = "listens on every network interface" if is_everywhere(host) else f"is used at {host}"
    yield Match(
        message=f"{asset.name} {where} with no credential: whoever reaches it can read it and write to it.",
        severity=Severity.LOW if is_internal(host) else None,
    )
