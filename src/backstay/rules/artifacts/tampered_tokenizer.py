"""Tampered tokenizer: it replaces text on the way in or out."""

from collections.abc import Iterator

from backstay.graph import Graph
from backstay.model import Asset, Kind, Match
from backstay.plugin import rule
from backstay.rules.facts import observed


@rule(Kind.MODEL_FILE, Kind.MODEL)
def check(asset: Asset, graph: Graph) -> Iterator[Match]:
    yield from observed(asset, "tampered_tokenizer", "The tokenizer in {name} changes what passes through it: {what}.")
