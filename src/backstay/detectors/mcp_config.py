"""Detector of MCP servers in the configuration of clients (editors, assistants, agents) and in server manifests."""

from collections.abc import Iterator

from backstay.detectors.support.mcp_locations import Entry, client_entries
from backstay.detectors.support.mcp_manifests import manifest_facts
from backstay.detectors.support.mcp_server import server_facts
from backstay.detectors.support.reading import document, front_matter
from backstay.detectors.support.toml_lines import toml_node
from backstay.documents import Node
from backstay.model import Kind
from backstay.plugin import Fact, File, Selector, detector

_SELECTOR = Selector(
    names=frozenset(
        {
            "mcp.json",
            ".mcp.json",
            "mcp.jsonc",
            "mcp-config.json",
            "mcp_config.json",
            "opencode.json",
            "opencode.jsonc",
            "crush.json",
            ".crush.json",
            "server.json",
            "fastmcp.json",
            "smithery.yaml",
        }
    ),
    paths=(
        "**/goose/config.yaml",
        "**/.goose/**/*.yaml",
        "**/.vscode/settings.json",
        "**/.vscode/mcp*.json",
        "**/.vs/mcp*.json",
        "**/.cursor/mcp*.json",
        "**/.continue/config.*",
        "**/.docker/mcp/**/*.yaml",
        "**/.claude/agents/*.md",
        "**/.github/agents/*.md",
    ),
    contains=(b"mcpServers", b"mcp_servers", b"mcp-servers", b"context_servers", b"modelContextProtocolServers"),
    within=(".json", ".jsonc", ".json5", ".yaml", ".yml", ".toml"),
)


@detector(_SELECTOR, Kind.MCP_SERVER, Kind.PACKAGE, Kind.CONTAINER_IMAGE, Kind.CREDENTIAL)
def detect(file: File) -> Iterator[Fact]:
    for root in _roots(file):
        entries: dict[str, Entry] = {}
        for entry in client_entries(root, file):
            # The same name twice in one file (global and project) is two servers.
            name = entry.name if entry.name not in entries else f"{entry.scope}:{entry.name}"
            entries.setdefault(name, entry)
        for local, entry in entries.items():
            yield from server_facts(file, entry, local)
        yield from manifest_facts(root, file)


def _roots(file: File) -> list[Node]:
    name = file.name.lower()
    if name.endswith(".md"):
        return [front_matter(file.text)[0]]
    return [toml_node(file)] if name.endswith(".toml") else document(file)
