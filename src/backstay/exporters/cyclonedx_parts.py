"""CycloneDX parts: one asset as a component or a service, with its places, people and remaining facts."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from backstay.display import printable
from backstay.exporters.encoding import absolute_uri, relative_uri
from backstay.graph import Graph
from backstay.model import Asset, Kind, Relationship, RelationshipKind, Value

MAX_LISTED = 100  # entries of one list in one part

_TYPES = {
    Kind.MODEL: "machine-learning-model",
    Kind.MODEL_FILE: "file",
    Kind.NOTEBOOK: "file",
    Kind.DATASET: "data",
    Kind.PROMPT: "data",
    Kind.SKILL: "data",
    Kind.EXPERIMENT_RUN: "data",
    Kind.PACKAGE: "library",
    Kind.CONTAINER_IMAGE: "container",
    Kind.COMPUTE: "platform",
    Kind.CREDENTIAL: "cryptographic-asset",
}  # everything else is an application: CycloneDX has no type for agents, tools or guardrails
_DATA_TYPES = {Kind.DATASET: "dataset", Kind.PROMPT: "definition", Kind.SKILL: "definition"}
_SHA256 = re.compile(r"[0-9a-f]{64}\Z")
_EMAIL = re.compile(r"[A-Za-z0-9._+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,8}\Z")
_OWN_FIELDS = frozenset({"sha256", "version"})  # said in a field, so not again as a property


@dataclass(frozen=True)
class Bom:
    """The graph, this document's link for references into it, and the edges that other fields carry."""

    graph: Graph
    link: str
    carried: frozenset[RelationshipKind]

    def element(self, key: str) -> str:
        """A link to a part of this document, for the ends of data flows."""
        return f"{self.link}#{quote(key, safe='')}"


def component(asset: Asset, bom: Bom) -> dict[str, Any]:
    """An asset as a component."""
    made: dict[str, Any] = {"type": _TYPES.get(asset.kind, "application"), "bom-ref": asset.key}
    made["name"] = printable(asset.name) or "(no name)"
    if asset.text("version"):
        made["version"] = printable(asset.text("version"))
    if asset.key.startswith("pkg:"):
        made["purl"] = asset.key
    license = asset.text("license") or asset.text("declared_license")
    if license:
        made["licenses"] = [{"license": {"name": printable(license)}}]
    if _SHA256.match(asset.text("sha256")):
        made["hashes"] = [{"alg": "SHA-256", "content": asset.text("sha256")}]
    if asset.kind == Kind.MODEL:
        made |= _model(asset, bom)
    elif asset.kind == Kind.CREDENTIAL:
        material = {"type": "credential"}
        made["cryptoProperties"] = {
            "assetType": "related-crypto-material",
            "relatedCryptoMaterialProperties": material,
        }
    elif made["type"] == "data":
        made["data"] = [_data(asset, bom)]
    occurrences = [_occurrence(seen.path, seen.line) for seen in asset.evidence if seen.path]
    if occurrences:
        made["evidence"] = {"occurrences": _distinct(occurrences)}
    if asset.text("card"):
        reference = {"type": "model-card" if asset.kind == Kind.MODEL else "documentation"}
        made["externalReferences"] = [reference | {"url": _where(asset.text("card"))}]
    made["properties"] = _properties(asset, bom)
    return made


def service(asset: Asset, bom: Bom) -> dict[str, Any]:
    """An asset that is reached over an interface as a service, with what flows and across which boundary."""
    made: dict[str, Any] = {"bom-ref": asset.key, "name": printable(asset.name) or "(no name)"}
    if asset.text("version"):
        made["version"] = printable(asset.text("version"))
    if asset.kind == Kind.PROVIDER:
        made["provider"] = {"name": made["name"]}
    address = _address(asset)
    if address:
        made["endpoints"] = [address]
    if "authentication" in asset.attributes:
        made["authenticated"] = asset.attributes["authentication"] is not None
    boundary = _crosses_boundary(asset, bom)
    if boundary is not None:
        made["x-trust-boundary"] = boundary
    made["data"] = [_flow(asset, bom)]
    places = [f"{seen.path}:{seen.line}" if seen.line else seen.path for seen in asset.evidence if seen.path]
    made["properties"] = [
        *_properties(asset, bom),
        *({"name": "backstay:evidence", "value": printable(one)} for one in dict.fromkeys(places)),
    ]
    return made


def _model(asset: Asset, bom: Bom) -> dict[str, Any]:
    graph = bom.graph
    parameters: dict[str, Any] = {}
    if asset.text("task"):
        parameters["task"] = printable(asset.text("task"))
    if asset.text("architecture"):
        parameters["modelArchitecture"] = printable(asset.text("architecture"))
    data = graph.targets(asset, Kind.DATASET, RelationshipKind.TRAINED_ON, RelationshipKind.TESTED_ON)
    if data:
        parameters["datasets"] = [{"ref": one.key} for one in data[:MAX_LISTED]]
    made: dict[str, Any] = {"modelCard": {"modelParameters": parameters} if parameters else {}}
    if asset.text("provider"):
        made["supplier"] = {"name": printable(asset.text("provider"))}
    ancestors = graph.targets(asset, Kind.MODEL, RelationshipKind.DERIVED_FROM)
    if ancestors:
        made["pedigree"] = {"ancestors": [_ancestor(one) for one in ancestors[:MAX_LISTED]]}
    return made


def _ancestor(asset: Asset) -> dict[str, str]:
    # Without a reference of its own: the component with that reference stands beside, and dependencies name it.
    made = {"type": "machine-learning-model", "name": printable(asset.name) or "(no name)"}
    return made | ({"purl": asset.key} if asset.key.startswith("pkg:") else {})


def _data(asset: Asset, bom: Bom) -> dict[str, Any]:
    made: dict[str, Any] = {"type": _DATA_TYPES.get(asset.kind, "other"), "name": printable(asset.name) or "(no name)"}
    address = absolute_uri(asset.text("url")) or (relative_uri(asset.text("path")) if asset.text("path") else "")
    if address:
        made["contents"] = {"url": address}
    governance = _governance(asset, bom)
    return made | ({"governance": governance} if governance else {})


def _governance(asset: Asset, bom: Bom) -> dict[str, list[dict[str, Any]]]:
    """Owners are those somebody named; who only shows in the history keeps the data, and owns it maybe."""
    made: dict[str, list[dict[str, Any]]] = {}
    for edge in bom.graph.out(asset, RelationshipKind.OWNED_BY)[:MAX_LISTED]:
        party = bom.graph.get(edge.target)
        if party:
            role = "custodians" if edge.text("from") == "git" else "owners"
            entry = _party(party)
            if entry not in made.setdefault(role, []):
                made[role].append(entry)
    return made


def _party(asset: Asset) -> dict[str, Any]:
    contact = {"email": asset.text("contact")} if _EMAIL.match(asset.text("contact")) else {}
    name = {"name": printable(asset.name) or "(no name)"}
    if asset.kind == Kind.TEAM:
        return {"organization": name | ({"contact": [contact]} if contact else {})}
    return {"contact": name | contact}


def _flow(asset: Asset, bom: Bom) -> dict[str, Any]:
    """What moves between a service and those that call it. How sensitive it is nobody said: "unknown"."""
    names = {Kind.PROVIDER: "model input and output", Kind.MCP_SERVER: "tool arguments and results"}
    callers = bom.graph.into(asset, RelationshipKind.USES, RelationshipKind.CALLS)
    called = bom.graph.out(asset, RelationshipKind.CALLS, RelationshipKind.USES)
    made: dict[str, Any] = {
        "flow": "bi-directional",
        "classification": "unknown",
        "name": names.get(asset.kind, "requests and responses"),
    }
    governance = _governance(asset, bom)
    if governance:
        made["governance"] = governance
    if callers:
        made["source"] = [bom.element(key) for key in _ends(edge.source for edge in callers)]
    if called:
        made["destination"] = [bom.element(key) for key in _ends(edge.target for edge in called)]
    return made


def _ends(keys: Iterable[str]) -> list[str]:
    return sorted(set(keys))[:MAX_LISTED]


def _address(asset: Asset) -> str:
    if asset.text("url"):
        return absolute_uri(asset.text("url"))
    if asset.kind == Kind.ENDPOINT and asset.text("path"):
        path = relative_uri(asset.text("path"))
        return "/" if path == "." else f"/{path}"
    return ""


def _crosses_boundary(asset: Asset, bom: Bom) -> bool | None:
    """Whether calling it leaves the user's hands; None when the facts do not tell."""
    if asset.kind == Kind.MCP_SERVER and asset.text("transport"):
        return asset.text("transport") != "stdio"
    if asset.kind == Kind.PROVIDER:
        uses = bom.graph.into(asset, RelationshipKind.USES)
        local = asset.attributes.get("local") is True or (
            bool(uses) and all(edge.attributes.get("local") is True for edge in uses)
        )
        return not local
    if asset.text("host") in ("127.0.0.1", "localhost", "::1"):
        return False
    return None


def _properties(asset: Asset, bom: Bom) -> list[dict[str, str]]:
    found = [("kind", str(asset.kind))]
    for name, value in sorted(asset.attributes.items()):
        if not (name in _OWN_FIELDS and asset.text(name)):
            found += [(name, text) for text in _texts(value)]
    for edge in bom.graph.out(asset)[: MAX_LISTED * 10]:
        if edge.kind == RelationshipKind.OWNED_BY:
            owner = bom.graph.get(edge.target)
            found.append(("owner", owner.name if owner else edge.target))
        elif edge.kind not in bom.carried:
            found.append((f"edge:{edge.kind}", edge.target))
        found += _use(edge)
    return [{"name": f"backstay:{printable(name)}", "value": printable(value)} for name, value in dict.fromkeys(found)]


def _use(edge: Relationship) -> list[tuple[str, str]]:
    """What describes one use, such as the revision a model is loaded with, named by what is used."""
    if edge.kind == RelationshipKind.OWNED_BY:
        return []
    chosen = ("revision", "trust_remote_code", "max_tokens", "timeout", "local", "unsafe", "sink", "origin")
    return [
        (f"edge:{edge.kind}:{name}", f"{text} ({edge.target})")
        for name in chosen
        if name in edge.attributes
        for text in _texts(edge.attributes[name])
    ]


def _texts(value: Value) -> list[str]:
    if isinstance(value, list):
        return value[:MAX_LISTED]
    if value is None:
        return ["none"]
    return [str(value).lower() if isinstance(value, bool) else str(value)]


def _occurrence(path: str, line: int) -> dict[str, Any]:
    return {"location": printable(path)} | ({"line": line} if line > 0 else {})


def _distinct(occurrences: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [one for at, one in enumerate(occurrences) if one not in occurrences[:at]]


def _where(card: str) -> str:
    return absolute_uri(card) or relative_uri(card)
