"""Detector of what containers bring in: base images, downloaded models, model servers and vector stores."""

import re
from collections.abc import Iterator

from backstay.detectors.support.command_facts import command_facts
from backstay.detectors.support.compose import compose_facts
from backstay.detectors.support.containers import Instruction, exec_words, instructions, substitute
from backstay.detectors.support.invocations import Invocation, invocations
from backstay.detectors.support.kubernetes import manifest_facts, manifests
from backstay.detectors.support.reading import yaml_documents
from backstay.detectors.support.servers import server_of
from backstay.detectors.support.serving import image_facts, server_facts
from backstay.detectors.support.shell import Command, commands
from backstay.images import parse_image
from backstay.model import Kind
from backstay.plugin import Fact, File, Selector, detector

_ID = "containers"
_COMPOSE = ("**/*compose*.yml", "**/*compose*.yaml")
_SELECTOR = Selector(
    names=frozenset({"dockerfile", "containerfile"}),
    suffixes=(".dockerfile",),
    paths=("**/dockerfile.*", "**/containerfile.*", *_COMPOSE),
    contains=(b"image:", b"kind: InferenceService", b"kind: LLMInferenceService", b"serveConfigV2:", b"kaito.sh/"),
    within=(".yaml", ".yml", ".tpl"),
)
_COMPOSE_NAME = re.compile(r".*compose.*\.ya?ml\Z")
_DOCKERFILE = re.compile(
    r"(?!.*\.(?:md|txt|py|sh|rst|json|ya?ml|html|dockerignore)\Z)(?:(?:docker|container)file(?:\..*)?|.*\.dockerfile)\Z"
)
_KUBERNETES = re.compile(r"^apiVersion:\s*\S", re.MULTILINE)
_KIND = re.compile(r"^kind:\s*\S", re.MULTILINE)
_IMAGE_LINE = re.compile(r"\s*(?:-\s+)?image:\s*[\"']?([^\s\"'#{}]{1,400})[\"']?\s*(?:#.*)?\Z")


@detector(
    _SELECTOR,
    Kind.CONTAINER_IMAGE,
    Kind.MODEL,
    Kind.MODEL_FILE,
    Kind.DATASET,
    Kind.PROVIDER,
    Kind.PIPELINE,
    Kind.MCP_SERVER,
    Kind.PACKAGE,
    Kind.ENDPOINT,
    Kind.VECTOR_STORE,
    Kind.CREDENTIAL,
)
def detect(file: File) -> Iterator[Fact]:
    name = file.name.lower()
    if _DOCKERFILE.match(name):
        yield from _dockerfile(file)
    elif _COMPOSE_NAME.match(name):
        for root in yaml_documents(file):
            yield from compose_facts(file, root, _ID)
    elif _KUBERNETES.search(file.text) and _KIND.search(file.text):
        yield from _manifest(file)
        if "{{" not in file.text:  # a template is no YAML
            for root in manifests(file):
                yield from manifest_facts(file, root, _ID)


def _dockerfile(file: File) -> Iterator[Fact]:
    stages: set[str] = set()
    last: dict[str, Instruction] = {}
    ran: list[Invocation] = []
    for one in instructions(file.text):
        match one.keyword:
            case "FROM":
                parts = [word for word in one.rest.split() if not word.startswith("--")]
                if parts and parts[0].lower() not in stages:
                    yield from _image(file, substitute(parts[0], one.arguments), one.line)
                if len(parts) > 2 and parts[1].upper() == "AS":
                    stages.add(parts[2].lower())
                last = {}
            case "COPY":
                source = re.match(r"(?:--\S+\s+)*?--from=(\S+)", one.rest)
                if source and source[1].lower() not in stages and not source[1].isdigit():
                    yield from _image(file, substitute(source[1], one.arguments), one.line)
            case "RUN":
                ran += invocations(commands(one.rest, one.arguments, one.line))
            case "CMD" | "ENTRYPOINT":
                last[one.keyword] = one  # only the last of each counts
    yield from command_facts(file, ran, _ID)
    lines = [last[key] for key in ("ENTRYPOINT", "CMD") if key in last]
    known = lines[-1].arguments if lines else {}
    words = tuple(word for one in lines for word in exec_words(one.rest, known))
    if not words:
        return
    line = max(one.line for one in lines)
    seen = file.evidence(_ID, line)
    rest: list[Invocation] = []
    for started in invocations([Command(words, line)]):
        if started.row is not None and started.row.task == "serving":
            server = server_of(file, started, seen)
            yield from server_facts(file, server, server.product, seen, dict.fromkeys(known, ""), published=None)
        else:
            rest.append(started)
    yield from command_facts(file, rest, _ID)


def _image(file: File, reference: str | None, line: int) -> Iterator[Fact]:
    image = parse_image(reference) if reference and reference.lower() != "scratch" else None
    if image:
        yield from image_facts(image, file.evidence(_ID, line))


def _manifest(file: File) -> Iterator[Fact]:
    """Kubernetes manifests and Helm's templates of them; line by line, as a template is no YAML."""
    for number, line in enumerate(file.text.splitlines(), 1):
        found = _IMAGE_LINE.match(line) if "image:" in line and len(line) < 1_000 else None
        if found:
            yield from _image(file, found[1], number)
