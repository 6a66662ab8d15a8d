"""Facts that commands state: models they serve, fetch, train and judge, and what owns the file uses, therefore."""

import re
from collections.abc import Iterable, Iterator

from backstay.detectors.support.facts import Seen, edge, owner_edge
from backstay.detectors.support.invocations import Invocation, image_of, module_path
from backstay.detectors.support.mcp_commands import started_servers
from backstay.detectors.support.named_models import (
    hub_named_dataset,
    made_model,
    named_dataset,
    named_model,
)
from backstay.detectors.support.requests import request_facts
from backstay.detectors.support.servers import MODEL_IMAGES, VECTOR_IMAGES, image_server, product_of, server_of
from backstay.detectors.support.serving import image_facts, provider_facts, server_facts, store_facts
from backstay.images import parse_image
from backstay.model import Asset, Attributes, Kind
from backstay.model import RelationshipKind as Edge
from backstay.model_ids import holds_model, known_id
from backstay.plugin import Fact, File

MAX_FACTS = 2_000
PIPELINES = frozenset({"training", "evaluation", "ingestion", "merging"})
_CONFIG = re.compile(r"[\w./-]{1,200}\.(?:ya?ml|json|toml|cfg)\Z")
_STORES = frozenset({"chroma", "qdrant"})
# What the name of a script of the project's own says that it does.
_TASKS = (
    ("evaluation", re.compile(r"(?:^|[_.-])(?:eval|evals|evaluate|evaluation|evaluator|benchmark|bench)(?:[_.-]|$)")),
    (
        "training",
        re.compile(
            r"(?:^|[_.-])(?:train|trainer|training|pretrain|pretraining|finetune|fine_tune|finetuning|sft|dpo|grpo|orpo|"
            r"kto|ppo|rlhf|lora|qlora|distill|distillation|run_clm|run_mlm|run_glue|run_qa)(?:[_.-]|$)"
        ),
    ),
    ("ingestion", re.compile(r"(?:^|[_.-])(?:ingest|ingestion|index|indexer|embed|tokenize|preprocess)(?:[_.-]|$)")),
)
# Options of the project's own scripts by what they hold, whoever wrote the script: transformers, TRL and their like.
_HUB_MODELS = frozenset(
    {"--model-name-or-path", "--pretrained-model-name-or-path", "--base-model", "--model-path", "--model-id", "-m"}
    | {"--base-model-name-or-path", "--pretrained-model", "--model-name", "--model", "--teacher-model", "--ref-model"}
    | {"--reward-model", "--student-model", "--teacher-model-name-or-path", "--embedding-model", "--reranker-model"}
    | {"--hf-model", "model_name_or_path=", "base_model="}
)
_DATASETS = (
    *("--dataset-name", "--dataset", "--datasets", "--dataset-path", "--train-file", "--train-data", "--data-path"),
    *("--training-data", "--train-files", "--data-file", "--dataset-id", "--hf-dataset", "--dataset-loc"),
    *("--dataset-url", "--data-url", "--train-path", "--training-file", "--train-data-path", "--dataset-file"),
)
_HELD_OUT = (
    *("--validation-file", "--eval-dataset", "--eval-file", "--test-file", "--eval-data", "--eval-dataset-name"),
    *("--validation-data", "--eval-data-path", "--test-data", "--val-data"),
)
_OUTPUTS = ("--hub-model-id", "--push-to-hub-model-id", "--output-model", "--output-dir", "--output-model-name")
_FINAL = frozenset({"--hub-model-id", "--push-to-hub-model-id"})


def command_facts(file: File, found: Iterable[Invocation], source: str, *, job: bool = False) -> Iterator[Fact]:
    """The facts of a file's commands. A `job` (a CI workflow) is a pipeline as soon as a command trains or deploys."""
    state = _File(file, source, job)
    said: set[tuple[str, ...]] = set()
    for one in state.facts(found):
        line = str(one.place.line) if one.place else ""
        key = (one.key, line) if isinstance(one, Asset) else (one.source, one.kind, one.target, line)
        if key not in said and len(said) < MAX_FACTS:
            said.add(key)
            yield one


def task_of_script(script: str) -> str:
    """What a script of the project does, by its name; empty where that says nothing."""
    folders, _, stem = script.removesuffix(".py").replace(".", "/").lower().rpartition("/")
    task = next((task for task, pattern in _TASKS if pattern.search(stem)), "")
    return task or ("evaluation" if folders.rpartition("/")[2] in ("eval", "evals", "evaluation") else "")


class _File:
    def __init__(self, file: File, source: str, job: bool) -> None:
        self.file, self.source, self.job = file, source, job
        self.names: set[str] = set()
        self.tasks: dict[str, tuple[int, Seen]] = {}
        self.starts: dict[str, None] = {}

    def facts(self, found: Iterable[Invocation]) -> Iterator[Fact]:
        for one in found:
            yield from self.of(one, self.file.evidence(self.source, one.line))
        if self.tasks:
            task = next(one for one in ("training", "evaluation", *self.tasks) if one in self.tasks)
            attributes: Attributes = {"task": task, "path": self.file.path}
            if self.starts:
                attributes["starts"] = list(self.starts)[:50]
            line, _ = min(self.tasks.values())
            seen = self.file.evidence(self.source, line)
            yield Asset(self.pipeline, Kind.PIPELINE, self.file.path, attributes, seen)
            yield owner_edge(Edge.USES, self.pipeline, seen)

    @property
    def pipeline(self) -> str:
        return self.file.urn(Kind.PIPELINE, self.file.path)

    def of(self, one: Invocation, seen: Seen) -> Iterator[Fact]:
        image = image_of(one)
        if image is not None:
            yield from self.container(*image, seen)
        elif one.words[1:2] == ("mcp",):
            yield from started_servers(self.file, one, self.source)
        elif one.script:
            yield from self.script(one, seen)
        elif one.row is None:
            yield from request_facts(self.file, one, seen)
            yield from started_servers(self.file, one, self.source)
        elif one.row.task == "serving":
            yield from self.server(one, seen)
        elif one.row.task in PIPELINES or (one.row.task == "deployment" and self.job):
            yield from self.run(one, one.row.task, seen)
        else:
            yield from self.used(one, seen)

    def named(self, wanted: str) -> str:
        """A name for an endpoint that no other of the file has."""
        name, number = wanted, 2
        while name in self.names:
            name, number = f"{wanted}-{number}", number + 1
        self.names.add(name)
        return name

    def server(self, one: Invocation, seen: Seen) -> Iterator[Fact]:
        server = server_of(self.file, one, seen)
        if server.product in _STORES:
            yield from store_facts(self.file, self.named(server.product), server.product, server.host, None, seen)
            return
        environment: dict[str, str | None] = dict(one.environment)
        yield from server_facts(self.file, server, self.named(server.product), seen, environment, published=None)

    def container(
        self, reference: str, words: tuple[str, ...], environment: dict[str, str | None], published: str, seen: Seen
    ) -> Iterator[Fact]:
        image = parse_image(reference)
        if image is None:
            return
        product, store = product_of(image.name, MODEL_IMAGES), product_of(image.name, VECTOR_IMAGES)
        if product or store:
            yield from image_facts(image, seen)
        if product:
            server = image_server(self.file, product, words, environment, seen)
            yield from server_facts(self.file, server, self.named(product), seen, environment, published=published)
        elif store:
            yield from store_facts(self.file, self.named(store), store, published, environment, seen)

    def used(self, one: Invocation, seen: Seen) -> Iterator[Fact]:
        """A model or dataset that is fetched or run."""
        row = one.row
        if row is None:
            return
        models = [*one.values(row.model)]
        if one.name.endswith(" download") and "dataset" in one.options.get("--repo-type", ()):
            for text in models:
                dataset = hub_named_dataset(text, seen)
                yield from self.consumed(one, dataset, seen)
            return
        if "space" in one.options.get("--repo-type", ()):
            return
        for text in models:
            model = named_model(self.file, text, row.names, row.provider, seen)
            if model is not None:
                yield model
                yield owner_edge(Edge.USES, model.key, seen, **_use(one, model))
                yield from provider_facts(row.provider, model, seen)
        for text in one.values(row.dataset):
            yield from self.consumed(one, named_dataset(self.file, text, seen, plain=True), seen)

    def consumed(self, one: Invocation, dataset: Asset | None, seen: Seen) -> Iterator[Fact]:
        if dataset is not None:
            attributes: Attributes = {"api": one.name}
            if dataset.text("hub"):
                attributes["revision"] = one.value(("--revision",)) or None
            yield dataset
            yield owner_edge(Edge.CONSUMES, dataset.key, seen, **attributes)

    def script(self, one: Invocation, seen: Seen) -> Iterator[Fact]:
        """A script of the project's own: a pipeline if its name says so, else whoever owns it uses what it is given."""
        task = task_of_script(one.script)
        if task:
            yield from self.run(one, task, seen)
            return
        for model in self.models(one, seen):
            yield model
            yield owner_edge(Edge.USES, model.key, seen, **_use(one, model))

    def models(self, one: Invocation, seen: Seen) -> Iterator[Asset]:
        if one.row is not None:
            for text in one.values(one.row.model):
                model = named_model(self.file, text, one.row.names, one.row.provider, seen)
                if model is not None:
                    yield model
            return
        for name, values in one.options.items():
            for text in values[:1]:
                model = None
                if name in _HUB_MODELS:
                    model = named_model(self.file, text, "hub" if "/" in text else "known", "", seen)
                    model = model or named_model(self.file, text, "known", "", seen)
                elif holds_model(name.strip("-=")) and known_id(text):
                    model = named_model(self.file, text, "known", "", seen)
                if model is not None:
                    yield model

    def datasets(self, one: Invocation, seen: Seen) -> Iterator[tuple[Asset, bool]]:
        """Datasets, and whether they are held out for judging."""
        specs = one.row.dataset if one.row is not None else _DATASETS
        for held_out, names in ((False, specs), (True, _HELD_OUT)):
            for name in names:
                for text in one.values((name,)):
                    for part in text.split(",")[:20]:
                        if name == "--dataset-name":
                            dataset = hub_named_dataset(part, seen)
                        else:
                            dataset = named_dataset(
                                self.file, part, seen, plain=name in ("--dataset", "--datasets", "data=")
                            )
                        if dataset is not None:
                            yield dataset, held_out

    def run(self, one: Invocation, task: str, seen: Seen) -> Iterator[Fact]:
        """A command that trains, judges or prepares: the file is a pipeline of what it names."""
        models = list(self.models(one, seen))
        datasets = list(self.datasets(one, seen))
        configs = self.configs(one)
        if not (models or datasets or (configs and (one.row or one.launched)) or (self.job and one.row)):
            if self.job and task in ("training", "evaluation"):
                self.tasks.setdefault(task, (one.line, seen))
                self.starts.setdefault(module_path(one.script))
            return
        self.tasks.setdefault(task, (one.line, seen))
        for path in [*([module_path(one.script)] if one.script else []), *configs]:
            self.starts.setdefault(path)
        made = self.output(one, seen) if task in ("training", "merging") or one.row else None
        if made is not None:
            yield made
            yield edge(self.pipeline, Edge.PRODUCES, made.key, seen)
        for model in models:
            yield model
            attributes = _use(one, model) | ({"role": "base_model"} if task == "training" else {})
            yield edge(self.pipeline, Edge.USES, model.key, seen, **attributes)
            if made is not None and made.key != model.key:
                yield edge(made.key, Edge.DERIVED_FROM, model.key, seen)
        for dataset, kept in datasets:
            held_out = kept or task == "evaluation"
            yield dataset
            role = "evaluation_dataset" if held_out else "dataset"
            yield edge(self.pipeline, Edge.CONSUMES, dataset.key, seen, role=role)
            if made is not None:
                yield edge(made.key, Edge.TESTED_ON if held_out else Edge.TRAINED_ON, dataset.key, seen)

    def output(self, one: Invocation, seen: Seen) -> Asset | None:
        specs = one.row.output if one.row is not None else _OUTPUTS
        for name in sorted(specs, key=lambda spec: spec not in _FINAL):
            made = made_model(one.value((name,)), seen)
            if made is not None:
                return made
        return None

    def configs(self, one: Invocation) -> list[str]:
        """Recipes that a command is given, in a table's place for them or as any script takes them."""
        specs = one.row.config if one.row is not None else ("--config", "--config-file", "--recipe", "0", "-c")
        return [text.removeprefix("./") for text in one.values(specs) if _CONFIG.fullmatch(text)][:10]


def _use(one: Invocation, model: Asset) -> Attributes:
    """What a command line says of its use of a model."""
    attributes: Attributes = {"api": one.name}
    row = one.row
    revision = one.value(row.revision) if row else one.value(("--revision", "--model-revision"))
    if model.text("hub") and (revision or (row and row.names == "hub")):
        attributes["revision"] = revision if revision and "$" not in revision else None
    if one.has(row.trust if row else ("--trust-remote-code",)):
        attributes["trust_remote_code"] = True
    limit = one.value(row.max_tokens) if row else ""
    if limit.isdigit() and len(limit) < 10:
        attributes["max_tokens"] = int(limit)
    if model.text("hub") or model.kind == Kind.MODEL_FILE or model.text("provider") == "ollama":
        attributes["local"] = True
    return attributes
