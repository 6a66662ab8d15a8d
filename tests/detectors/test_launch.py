"""What a command line starts is read as its launcher reads it."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backstay.detectors.mcp_config import detect
from backstay.images import parse_image
from backstay.launch import launch, split
from backstay.model import Asset, Kind, Relationship, RelationshipKind
from backstay.plugin import File

COMMIT = "0123456789abcdef0123456789abcdef01234567"

STARTED = [
    ("npx -y @scope/server@1.2.3 /tmp", "npm", "@scope/server", "1.2.3"),
    ("npx -y server", "npm", "server", None),
    ("npx server@latest", "npm", "server", None),
    ("npx server@^1.0.0", "npm", "server", None),
    ("npx --yes --package=server@2.0.0 run-it", "npm", "server", "2.0.0"),
    ("npx -y github:owner/repo#main", "git", "github:owner/repo", None),
    ("cmd /c npx -y server@1.0.0", "npm", "server", "1.0.0"),
    ("bunx server@1.0.0", "npm", "server", "1.0.0"),
    ("pnpm dlx server@1.0.0", "npm", "server", "1.0.0"),
    ("npm exec -- server@1.0.0", "npm", "server", "1.0.0"),
    ("deno run -A npm:server@1.0.0", "npm", "server", "1.0.0"),
    ("uvx mcp-server-git", "pypi", "mcp-server-git", None),
    ("uvx mcp-server-git==2025.1.14", "pypi", "mcp-server-git", "2025.1.14"),
    ("uvx mcp-server-git@2025.1.14", "pypi", "mcp-server-git", "2025.1.14"),
    ("uvx --python 3.12 --from tools[all]==1.0 run-it", "pypi", "tools", "1.0"),
    (f"uvx --from git+https://example.com/o/r@{COMMIT} r", "git", "https://example.com/o/r", COMMIT),
    ("uvx --from git+https://example.com/o/r@v1.0 r", "git", "https://example.com/o/r", None),
    ("uv tool run server==1.0", "pypi", "server", "1.0"),
    ("uv run --with fastmcp==2.3 fastmcp run server.py", "pypi", "fastmcp", "2.3"),
    ("pipx run --spec server==1.0 server", "pypi", "server", "1.0"),
    ("docker run -i --rm -e TOKEN --env-file .env ghcr.io/o/r:1.2", "docker", "ghcr.io/o/r", "1.2"),
    ("docker run -i mcp/fetch", "docker", "mcp/fetch", None),
    ("podman run --rm -v /a:/b o/r:latest", "docker", "o/r", None),
    ('bash -c "npx -y server@1.0.0"', "npm", "server", "1.0.0"),
    ("env A=b npx server@1.0.0", "npm", "server", "1.0.0"),
    ("python -m my_server", "", "my_server", None),
    ("node build/index.js", "", "", None),
    ("uv --directory /srv run server.py", "", "", None),
    ("npx ./local", "", "", None),
    ("/usr/local/bin/server", "", "", None),
]


@pytest.mark.parametrize(("command", "registry", "package", "version"), STARTED, ids=[row[0] for row in STARTED])
def test_what_is_started(command: str, registry: str, package: str, version: str | None) -> None:
    found = launch(split(command))
    assert (found.registry, found.package, found.version) == (registry, package, version)


@given(
    st.lists(
        st.sampled_from(
            ["npx", "uvx", "docker", "run", "-e", "--from", "--", "-c", "sh", "cmd", "/c", "", "a@", "@", "=", "git+"]
        )
    )
)
def test_any_words_are_answered(words: list[str]) -> None:
    launch(words)


@given(st.text(max_size=60))
def test_any_reference_is_answered(text: str) -> None:
    image = parse_image(text)
    assert image is None or image.name


@pytest.mark.parametrize(
    ("reference", "name", "tag", "pinned"),
    [
        ("python", "python", None, False),
        ("docker.io/library/python:3.12", "python", "3.12", True),
        ("localhost:5000/a/b:latest", "localhost:5000/a/b", "latest", False),
        (f"a/b:1@sha256:{'a' * 64}", "a/b", "1", True),
    ],
)
def test_references(reference: str, name: str, tag: str | None, pinned: bool) -> None:
    image = parse_image(reference)
    assert image is not None
    assert (image.name, image.tag, image.pin is not None) == (name, tag, pinned)


def servers(configuration: object, path: str = ".mcp.json") -> dict[str, Asset]:
    data = json.dumps(configuration).encode()
    facts = list(detect.detect(File(path, data, len(data), "0" * 64, "src", digest_key=b"k")))
    return {fact.name: fact for fact in facts if isinstance(fact, Asset) and fact.kind == Kind.MCP_SERVER}


def test_attributes_of_a_server() -> None:
    found = servers(
        {
            "mcpServers": {
                "a": {
                    "command": "npx",
                    "args": ["-y", "@modelcontextprotocol/server-filesystem"],
                    "env": {"ROOT": "/srv"},
                    "autoApprove": ["read_file"],
                    "disabled": True,
                },
                "b": {"url": "http://10.0.0.1/mcp"},
                "c": {"url": "https://h.example/sse", "headers": {"Authorization": "Bearer ${T}"}},
                "d": {"url": "https://h.example/mcp"},
            }
        }
    )
    a = found["a"].attributes
    assert (a["transport"], a["registry"], a["version"]) == ("stdio", "npm", None)
    assert (a["env"], a["auto_approve"], a["disabled"]) == (["ROOT"], ["read_file"], True)
    assert a["capabilities"] == ["reads_private", "changes_state"]
    assert found["b"].attributes["authentication"] is None
    assert (found["c"].attributes["transport"], found["c"].attributes["authentication"]) == ("sse", "header")
    assert "authentication" not in found["d"].attributes  # over https a client may negotiate it


def test_each_project_has_its_own_server() -> None:
    one = {"command": "uvx", "args": ["a"]}
    data = {"mcpServers": {"x": one}, "projects": {"/p": {"mcpServers": {"x": one}}, "/q": {"mcpServers": {"x": one}}}}
    text = json.dumps(data).encode()
    facts = list(detect.detect(File(".claude.json", text, len(text), "0" * 64, "src")))
    keys = {fact.key for fact in facts if isinstance(fact, Asset) and fact.kind == Kind.MCP_SERVER}
    assert len(keys) == 3
    edges = [fact for fact in facts if isinstance(fact, Relationship)]
    assert {edge.source for edge in edges if edge.kind == RelationshipKind.DEPENDS_ON} == keys
