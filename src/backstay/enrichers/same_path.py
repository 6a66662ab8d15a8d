"""Same path: a file or folder that code names by a path of its own, and the one that stands in the source."""

import posixpath
from collections.abc import Iterator

from backstay.graph import Graph
from backstay.model import Asset, Attributes, Kind, Same
from backstay.plugin import Joined, Places, enricher

_SPEAKERS = ("code", "commands", "containers")  # who names files without seeing them
_KINDS = (Kind.DATASET, Kind.MODEL_FILE, Kind.MODEL)


@enricher(order=5)
def enrich(graph: Graph, places: Places) -> Iterator[Joined]:
    """Join assets of one kind whose paths mean one place, and give data what the card of its folder says."""
    for kind in _KINDS:
        standing = {asset.text("path"): asset for asset in graph.all(kind) if _stands(asset)}
        for asset in graph.all(kind):
            if asset.text("path") and not _stands(asset):
                found = _meant(asset, standing)
                if found is not None:
                    yield Same(asset.key, found.key)
    yield from _on_the_hub(graph)
    yield from _folder_cards(graph)


def _stands(asset: Asset) -> bool:
    """Whether an asset was seen as a file or folder itself, not only named by code."""
    return bool(asset.text("path")) and any(not seen.source.startswith(_SPEAKERS) for seen in asset.evidence)


def _meant(asset: Asset, standing: dict[str, Asset]) -> Asset | None:
    """What a relative path means: seen from the root, from the code's folder or one above it, else a unique end."""
    path = posixpath.normpath(asset.text("path"))
    if path.startswith(("/", "~")) or "://" in path:
        return None
    for seen in asset.evidence:
        folder = posixpath.dirname(seen.path)
        if path.startswith(".."):
            found = standing.get(posixpath.normpath(posixpath.join(folder, path)))
            if found is not None:
                return found
            continue
        while True:
            found = standing.get(posixpath.join(folder, path))
            if found is not None:
                return found
            if not folder:
                break
            folder = posixpath.dirname(folder)
    path = path.lstrip("./")
    ends = [one for place, one in standing.items() if place.endswith("/" + path)] if "/" in path else []
    return ends[0] if len(ends) == 1 else None


def _on_the_hub(graph: Graph) -> Iterator[Joined]:
    """A name that code hands both to the hub and to a reader of files is the hub's: `load_dataset("json", ...)`."""
    on_hub = {asset.name: asset for asset in graph.all(Kind.DATASET) if asset.text("hub") and "/" in asset.name}
    for asset in graph.all(Kind.DATASET):
        hub = on_hub.get(asset.text("path"))
        if hub is not None and hub is not asset and not _stands(asset):
            yield Same(asset.key, hub.key)


def _folder_cards(graph: Graph) -> Iterator[Joined]:
    cards = {asset.text("path"): asset for asset in graph.all(Kind.DATASET) if asset.text("card")}
    for asset in graph.all(Kind.DATASET):
        card = cards.get(posixpath.dirname(asset.text("path"))) if asset.text("path") else None
        if card is not None and card is not asset and not asset.text("card"):
            told: Attributes = {name: card.attributes[name] for name in ("card", "license") if name in card.attributes}
            yield Asset(asset.key, asset.kind, asset.name, told, asset.evidence[:1])
