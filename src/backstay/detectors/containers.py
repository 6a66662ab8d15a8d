"""Detector of what containers bring in: base images, downloaded models, model servers and vector stores."""

import re
from collections.abc import Iterator

from backstay.detectors.support import facts
from backstay.detectors.support.compose import compose_facts
from backstay.detectors.support.containers import Instruction, exec_words, instructions, substitute
from backstay.detectors.support.facts import owner_edge
from backstay.detectors.support.reading import yaml_documents
from backstay.detectors.support.servers import command_server, pulled_models
from backstay.detectors.support.serving import image_facts, server_facts
from backstay.images import parse_image
from backstay.model import Kind
from backstay.model import RelationshipKind as Edge
from backstay.plugin import Fact, File, Selector, detector

_ID = "containers"
_COMPOSE = ("**/*compose*.yml", "**/*compose*.yaml")
_SELECTOR = Selector(
    names=frozenset({"dockerfile", "containerfile"}),
    suffixes=(".dockerfile",),
    paths=("**/dockerfile.*", "**/containerfile.*", *_COMPOSE),
    contains=(b"image:",),
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


def _dockerfile(file: File) -> Iterator[Fact]:
    stages: set[str] = set()
    last: dict[str, Instruction] = {}
    for one in instructions(file.text):
        match one.keyword:
            case "FROM":
                words = [word for word in one.rest.split() if not word.startswith("--")]
                if words and words[0].lower() not in stages:
                    yield from _image(file, substitute(words[0], one.arguments), one.line)
                if len(words) > 2 and words[1].upper() == "AS":
                    stages.add(words[2].lower())
                last = {}
            case "COPY":
                source = re.match(r"(?:--\S+\s+)*?--from=(\S+)", one.rest)
                if source and source[1].lower() not in stages and not source[1].isdigit():
                    yield from _image(file, substitute(source[1], one.arguments), one.line)
            case "RUN":
                seen = file.evidence(_ID, one.line)
                for model, hub in pulled_models(one.rest):
                    asset = facts.served_model(model, hub, seen)
                    yield asset
                    yield owner_edge(
                        Edge.USES, asset.key, seen, api="hf download" if hub else "ollama pull", local=True
                    )
            case "CMD" | "ENTRYPOINT":
                last[one.keyword] = one  # only the last of each counts
    words = [word for key in ("ENTRYPOINT", "CMD") if key in last for word in exec_words(last[key].rest)]
    server = command_server(words)
    if server:
        line = max(one.line for one in last.values())
        yield from server_facts(file, server, server.product, file.evidence(_ID, line), {}, published=None)


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
