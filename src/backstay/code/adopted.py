"""Adopted: tools that an MCP server finds by itself, as by scanning an assembly, are their project's server's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from backstay.code.ledger import Made, R, sighting
from backstay.code.values import Place
from backstay.model import Kind, urn

if TYPE_CHECKING:
    from backstay.code.observe import Observer

_CONFIDENCE = 0.8
_TABLE = "mcp"


def adopt(o: Observer) -> None:
    """Give every tool and prompt of MCP that no server names to the server of its project, or to one made for it."""
    held = {edge.target for edge in o.ledger.edges if edge.kind in (R.CONTAINS, R.USES)}
    orphans: dict[str, list[Made]] = {}
    for made in o.ledger.assets.values():
        seen = next(iter(made.evidence), None)
        if made.kind in (Kind.TOOL, Kind.PROMPT) and made.key not in held and seen is not None:
            project = o.given.project(seen.path) if _of_mcp(made) else ""
            if project:
                orphans.setdefault(project, []).append(made)
    for project, found in orphans.items():
        server = _server_of(o, project) or _made(o, project, found[0])
        for made in found:
            seen = next(iter(made.evidence))
            o.ledger.edge(server.key, R.CONTAINS, made.key, sighting(_TABLE, Place(seen.path, seen.line), _CONFIDENCE))


def _of_mcp(made: Made) -> bool:
    return any(seen.source == f"code:{_TABLE}" for seen in made.evidence)


def _server_of(o: Observer, project: str) -> Made | None:
    servers = [one for one in o.ledger.assets.values() if one.kind == Kind.MCP_SERVER]
    own = [one for one in servers if one.attributes.get("role") == "server"]
    return next((one for one in own if any(o.given.project(seen.path) == project for seen in one.evidence)), None)


def _made(o: Observer, project: str, tool: Made) -> Made:
    seen = next(iter(tool.evidence))
    key = urn(Kind.MCP_SERVER, o.source, project)
    at = sighting(_TABLE, Place(seen.path, seen.line), _CONFIDENCE)
    return o.ledger.asset(key, Kind.MCP_SERVER, project, at, {"role": "server"})
