"""Restricted model licence: its licence limits who may use the model, and for what."""

from collections.abc import Iterator

from backstay.graph import Graph
from backstay.model import Asset, Kind, Match
from backstay.plugin import rule
from backstay.rules.facts import observed


@rule(Kind.MODEL, Kind.MODEL_FILE)
def check(asset: Asset, graph: Graph) -> Iterator[Match]:
    yield from observed(asset, "license_restrictions", "The licence of {name} restricts its use: {what}.")
