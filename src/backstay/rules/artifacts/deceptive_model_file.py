"""Deceptive model file: its structure shows a scanner one thing and a loader another."""

from collections.abc import Iterator

from backstay.graph import Graph
from backstay.model import Asset, Kind, Match
from backstay.plugin import rule
from backstay.rules.facts import observed


@rule(Kind.MODEL_FILE, Kind.MODEL)
def check(asset: Asset, graph: Graph) -> Iterator[Match]:
    yield from observed(
        asset, "deceptive_structure", "{name} is built so that readers disagree on what it holds: {what}."
    )
