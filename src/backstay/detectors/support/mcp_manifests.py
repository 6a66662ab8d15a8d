"""Manifests by which an MCP server describes itself, and Docker's catalogs of such servers."""

from collections.abc import Iterator

from backstay.detectors.support import facts
from backstay.detectors.support.facts import edge
from backstay.detectors.support.mcp_server import SOURCE, origin_facts
from backstay.detectors.support.reading import named
from backstay.documents import Node
from backstay.images import parse_image
from backstay.launch import Launch
from backstay.model import Asset, Attributes, Kind
from backstay.model import RelationshipKind as Edge
from backstay.plugin import Fact, File
from backstay.secrecy import clean_url, is_secret_name

_REGISTRIES = {"npm": "npm", "pypi": "pypi", "oci": "docker", "docker": "docker", "docker-hub": "docker"}


def manifest_facts(root: Node, file: File) -> Iterator[Fact]:
    """The server that a manifest describes, if the file is one."""
    match file.name.lower():
        case "server.json":
            yield from _registry(root, file)
        case "fastmcp.json" if root.get("source").line and not root.get("mcpServers").line:
            yield from _fastmcp(root, file)
        case "smithery.yaml" if root.get("startCommand").line or root.get("runtime").line:
            yield from _smithery(root, file)
    if "/.docker/mcp/" in f"/{file.path}":
        yield from _docker(root, file)


def _registry(root: Node, file: File) -> Iterator[Fact]:
    packages, remotes = root.get("packages"), root.get("remotes")
    name = root.get("name").text
    described = "modelcontextprotocol" in root.get("$schema").text or isinstance(
        (packages.value or remotes.value), list
    )
    if not name or not described or not (packages.line or remotes.line):
        return
    seen = file.evidence(SOURCE, root.get("name").line)
    attributes: Attributes = {"role": "server"}
    launches: list[Launch] = []
    secrets: list[tuple[str, int]] = []
    for one in packages.elements():
        kind = _REGISTRIES.get(named(one, "registryType", "registry_type", "registry_name").text.lower(), "")
        identifier = named(one, "identifier", "name").text
        if kind and identifier:
            image = parse_image(identifier) if kind == "docker" else None
            version = one.get("version").text or (image.pin if image else None) or None
            launches.append(Launch("", kind, image.name if image else identifier, version))
        attributes.setdefault("transport", _transport(one.get("transport").get("type").text or "stdio"))
        for variable in named(one, "environmentVariables", "environment_variables").elements():
            if variable.get("name").text and (
                variable.get("isSecret").value is True
                or variable.get("is_secret").value is True
                or is_secret_name(variable.get("name").text)
            ):
                secrets.append((variable.get("name").text, variable.line))
    for one in remotes.elements():
        attributes.setdefault("transport", _transport(named(one, "type", "transport_type").text))
        if one.get("url").text:
            attributes.setdefault("url", clean_url(one.get("url").text))
    if launches:
        first = launches[0]
        attributes |= {"registry": first.registry, "package": first.package, "version": first.version}
    attributes["env"] = [name for name, _ in secrets]
    server = _server(file, name, attributes, seen[0].line)
    yield server
    for one_launch in launches:
        yield from origin_facts(server.key, one_launch, seen)
    for variable_name, line in secrets:
        credential = facts.credential_reference(file, variable_name, file.evidence(SOURCE, line))
        yield credential
        yield edge(server.key, Edge.USES, credential.key, credential.evidence)


def _fastmcp(root: Node, file: File) -> Iterator[Fact]:
    path = root.get("source", "path").text or root.get("source").text
    deployment = root.get("deployment")
    if not path:
        return
    attributes: Attributes = {"role": "server", "transport": _transport(deployment.get("transport").text or "stdio")}
    if deployment.get("host").text:
        attributes["url"] = clean_url(f"http://{deployment.get('host').text}")
    name = root.get("name").text or path.rpartition("/")[2].rpartition(".")[0] or path
    yield _server(file, name, attributes, root.get("source").line)


def _smithery(root: Node, file: File) -> Iterator[Fact]:
    said = root.get("startCommand", "type").text or "http"
    name = root.get("name").text or file.folder.rpartition("/")[2] or "server"
    line = named(root, "startCommand", "runtime").line
    yield _server(file, name, {"role": "server", "transport": _transport(said)}, line)


def _docker(root: Node, file: File) -> Iterator[Fact]:
    for name, one in root.get("registry").entries():
        image = parse_image(one.get("image").text)
        url = one.get("remote", "url").text
        if not image and not url:
            continue
        seen = file.evidence(SOURCE, one.line)
        attributes: Attributes = {"role": "client-config", "transport": "stdio" if image else "http"}
        if url:
            attributes["url"] = clean_url(url)
        if image:
            attributes |= {"registry": "docker", "package": image.name, "version": image.pin}
        server = Asset(file.urn(Kind.MCP_SERVER, file.path, name), Kind.MCP_SERVER, name, attributes, seen)
        yield server
        yield facts.owner_edge(Edge.USES, server.key, seen)
        if image:
            asset = image.asset(seen)
            yield asset
            yield edge(server.key, Edge.DEPENDS_ON, asset.key, seen)


def _server(file: File, name: str, attributes: Attributes, line: int) -> Asset:
    key = file.urn(Kind.MCP_SERVER, file.path, name)
    return Asset(key, Kind.MCP_SERVER, name, attributes, file.evidence(SOURCE, line))


def _transport(said: str) -> str:
    said = said.lower()
    return "sse" if said == "sse" else "http" if "http" in said else "stdio"
