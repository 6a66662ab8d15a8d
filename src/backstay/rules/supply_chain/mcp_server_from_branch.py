"""MCP server from a branch: a client starts a server straight from a repository at no fixed commit."""

from collections.abc import Iterator

from backstay.graph import Graph
from backstay.model import Asset, Kind, Match
from backstay.plugin import rule
from backstay.rules.facts import absent, is_commit


@rule(Kind.MCP_SERVER)
def check(asset: Asset, graph: Graph) -> Iterator[Match]:
    if asset.text("registry") != "git":
        return
    version = asset.text("version")
    if not absent(asset, "version") and (not version or is_commit(version)):
        return
    source = asset.text("package") or "a repository"
    at = f"at {version}, which can be moved" if version else "at whatever its default branch holds"
    yield Match(message=f"MCP server {asset.name} runs code from {source} {at}.")
