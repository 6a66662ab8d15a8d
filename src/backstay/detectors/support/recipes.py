"""Training recipes: one YAML with a base model, datasets and an output, as TRL, axolotl and others read it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from backstay.detectors.support.facts import Seen, edge, owner_edge
from backstay.detectors.support.hub import hub_dataset, hub_model
from backstay.detectors.support.reading import named
from backstay.documents import Node
from backstay.keys import model_key
from backstay.model import Asset, Attributes, Kind
from backstay.model import RelationshipKind as Edge
from backstay.plugin import Fact, File

SOURCE = "pipeline-files"
MAX_DATASETS = 500
# Settings that only training has; two of them beside a base model make a recipe.
_TRAINING = frozenset(
    {"learning_rate", "num_train_epochs", "num_epochs", "max_steps", "per_device_train_batch_size", "micro_batch_size"}
    | {"gradient_accumulation_steps", "output_dir", "hub_model_id", "lr_scheduler_type", "lr_scheduler", "lora_r"}
    | {"warmup_ratio", "warmup_steps", "do_train", "stage", "finetuning_type", "optim", "optimizer", "train_on_inputs"}
)
_HELD_OUT = re.compile(r"(?:^|[_\-/])(?:test|eval|valid|validation|val|dev)", re.IGNORECASE)
_PLAIN_NAME = re.compile(r"[A-Za-z][\w.-]{1,80}\Z")


@dataclass(frozen=True)
class _Use:
    name: str
    line: int
    held_out: bool
    revision: str | None


def pipeline(file: File, task: str, line: int, local: str = "") -> Asset:
    """A pipeline by its file, or by file and name where a file holds several."""
    key = file.urn(Kind.PIPELINE, file.path, local) if local else file.urn(Kind.PIPELINE, file.path)
    name = f"{file.path}#{local}" if local else file.path
    attributes: Attributes = {"task": task, "path": file.path}
    return Asset(key, Kind.PIPELINE, name, attributes, file.evidence(SOURCE, line))


def recipe_facts(file: File, root: Node) -> Iterator[Fact]:
    """The recipe as a pipeline, its base model, its datasets, the model it makes, and how they hang together."""
    node = next((one for one in (root.get("model_name_or_path"), root.get("base_model")) if one.text), None)
    settings = {key for key, _ in root.entries()} & _TRAINING
    uses = list(_datasets(root))[:MAX_DATASETS]
    if node is None or len(settings) < 2 or not (uses or root.get("hub_model_id").text):
        return
    recipe = pipeline(file, "training", node.line)
    yield recipe
    yield owner_edge(Edge.USES, recipe.key, recipe.evidence)
    base = _model(node.text, file.evidence(SOURCE, node.line))
    if base:
        yield base
        trusted = root.get("trust_remote_code").value
        yield edge(
            recipe.key,
            Edge.USES,
            base.key,
            base.evidence,
            revision=named(root, "model_revision", "revision_of_model", "revision").text or None,
            trust_remote_code=trusted if isinstance(trusted, bool) else None,
            local=True,
        )
    output = root.get("hub_model_id")
    made = _output(output.text, file.evidence(SOURCE, output.line)) if output.text else None
    if made:
        yield made
        yield edge(recipe.key, Edge.PRODUCES, made.key, made.evidence)
        if base and base.key != made.key:
            yield edge(made.key, Edge.DERIVED_FROM, base.key, made.evidence)
    for use in uses:
        seen = file.evidence(SOURCE, use.line)
        dataset = hub_dataset(use.name, seen) if "/" in use.name else _local_dataset(file, use.name, seen)
        if dataset:
            yield dataset
            yield edge(recipe.key, Edge.CONSUMES, dataset.key, seen, revision=use.revision)
            if made:
                yield edge(made.key, Edge.TESTED_ON if use.held_out else Edge.TRAINED_ON, dataset.key, seen)


def _datasets(root: Node) -> Iterator[_Use]:
    """Datasets in all the places that trainers look for them."""
    for one in root.get("dataset_mixture", "datasets").elements():
        yield from _use(named(one, "id", "path", "name"), one)
    for key in ("dataset_mixer", "datasets_mixer"):
        for identifier, one in root.get(key).entries():
            yield _Use(identifier, one.line, False, None)
    for key in ("datasets", "test_datasets", "pretraining_dataset"):
        for one in root.get(key).elements():
            name = one if one.text else named(one, "path", "id", "name")
            yield from _use(name, one, held_out=key == "test_datasets")
        if root.get(key).text:
            yield from _use(root.get(key), root.get(key))
    for key in ("dataset_name", "dataset", "eval_dataset"):
        node = root.get(key)
        for part in node.text.split(",") if node.text else []:
            if part.strip():
                yield _Use(part.strip(), node.line, key == "eval_dataset", None)


def _use(node: Node, settings: Node, *, held_out: bool = False) -> Iterator[_Use]:
    if node.text:
        split = settings.get("split").text
        revision = settings.get("revision").text or None
        yield _Use(node.text, node.line, held_out or bool(_HELD_OUT.search(split)), revision)


def _model(name: str, seen: Seen) -> Asset | None:
    if "/" in name or not _PLAIN_NAME.match(name):
        return hub_model(name, seen)
    attributes: Attributes = {"provider": "huggingface", "hub": "huggingface"}
    return Asset(model_key(name), Kind.MODEL, name, attributes, seen)


def _output(name: str, seen: Seen) -> Asset | None:
    """The model that is pushed: under an organisation, or under whoever runs the recipe."""
    if "/" in name:
        return hub_model(name, seen)
    return Asset(model_key(name), Kind.MODEL, name, {"hub": "huggingface"}, seen) if _PLAIN_NAME.match(name) else None


def _local_dataset(file: File, name: str, seen: Seen) -> Asset | None:
    """A name that the trainer looks up in its own register."""
    if not _PLAIN_NAME.match(name):
        return None
    return Asset(file.urn(Kind.DATASET, name), Kind.DATASET, name, {}, seen)


def merge_facts(file: File, root: Node) -> Iterator[Fact]:
    """mergekit: several models made into one."""
    if not root.get("merge_method").text:
        return
    nodes = [root.get("base_model"), *(one.get("model") for one in root.get("models").elements())]
    for part in root.get("slices").elements():
        nodes += [one.get("model") for one in part.get("sources").elements()]
    found = [model for node in nodes if node.text and (model := _model(node.text, file.evidence(SOURCE, node.line)))]
    if not found:
        return
    recipe = pipeline(file, "merging", root.get("merge_method").line)
    yield recipe
    yield owner_edge(Edge.USES, recipe.key, recipe.evidence)
    for model in found:
        yield model
        yield edge(recipe.key, Edge.USES, model.key, model.evidence, local=True)
