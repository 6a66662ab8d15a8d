"""Assets that hub metadata names: models and datasets of the Hugging Face hub, and the model that a folder holds."""

import re

from backstay.detectors.support.facts import Seen
from backstay.keys import dataset_key, is_hub_name, model_key
from backstay.model import Asset, Attributes, Kind
from backstay.plugin import File

# What reads like an organisation and is a folder of the project.
_FOLDERS = frozenset({"models", "model", "output", "outputs", "checkpoints", "data", "dataset", "datasets", "results"})
_DATASET_NAME = re.compile(r"[A-Za-z0-9][\w.-]{0,95}(?:/[A-Za-z0-9][\w.-]{0,95})?\Z")


def hub_model(name: str, seen: Seen) -> Asset | None:
    """A model of the hub; None for a path or anything else that is no `org/name`."""
    if not is_hub_name(name) or name.partition("/")[0] in _FOLDERS:
        return None
    attributes: Attributes = {"provider": "huggingface", "hub": "huggingface"}
    return Asset(model_key(name, hub=True), Kind.MODEL, name, attributes, seen)


def hub_dataset(name: str, seen: Seen) -> Asset | None:
    """A dataset of the hub, `org/name` or one of the old plain names; None for anything else."""
    if not _DATASET_NAME.match(name) or re.search(r"\.(?:csv|tsv|jsonl?|parquet|txt|arrow|zip|gz)\Z", name):
        return None
    if name.partition("/")[0] in _FOLDERS:
        return None
    return Asset(dataset_key(name), Kind.DATASET, name, {"hub": "huggingface"}, seen)


def folder_model(file: File, attributes: Attributes, seen: Seen, title: str = "") -> Asset:
    """The model whose files lie in the folder of this one; every file that describes it gives the same key."""
    name = title or file.folder.rpartition("/")[2] or "model"
    return Asset(file.urn(Kind.MODEL, file.folder or "."), Kind.MODEL, name, attributes, seen)


def folder_dataset(file: File, attributes: Attributes, seen: Seen, title: str = "") -> Asset:
    """The dataset that lies in the folder of this file."""
    name = file.folder or title or "dataset"
    return Asset(file.urn(Kind.DATASET, file.folder or "."), Kind.DATASET, name, attributes, seen)
