"""Model lock: compares the model files that stand in a source with the lock that somebody accepted them in."""

from collections.abc import Iterator

from backstay.artifacts.lock import NAME, Locked, LockError, changes, read
from backstay.graph import Graph
from backstay.model import Asset, Evidence, Kind, urn
from backstay.plugin import Joined, Places, enricher

_ID = "model-lock"


@enricher(order=30)
def enrich(graph: Graph, places: Places) -> Iterator[Joined]:
    """Say of each model file below a lock how it differs; of one that is gone, that it is."""
    standing = {asset.text("path"): asset for asset in graph.all(Kind.MODEL_FILE) if asset.text("sha256")}
    for lock in places.paths():
        folder, _, name = lock.rpartition("/")
        if name != NAME:
            continue
        data = places.read(lock)
        if data is None:
            places.unread(lock, "not read", "the lock of model files")
            continue
        try:
            locked = read(data)
        except LockError as error:
            places.unread(lock, "invalid lock", str(error))
            continue
        prefix = f"{folder}/" if folder else ""
        present = {path.removeprefix(prefix): asset for path, asset in standing.items() if path.startswith(prefix)}
        seen = (Evidence(_ID, lock),)
        for change in changes(locked, (_entry(path, asset) for path, asset in present.items())):
            path = prefix + change.path
            known = standing.get(path)
            key = known.key if known is not None else urn(Kind.MODEL_FILE, places.source.id, path)
            yield Asset(key, Kind.MODEL_FILE, known.name if known else path, {"changed": [change.text]}, seen)


def _entry(path: str, asset: Asset) -> Locked:
    size = asset.attributes.get("size")
    return Locked(path, asset.text("format"), size if isinstance(size, int) else 0, asset.text("sha256"))
