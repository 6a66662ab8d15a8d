"""Facts about images and about model servers that are started from them."""

from collections.abc import Iterator, Mapping

from backstay.detectors.support import facts
from backstay.detectors.support.facts import Seen, edge, owner_edge
from backstay.detectors.support.servers import Server
from backstay.images import Image
from backstay.model import Asset, Attributes, Kind
from backstay.model import RelationshipKind as Edge
from backstay.plugin import Fact, File

# Where a server listens when nobody says so, by its documentation; inside a container, where its image sets that.
_DEFAULT_HOSTS = {
    "vllm": "0.0.0.0",  # noqa: S104 - a fact about vLLM, nothing is bound here
    "text-generation-inference": "0.0.0.0",  # noqa: S104
    "text-embeddings-inference": "0.0.0.0",  # noqa: S104
    "triton": "0.0.0.0",  # noqa: S104
    "llama.cpp": "127.0.0.1",
    "sglang": "127.0.0.1",
}
# Servers that can ask for a key, and the variables that set one. Ollama and Triton cannot.
_KEY_VARIABLES: dict[str, tuple[str, ...]] = {
    "vllm": ("VLLM_API_KEY",),
    "text-generation-inference": ("API_KEY",),
    "text-embeddings-inference": ("API_KEY",),
    "llama.cpp": ("LLAMA_API_KEY", "LLAMA_ARG_API_KEY"),
    "sglang": ("SGLANG_API_KEY",),
    "localai": ("API_KEY", "LOCALAI_API_KEY"),
    "litellm": ("LITELLM_MASTER_KEY",),
    "ollama": (),
    "triton": (),
}


def image_facts(image: Image, seen: Seen) -> Iterator[Fact]:
    asset = image.asset(seen)
    yield asset
    yield owner_edge(Edge.DEPENDS_ON, asset.key, seen, direct=True)


def server_facts(
    file: File,
    server: Server,
    name: str,
    seen: Seen,
    environment: Mapping[str, str | None],
    *,
    published: str | None,
) -> Iterator[Fact]:
    """A model server as an endpoint, with the models it loads.

    `published` is the address under which a host publishes it, empty when it does not; None when the file cannot
    say, and then the address it binds counts.
    """
    attributes: Attributes = {"framework": server.product}
    host = server.host or _DEFAULT_HOSTS.get(server.product, "") if published is None else published
    if host:
        attributes["host"] = host
    variables = _KEY_VARIABLES.get(server.product)
    if server.keyed or any(variable in environment for variable in variables or ()):
        attributes["authentication"] = "api key"
    elif variables is not None and server.product != "litellm":  # LiteLLM's key may stand in its own configuration
        attributes["authentication"] = None
    endpoint = Asset(file.urn(Kind.ENDPOINT, file.path, name), Kind.ENDPOINT, name, attributes, seen)
    yield endpoint
    yield owner_edge(Edge.EXPOSES, endpoint.key, seen)
    for model, hub in server.models:
        asset = facts.served_model(model, hub, seen)
        yield asset
        yield edge(endpoint.key, Edge.CALLS, asset.key, seen)
        yield owner_edge(Edge.USES, asset.key, seen, api=server.product, local=True)
