"""Missing model card: a model is made here and nothing tells what it is for and how it was made."""

from collections.abc import Iterator

from backstay.graph import Graph
from backstay.model import Asset, Kind, Match
from backstay.plugin import rule
from backstay.rules.facts import made_here, places, source_names


@rule(Kind.MODEL)
def check(asset: Asset, graph: Graph) -> Iterator[Match]:
    made = made_here(asset, graph)
    # A card in the tree would have been seen, so its absence needs no proof.
    if made and not asset.text("card") and not _described(asset, graph):
        yield Match(
            message=f"{asset.name}, made by {source_names(made, graph)}, has no model card.", evidence=places(made)
        )


def _described(asset: Asset, graph: Graph) -> bool:
    """Whether a card stands in a folder that is called as the model is, which is where it is saved."""
    name = asset.name.rstrip("/").rpartition("/")[2].lower()
    cards = (other for other in graph.all(Kind.MODEL) if other.text("card"))
    return any(other.text("path").rstrip("/").rpartition("/")[2].lower() == name for other in cards)
