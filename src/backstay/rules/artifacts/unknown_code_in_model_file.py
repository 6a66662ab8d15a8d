"""Unknown code in a model file: loading imports classes or functions that are on no list."""

from collections.abc import Iterator

from backstay.graph import Graph
from backstay.model import Asset, Kind, Match
from backstay.plugin import rule
from backstay.rules.facts import allows, observed


@rule(Kind.MODEL_FILE, Kind.MODEL)
def check(asset: Asset, graph: Graph) -> Iterator[Match]:
    known = graph.policy.allow.imports
    strange = [one for one in asset.items("unknown_code") if not known or not allows(known, one.partition(":")[0])]
    yield from observed(asset, "unknown_code", "Loading {name} imports what is not known to be safe: {what}.", strange)
