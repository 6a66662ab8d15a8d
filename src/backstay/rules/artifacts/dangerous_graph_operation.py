"""Dangerous graph operation: a graph reads or writes files, runs code, or swaps its outputs."""

from collections.abc import Iterator

from backstay.graph import Graph
from backstay.model import Asset, Kind, Match
from backstay.plugin import rule
from backstay.rules.facts import observed


@rule(Kind.MODEL_FILE, Kind.MODEL)
def check(asset: Asset, graph: Graph) -> Iterator[Match]:
    yield from observed(asset, "dangerous_operations", "The graph of {name} does more than a model has to: {what}.")
