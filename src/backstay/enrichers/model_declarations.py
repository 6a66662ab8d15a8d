"""Model declarations: what the licence of a model restricts, and what its author should have said and did not."""

from collections.abc import Iterator

from backstay.artifacts.licenses import restrictions
from backstay.artifacts.repositories import expected
from backstay.graph import Graph
from backstay.model import Asset, Attributes, Kind, RelationshipKind
from backstay.plugin import Joined, Places, enricher

# What nearly every licence asks for restricts nobody's use, and of a licence that is not known nothing is said.
_NO_RESTRICTION = frozenset({"notice", "attribution", "unknown"})
_AS_EDGE = {"base_model": RelationshipKind.DERIVED_FROM, "datasets": RelationshipKind.TRAINED_ON}
_DESCRIBING = frozenset({"safetensors", "gguf", "onnx", "coreml"})  # formats with room for what the author says
_OTHER_NAMES = {"pipeline_tag": "task"}


@enricher(order=32)
def enrich(graph: Graph, places: Places) -> Iterator[Joined]:
    """Add `license_restrictions` to models and files, and `undeclared` to what is here and could declare more."""
    for asset in (*graph.all(Kind.MODEL), *graph.all(Kind.MODEL_FILE)):
        found: Attributes = {}
        license = asset.text("license") or asset.text("declared_license")
        limits = [word for word in restrictions(license) if word not in _NO_RESTRICTION] if license else []
        if limits:
            found["license_restrictions"] = [f"{license[:100]}: {word}" for word in limits]
        missing = [name for name in expected(_described_as(asset)) if not _declared(asset, name, graph)]
        if missing:
            found["undeclared"] = missing
        if found:
            yield Asset(asset.key, asset.kind, asset.name, found, asset.evidence[:1])


def _described_as(asset: Asset) -> str:
    """Which kind of description an asset should have; empty for what is described elsewhere, or cannot be."""
    if asset.kind == Kind.MODEL:
        return "model" if asset.key.startswith("urn:") and asset.text("path") else ""
    return "file" if asset.text("format") in _DESCRIBING and asset.text("coverage") != "none" else ""


def _declared(asset: Asset, name: str, graph: Graph) -> bool:
    edge = _AS_EDGE.get(name)
    names = (name, f"declared_{name}", _OTHER_NAMES.get(name, ""))
    return any(asset.attributes.get(one) for one in names if one) or (edge is not None and bool(graph.out(asset, edge)))
