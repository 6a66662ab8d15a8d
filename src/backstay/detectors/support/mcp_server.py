"""One configured MCP server as an asset, with its package and its credentials."""

import re
from collections.abc import Iterator
from urllib.parse import parse_qsl, urlsplit

from backstay import catalog
from backstay.detectors.support import facts
from backstay.detectors.support.facts import Seen, edge, owner_edge
from backstay.detectors.support.mcp_locations import Entry
from backstay.detectors.support.reading import named, texts
from backstay.documents import Node
from backstay.images import parse_image
from backstay.launch import Launch, launch, split
from backstay.model import Asset, Attributes, Kind, Relationship
from backstay.model import RelationshipKind as Edge
from backstay.plugin import Fact, File
from backstay.secrecy import clean_url, is_path, is_placeholder, is_secret_name, looks_random

SOURCE = "mcp-config"
# Client options whose value is a list of tools that run without asking.
_APPROVALS = ("alwaysAllow", "autoApprove", "auto_approve", "always_allow", "autoApproved", "autoApproveTools")
_ENV = ("env", "environment", "envs", "env_vars", "environmentVariables")
_HEADERS = ("headers", "http_headers", "requestInit", "httpHeaders", "env_http_headers")
_VARIABLE = re.compile(r"\$\{?(?:env:|input:|secrets?\.)?([A-Za-z_][A-Za-z0-9_.-]*)\}?|\{\{\s*([\w.]+)\s*\}\}|%(\w+)%")
_AUTH_KEYS = ("oauth", "auth", "authProvider", "authProviderType", "authorization", "authentication")


def server_facts(file: File, entry: Entry, local: str, source: str = SOURCE) -> Iterator[Fact]:
    """The server, what it is started from, and the credentials it is given."""
    node = entry.node
    seen = file.evidence(source, node.line, node.end_line)
    words = _words(node)
    started = launch(words)
    url = named(node, "url", "uri", "serverUrl", "httpUrl", "endpoint", "baseUrl").text
    remote = url or next((word for word in words if started.package == "mcp-remote" and "://" in word), "")
    env = [name for name, _ in _environment(node)] + list(started.env)
    headers = [name for name, _ in _headers(node)]
    attributes: Attributes = {"role": "client-config", "transport": _transport(node, url, words)}
    if words:
        attributes["command"] = started.program
    if started.package:
        attributes["package"] = started.package
    if started.registry:
        attributes |= {"registry": started.registry, "version": started.version}
    if remote:
        attributes["url"] = clean_url(remote)
    attributes |= {"env": sorted(set(env)), "headers": sorted(set(headers)), "auto_approve": _approved(node)}
    authentication = _authentication(node, words, remote, headers)
    if authentication or remote.startswith("http://"):
        # Over https a client may still negotiate OAuth, so there silence is not absence.
        attributes["authentication"] = authentication
    if node.get("disabled").value is True or node.get("enabled").value is False:
        attributes["disabled"] = True
    capabilities = catalog.mcp_capabilities(started.package)
    if capabilities:
        attributes["capabilities"] = list(capabilities)
    server = Asset(file.urn(Kind.MCP_SERVER, file.path, local), Kind.MCP_SERVER, entry.name, attributes, seen)
    yield server
    yield owner_edge(Edge.USES, server.key, seen)
    yield from origin_facts(server.key, started, seen)
    for credential in _credentials(file, node, words, url, started, source):
        yield credential
        yield edge(server.key, Edge.USES, credential.key, credential.evidence)


def origin_facts(server: str, started: Launch, seen: Seen) -> Iterator[Asset | Relationship]:
    """The package or image that a server is started from, and the edge to it."""
    if started.registry in ("npm", "pypi") and started.package and "://" not in started.package:
        package = facts.package(started.registry, started.package, started.version, seen)
        yield package
        yield edge(server, Edge.DEPENDS_ON, package.key, seen, direct=True, scope="runtime")
    elif started.registry == "docker":
        reference = f"{started.package}{'@' if (started.version or '').startswith('sha') else ':'}{started.version}"
        image = parse_image(reference if started.version else started.package)
        if image:
            asset = image.asset(seen)
            yield asset
            yield edge(server, Edge.DEPENDS_ON, asset.key, seen)


def _words(node: Node) -> list[str]:
    command = named(node, "command", "cmd")
    if isinstance(command.value, list):
        return texts(command)
    if isinstance(command.value, dict):  # Zed's earlier form
        return [command.get("path").text, *texts(command.get("args"))]
    arguments = [str(one.value) for one in node.get("args").elements() if one.value is not None]
    if not command.text:
        return []
    return [command.text, *arguments] if arguments else split(command.text)


def _transport(node: Node, url: str, words: list[str]) -> str:
    said = named(node, "type", "transport", "transportType").text.lower().replace("_", "-")
    if said == "sse" or (not said and url.partition("?")[0].rstrip("/").endswith("/sse")):
        return "sse"
    if "http" in said or (url and not words):
        return "http"
    return "stdio"


def _environment(node: Node) -> Iterator[tuple[str, Node]]:
    for key in _ENV:
        inner = node.get(key)
        yield from inner.entries()
        for one in inner.elements():  # a list of NAME or NAME=value, or of {name, value}
            name, _, value = one.text.partition("=")
            name = name or one.get("name").text
            if name:
                yield name, Node(value, one.line) if one.text else one.get("value")
    for one in node.get("env_keys").elements():
        if one.text:
            yield one.text, Node(None, one.line)
    bearer = node.get("bearer_token_env_var")
    if bearer.text:
        yield bearer.text, Node(None, bearer.line)


def _headers(node: Node) -> Iterator[tuple[str, Node]]:
    for key in _HEADERS:
        inner = node.get(key)
        if key == "requestInit":
            inner = inner.get("headers")
        yield from inner.entries()


def _approved(node: Node) -> list[str]:
    found: list[str] = []
    for key in _APPROVALS:
        value = node.get(key)
        found += ["*"] if value.value is True else texts(value)
    if node.get("trust").value is True:  # Gemini: no confirmation for any tool of the server
        found.append("*")
    return list(dict.fromkeys(found))


def _authentication(node: Node, words: list[str], url: str, headers: list[str]) -> str | None:
    for name in headers:
        if is_secret_name(name) or name.lower() == "cookie":
            return "header"
    if node.get("bearer_token_env_var").text:
        return "bearer"
    if any(node.get(key).line and node.get(key).value not in (None, False, "none") for key in _AUTH_KEYS):
        return "oauth"
    if any(is_secret_name(word.partition(":")[0]) for word in words if ":" in word):
        return "header"
    return "url" if next(_url_secrets(url), None) else None


def _url_secrets(url: str) -> Iterator[tuple[str, str]]:
    """Name and value of what in a URL lets its bearer in."""
    try:
        parts = urlsplit(url)
        password = parts.password
    except ValueError:
        return
    if password:
        yield "password in URL", password
    for name, value in parse_qsl(parts.query[:10_000], max_num_fields=None)[:50]:
        if is_secret_name(name) or looks_random(value):
            yield name, value
    for part in parts.path.split("/")[:50]:
        if looks_random(part):
            yield "key in URL", part


def _credentials(file: File, node: Node, words: list[str], url: str, started: Launch, source: str) -> Iterator[Asset]:
    """References by name, and values that are no placeholders; each with the line where it stands."""
    given = [*_environment(node), *_headers(node)]
    for name, value in given:
        seen = file.evidence(source, value.line or node.line)
        names = [a or b or c for a, b, c in _VARIABLE.findall(value.text)]
        secret = value.text.removeprefix("Bearer ").removeprefix("token ").removeprefix("Basic ").strip()
        if not is_secret_name(name) and not looks_random(secret):
            continue
        if names:
            for variable in names:
                yield facts.credential_reference(file, variable.rpartition(".")[2] or variable, seen)
        elif secret and not is_placeholder(secret) and not is_path(secret):
            yield facts.credential_value(file, name, secret, seen)
        elif name not in dict(_headers(node)):
            yield facts.credential_reference(file, name, seen)
    here = file.evidence(source, node.line)
    for name in started.env:
        if is_secret_name(name) and name not in dict(given):
            yield facts.credential_reference(file, name, here)
    for name, text in [*_argument_secrets(words), *_url_secrets(url)]:
        if not is_placeholder(text) and not is_path(text) and not _VARIABLE.search(text):
            line = file.line_of(text) or node.line
            yield facts.credential_value(file, name, text, file.evidence(source, line))


def _argument_secrets(words: list[str]) -> Iterator[tuple[str, str]]:
    for at, word in enumerate(words):
        name, equals, value = word.partition("=")
        header, colon, content = word.partition(":")
        if "://" in word:
            yield from _url_secrets(word)
        elif colon and is_secret_name(header) and header.replace("-", "").isalnum():
            yield header, content.strip().removeprefix("Bearer ").strip()
        elif word.startswith("-") and is_secret_name(name):
            if equals or at + 1 < len(words):
                yield name.lstrip("-"), value if equals else words[at + 1]
        elif equals and is_secret_name(name) and name.replace("_", "").isalnum():
            yield name, value
