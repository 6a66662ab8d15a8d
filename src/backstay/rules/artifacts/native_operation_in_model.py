"""Native operation in a model: it needs operations that the runtime itself does not have."""

from collections.abc import Iterator

from backstay.graph import Graph
from backstay.model import Asset, Kind, Match
from backstay.plugin import rule
from backstay.rules.facts import observed


@rule(Kind.MODEL_FILE, Kind.MODEL)
def check(asset: Asset, graph: Graph) -> Iterator[Match]:
    yield from observed(asset, "native_code", "{name} runs only with a native library: {what}.")
