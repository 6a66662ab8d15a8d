"""MCP servers that commands start, or register with a coding agent (`claude mcp add NAME -- ...`)."""

import re
from collections.abc import Iterator

from backstay import catalog
from backstay.detectors.support.invocations import Invocation
from backstay.detectors.support.mcp_locations import Entry
from backstay.detectors.support.mcp_server import server_facts
from backstay.documents import Node
from backstay.launch import launch
from backstay.plugin import Fact, File

_SERVER = re.compile(
    r"@modelcontextprotocol/server-|(?:\A|[/_.-])mcp[_-](?!inspector|cli\b|sdk)|[_-]mcp(?:[_-]server)?\Z|\Amcp/"
)
_NO_SERVERS = frozenset(
    {"@modelcontextprotocol/inspector", "@modelcontextprotocol/sdk", "mcp-remote", "create-mcp-server"}
)
_VALUES = frozenset({"-s", "--scope", "-t", "--transport", "-e", "--env", "-H", "--header"})


def started_servers(file: File, one: Invocation, source: str) -> Iterator[Fact]:
    """The MCP server that a command starts or registers; nothing for other commands."""
    words = one.words
    if words[0] in ("claude", "codex", "gemini") and words[1:3] in (("mcp", "add"),):
        yield from _registered(file, words[3:], one.line, source)
        return
    started = launch(list(words))
    package = started.package
    if started.registry not in ("npm", "pypi", "docker") or package in _NO_SERVERS or package.startswith("create-"):
        return
    if catalog.mcp_capabilities(package) or _SERVER.search(package):
        yield from _server(file, package, list(words), "", one.line, source)


def _registered(file: File, words: tuple[str, ...], line: int, source: str) -> Iterator[Fact]:
    free: list[str] = []
    at = 0
    while at < len(words) and words[at] != "--" and len(free) < 2:
        if words[at].startswith("-"):
            at += 1 if words[at] in _VALUES else 0
        else:
            free.append(words[at])
        at += 1
    rest = list(words[at + 1 :] if at < len(words) and words[at] == "--" else words[at:])
    if not free or "$" in free[0]:
        return
    url = free[1] if len(free) > 1 and "://" in free[1] else ""
    command = [] if url else [*free[1:], *rest]
    if url or command:
        yield from _server(file, free[0], command, url, line, source)


def _server(file: File, name: str, words: list[str], url: str, line: int, source: str) -> Iterator[Fact]:
    settings: dict[str, Node] = {"url": Node(url, line, line)} if url else {"command": Node(words[0], line, line)}
    if words[1:]:
        settings["args"] = Node([Node(word, line, line) for word in words[1:]], line, line)
    yield from server_facts(file, Entry(name, Node(settings, line, line)), name, source)
