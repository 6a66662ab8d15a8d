"""Plaintext dataset download: data is fetched over HTTP, so anyone on the way can change it."""

from collections.abc import Iterator

from backstay.graph import Graph
from backstay.model import Asset, Kind, Match, RelationshipKind
from backstay.plugin import rule
from backstay.rules.facts import host_of, is_loopback, places


@rule(Kind.DATASET)
def check(asset: Asset, graph: Graph) -> Iterator[Match]:
    url = asset.text("url")
    if not url.lower().startswith("http://") or is_loopback(host_of(url)):
        return
    reads = graph.into(asset, RelationshipKind.CONSUMES, RelationshipKind.TRAINED_ON, RelationshipKind.TESTED_ON)
    yield Match(
        message=f"{asset.name} is fetched from {host_of(url)} over plain HTTP: anyone on the way can change the data.",
        evidence=places(reads),
    )
