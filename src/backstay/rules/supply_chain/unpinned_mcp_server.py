"""Unpinned MCP server: a client starts whatever version of a server package is newest."""

from collections.abc import Iterator

from backstay.graph import Graph
from backstay.model import Asset, Kind, Match
from backstay.plugin import rule
from backstay.rules.facts import absent

FLOATING = frozenset({"latest", "next", "main", "edge", "nightly", "dev", "*"})


@rule(Kind.MCP_SERVER)
def check(asset: Asset, graph: Graph) -> Iterator[Match]:
    registry = asset.text("registry")
    if registry not in ("npm", "pypi", "docker"):
        return
    if absent(asset, "version") or asset.text("version").lower() in FLOATING:
        package = asset.text("package") or asset.name
        yield Match(message=f"MCP server {asset.name} runs whatever version of {package} {registry} serves that day.")
