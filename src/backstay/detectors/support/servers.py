"""Command lines and images that are known to serve models or hold vectors: what they load and where they listen."""

import re
from dataclasses import dataclass
from pathlib import PurePosixPath

from backstay.keys import is_hub_name

MAX_WORDS = 400


@dataclass(frozen=True)
class Server:
    """A model server as started: `product`, the models it loads, and its address where the command says it.

    `authentication` is None when the command has none although this product asks for a key on the command line.
    """

    product: str
    models: tuple[tuple[str, bool], ...] = ()  # name, and whether it is a name on the Hugging Face hub
    host: str = ""
    port: str = ""
    keyed: bool = False


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
_KEY_OPTIONS = ("--api-key", "--api_key", "--master-key", "--api-key-file")


def product_of(image: str, products: dict[str, str]) -> str | None:
    """The product that an image runs, by its name with or without a registry."""
    if image in products:
        return products[image]
    short = image.partition("/")[2] if "." in image.partition("/")[0] else image
    return products.get(short)


def command_server(words: list[str]) -> Server | None:
    """The model server that a command starts; None when it starts something else."""
    words = words[:MAX_WORDS]
    for at, word in enumerate(words):
        name = PurePosixPath(word).name
        rest = words[at + 1 :]
        if name == "vllm" and rest[:1] == ["serve"]:
            return options_server("vllm", rest[1:])
        if word.startswith(("vllm.entrypoints.openai.api_server", "vllm.entrypoints.api_server")):
            return options_server("vllm", rest)
        if word == "sglang.launch_server":
            return options_server("sglang", rest)
        if name in ("text-generation-launcher", "text-embeddings-router", "llama-server"):
            product = {"llama-server": "llama.cpp"}.get(name, name.replace("-launcher", "-inference"))
            return options_server(product.replace("-router", "-inference"), rest)
        if name == "ollama" and rest[:1] == ["serve"]:
            return Server("ollama")
        if name == "tritonserver":
            return options_server("triton", rest)
    return None


def options_server(product: str, words: list[str]) -> Server:
    """A model server's options; the first word that is no option is a model for those that take it so."""
    options: dict[str, str] = {}
    free: list[str] = []
    at = 0
    while at < len(words):
        name, equals, value = words[at].partition("=")
        if not name.startswith("-"):
            free.append(words[at])
        elif equals:
            options.setdefault(name, value)
        elif at + 1 < len(words) and not words[at + 1].startswith("-"):
            options.setdefault(name, words[at + 1])
            at += 1
        else:
            options.setdefault(name, "")
        at += 1
    named = [options.get(key, "") for key in ("--model", "--model-path", "--model-id", "--hf-repo", "-hf")]
    if product == "vllm" and free:
        named.append(free[0])
    models = tuple(
        (name.partition(":")[0], True) for name in dict.fromkeys(named) if is_hub_name(name.partition(":")[0])
    )
    keyed = any(option in options for option in _KEY_OPTIONS)
    host = options.get("--host", options.get("--hostname", options.get("--http-address", "")))
    return Server(product, models, host, options.get("--port", options.get("-p", "")), keyed)


_PULLS = (
    (re.compile(r"\bollama\s+(?:pull|run)\s+([\w./-]{1,100}(?::[\w.-]{1,60})?)(?=\s|&|;|\||\)|\"|'|\Z)"), False),
    (
        re.compile(
            r"\b(?:huggingface-cli|hf)\s+download\s+(?:--[\w-]{1,40}(?:=\S{1,100})?\s+){0,4}"
            r"([\w.-]{1,96}/[\w.-]{1,96})(?=\s|&|;|\Z)"
        ),
        True,
    ),
)
_DATASET = re.compile(r"--repo-type[ =]dataset")


def pulled_models(command: str) -> list[tuple[str, bool]]:
    """Models that a shell command downloads: name, and whether it is a name on the Hugging Face hub."""
    found: list[tuple[str, bool]] = []
    for pattern, hub in _PULLS:
        for match in pattern.finditer(command[:50_000]):
            line = command[match.start() : match.end() + 300].partition("&&")[0]
            if not (hub and _DATASET.search(line)) and not match[1].startswith(("-", ".")):
                found.append((match[1], hub))
    return list(dict.fromkeys(found))
