"""Where the MCP servers of a client's configuration stand, whatever the client calls them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from backstay.documents import Node
from backstay.plugin import File

MAX_DEPTH = 8
MAX_MEMBERS = 2_000  # of one mapping that is searched; the places where servers stand are small

# Files that hold nothing but servers; editors' folders often hold variants: `.vscode/mcp.http.remote.json`.
_OWN_FILE = re.compile(
    r"(?:\A|/)(?:\.?mcp|mcp[-_]config)\.jsonc?\Z|(?:\A|/)\.(?:vscode|vs|cursor)/mcp[^/]{0,100}\.json\Z", re.IGNORECASE
)
# Keys under which clients keep a mapping (or list) of servers.
_SERVER_KEYS = frozenset(
    {"mcpServers", "mcp_servers", "mcp-servers", "context_servers", "modelContextProtocolServers", "mcp.servers"}
)
_START_KEYS = ("command", "cmd", "url", "uri", "serverUrl", "httpUrl", "endpoint", "baseUrl")


@dataclass(frozen=True)
class Entry:
    """One server as configured: its name, its settings, and what it is inside (a project's path, or empty)."""

    name: str
    node: Node
    scope: str = ""


def client_entries(root: Node, file: File) -> Iterator[Entry]:
    """Every server that a client's configuration starts or connects to."""
    yield from _search(root, "", 0)
    if _OWN_FILE.search(file.path):
        yield from _servers(root.get("servers"), "")
        bare = [key for key, _ in root.entries() if key not in _SERVER_KEYS and key not in ("servers", "inputs", "mcp")]
        if bare and not root.get("servers").line:
            yield from _servers(root, "")
    if "goose" in file.path.lower():
        yield from _goose(root.get("extensions"))


def _search(node: Node, scope: str, depth: int) -> Iterator[Entry]:
    if depth > MAX_DEPTH:
        return
    for number, (key, value) in enumerate(node.entries()):
        if number > MAX_MEMBERS:
            return
        if key in _SERVER_KEYS or key.endswith(".mcpServers"):
            yield from _servers(value, scope)
        elif key == "mcp" and isinstance(value.value, dict):
            yield from _servers(value.get("servers"), scope)
            yield from _typed(value, scope)
            yield from _search(value, scope, depth + 1)
        elif isinstance(value.value, dict):
            yield from _search(value, key if node.line and depth else scope, depth + 1)
        elif isinstance(value.value, list) and depth < 3:
            for one in value.value[:50]:
                yield from _search(one, scope, depth + 1)


def _servers(node: Node, scope: str) -> Iterator[Entry]:
    """A mapping of name to settings, or a list of settings with names."""
    for name, one in list(node.entries())[:MAX_MEMBERS]:
        if _starts(one):
            yield Entry(name, one, scope)
    for number, one in enumerate(node.elements()):
        # Continue keeps the command under `transport`.
        inner = one.get("transport") if isinstance(one.get("transport").value, dict) else one
        if _starts(inner):
            yield Entry(one.get("name").text or inner.get("name").text or f"server {number + 1}", inner, scope)


def _typed(node: Node, scope: str) -> Iterator[Entry]:
    """opencode and Crush: `mcp` is the mapping itself, and each server says its type."""
    for name, one in node.entries():
        if one.get("type").text in ("local", "remote", "stdio", "http", "sse") and _starts(one):
            yield Entry(name, one, scope)


def _goose(node: Node) -> Iterator[Entry]:
    for name, one in node.entries():
        if one.get("type").text in ("stdio", "sse", "streamable_http") and _starts(one):
            yield Entry(name, one)


def _starts(node: Node) -> bool:
    """Whether settings say how to reach a server. A JSON schema that describes such settings does not."""
    for key in _START_KEYS:
        value = node.get(key)
        if isinstance(value.value, str) and value.value.strip():
            return True
        if key in ("command", "cmd") and (value.get(0).text or value.get("path").text):
            return True
    return False
