"""XML entity in a model: the file defines entities, which read files or exhaust memory."""

from collections.abc import Iterator

from backstay.graph import Graph
from backstay.model import Asset, Kind, Match
from backstay.plugin import rule
from backstay.rules.facts import observed


@rule(Kind.MODEL_FILE, Kind.MODEL)
def check(asset: Asset, graph: Graph) -> Iterator[Match]:
    yield from observed(asset, "xml_entities", "{name} defines XML entities: {what}.")
