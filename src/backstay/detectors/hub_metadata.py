"""Detector of models by what describes them: Hugging Face folders, model cards, MLmodel and Modelfile files."""

import re
from collections.abc import Iterator

from backstay.detectors.support import facts
from backstay.detectors.support.facts import edge, owner_edge
from backstay.detectors.support.hub import folder_model, hub_dataset, hub_model
from backstay.detectors.support.prompts import prompt
from backstay.detectors.support.reading import front_matter, json_root, texts, yaml_documents
from backstay.documents import Node
from backstay.model import Asset, Attributes, Kind, Level
from backstay.model import RelationshipKind as Edge
from backstay.plugin import Fact, File, Selector, detector

_ID = "hub-metadata"
_CARDS = ("model_card.md", "modelcard.md", "model-card.md")
_SELECTOR = Selector(
    names=frozenset({"config.json", "adapter_config.json", "readme.md", "mlmodel", "modelfile", *_CARDS}),
    suffixes=(".modelfile",),
)


@detector(_SELECTOR, Kind.MODEL, Kind.DATASET, Kind.PROMPT)
def detect(file: File) -> Iterator[Fact]:
    name = file.name.lower()
    if name == "config.json":
        if '"model_type"' in file.text or '"architectures"' in file.text:
            yield from _config(file)
    elif name == "adapter_config.json":
        yield from _adapter(file)
    elif name == "mlmodel":
        yield from _mlmodel(file)
    elif name == "modelfile" or name.endswith(".modelfile"):
        yield from _modelfile(file)
    else:
        yield from _card(file)


def _config(file: File) -> Iterator[Fact]:
    """transformers' config.json; the `config.json` of anything else lacks its keys."""
    root = json_root(file)
    architectures = texts(root.get("architectures"))
    kind = root.get("model_type")
    known = root.get("transformers_version").line or root.get("torch_dtype").line or root.get("hidden_size").line
    if not (kind.text and (architectures or known)) and not (architectures and known):
        return
    attributes: Attributes = {"architecture": kind.text or architectures[0], "path": file.folder}
    if root.get("auto_map").line:
        attributes["custom_code"] = True  # loading it needs trust_remote_code: the folder brings its own classes
    model = folder_model(file, attributes, file.evidence(_ID, kind.line or 1))
    yield model
    base = root.get("_name_or_path")
    yield from _derived(file, model, base, Level.INFERRED)


def _adapter(file: File) -> Iterator[Fact]:
    root = json_root(file)
    base = root.get("base_model_name_or_path")
    if not root.get("peft_type").text:
        return
    attributes: Attributes = {"architecture": f"adapter ({root.get('peft_type').text})", "path": file.folder}
    model = folder_model(file, attributes, file.evidence(_ID, root.get("peft_type").line))
    yield model
    yield from _derived(file, model, base, Level.DECLARED, revision=root.get("revision").text or None)


def _derived(
    file: File, model: Asset, base: Node, level: Level, revision: str | None = None, relation: str = ""
) -> Iterator[Fact]:
    seen = file.evidence(_ID, base.line, level=level)
    source = hub_model(base.text, seen) if base.text else None
    if source is None or source.key == model.key:
        return
    yield source
    attributes: Attributes = {"relation": relation} if relation else {}
    if level == Level.DECLARED and not relation:
        attributes["revision"] = revision
    yield edge(model.key, Edge.DERIVED_FROM, source.key, seen, **attributes)


_MAX_LISTED = 50
_CARD_KEYS = ("library_name", "pipeline_tag", "base_model", "model-index", "model_name")


def _card(file: File) -> Iterator[Fact]:
    front, body, line = front_matter(file.text)
    named_card = file.name.lower() in _CARDS
    if not named_card and not any(front.get(key).line for key in _CARD_KEYS):
        return
    if front.get("sdk").text or front.get("dataset_info").line:
        return  # the card of an application or of a dataset
    title, at = _title(front, body)
    if named_card and not front.line and not re.search(r"model[ _-]?card", body[:2_000], re.IGNORECASE):
        return
    attributes: Attributes = {"card": file.path, "path": file.folder}
    for attribute, key in (("license", "license"), ("task", "pipeline_tag"), ("library", "library_name")):
        if front.get(key).text:
            attributes[attribute] = front.get(key).text
    if attributes.get("license") == "other" and front.get("license_name").text:
        attributes["license"] = front.get("license_name").text
    for attribute, key in (("languages", "language"), ("tags", "tags")):
        listed = [one.text for one in [front.get(key), *front.get(key).elements()] if one.text]
        if listed:
            attributes[attribute] = listed[:_MAX_LISTED]
    bases = [one for one in [front.get("base_model"), *front.get("base_model").elements()] if one.text]
    if bases:
        attributes["base_model"] = bases[0].text
    model = folder_model(file, attributes, file.evidence(_ID, front.line or at + line - 1, level=Level.DECLARED), title)
    yield model
    for base in bases:
        yield from _derived(file, model, base, Level.DECLARED, relation=front.get("base_model_relation").text)
    datasets = front.get("datasets")
    for one in [datasets, *datasets.elements()]:
        yield from _data(file, model, one, Edge.TRAINED_ON)
    for index in front.get("model-index").elements():
        for result in index.get("results").elements():
            yield from _data(file, model, result.get("dataset", "type"), Edge.TESTED_ON)


def _data(file: File, model: Asset, node: Node, kind: Edge) -> Iterator[Fact]:
    seen = file.evidence(_ID, node.line, level=Level.DECLARED)
    dataset = hub_dataset(node.text, seen) if node.text else None
    if dataset:
        yield dataset
        yield edge(model.key, kind, dataset.key, seen)


def _title(front: Node, body: str) -> tuple[str, int]:
    """A card's name for its model, and the line of the heading in the body."""
    named = front.get("model_name").text or front.get("model-index", 0, "name").text
    for number, line in enumerate(body.splitlines()[:200], 1):
        if line.startswith("# "):
            heading = re.sub(r"^model[ -]card(?: for| of)?[:\s-]*", "", line[2:].strip(), flags=re.IGNORECASE)
            heading = re.sub(r"[\s:-]*\bmodel[ -]card\Z", "", heading, flags=re.IGNORECASE).strip("*_`\"' ")
            # A heading may be a sentence; a name is a word or few.
            good = (
                0 < len(heading) <= 60 and "{{" not in heading and heading.lower() not in ("overview", "introduction")
            )
            return named or (heading if good else ""), number
    return named, 1


def _mlmodel(file: File) -> Iterator[Fact]:
    roots = yaml_documents(file)
    if not roots or not roots[0].get("flavors").line:
        return
    root = roots[0]
    flavors = [name for name, _ in root.get("flavors").entries()]
    attributes: Attributes = {"path": file.folder, "flavors": flavors}
    model = folder_model(file, attributes, file.evidence(_ID, root.get("flavors").line))
    yield model
    yield from _derived(file, model, root.get("flavors", "transformers", "source_model_name"), Level.INFERRED)


_FROM = re.compile(r"FROM\s+(\S{1,300})\s*\Z", re.IGNORECASE)
_SYSTEM = re.compile(r'^SYSTEM\s+(?:"""(.{0,100000}?)"""|([^\n]+))', re.IGNORECASE | re.MULTILINE | re.DOTALL)


def _modelfile(file: File) -> Iterator[Fact]:
    """Ollama's recipe: a base, parameters and a system prompt."""
    lines = ((number, _FROM.match(line)) for number, line in enumerate(file.text.splitlines(), 1))
    at, base = next(((number, found[1]) for number, found in lines if found), (0, ""))
    if not base:
        return
    if not base.startswith((".", "/", "~")) and not base.lower().endswith((".gguf", ".bin", ".safetensors")):
        name = base.removeprefix("hf.co/").removeprefix("huggingface.co/")
        seen = file.evidence(_ID, at)
        model = facts.served_model(name.partition(":")[0] if name != base else base, name != base, seen)
        yield model
        yield owner_edge(Edge.USES, model.key, seen, api="ollama create", local=True)
    system = _SYSTEM.search(file.text)
    if system:
        line = file.text.count("\n", 0, system.start()) + 1
        asset = prompt(file, _ID, system[1] or system[2], "system", line)
        yield asset
        yield owner_edge(Edge.USES, asset.key, asset.evidence, role="system")
