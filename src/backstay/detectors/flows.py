"""Detector of flows that people draw: exports of n8n, Flowise, Langflow and Dify."""

from collections.abc import Iterator

from backstay.detectors.support.flow_builders import dify_facts, flowise_facts, langflow_facts
from backstay.detectors.support.n8n import n8n_facts
from backstay.detectors.support.reading import document
from backstay.model import Kind
from backstay.plugin import Fact, File, Selector, UnreadableError, detector

_ID = "flows"
_SELECTOR = Selector(
    contains=(b"n8n-nodes-langchain", b'"category"', b'"base_classes"', b"kind: app"),
    within=(".json", ".yml", ".yaml"),
)


@detector(
    _SELECTOR,
    Kind.AGENT,
    Kind.MODEL,
    Kind.PROVIDER,
    Kind.TOOL,
    Kind.PROMPT,
    Kind.VECTOR_STORE,
    Kind.MCP_SERVER,
    Kind.GUARDRAIL,
    Kind.ENDPOINT,
)
def detect(file: File) -> Iterator[Fact]:
    try:
        roots = document(file)
    except UnreadableError:
        return  # a word of a flow in some other file
    for root in roots:
        if file.name.lower().endswith(".json"):
            yield from n8n_facts(file, root, _ID)
            yield from flowise_facts(file, root, _ID)
            yield from langflow_facts(file, root, _ID)
        else:
            yield from dify_facts(file, root, _ID)
