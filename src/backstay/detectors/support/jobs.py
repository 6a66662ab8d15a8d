"""Jobs and CI workflows that train, evaluate or deploy models: only where a command says so beyond doubt."""

import re
from collections.abc import Iterator

from backstay.detectors.support.facts import owner_edge
from backstay.detectors.support.recipes import pipeline
from backstay.documents import Node
from backstay.model import RelationshipKind as Edge
from backstay.plugin import Fact, File

MAX_COMMAND = 20_000
_COMMANDS = (
    (
        "training",
        re.compile(
            r"\b(?:accelerate launch|torchrun|deepspeed|llamafactory-cli train|axolotl train|tune run|"
            r"trl (?:sft|dpo|grpo|kto|reward)|mlflow run|dvc (?:repro|exp run)|openai api fine_tun\w*)\b|"
            r"\bpython3?\s+(?:-m\s+)?(?:[\w/.-]{0,120}[/._-])?(?:train|finetune|fine_tune|training)(?:_\w{1,40})?(?:\.py)?(?=\s|\Z)"
        ),
    ),
    (
        "evaluation",
        re.compile(
            r"\b(?:promptfoo(?:@\S{1,20})? (?:eval|redteam)|deepeval test|lm[_-]eval|inspect eval|garak|"
            r"giskard scan|ragas evaluate|lighteval)\b|"
            r"\bpython3?\s+(?:-m\s+)?(?:[\w/.-]{0,120}[/._-])?(?:evaluate|eval|run_eval|evals)(?:_\w{1,40})?(?:\.py)?(?=\s|\Z)"
        ),
    ),
    (
        "training",
        re.compile(
            r"\b(?:anyscale jobs? submit|ray job submit|az ml job create|gcloud ai custom-jobs create|"
            r"aws sagemaker create-(?:training|processing)-job|sky launch|modal run)\b"
        ),
    ),
    (
        "deployment",
        re.compile(
            r"\b(?:anyscale services? (?:rollout|deploy)|serve deploy|az ml online-deployment|bentoml deploy|"
            r"truss push|gcloud ai endpoints deploy-model|aws sagemaker (?:create|update)-endpoint|modal deploy|"
            r"huggingface-cli upload|hf upload)\b"
        ),
    ),
)


def command_task(command: str) -> str:
    """What a shell command does with models; empty when that is not certain."""
    command = command[:MAX_COMMAND]
    return next((task for task, pattern in _COMMANDS if pattern.search(command)), "")


def workflow_facts(file: File, root: Node) -> Iterator[Fact]:
    """A GitHub workflow with a step that trains, evaluates or deploys a model."""
    tasks: list[str] = []
    for _, job in root.get("jobs").entries():
        for step in job.get("steps").elements():
            task = command_task(step.get("run").text) if step.get("run").text else ""
            if task:
                tasks.append(task)
    if tasks:
        found = pipeline(file, tasks[0], root.get("name").line or root.line)
        yield found
        yield owner_edge(Edge.USES, found.key, found.evidence)


_CLUSTER = ("compute_config", "cluster_env", "image_uri", "runtime_env", "cluster_compute")


def job_facts(file: File, root: Node) -> Iterator[Fact]:
    """A job for a managed cluster (Anyscale, Ray): an entry point with the cluster it runs on."""
    entry = root.get("entrypoint")
    cluster = any(root.get(key).line for key in _CLUSTER)
    if not entry.text or not cluster:
        return
    found = pipeline(file, command_task(entry.text) or "processing", root.get("name").line or entry.line)
    yield found
    yield owner_edge(Edge.USES, found.key, found.evidence)
