"""Prediction: a report in the terms of the labels, and the scorer that comes with them.

Beside what the scorer reads, each entry carries whose it is (`key`) and who said so how surely (`sure`, `source`).
"""

import importlib.util
import sys
from collections.abc import Callable, Iterable
from pathlib import Path, PurePosixPath
from types import ModuleType
from typing import Any

from backstay.model import Asset, Evidence, Kind, Relationship, RelationshipKind, Report

Entry = dict[str, Any]

TYPES = {
    Kind.MODEL: "model",
    Kind.PROVIDER: "provider",
    Kind.PACKAGE: "framework",
    Kind.AGENT: "agent",
    Kind.TOOL: "tool",
    Kind.MCP_SERVER: "mcp_server",
    Kind.PROMPT: "prompt",
    Kind.VECTOR_STORE: "vector_store",
    Kind.DATASET: "dataset",
    Kind.PIPELINE: "pipeline",
    Kind.ENDPOINT: "endpoint",
    Kind.GUARDRAIL: "guardrail",
    Kind.SKILL: "skill",
}
# The labels join the parts of an AI system; these ends place, own or bill them and are not labelled.
UNRELATED = frozenset({Kind.PACKAGE, Kind.CREDENTIAL, Kind.SERVICE, Kind.REPOSITORY, Kind.TEAM, Kind.IDENTITY})
# What one asset goes by besides its name, by what our own attributes say of it.
ALSO = {
    Kind.VECTOR_STORE: ("product",),
    Kind.MCP_SERVER: ("package",),
    Kind.ENDPOINT: ("path",),
    Kind.DATASET: ("path", "url"),
}


def load_scorer(path: Path) -> ModuleType:
    """The scorer as a module. It is the labels' own program, given by whoever runs the benchmark."""
    spec = importlib.util.spec_from_file_location("labels_scorer", path)
    if spec is None or spec.loader is None:
        raise SystemExit(f"{path} is no Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def prediction(report: Report, normalise: Callable[[str, str], str]) -> dict[str, list[Entry]]:
    """A report in the scorer's terms: one entry for each asset and place, one for each relationship.

    `normalise(name, type)` is how the scorer spells names: it spells the labels' relation ends by it, ours as they are.
    """
    wanted_packages = {edge.target for edge in report.relationships if _asked_for(edge)}
    assets: list[Entry] = []
    ends: dict[str, tuple[str, str]] = {}
    kinds = {asset.key: asset.kind for asset in report.assets}
    for asset in report.assets:
        kind = _type(asset, wanted_packages)
        if not kind or asset.text("placement") == "test":  # tests are not labelled
            continue
        if kind != "skill" and asset.evidence and all(seen.source == "agent-instructions" for seen in asset.evidence):
            continue  # what steers the developers' own coding assistants is optional wherever it is labelled
        ends[asset.key] = (asset.name, kind)
        also = _also(asset)
        for seen in asset.evidence or (Evidence(""),):
            entry = {"type": kind, "name": asset.name, "alt_names": also, "file": seen.path, "line": seen.line or 1}
            assets.append({**entry, "key": asset.key, "sure": seen.confidence, "source": seen.source})
    # A page or model server is an endpoint to us; the labels know routes alone.
    routeless = {one.key for one in report.assets if one.kind == Kind.ENDPOINT and not one.text("path")}
    relations = []
    said = _said_of_models(report.relationships)
    for edge in report.relationships:
        if edge.source not in ends or edge.target not in ends or {kinds[edge.source], kinds[edge.target]} & UNRELATED:
            continue
        if edge.source in routeless:
            continue
        if edge.kind == RelationshipKind.CONSUMES and (edge.source, edge.target) in said:
            continue
        best = max(edge.evidence, key=lambda seen: seen.confidence, default=Evidence(""))
        entry = {"from": normalise(*ends[edge.source]), "to": normalise(*ends[edge.target]), "kind": str(edge.kind)}
        keys = {"from_key": edge.source, "to_key": edge.target}
        relations.append({**entry, **keys, "sure": best.confidence, "source": best.source})
    return {"assets": assets, "relations": relations}


def _also(asset: Asset) -> list[str]:
    """Other names of an asset. A pipeline that is a file is called by the file's name, too."""
    found = [asset.text(name) for name in ALSO.get(asset.kind, ()) if asset.text(name)]
    if asset.kind == Kind.PIPELINE and "/" in asset.name:
        path = PurePosixPath(asset.name)
        found += [path.name, path.stem]
    return found


def _type(asset: Asset, wanted_packages: set[str]) -> str:
    """What the labels call such an asset; empty for what they do not label."""
    if asset.kind == Kind.CREDENTIAL:
        return "secret" if asset.text("form") == "value" else "credential_ref"
    if asset.kind == Kind.PACKAGE:
        # A framework is declared or imported by the project itself; what others bring along is not.
        imported = any(seen.source.startswith("code:") for seen in asset.evidence)
        if not asset.attributes.get("ai") or not (imported or asset.key in wanted_packages):
            return ""
    return TYPES.get(asset.kind, "")


def _asked_for(edge: Relationship) -> bool:
    return edge.kind == RelationshipKind.DEPENDS_ON and edge.attributes.get("direct") is not False


def _said_of_models(edges: Iterable[Relationship]) -> set[tuple[str, str]]:
    """Pipelines and the data that the models they make are trained or tested on: the labels say that on the model."""
    trained: dict[str, list[str]] = {}
    makers: dict[str, list[str]] = {}
    for edge in edges:
        if edge.kind in (RelationshipKind.TRAINED_ON, RelationshipKind.TESTED_ON):
            trained.setdefault(edge.source, []).append(edge.target)
        elif edge.kind == RelationshipKind.PRODUCES:
            makers.setdefault(edge.target, []).append(edge.source)
    return {(maker, data) for model, sets in trained.items() for maker in makers.get(model, ()) for data in sets}
