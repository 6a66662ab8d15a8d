"""CycloneDX 1.6: the AI bill of materials, with models, data, services, who answers for them, and what is not known."""

import uuid
from typing import Any
from urllib.parse import quote

from backstay.display import printable
from backstay.exporters.cyclonedx_parts import Bom, component, service
from backstay.exporters.encoding import document, encodable, repository_uri, utc
from backstay.graph import Graph
from backstay.model import Asset, Finding, Kind, RelationshipKind, Report, State, urn
from backstay.plugin import exporter

MAX_ANNOTATIONS = 5_000

# CycloneDX knows dependencies only: each edge says which end needs the other. What moves data or
# grants access without a need stays a property of its source.
_FORWARD = frozenset(
    {
        RelationshipKind.CONTAINS,
        RelationshipKind.DEPENDS_ON,
        RelationshipKind.USES,
        RelationshipKind.CALLS,
        RelationshipKind.TRAINED_ON,
        RelationshipKind.TESTED_ON,
        RelationshipKind.DERIVED_FROM,
        RelationshipKind.CONSUMES,
        RelationshipKind.EXPOSES,
        RelationshipKind.RUNS_AS,
        RelationshipKind.GUARDED_BY,
        RelationshipKind.STORED_IN,
        RelationshipKind.DELEGATES_TO,
    }
)
_BACKWARD = frozenset({RelationshipKind.SERVES, RelationshipKind.PRODUCES})  # a model needs what serves or makes it

_SERVICES = frozenset({Kind.PROVIDER, Kind.ENDPOINT, Kind.MCP_SERVER, Kind.REGISTRY})
_PARTIES = frozenset({Kind.TEAM, Kind.IDENTITY})  # they own things and are none


@exporter(".cdx.json")
def cyclonedx(report: Report) -> str:
    report = encodable(report)
    graph = Graph(report.assets, report.relationships)
    serial = uuid.uuid5(uuid.NAMESPACE_URL, "\x1f".join(_identity(report)))
    root = _root(report, graph)
    bom = Bom(graph, f"urn:cdx:{serial}/1", _FORWARD | _BACKWARD | {RelationshipKind.OWNED_BY})
    parts = [asset for asset in graph.assets if asset.kind not in _PARTIES and asset.key != root.key]
    components = [component(asset, bom) for asset in parts if asset.kind not in _SERVICES]
    services = [service(asset, bom) for asset in parts if asset.kind in _SERVICES]
    known = {root.key, *(asset.key for asset in parts)}
    content: dict[str, Any] = {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{serial}",
        "version": 1,
        "metadata": _metadata(report, component(root, bom)),
        "components": components,
        "services": services,
        "dependencies": _dependencies(graph, known),
        "compositions": [_composition(report, root, known)],
    }
    annotations = _annotations(report, known, root.key)
    if annotations:
        content["annotations"] = annotations
    return document(content)


def _identity(report: Report) -> tuple[str, ...]:
    source = report.scan.source
    return (source.id, source.commit, report.scan.started)


def _root(report: Report, graph: Graph) -> Asset:
    """The repository itself, which the bill of materials is about."""
    key = urn(Kind.REPOSITORY, report.scan.source.id)
    known = graph.get(key)
    return known or Asset(key, Kind.REPOSITORY, report.scan.source.name)


def _metadata(report: Report, root: dict[str, Any]) -> dict[str, Any]:
    scan = report.scan
    if scan.source.commit:
        root["version"] = printable(scan.source.commit)
    address = repository_uri(scan.source.remote)
    if address:
        root["externalReferences"] = [{"type": "vcs", "url": address}]
    facts = {
        "scan:state": scan.state,
        "scan:reason": scan.reason,
        "scan:files-found": str(scan.coverage.found),
        "scan:files-read": str(scan.coverage.read),
        "scan:files-left-out": str(scan.coverage.left_out),
        "scan:files-unread": str(scan.coverage.unread),
        "scan:branch": scan.source.branch,
        "risk": "" if report.score is None else str(report.score.value),
        "risk:range": "" if report.score is None else f"{report.score.low}-{report.score.high}",
    }
    metadata: dict[str, Any] = {
        "lifecycles": [{"phase": "pre-build"}],
        "tools": {"components": [_tool(report)]},
        "component": root,
        "properties": [
            {"name": f"backstay:{name}", "value": printable(value)} for name, value in facts.items() if value
        ],
    }
    moment = utc(scan.started)
    if moment:
        metadata["timestamp"] = moment
    return metadata


def _tool(report: Report) -> dict[str, str]:
    return {"type": "application", "name": report.tool, "version": report.tool_version}


def _dependencies(graph: Graph, known: set[str]) -> list[dict[str, Any]]:
    needs: dict[str, set[str]] = {key: set() for key in known}
    for edge in graph.relationships:
        if edge.source in known and edge.target in known and edge.source != edge.target:
            if edge.kind in _FORWARD:
                needs[edge.source].add(edge.target)
            elif edge.kind in _BACKWARD:
                needs[edge.target].add(edge.source)
    return [{"ref": key, "dependsOn": sorted(needs[key])} for key in sorted(needs)]


def _composition(report: Report, root: Asset, known: set[str]) -> dict[str, Any]:
    # Reading code never proves that nothing else is there: a complete scan claims no more than "unknown".
    aggregate = "unknown" if report.scan.state == State.COMPLETE else "incomplete"
    return {"aggregate": aggregate, "assemblies": [root.key], "dependencies": sorted(known)}


def _annotations(report: Report, known: set[str], root: str) -> list[dict[str, Any]]:
    """Findings as remarks on what they are about; vulnerabilities, in CycloneDX's sense, are published ones."""
    moment = utc(report.scan.started)
    if not moment:
        return []
    chosen = sorted(report.findings, key=_annotation_order)[:MAX_ANNOTATIONS]
    return [
        {
            "bom-ref": f"finding:{quote(finding.fingerprint, safe=':')}",
            "subjects": [finding.subject if finding.subject in known else root],
            "annotator": {"component": _tool(report)},
            "timestamp": moment,
            "text": _text(finding),
        }
        for finding in {one.fingerprint: one for one in chosen}.values()
    ]


def _annotation_order(finding: Finding) -> tuple[object, ...]:
    return (not finding.open, -finding.severity.rank, finding.rule, finding.subject, finding.fingerprint)


def _text(finding: Finding) -> str:
    accepted = f" Accepted ({finding.suppression.kind}): {finding.suppression.reason}" if finding.suppression else ""
    text = f"{finding.severity} {finding.rule}: {finding.message or finding.title} Fix: {finding.fix}{accepted}"
    return printable(text, 2_000)
