"""Invalid tensor layout: tensors overlap, contradict their shape, or point outside the file."""

from collections.abc import Iterator

from backstay.graph import Graph
from backstay.model import Asset, Kind, Match
from backstay.plugin import rule
from backstay.rules.facts import observed


@rule(Kind.MODEL_FILE, Kind.MODEL)
def check(asset: Asset, graph: Graph) -> Iterator[Match]:
    yield from observed(asset, "invalid_tensors", "The layout of {name} cannot come from an honest writer: {what}.")
