"""Unassessed model file: part of it was not read, so nothing can be said of that part."""

from collections.abc import Iterator

from backstay.graph import Graph
from backstay.model import Asset, Kind, Match
from backstay.plugin import rule
from backstay.rules.facts import observed


@rule(Kind.MODEL_FILE)
def check(asset: Asset, graph: Graph) -> Iterator[Match]:
    yield from observed(asset, "not_read", "{name} was not read wholly: {what}.")
