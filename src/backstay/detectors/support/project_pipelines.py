"""Pipelines that projects declare: DVC's stages, MLflow's entry points, Kubeflow's compiled pipelines."""

import re
from collections.abc import Iterator

from backstay.detectors.support.facts import edge, owner_edge
from backstay.detectors.support.recipes import SOURCE, pipeline
from backstay.documents import Node
from backstay.model import Asset, Attributes, Kind
from backstay.model import RelationshipKind as Edge
from backstay.plugin import Fact, File

MAX_STEPS = 1_000
_TASKS = (
    ("training", re.compile(r"train|finetune|fine[_-]tune|fit\b", re.IGNORECASE)),
    ("evaluation", re.compile(r"eval|test|valid|benchmark|metrics", re.IGNORECASE)),
    ("inference", re.compile(r"predict|infer|score|serve", re.IGNORECASE)),
    ("ingestion", re.compile(r"prepare|process|load|fetch|ingest|featuri|split|index|embed|clean", re.IGNORECASE)),
)
_DATA = re.compile(
    r"(?:^|/)(?:data|datasets?|corpus|features|raw|processed|prepared)(?:/|$)|\.(?:csv|tsv|jsonl|parquet|arrow)$",
    re.IGNORECASE,
)
_MODEL = re.compile(r"\.(?:pkl|pickle|joblib|pt|pth|h5|keras|onnx|safetensors|ckpt|cbm|gguf)$", re.IGNORECASE)


def task_of(*words: str) -> str:
    """The task that names and commands speak of; empty when they do not say."""
    return next((task for word in words for task, pattern in _TASKS if pattern.search(word)), "")


def dvc_facts(file: File, root: Node) -> Iterator[Fact]:
    """dvc.yaml: the file is the pipeline, its stages are steps, and data flows between them by path."""
    stages = list(root.get("stages").entries())[:MAX_STEPS]
    if not stages:
        return
    tasks = [task_of(name) for name, _ in stages]
    task = "training" if "training" in tasks else next(filter(None, tasks), "")
    whole = pipeline(file, task or "processing", root.get("stages").line)
    yield whole
    yield owner_edge(Edge.USES, whole.key, whole.evidence)
    for name, stage in stages:
        inner = stage.get("do") if stage.get("foreach").line or stage.get("matrix").line else stage
        inner = inner if inner.line else stage
        seen = file.evidence(SOURCE, stage.line)
        step = _step(file, name, task_of(name, inner.get("cmd").text), stage.line)
        yield step
        yield edge(whole.key, Edge.CONTAINS, step.key, seen)
        for path, line in _paths(inner.get("deps")):
            yield from _file(file, path, line, whole, consumed=True)
        for path, line in _paths(inner.get("outs")):
            yield from _file(file, path, line, whole, consumed=False)


def _paths(node: Node) -> Iterator[tuple[str, int]]:
    for one in node.elements():
        if one.text:
            yield one.text, one.line
        for name, inner in one.entries():  # `path:` with settings below
            yield name, inner.line or one.line


def _file(file: File, path: str, line: int, whole: Asset, *, consumed: bool) -> Iterator[Fact]:
    path = path.removeprefix("./")
    place = f"{file.folder}/{path}" if file.folder else path
    if "$" in path or path.startswith(("..", "/")) or "://" in path:
        return
    seen = file.evidence(SOURCE, line)
    kind = Edge.CONSUMES if consumed else Edge.PRODUCES
    attributes: Attributes = {"path": place}
    if _MODEL.search(path):
        asset = Asset(file.urn(Kind.MODEL_FILE, place), Kind.MODEL_FILE, place, attributes, seen)
    elif _DATA.search(path) and not path.endswith(".py"):
        asset = Asset(file.urn(Kind.DATASET, place), Kind.DATASET, place, attributes, seen)
    else:
        return
    yield asset
    yield edge(whole.key, Edge.USES if consumed and asset.kind == Kind.MODEL_FILE else kind, asset.key, seen)


def _step(file: File, name: str, task: str, line: int) -> Asset:
    attributes: Attributes = {"path": file.path}
    if task:
        attributes["task"] = task
    key = file.urn(Kind.PIPELINE_STEP, file.path, name)
    return Asset(key, Kind.PIPELINE_STEP, name, attributes, file.evidence(SOURCE, line))


def mlproject_facts(file: File, root: Node) -> Iterator[Fact]:
    """MLproject: each entry point is a pipeline that `mlflow run` starts."""
    for name, one in list(root.get("entry_points").entries())[:MAX_STEPS]:
        command = one.get("command").text
        found = pipeline(file, task_of(name, command) or "training", one.line, name)
        yield found
        yield owner_edge(Edge.USES, found.key, found.evidence)


def kubeflow_facts(file: File, root: Node) -> Iterator[Fact]:
    """A compiled Kubeflow pipeline: its name and the tasks of its graph."""
    name = root.get("pipelineInfo", "name")
    if not name.text or not root.get("root", "dag").line:
        return
    tasks = list(root.get("root", "dag", "tasks").entries())[:MAX_STEPS]
    task = task_of(name.text, *(step for step, _ in tasks)) or "processing"
    key = file.urn(Kind.PIPELINE, file.path)
    seen = file.evidence(SOURCE, name.line)
    yield Asset(key, Kind.PIPELINE, name.text, {"task": task, "path": file.path, "framework": "kubeflow"}, seen)
    yield owner_edge(Edge.USES, key, seen)
    for step_name, one in tasks:
        step = _step(file, step_name, task_of(step_name), one.line)
        yield step
        yield edge(key, Edge.CONTAINS, step.key, step.evidence)
