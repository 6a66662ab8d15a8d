"""Template injection: a chat template reaches the interpreter, or speaks on a hidden condition."""

from collections.abc import Iterator

from backstay.graph import Graph
from backstay.model import Asset, Kind, Match
from backstay.plugin import rule
from backstay.rules.facts import observed


@rule(Kind.MODEL_FILE, Kind.MODEL)
def check(asset: Asset, graph: Graph) -> Iterator[Match]:
    yield from observed(asset, "template_injection", "The template in {name} is no ordinary chat template: {what}.")
