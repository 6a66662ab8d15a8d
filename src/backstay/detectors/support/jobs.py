"""Jobs for managed clusters that train, evaluate or deploy models."""

from collections.abc import Iterator

from backstay.detectors.support.command_facts import PIPELINES, task_of_script
from backstay.detectors.support.facts import owner_edge
from backstay.detectors.support.invocations import invocations
from backstay.detectors.support.recipes import pipeline
from backstay.detectors.support.shell import commands
from backstay.documents import Node
from backstay.model import RelationshipKind as Edge
from backstay.plugin import Fact, File

MAX_COMMAND = 20_000


def command_task(command: str) -> str:
    """What a shell command does with models; empty when that is not certain."""
    for one in invocations(commands(command[:MAX_COMMAND])):
        task = one.row.task if one.row is not None else task_of_script(one.script) if one.script else ""
        if task in PIPELINES or task == "deployment":
            return task
    return ""


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
