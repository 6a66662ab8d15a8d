"""Detector of pipelines by files: recipes, DVC, MLflow, Kubeflow, jobs for clusters, scripts that take documents in."""

from collections.abc import Iterator

from backstay.detectors.support.ingestion_scripts import SUFFIXES, ingestion_facts, is_named
from backstay.detectors.support.jobs import job_facts
from backstay.detectors.support.project_pipelines import dvc_facts, kubeflow_facts, mlproject_facts
from backstay.detectors.support.reading import document, yaml_documents
from backstay.detectors.support.recipes import merge_facts, recipe_facts
from backstay.model import Kind
from backstay.plugin import Fact, File, Selector, UnreadableError, detector

_SELECTOR = Selector(
    names=frozenset({"dvc.yaml", "mlproject"}),
    contains=(b"model_name_or_path", b"base_model", b"merge_method", b"pipelineInfo", b"entrypoint:"),
    within=(".yaml", ".yml", ".json"),
    paths=tuple(
        f"**/*{word}*{suffix}" for word in ("doc", "pdf", "knowledge", "corpus", "embeddings") for suffix in SUFFIXES
    ),
)


@detector(_SELECTOR, Kind.PIPELINE, Kind.PIPELINE_STEP, Kind.MODEL, Kind.DATASET, Kind.MODEL_FILE)
def detect(file: File) -> Iterator[Fact]:
    name = file.name.lower()
    if name == "dvc.yaml":
        for root in yaml_documents(file):
            yield from dvc_facts(file, root)
    elif name == "mlproject":
        for root in yaml_documents(file):
            yield from mlproject_facts(file, root)
    elif name.endswith(SUFFIXES):
        if is_named(file) and not file.binary:
            yield from ingestion_facts(file)
    else:
        yield from _by_content(file)


def _by_content(file: File) -> Iterator[Fact]:
    try:
        roots = document(file)
    except UnreadableError:
        return  # a word in some template or broken file does not make it a recipe
    for root in roots:
        yield from recipe_facts(file, root)
        yield from merge_facts(file, root)
        yield from kubeflow_facts(file, root)
        yield from job_facts(file, root)
