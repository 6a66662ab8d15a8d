"""Model servers as commands and images start them: what they load, where they listen, whether they ask for a key."""

from collections.abc import Mapping
from dataclasses import dataclass

from backstay.detectors.support.facts import Seen
from backstay.detectors.support.invocations import Invocation, read_options
from backstay.detectors.support.named_models import named_model
from backstay.model import Asset, Attributes, Value
from backstay.plugin import File
from backstay.secrecy import clean_url


@dataclass(frozen=True)
class Server:
    """A model server as started: `product`, the models it loads, and its address where the command says it.

    `use` is what the command says of how it loads them; `keyed` whether it is given a key to ask for.
    """

    product: str
    provider: str = ""
    models: tuple[Asset, ...] = ()
    host: str = ""
    port: str = ""
    keyed: bool = False
    use: tuple[tuple[str, Value], ...] = ()


# Image names (without registry) of model servers, and of vector stores by product.
MODEL_IMAGES = {
    "vllm/vllm-openai": "vllm",
    "huggingface/text-generation-inference": "text-generation-inference",
    "huggingface/text-embeddings-inference": "text-embeddings-inference",
    "ollama/ollama": "ollama",
    "lmsysorg/sglang": "sglang",
    "ghcr.io/ggml-org/llama.cpp": "llama.cpp",
    "ghcr.io/ggerganov/llama.cpp": "llama.cpp",
    "localai/localai": "localai",
    "nvcr.io/nvidia/tritonserver": "triton",
    "tensorflow/serving": "tensorflow-serving",
    "pytorch/torchserve": "torchserve",
    "ghcr.io/berriai/litellm": "litellm",
    "berriai/litellm": "litellm",
    "openmmlab/lmdeploy": "lmdeploy",
    "xprobe/xinference": "xinference",
}
VECTOR_IMAGES = {
    "qdrant/qdrant": "qdrant",
    "chromadb/chroma": "chroma",
    "semitechnologies/weaviate": "weaviate",
    "cr.weaviate.io/semitechnologies/weaviate": "weaviate",
    "milvusdb/milvus": "milvus",
    "pgvector/pgvector": "pgvector",
    "ankane/pgvector": "pgvector",
    "vespaengine/vespa": "vespa",
    "marqoai/marqo": "marqo",
    "redis/redis-stack": "redis",
    "redis/redis-stack-server": "redis",
}
# What images take on their command line: the options of the program that they start.
_IMAGE_COMMANDS = {
    "vllm": ("vllm", "serve"),
    "text-generation-inference": ("text-generation-launcher",),
    "text-embeddings-inference": ("text-embeddings-router",),
    "sglang": ("sglang", "serve"),
    "llama.cpp": ("llama-server",),
    "ollama": ("ollama", "serve"),
    "triton": ("tritonserver",),
    "litellm": ("litellm",),
    "infinity": ("infinity_emb", "v2"),
}
# Variables that name the model of a server that is started without an option for it.
_MODEL_VARIABLES = ("MODEL_ID", "HF_MODEL_ID", "VLLM_MODEL", "MODEL_NAME", "LLAMA_ARG_HF_REPO")


def product_of(image: str, products: dict[str, str]) -> str | None:
    """The product that an image runs, by its name with or without a registry."""
    if image in products:
        return products[image]
    short = image.partition("/")[2] if "." in image.partition("/")[0] else image
    return products.get(short)


def server_of(file: File, one: Invocation, seen: Seen) -> Server:
    """The server that an invocation of a serving row of the table starts."""
    row = one.row
    if row is None:
        raise ValueError("only commands of the table start servers")
    found: dict[str, Asset] = {}
    for text in one.values(row.model):
        model = named_model(file, text, row.names, row.provider if row.names != "hub" else "", seen)
        if model is not None:
            found.setdefault(model.key, model)
    revision = one.value(row.revision)
    use: Attributes = {}
    if row.names == "hub":
        use["revision"] = revision if revision and "$" not in revision else None
    if one.has(row.trust):
        use["trust_remote_code"] = True
    models = tuple(found.values())[:4]
    host = one.value(row.host)
    return Server(
        row.product,
        row.provider,
        models,
        "" if "$" in host else clean_url(host) if "://" in host else host,
        one.value(row.port),
        any(name in one.options for name in row.key),
        tuple(use.items()),
    )


def image_server(
    file: File, product: str, words: tuple[str, ...], environment: Mapping[str, str | None], seen: Seen
) -> Server:
    """The server that an image starts with these words after it, or with this environment."""
    one = read_options(words) if words else None
    if one is None or one.row is None or one.row.task != "serving":
        one = read_options((*_IMAGE_COMMANDS.get(product, (product,)), *words))
    server = server_of(file, one, seen) if one.row is not None else Server(product)
    for name in () if server.models else _MODEL_VARIABLES:
        text = environment.get(name) or ""
        model = named_model(file, text, "hub", "", seen) if text else None
        if model is not None:
            return Server(product, server.provider, (model,), server.host, server.port, server.keyed, server.use)
    return server
