"""Irregular model file: something in its structure is odd, though nothing harmful explains it."""

from collections.abc import Iterator

from backstay.graph import Graph
from backstay.model import Asset, Kind, Match
from backstay.plugin import rule
from backstay.rules.facts import observed


@rule(Kind.MODEL_FILE, Kind.MODEL)
def check(asset: Asset, graph: Graph) -> Iterator[Match]:
    yield from observed(asset, "irregular_structure", "The structure of {name} is unusual: {what}.")
