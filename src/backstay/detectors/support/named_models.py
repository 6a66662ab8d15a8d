"""Models and datasets as commands and recipes name them: on the hub, in Ollama's library, as files, or not at all."""

import re

from backstay import catalog
from backstay.catalog.commands import Names
from backstay.detectors.support.facts import Seen, served_model
from backstay.detectors.support.hub import hub_dataset
from backstay.keys import dataset_key, is_hub_name, model_key
from backstay.model import Asset, Attributes, Kind
from backstay.model_ids import known_id, routed_id
from backstay.plugin import File
from backstay.secrecy import clean_url

MAX_NAME = 200
_OPEN = re.compile(r"[\s$<>{}()|*?\"'`,;]")
_PLACEHOLDER = re.compile(
    r"(?:^|[/_.:-])(?:your|my|some|example|foo|bar|xxx+|placeholder|dummy|todo|changeme|model[-_]?(?:name|id|path|tag)|"
    r"repo[-_]?(?:name|id))(?:[/_.:-]|\Z)|(?:^|/)(?:path|org|organi[sz]ation|username|user|namespace|owner|author)(?:/|\Z)|"
    r"\A-",
    re.IGNORECASE,
)
_WEIGHTS = re.compile(
    r"\.(?:gguf|ggml|safetensors|pt|pth|ckpt|onnx|llamafile|pkl|joblib|h5|keras|tflite|engine|nemo|mlmodel)\Z",
    re.IGNORECASE,
)
# What reads like an organisation and is a folder of the project or machine.
_FOLDERS = frozenset(
    {
        "models",
        "model",
        "output",
        "outputs",
        "checkpoints",
        "checkpoint",
        "ckpt",
        "ckpts",
        "data",
        "dataset",
        "datasets",
    }
    | {
        "results",
        "result",
        "save",
        "saves",
        "saved",
        "saved_models",
        "pretrained",
        "pretrained_models",
        "weights",
        "exp",
    }
    | {"experiments", "runs", "logs", "log", "work_dirs", "trained", "trained_models", "scripts", "src", "config"}
    | {"configs", "examples", "recipes", "tests", "artifacts", "local", "cache", "tmp", "build", "dist", "lib", "app"}
)
_OLLAMA = re.compile(r"[a-z0-9][a-z0-9._-]{1,80}(?:/[A-Za-z0-9][\w.-]{0,80}){0,2}(?::[\w.-]{1,60})?\Z", re.IGNORECASE)
_PLAIN = re.compile(r"[A-Za-z0-9][\w.:@/+-]{1,150}\Z")
_HUB_URL = re.compile(
    r"https?://(?:huggingface\.co|hf\.co|hf-mirror\.com)/(datasets/)?([A-Za-z0-9][\w.-]{0,95}/[\w.-]{1,96})(?=/|\?|\Z)"
)
_DATA = re.compile(r"\.(?:csv|tsv|jsonl?|parquet|arrow|txt|zip|tar\.gz)\Z", re.IGNORECASE)
_NO_DATASETS = frozenset({"train", "test", "val", "dev", "all", "default", "none", "true", "false", "auto", "custom"})


def is_open(text: str) -> bool:
    """Whether a text holds a variable, a placeholder or anything else that no name has."""
    return len(text) > MAX_NAME or len(text) < 2 or bool(_OPEN.search(text)) or bool(_PLACEHOLDER.search(text))


def named_model(file: File, text: str, names: Names, provider: str, seen: Seen) -> Asset | None:
    """The model, or model file, that a command or recipe names so; None when that cannot be told."""
    text = text.strip().removesuffix("/")
    url = _HUB_URL.match(text)
    if url:
        return None if url[1] else served_model(url[2].removesuffix(".git"), True, seen)
    if is_open(text) or "://" in text.removeprefix("ollama://").removeprefix("hf://").removeprefix("models:/"):
        return None
    if _WEIGHTS.search(text):
        return _model_file(file, text, seen)
    match names:
        case "ollama":
            return _ollama(text, provider, seen)
        case "routed":
            routed = routed_id(text)
            return _by_id(routed.name, routed.prefix or routed.vendor, seen) if routed else None
        case "known":
            known = known_id(text)
            return _by_id(known.name, known.prefix or known.vendor or provider, seen) if known else None
        case "any":
            return _any(text, provider, seen)
    return _hub(text.partition(":")[0] if "/" in text else text, seen)


def named_dataset(file: File, text: str, seen: Seen, *, plain: bool = False) -> Asset | None:
    """A dataset on the hub or a data file; with `plain` also a bare name, as trainers look it up in their register."""
    text = text.strip().removesuffix("/")
    url = _HUB_URL.match(text)
    if url:
        return hub_dataset(url[2].removesuffix(".git"), seen) if url[1] else None
    bare = text.partition("?")[0]
    if re.match(r"https?://[\w.-]{3,200}/", bare) and _DATA.search(bare) and not _OPEN.search(bare):
        address = clean_url(bare)
        return (
            Asset(file.urn(Kind.DATASET, address), Kind.DATASET, address, {"url": address}, seen) if address else None
        )
    if is_open(text) or "://" in text or text.startswith(("-", "~")):
        return None
    head = text.partition("/")[0].lower()
    if _DATA.search(text) or (head in _FOLDERS and "/" in text):
        path = text.removeprefix("./")
        # A path of the machine, or one that climbs, is nothing of this source.
        if path.startswith(("/", "..")):
            return None
        return Asset(file.urn(Kind.DATASET, path), Kind.DATASET, path, {"path": path}, seen)
    if is_hub_name(text):
        return hub_dataset(text, seen)
    if plain and re.fullmatch(r"[A-Za-z][\w.-]{2,80}", text) and text.lower() not in _NO_DATASETS:
        return Asset(file.urn(Kind.DATASET, text), Kind.DATASET, text, {}, seen)
    return None


def hub_named_dataset(text: str, seen: Seen) -> Asset | None:
    """A dataset where only the hub's names stand, the old ones without an owner too."""
    if is_open(text) or text.startswith((".", "/", "~")) or text.partition("/")[0].lower() in _FOLDERS:
        return None
    return hub_dataset(text, seen)


def made_model(text: str, seen: Seen) -> Asset | None:
    """A model that is made: pushed to the hub under a name, or saved in a folder whose last part is one."""
    text = text.strip().removesuffix("/")
    if len(text) > MAX_NAME or _OPEN.search(text) or "://" in text:
        return None
    local = text.startswith((".", "/", "~")) or text.partition("/")[0].lower() in _FOLDERS or text.count("/") > 1
    name = text.rpartition("/")[2]
    if local or "/" not in text:
        words = set(re.split(r"[^a-z]+", name.lower())) - {""}
        if not re.fullmatch(r"[A-Za-z][\w.-]{2,100}", name) or words <= _FOLDERS | _NO_NAMES:
            return None
        attributes: Attributes = {"produced": True} | ({"path": text} if "/" in text else {})
        return Asset(model_key(name), Kind.MODEL, name, attributes, seen)
    if not is_hub_name(text):
        return None
    return Asset(model_key(text, hub=True), Kind.MODEL, text, {"hub": "huggingface", "produced": True}, seen)


# Words of folders that say what is in them and not what it is called.
_NO_NAMES = frozenset(
    {
        "out",
        "lora",
        "qlora",
        "full",
        "final",
        "sft",
        "dpo",
        "adapter",
        "merged",
        "finetune",
        "finetuned",
        "debug",
        "dir",
    }
)


def hub_url_asset(text: str, seen: Seen) -> Asset | None:
    """The model or dataset whose repository, or a file of it, a URL of the hub is."""
    found = _HUB_URL.match(text)
    if (
        not found
        or is_open(found[2])
        or found[2].partition("/")[0] in ("api", "docs", "blog", "spaces", "papers", "join")
    ):
        return None
    name = found[2].removesuffix(".git")
    if found[1]:
        return Asset(dataset_key(name), Kind.DATASET, name, {"hub": "huggingface"}, seen)
    return served_model(name, True, seen)


def _hub(text: str, seen: Seen) -> Asset | None:
    head = text.partition("/")[0].lower()
    if is_hub_name(text) and head not in _FOLDERS:
        return served_model(text, True, seen)
    if "/" in text or text.startswith((".", "~")):
        # A folder on the machine: the model is known where the folder is called as the model is.
        known = known_id(text.rpartition("/")[2])
        return _by_id(known.name, known.vendor, seen) if known else None
    if re.fullmatch(r"[A-Za-z][\w.-]{2,80}", text) and re.search(r"[0-9-]", text) and head not in _FOLDERS:
        known = known_id(text)
        attributes: Attributes = {"provider": "huggingface", "hub": "huggingface"}
        return _by_id(text, known.vendor, seen) if known and known.vendor else _asset(text, attributes, seen)
    return None


def _ollama(text: str, provider: str, seen: Seen) -> Asset | None:
    text = text.removeprefix("ollama://")
    for prefix in ("hf.co/", "huggingface.co/", "hf://", "huggingface://"):
        if text.startswith(prefix):
            return _hub(text.removeprefix(prefix).partition(":")[0], seen)
    if not _OLLAMA.match(text) or text.startswith(("./", "/")):
        return None
    return _asset(text, {"provider": provider or "ollama"}, seen)


def _any(text: str, provider: str, seen: Seen) -> Asset | None:
    if text.startswith("models:/"):  # MLflow's registry: NAME/VERSION or NAME@ALIAS
        text = text.removeprefix("models:/").partition("/")[0].partition("@")[0]
    elif text.startswith(("runs:/", ".", "/", "~")):
        return None
    text = text.partition("=")[0]  # torchserve: NAME=ARCHIVE
    if not provider and is_hub_name(text) and text.partition("/")[0].lower() not in _FOLDERS | {"ai"}:
        return served_model(text, True, seen)
    if not _PLAIN.match(text) or text.lower() in ("all", "none", "hf", "vllm", "openai"):
        return None
    known = known_id(text)
    return _by_id(known.name if known else text, provider or (known.vendor if known else ""), seen)


def _by_id(name: str, provider: str, seen: Seen) -> Asset:
    return _asset(name, {"provider": provider} if provider else {}, seen)


def _asset(name: str, attributes: Attributes, seen: Seen) -> Asset:
    return Asset(model_key(name), Kind.MODEL, name, attributes, seen)


def _model_file(file: File, text: str, seen: Seen) -> Asset | None:
    path = text.removeprefix("./")
    name = path.rpartition("/")[2] if path.startswith(("/", "..", "~")) else path
    attributes: Attributes = {"path": path, "format": name.rpartition(".")[2].lower()}
    return Asset(file.urn(Kind.MODEL_FILE, name), Kind.MODEL_FILE, name, attributes, seen)


def provider_of_url(url: str) -> str:
    """The provider whose service a URL reaches, by its host; empty for others, and for a port that anything may use."""
    found = re.match(r"(?:https?://)?([A-Za-z0-9.-]{3,200}(?::\d{1,5})?)(?=[/?]|\Z)", url)
    host = found[1].lower() if found else ""
    if not host or host in _ANYBODY:
        return ""
    for one in catalog.providers():
        if any(host == name or (name.startswith(".") and host.endswith(name)) for name in one.hosts):
            return (
                ""
                if host.endswith(".googleapis.com") and one.name == "vertex-ai" and "aiplatform" not in host
                else one.name
            )
    return ""


_HERE = ("localhost", "127.0.0.1", "0.0.0.0")  # noqa: S104 - hosts of URLs, nothing is bound here
_ANYBODY = frozenset(f"{host}:{port}" for host in _HERE for port in (8000, 8080, 3000, 5000, 4000))
