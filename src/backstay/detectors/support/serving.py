"""Facts about images and about model servers that are started from them."""

from collections.abc import Iterator, Mapping

from backstay.detectors.support.facts import Seen, edge, owner_edge
from backstay.detectors.support.servers import Server
from backstay.images import Image
from backstay.keys import provider_key
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
    for model in server.models:
        yield model
        yield edge(endpoint.key, Edge.CALLS, model.key, seen)
        yield owner_edge(Edge.USES, model.key, seen, api=server.product, local=True, **dict(server.use))
        yield from provider_facts(server.provider, model, seen)


def provider_facts(provider: str, model: Asset, seen: Seen) -> Iterator[Fact]:
    """Who serves a model that is run: the engine or service, if the catalog knows it."""
    if provider and model.kind == Kind.MODEL:
        seller = Asset(provider_key(provider), Kind.PROVIDER, provider, {}, seen)
        yield seller
        yield owner_edge(Edge.USES, seller.key, seen)
        yield edge(seller.key, Edge.SERVES, model.key, seen)


# What makes each vector store ask for a key or password, and what says that it does not.
_STORE_KEYS = {
    "qdrant": ("QDRANT__SERVICE__API_KEY", "QDRANT__SERVICE__JWT_RBAC"),
    "chroma": ("CHROMA_SERVER_AUTHN_PROVIDER", "CHROMA_SERVER_AUTH_PROVIDER", "CHROMA_SERVER_AUTHN_CREDENTIALS"),
    "weaviate": ("AUTHENTICATION_APIKEY_ENABLED", "AUTHENTICATION_OIDC_ENABLED"),
    "pgvector": ("POSTGRES_PASSWORD", "POSTGRES_PASSWORD_FILE"),
}
_OPEN = {"qdrant", "chroma", "weaviate"}  # open to everybody unless told otherwise


def store_facts(
    file: File, name: str, product: str, host: str, environment: Mapping[str, str | None] | None, seen: Seen
) -> Iterator[Fact]:
    """A vector store that is started; without an `environment` nobody can say what it is told."""
    attributes: Attributes = {"product": product}
    if host:
        attributes["host"] = host
    keys = _STORE_KEYS.get(product, ())
    if environment is not None and any(
        key in environment and (environment[key] or "").lower() != "false" for key in keys
    ):
        attributes["authentication"] = "password" if product == "pgvector" else "api key"
    elif environment is not None and product in _OPEN:
        attributes["authentication"] = None
    asset = Asset(file.urn(Kind.VECTOR_STORE, file.path, name), Kind.VECTOR_STORE, product, attributes, seen)
    yield asset
    yield owner_edge(Edge.USES, asset.key, seen)
