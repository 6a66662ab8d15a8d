"""Detector of guardrails that settings switch on: NeMo Guardrails' rails and the guardrails of a LiteLLM proxy."""

from collections.abc import Iterator

from backstay.detectors.support.facts import owner_edge
from backstay.detectors.support.reading import document, texts
from backstay.documents import Node
from backstay.model import Asset, Attributes, Kind
from backstay.model import RelationshipKind as Edge
from backstay.plugin import Fact, File, Selector, UnreadableError, detector

_ID = "guardrail-files"
MAX_RAILS = 100
_SELECTOR = Selector(contains=(b"rails:", b"guardrail_name"), within=(".yaml", ".yml"))
# Where the rails of NeMo Guardrails stand in a conversation.
_STAGES = {"input": "input", "output": "output", "retrieval": "input", "tool_output": "output", "tool_input": "input"}
_MODES = {"pre_call": "input", "during_call": "input", "post_call": "output", "logging_only": ""}


@detector(_SELECTOR, Kind.GUARDRAIL)
def detect(file: File) -> Iterator[Fact]:
    try:
        roots = document(file)
    except UnreadableError:
        return  # words of guardrails in some template
    for root in roots:
        yield from _nemo(file, root)
        yield from _litellm(file, root)


def _nemo(file: File, root: Node) -> Iterator[Fact]:
    for stage, where in _STAGES.items():
        for one in list(root.get("rails", stage, "flows").elements())[:MAX_RAILS]:
            if one.text:
                name = one.text.partition("$")[0].strip()
                yield from _guardrail(file, name, where, "nemoguardrails", one.line)


def _litellm(file: File, root: Node) -> Iterator[Fact]:
    for one in list(root.get("guardrails").elements())[:MAX_RAILS]:
        settings = one.get("litellm_params")
        name = one.get("guardrail_name").text
        if not name or not settings.get("guardrail").text:
            continue
        modes = texts(settings.get("mode"))
        stage = next((_MODES[mode] for mode in modes if mode in _MODES), "")
        yield from _guardrail(file, name, stage, settings.get("guardrail").text[:60], one.line)


def _guardrail(file: File, name: str, stage: str, framework: str, line: int) -> Iterator[Fact]:
    attributes: Attributes = {"framework": framework}
    if stage:
        attributes["stage"] = stage
    key = file.urn(Kind.GUARDRAIL, file.path, f"{stage}:{name}")
    asset = Asset(key, Kind.GUARDRAIL, name, attributes, file.evidence(_ID, line))
    yield asset
    yield owner_edge(Edge.USES, asset.key, asset.evidence)
