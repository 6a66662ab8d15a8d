"""Model parts: compares the parts that an index, a graph or a split file names with those that stand beside it."""

import posixpath
from collections.abc import Iterator

from backstay.graph import Graph
from backstay.model import Asset, Attributes, Evidence, Kind, Value
from backstay.plugin import Joined, Places, enricher

_ID = "model-parts"
_MAX = 100


@enricher(order=30)
def enrich(graph: Graph, places: Places) -> Iterator[Joined]:
    """Say of a model which of its shards or external files are missing, and which hold other tensors than they should.

    Where no shard is here at all, the weights are kept elsewhere, which is no fault.
    """
    paths = {path.lower(): path for path in places.paths()}  # names in other files are not always spelled alike
    files = {asset.text("path"): asset for asset in graph.all(Kind.MODEL_FILE)}
    for model in graph.all(Kind.MODEL):
        if model.items("shards"):
            folder = model.text("path")
            lost = [_lost(shard, "the index") for shard in model.items("shards") if _gone(folder, shard, paths)]
            odd = [text for entry in model.items("shard_tensors") if (text := _differs(folder, entry, files))]
            whole = len(lost) == len(model.items("shards"))
            yield from _told(model, {"missing_parts": [] if whole else lost, "irregular_structure": odd})
    for path, file in files.items():
        folder = posixpath.dirname(path)
        names, needed = file.items("external"), file.items("external_bytes")
        lost = [_lost(name, "the graph") for name in names if _gone(folder, name, paths)]
        if len(needed) == len(names):
            short = (_short(folder, name, least, paths, places) for name, least in zip(names, needed, strict=True))
            lost += [text for text in short if text]
        yield from _told(file, {"missing_parts": lost})


def _told(asset: Asset, said: dict[str, list[str]]) -> Iterator[Joined]:
    found: Attributes = {name: texts[:_MAX] for name, texts in said.items() if texts}
    if found:
        place = asset.place
        seen = (Evidence(_ID, place.path if place is not None else ""),)
        yield Asset(asset.key, asset.kind, asset.name, found, seen)


def _lost(name: str, who: str) -> str:
    return f"{name}: named by {who}, and not here"


def _gone(folder: str, name: str, paths: dict[str, str]) -> bool:
    """Whether a file that is named beside another is missing; one that is named elsewhere is another rule's matter."""
    inner = posixpath.normpath(posixpath.join(folder, name))
    outside = name.startswith("/") or "://" in name or "\\" in name or inner.startswith("..")
    return not outside and inner.lower() not in paths


def _short(folder: str, name: str, least: str, paths: dict[str, str], places: Places) -> str:
    """In words, that a file is shorter than what refers to it needs; empty when it is not, or is not here."""
    path = paths.get(posixpath.normpath(posixpath.join(folder, name)).lower())
    size = places.size(path) if path is not None else None
    if size is None or not least.isdecimal() or size >= int(least):
        return ""
    return f"{name}: has {size} bytes, and {least} are referred to"


def _differs(folder: str, entry: str, files: dict[str, Asset]) -> str:
    """In words, how a shard differs from its entry in the index: `NUMBER DIGEST NAME`."""
    number, _, rest = entry.partition(" ")
    digest, _, name = rest.partition(" ")
    file = files.get(posixpath.normpath(posixpath.join(folder, name)))
    told: Value = file.attributes.get("tensor_names") if file is not None else None
    if file is None or not isinstance(told, str) or told == digest:
        return ""
    return f"{name}: holds {file.attributes.get('tensors')} tensors, of which the index names {number} or others"
