"""Detector of agents that files describe: A2A cards, and configurations of Google's ADK, cagent and AutoGen Studio."""

from collections.abc import Iterator

from backstay.detectors.support.agent_configs import adk_facts, autogen_facts, cagent_facts, card_facts
from backstay.detectors.support.reading import document
from backstay.model import Kind
from backstay.plugin import Fact, File, Selector, UnreadableError, detector

_ID = "agent-files"
_CARDS = frozenset({"agent.json", "agent-card.json", "agent_card.json", "agentcard.json"})
_SELECTOR = Selector(
    names=_CARDS,
    contains=(b"agent_class:", b"sub_agents:", b"toolsets:", b'"component_type"'),
    within=(".yaml", ".yml", ".json"),
)


@detector(
    _SELECTOR,
    Kind.AGENT,
    Kind.ENDPOINT,
    Kind.MODEL,
    Kind.PROVIDER,
    Kind.PROMPT,
    Kind.TOOL,
    Kind.MCP_SERVER,
    Kind.PACKAGE,
    Kind.CREDENTIAL,
)
def detect(file: File) -> Iterator[Fact]:
    name = file.name.lower()
    try:
        roots = document(file)
    except UnreadableError:
        if name in _CARDS and "/.well-known/" in f"/{file.path}":
            raise
        return
    for root in roots:
        if name in _CARDS:
            yield from card_facts(file, root, _ID)
        if name.endswith(".json"):
            yield from autogen_facts(file, root, _ID)
        else:
            yield from adk_facts(file, root, _ID)
            yield from cagent_facts(file, root, _ID)
