"""Detector of AI services in templates of clouds: CloudFormation, Bicep, and the parameters of Azure deployments."""

import re
from collections.abc import Iterator

from backstay.detectors.support.bicep import Setting, read_bicep
from backstay.detectors.support.cloud_facts import Cloud
from backstay.detectors.support.cloudformation import Template
from backstay.detectors.support.facts import owner_edge
from backstay.detectors.support.reading import document
from backstay.model import Kind
from backstay.model import RelationshipKind as Edge
from backstay.model_ids import holds_model, known_id
from backstay.plugin import Fact, File, Selector, UnreadableError, detector

_ID = "cloud-templates"
_SELECTOR = Selector(
    suffixes=(".bicep", ".bicepparam", ".parameters.json"),
    contains=(b"AWS::Bedrock::", b"AWS::SageMaker::"),
    within=(".yaml", ".yml", ".json", ".template"),
)
# `${NAME=default}` of the Azure Developer CLI.
_DEFAULT = re.compile(r"\$\{\w{1,100}=([^}]{1,150})\}\Z")
_NAME = re.compile(r"[A-Za-z][\w.-]{1,80}\Z")
_DEPLOYED = re.compile(r"deployment", re.IGNORECASE)


@detector(
    _SELECTOR,
    Kind.AGENT,
    Kind.MODEL,
    Kind.PROVIDER,
    Kind.PROMPT,
    Kind.TOOL,
    Kind.VECTOR_STORE,
    Kind.GUARDRAIL,
    Kind.ENDPOINT,
    Kind.CONTAINER_IMAGE,
)
def detect(file: File) -> Iterator[Fact]:
    name = file.name.lower()
    if name.endswith((".bicep", ".bicepparam")):
        yield from _bicep(file)
    elif name.endswith(".parameters.json"):
        yield from _parameters(file)
    else:
        try:
            roots = document(file)
        except UnreadableError:
            return  # a template of templates
        for root in roots:
            yield from Template(file, root, _ID).facts()


def _bicep(file: File) -> Iterator[Fact]:
    cloud = Cloud(file, _ID)
    said: set[tuple[str, int]] = set()
    for key, settings in read_bicep(file.text):
        found = [one for one in settings.values() if _holds(one)]
        if key.lower().endswith("model") and "format" in settings and "name" in settings:
            found.append(settings["name"])
        for one in found:
            if _NAME.match(one.value) and (one.value, one.line) not in said:
                said.add((one.value, one.line))
                version = settings.get("version")
                yield from _azure(cloud, one.value, one.line, version.value if version and one.name == "name" else "")


def _holds(one: Setting) -> bool:
    """Whether a name says that it holds a model, or a deployment that is called like one."""
    if "version" in one.name.lower() or not (holds_model(one.name) or _DEPLOYED.search(one.name)):
        return False
    return known_id(one.value) is not None


def _parameters(file: File) -> Iterator[Fact]:
    cloud = Cloud(file, _ID)
    for root in document(file):
        for key, one in list(root.get("parameters").entries())[:500]:
            node = one.get("value")
            default = _DEFAULT.match(node.text)
            setting = Setting(key, default[1] if default else node.text, node.line)
            if "$" not in setting.value and _holds(setting):
                yield from _azure(cloud, setting.value, node.line, "")


def _azure(cloud: Cloud, name: str, line: int, version: str) -> Iterator[Fact]:
    model = cloud.model(name, "azure-openai", line, "embedding" if "embedding" in name else "")
    yield from cloud.served(model, "azure-openai", line)
    known = {"revision": version} if version and "$" not in version else {}
    yield owner_edge(Edge.USES, model.key, model.evidence, api="azure deployment", **known)
