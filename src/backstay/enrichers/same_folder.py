"""Same folder: many data files of one kind side by side are one dataset, as is one that is split into parts."""

import re
from collections import defaultdict
from collections.abc import Iterator

from backstay.graph import Graph
from backstay.model import Asset, Attributes, Kind, RelationshipKind, Same, urn
from backstay.plugin import Joined, Places, enricher

MANY = 6  # files of one format that no reader would list one by one
_PART = re.compile(r"(.*?)[-_.]?(?:part|shard)?[-_.]?\d{2,6}-of-\d{2,6}(?=\.|\Z)")


@enricher(order=7)
def enrich(graph: Graph, places: Places) -> Iterator[Joined]:
    """Join the parts of one dataset under the folder, or the name, that they share."""
    folders: dict[tuple[str, str], list[Asset]] = defaultdict(list)
    parts: dict[str, list[Asset]] = defaultdict(list)
    for asset in graph.all(Kind.DATASET):
        path = asset.text("path")
        if not _is_file(asset, path) or not _only_stands(asset, graph):
            continue
        part = _PART.match(path)
        if part:
            parts[part[1]].append(asset)
        else:
            folders[path.rpartition("/")[0], asset.text("format")].append(asset)
    for stem, files in parts.items():
        if len(files) > 1:
            yield from _joined(files, stem.rstrip("/-_."), places)
    for (folder, _), files in folders.items():
        if folder and len(files) >= MANY:
            yield from _joined(files, folder, places)


def _is_file(asset: Asset, path: str) -> bool:
    return bool(path) and asset.text("format") not in ("", "dvc") and not asset.text("card")


def _only_stands(asset: Asset, graph: Graph) -> bool:
    """Whether nothing speaks of the file by name: a file that code reads is a dataset of its own."""
    if any(seen.source.startswith("code") for seen in asset.evidence):
        return False
    return all(edge.kind == RelationshipKind.CONTAINS for edge in graph.into(asset.key)) and not graph.out(asset.key)


def _joined(files: list[Asset], path: str, places: Places) -> Iterator[Joined]:
    first = files[0]
    sizes = [size for one in files if isinstance(size := one.attributes.get("size"), int)]
    key = urn(Kind.DATASET, places.source.id, path)
    attributes: Attributes = {"path": path, "format": first.text("format"), "files": len(files), "size": sum(sizes)}
    yield Asset(key, Kind.DATASET, path, attributes, first.evidence[:1])
    for one in files:
        yield Same(one.key, key)
