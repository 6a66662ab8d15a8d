"""Kubernetes manifests: containers that serve models, and the resources of KServe, KubeRay and KAITO."""

import re
from collections.abc import Iterator

from backstay.detectors.support.command_facts import command_facts
from backstay.detectors.support.facts import Seen, edge, owner_edge
from backstay.detectors.support.invocations import Invocation, invocations
from backstay.detectors.support.named_models import named_model
from backstay.detectors.support.reading import texts
from backstay.detectors.support.servers import MODEL_IMAGES, VECTOR_IMAGES, image_server, product_of, server_of
from backstay.detectors.support.serving import server_facts, store_facts
from backstay.detectors.support.settings import setting_facts
from backstay.detectors.support.shell import Command
from backstay.documents import DocumentError, Node, read_yaml
from backstay.images import parse_image
from backstay.keys import model_key
from backstay.model import Asset, Attributes, Kind
from backstay.model import RelationshipKind as Edge
from backstay.plugin import Fact, File, UnreadableError
from backstay.secrecy import clean_url

MAX_DEPTH = 12
MAX_CONTAINERS = 200
MAX_MANIFEST = 200_000  # characters
_WANTED = re.compile(r"\b(?:containers|initContainers|predictor|serveConfigV2|LLMInferenceService|inference)\b")
_DEFINITION = re.compile(r"^kind:\s*CustomResourceDefinition\b", re.MULTILINE)
_FORMATS = (
    "model",
    "sklearn",
    "xgboost",
    "lightgbm",
    "pytorch",
    "tensorflow",
    "onnx",
    "triton",
    "huggingface",
    "pmml",
    "paddle",
)


def manifests(file: File) -> Iterator[Node]:
    """The manifests of a file that can start something; definitions of resources are long and start nothing."""
    line = 0
    for part in re.split(r"^---[^\n]*$", file.text, flags=re.MULTILINE):
        if len(part) < MAX_MANIFEST and _WANTED.search(part) and not _DEFINITION.search(part):
            try:
                yield from read_yaml("\n" * line + part)
            except DocumentError:
                raise UnreadableError("invalid YAML", f"from line {line + 1}") from None
        line += part.count("\n")


def manifest_facts(file: File, root: Node, source: str) -> Iterator[Fact]:
    """The facts of one manifest, beside its images."""
    kind, name = root.get("kind").text, root.get("metadata", "name").text
    if not kind or not root.get("apiVersion").text:
        return
    match kind:
        case "InferenceService":
            yield from _inference_service(file, root, name, source)
        case "LLMInferenceService":
            yield from _served(file, root.get("spec", "model", "uri"), name, "kserve", source)
        case "RayService" | "RayCluster" | "RayJob":
            yield from _ray(file, root, name, source)
        case "Workspace" if root.get("inference", "preset", "name").text:
            node = root.get("inference", "preset", "name")
            endpoint = _endpoint(file, name or "workspace", "kaito", file.evidence(source, root.line))
            yield from endpoint
            model = Asset(model_key(node.text), Kind.MODEL, node.text, {}, file.evidence(source, node.line))
            yield from _calls(file, name or "workspace", model, source, node.line)
    for number, container in enumerate(_containers(root, 0)):
        if number >= MAX_CONTAINERS:
            return
        yield from _container(file, name or container.get("name").text, container, source)


def _containers(node: Node, depth: int) -> Iterator[Node]:
    if depth > MAX_DEPTH:
        return
    for key, one in node.entries():
        if key in ("containers", "initContainers"):
            yield from (inner for inner in one.elements() if isinstance(inner.value, dict))
        elif isinstance(one.value, dict | list):
            yield from _containers(one, depth + 1)
    for one in node.elements():
        if isinstance(one.value, dict | list):
            yield from _containers(one, depth + 1)


def _container(file: File, name: str, container: Node, source: str) -> Iterator[Fact]:
    node = container.get("image")
    image = parse_image(node.text) if node.text else None
    words = (*texts(container.get("command")), *_arguments(container.get("args")))
    at = container.get("args").line or container.get("command").line or node.line or container.line
    seen = file.evidence(source, at)
    environment = {one.get("name").text: one.get("value").text or None for one in container.get("env").elements()}
    product = product_of(image.name, MODEL_IMAGES) if image else None
    server = None
    rest: list[Invocation] = []
    for one in invocations([Command(words, at)] if words else []):
        if server is None and one.row is not None and one.row.task == "serving":
            server = server_of(file, one, seen)
        else:
            rest.append(one)
    if server is None and product and not container.get("command").line:
        server = image_server(file, product, words, environment, seen)
    if server:
        yield from server_facts(file, server, name or server.product, seen, environment, published=None)
    yield from command_facts(file, rest, source)
    store = product_of(image.name, VECTOR_IMAGES) if image else None
    if store:
        known = environment if not container.get("envFrom").line else None
        yield from store_facts(file, name or store, store, "", known, seen)
    settings = (
        (one.get("name").text, one.get("value").text, one.get("value").line) for one in container.get("env").elements()
    )
    yield from setting_facts(file, settings, source)


def _arguments(node: Node) -> list[str]:
    return [str(one.value) for one in node.elements() if isinstance(one.value, str | int | float)]


def _inference_service(file: File, root: Node, name: str, source: str) -> Iterator[Fact]:
    predictor = root.get("spec", "predictor")
    for key in _FORMATS:
        model = predictor.get(key)
        if isinstance(model.value, dict):
            format = model.get("modelFormat", "name").text or ("" if key == "model" else key)
            arguments = dict(
                word.lstrip("-").replace("-", "_").split("=", 1)
                for word in _arguments(model.get("args"))
                if "=" in word
            )
            hub = arguments.get("model_id") or arguments.get("model")
            node = Node(hub, model.get("args").line) if hub else model.get("storageUri")
            yield from _served(file, node, name, "kserve", source, format)
            return


def _served(file: File, node: Node, name: str, framework: str, source: str, format: str = "") -> Iterator[Fact]:
    seen = file.evidence(source, node.line)
    yield from _endpoint(file, name, framework, seen)
    address = node.text
    if not address or "{{" in address:
        return
    if address.startswith("hf://") or "://" not in address:
        model = named_model(file, address.removeprefix("hf://").partition(":")[0], "hub", "", seen)
    else:
        # What lies in a bucket has no name of its own; the service that loads it does.
        attributes: Attributes = {"path": clean_url(address) or address[:200]}
        if format:
            attributes["library"] = format
        model = Asset(file.urn(Kind.MODEL, file.path, name), Kind.MODEL, name, attributes, seen) if name else None
    if model is not None:
        yield from _calls(file, name, model, source, node.line)


def _endpoint(file: File, name: str, framework: str, seen: Seen) -> Iterator[Fact]:
    asset = Asset(file.urn(Kind.ENDPOINT, file.path, name), Kind.ENDPOINT, name, {"framework": framework}, seen)
    yield asset
    yield owner_edge(Edge.EXPOSES, asset.key, seen)


def _calls(file: File, name: str, model: Asset, source: str, line: int) -> Iterator[Fact]:
    seen = file.evidence(source, line)
    yield model
    yield edge(file.urn(Kind.ENDPOINT, file.path, name), Edge.CALLS, model.key, seen)
    yield owner_edge(Edge.USES, model.key, seen, local=True)


def _ray(file: File, root: Node, name: str, source: str) -> Iterator[Fact]:
    node = root.get("spec", "serveConfigV2")
    if not node.text:
        return
    try:
        inner = read_yaml("\n" * node.line + node.text)
    except DocumentError:
        return
    for document in inner:
        yield from ray_serve_facts(file, document, source)


def ray_serve_facts(file: File, root: Node, source: str) -> Iterator[Fact]:
    """Applications of Ray Serve that serve language models, in a manifest or in a file of their own."""
    for application in root.get("applications").elements():
        configs = application.get("args", "llm_configs")
        for config in configs.elements():
            loading = config.get("model_loading_config")
            node = loading.get("model_source") if loading.get("model_source").text else loading.get("model_id")
            name = application.get("name").text or "ray-serve"
            if node.text:
                yield from _served(file, node, name, "ray-serve", source)
