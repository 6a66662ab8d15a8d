"""Model signatures: compares the files that stand in a source with what a signature beside them was made over."""

import hashlib
from collections.abc import Iterator

from backstay.artifacts.signatures import Signed, differences, signed
from backstay.graph import Graph
from backstay.model import Asset, Attributes, Evidence, Kind
from backstay.plugin import Joined, Places, enricher

_ID = "model-signatures"
_SUFFIXES = (".sig", ".sigstore", ".sigstore.json", ".bundle")
_MAX_FILES = 2_000  # of one signed folder that are compared


@enricher(order=30)
def enrich(graph: Graph, places: Places) -> Iterator[Joined]:
    """Say of the models in a signed folder which signature they have, and where it does not fit.

    Who signed is not checked: that needs what the user trusts.
    """
    bundles = [path for path in places.paths() if path.endswith(_SUFFIXES)]
    if not bundles:
        return
    digests = {asset.text("path"): asset.text("sha256") for asset in graph.all(Kind.MODEL_FILE)}
    for bundle in bundles:
        data = places.read(bundle)
        try:
            what = signed(data) if data is not None else None
        except ValueError as error:
            places.unread(bundle, "invalid signature", str(error))
            continue
        if what is None:
            continue
        folder = bundle.rpartition("/")[0]
        prefix = f"{folder}/" if folder else ""
        file = bundle.removesuffix(".json").removesuffix(".sigstore").removesuffix(".sig").removesuffix(".bundle")
        present = _present(what, places, digests, prefix, bundle) if "" not in what.digests else _one(digests, file)
        found: Attributes = {"signature": bundle}
        wrong = list(differences(what, present))
        for asset in (*graph.all(Kind.MODEL), *graph.all(Kind.MODEL_FILE)):
            path = asset.text("path")
            of_folder = asset.kind == Kind.MODEL and path == folder and asset.key.startswith("urn:")
            if (of_folder and "" not in what.digests) or (path == file and "" in what.digests):
                attributes: Attributes = {**found, "signature_failed": wrong[:100]} if wrong else found
                yield Asset(asset.key, asset.kind, asset.name, attributes, (Evidence(_ID, bundle),))
                break
        else:
            yield from _on_files(graph, found, wrong, prefix, bundle)


def _on_files(graph: Graph, found: Attributes, wrong: list[str], prefix: str, bundle: str) -> Iterator[Joined]:
    """Where no asset stands for the folder, each model file carries what is wrong with it, and the first the rest."""
    files = [asset for asset in graph.all(Kind.MODEL_FILE) if asset.text("path").startswith(prefix)]
    of_files: dict[str, list[str]] = {asset.text("path").removeprefix(prefix): [] for asset in files}
    rest = [one for one in wrong if one.partition(": ")[0] not in of_files]
    for one in wrong:
        of_files.get(one.partition(": ")[0], []).append(one)
    for asset in files:
        failed = of_files[asset.text("path").removeprefix(prefix)] + (rest if asset is files[0] else [])
        attributes: Attributes = {**found, "signature_failed": failed[:100]} if failed else found
        yield Asset(asset.key, asset.kind, asset.name, attributes, (Evidence(_ID, bundle),))


def _one(digests: dict[str, str], file: str) -> dict[str, str]:
    return {"": digests[file]} if file in digests else {}


def _present(what: Signed, places: Places, digests: dict[str, str], prefix: str, bundle: str) -> dict[str, str]:
    """Digests of a folder's files by path inside it; empty where the digest is not known."""
    present: dict[str, str] = {}
    inside = [path for path in places.paths() if path.startswith(prefix) and path != bundle]
    for path in inside[:_MAX_FILES]:
        name = path.removeprefix(prefix)
        digest = digests.get(path, "")
        if not digest and name in what.digests:
            data = places.read(path)
            digest = hashlib.sha256(data).hexdigest() if data is not None else ""
        present[name] = digest
    return present
