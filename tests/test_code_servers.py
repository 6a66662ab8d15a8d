"""MCP servers that code starts: what they are called, where they come from, and that no key of theirs is kept."""

from pathlib import Path

from backstay.model import Asset, Kind
from backstay.pipeline import scan

CODE = """
from agents.mcp import MCPServerStdio
from agno.tools.mcp import MCPTools
from langchain_mcp_adapters.client import MultiServerMCPClient
from mcp import StdioServerParameters

TOKEN = "sk-live-0123456789abcdef"

files = MCPServerStdio(params={"command": "npx", "args": ["-y", "@modelcontextprotocol/server-filesystem", "/srv"]})
parameters = StdioServerParameters(command="uvx", args=["mcp-server-git==2025.1.14"])
own = StdioServerParameters(command="python", args=["servers/tickets.py", TOKEN])
line = MCPTools(command="npx -y exa-mcp-server --api-key sk-live-0123456789abcdef")
client = MultiServerMCPClient({"search": {"command": "npx", "args": ["-y", "tavily-mcp@0.2.1"], "transport": "stdio"}})
"""


def servers(tmp_path: Path) -> dict[str, Asset]:
    (tmp_path / "app.py").write_text(CODE)
    return {asset.name: asset for asset in scan(tmp_path).assets if asset.kind == Kind.MCP_SERVER}


def test_names(tmp_path: Path) -> None:
    found = servers(tmp_path)
    assert set(found) == {"files", "mcp-server-git", "tickets.py", "exa-mcp-server", "search"}


def test_origins(tmp_path: Path) -> None:
    found = servers(tmp_path)
    keys = ("registry", "package", "version")
    origins = {name: tuple(asset.attributes.get(key, "") for key in keys) for name, asset in found.items()}
    assert origins == {
        "files": ("npm", "@modelcontextprotocol/server-filesystem", None),
        "mcp-server-git": ("pypi", "mcp-server-git", "2025.1.14"),
        "tickets.py": ("", "", ""),
        "exa-mcp-server": ("npm", "exa-mcp-server", None),
        "search": ("npm", "tavily-mcp", "0.2.1"),
    }
    assert "changes_state" in str(found["files"].attributes["capabilities"])


def test_only_the_program_of_a_command_line_is_kept(tmp_path: Path) -> None:
    found = servers(tmp_path)
    assert {name: asset.attributes["command"] for name, asset in found.items()} == {
        "files": "npx",
        "mcp-server-git": "uvx",
        "tickets.py": "python",
        "exa-mcp-server": "npx",
        "search": "npx",
    }
    assert "sk-live" not in repr(found)


def test_connections_by_classes_of_the_library(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(
        "from langchain_mcp_adapters.client import MultiServerMCPClient\n"
        "from langchain_mcp_adapters.sessions import StdioConnection, StreamableHttpConnection\n"
        "client = MultiServerMCPClient({\n"
        "  'git': StdioConnection(transport='stdio', command='uvx', args=['mcp-server-git==2025.1.14']),\n"
        "  'web': StreamableHttpConnection(transport='streamable_http', url='https://tools.example.org/mcp'),\n"
        "})\n"
    )
    found = {asset.name: asset.attributes for asset in scan(tmp_path).assets if asset.kind == Kind.MCP_SERVER}
    assert sorted(found) == ["git", "web"]
    assert (found["git"]["package"], found["git"]["version"]) == ("mcp-server-git", "2025.1.14")
    assert found["web"]["url"] == "https://tools.example.org/mcp"
