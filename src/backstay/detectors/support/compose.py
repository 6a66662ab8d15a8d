"""Compose files: each service's image, its credentials, and the model servers and vector stores among them."""

import re
from collections.abc import Iterator

from backstay import catalog
from backstay.detectors.support import facts
from backstay.detectors.support.command_facts import command_facts
from backstay.detectors.support.containers import substitute
from backstay.detectors.support.facts import owner_edge
from backstay.detectors.support.invocations import Invocation, invocations
from backstay.detectors.support.named_models import named_model
from backstay.detectors.support.reading import texts
from backstay.detectors.support.servers import MODEL_IMAGES, VECTOR_IMAGES, image_server, product_of, server_of
from backstay.detectors.support.serving import image_facts, server_facts, store_facts
from backstay.detectors.support.settings import setting_facts
from backstay.detectors.support.shell import Command
from backstay.documents import Node
from backstay.images import parse_image
from backstay.launch import split
from backstay.model import RelationshipKind as Edge
from backstay.plugin import Fact, File
from backstay.secrecy import is_placeholder

MAX_SERVICES = 500


def compose_facts(file: File, root: Node, source: str) -> Iterator[Fact]:
    """The facts of every service of a compose file."""
    for name, service in list(root.get("services").entries())[:MAX_SERVICES]:
        if isinstance(service.value, dict):
            yield from _service(file, name, service, source)
    for _, one in list(root.get("models").entries())[:MAX_SERVICES]:
        yield from _runner_model(file, one.get("model"), source)


def _runner_model(file: File, node: Node, source: str) -> Iterator[Fact]:
    """A model that Docker Model Runner serves: a repository of Docker Hub, or one of the Hugging Face hub."""
    text = substitute(node.text, {}) if node.text else None
    seen = file.evidence(source, node.line)
    model = (
        named_model(file, text, "ollama" if text.startswith(("hf.co/", "huggingface.co/")) else "any", "", seen)
        if text
        else None
    )
    if model is not None:
        yield model
        yield owner_edge(Edge.USES, model.key, seen, api="docker model run", local=True)


def _service(file: File, name: str, service: Node, source: str) -> Iterator[Fact]:
    node = service.get("image")
    reference = substitute(node.text, {}) if node.text else None
    image = parse_image(reference) if reference else None
    seen = file.evidence(source, node.line or service.line)
    if image and not service.get("build").line:  # with a build, the name is what is made and not what is taken
        yield from image_facts(image, seen)
    environment = dict(_environment(service))
    yield from _credentials(file, service, source)
    words = tuple(_words(service.get("entrypoint")) + _words(service.get("command")))
    at = service.get("command").line or service.get("entrypoint").line or node.line or service.line
    product = product_of(image.name, MODEL_IMAGES) if image else None
    published = _published(service)
    rest: list[Invocation] = []
    server = None
    for one in invocations([Command(words, at)] if words else []):
        if server is None and one.row is not None and one.row.task == "serving" and one.row.product != "chroma":
            server = server_of(file, one, seen)
        else:
            rest.append(one)
    arguments = tuple(_words(service.get("command")))
    if server is None and product == "ollama" and arguments[:1] in (("pull",), ("run",)):
        rest += invocations([Command(("ollama", *arguments), at)])  # what the image starts, with another task
    elif server is None and product and not service.get("entrypoint").line:
        server = image_server(file, product, arguments, environment, seen)
    if server:
        yield from server_facts(file, server, name, seen, environment, published=published)
    yield from command_facts(file, rest, source)
    settings = ((key, value or "", one.line) for key, one, value in _variables(service))
    yield from setting_facts(file, settings, source)
    if service.get("provider", "type").text == "model":
        yield from _runner_model(file, service.get("provider", "options", "model"), source)
    store = product_of(image.name, VECTOR_IMAGES) if image else None
    if store:
        # A file of variables may hold its key.
        known = environment if not service.get("env_file").line else None
        yield from store_facts(file, name, store, published, known, seen)


def _environment(service: Node) -> Iterator[tuple[str, str | None]]:
    for name, _, value in _variables(service):
        yield name, value


def _variables(service: Node) -> Iterator[tuple[str, Node, str | None]]:
    node = service.get("environment")
    for name, one in node.entries():
        yield name, one, None if one.value is None else str(one.value)
    for one in node.elements():
        name, equals, value = one.text.partition("=")
        if name:
            yield name, one, value if equals else None


def _credentials(file: File, service: Node, source: str) -> Iterator[Fact]:
    """Keys of providers by the names of their variables; a value that is written out counts as a value."""
    known = {name for provider in catalog.providers() for name in provider.env}
    for name, node, value in _variables(service):
        if name not in known:
            continue
        seen = file.evidence(source, node.line)
        literal = value is not None and not re.search(r"\$\{?\w", value) and not is_placeholder(value)
        asset = facts.credential_value(file, name, value or "", seen) if literal else None
        asset = asset or facts.credential_reference(file, name, seen)
        yield asset
        yield owner_edge(Edge.USES, asset.key, seen)


def _words(node: Node) -> list[str]:
    if node.text:
        return split(node.text)
    words = texts(node)
    # sh -c "...": the command inside counts.
    return split(words[-1]) if len(words) > 2 and words[1] == "-c" else words


def _published(service: Node) -> str:
    """The host address under which a service's first port is published; empty when none is."""
    if service.get("network_mode").text == "host":
        return "0.0.0.0"  # noqa: S104 - what the file says, nothing is bound here
    for one in service.get("ports").elements():
        if isinstance(one.value, dict):
            return one.get("host_ip").text or "0.0.0.0"  # noqa: S104
        text = str(one.value)
        address = re.match(r"(\[[0-9a-fA-F:]+\]|[\w.-]+):\S*:\S+", text)
        return address[1].strip("[]") if address and not address[1].isdigit() else "0.0.0.0"  # noqa: S104
    return ""
