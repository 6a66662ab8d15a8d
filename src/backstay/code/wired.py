"""Wired: what a container gives an agent that names nothing itself: its application's models, tools and store."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from backstay.code.ledger import Made, R
from backstay.model import Evidence, Kind

if TYPE_CHECKING:
    from backstay.code.observe import Observer

CONFIDENCE = 0.8  # an application may keep beans that its one agent is not given
_TEST = "src/test/"


class Wired:
    def __init__(self, observer: Observer) -> None:
        self.o = observer
        self._agents: list[tuple[Made, str]] = []

    def add(self, made: Made, model: str) -> None:
        """An agent that a container makes; `model` is the type of the model that it is given."""
        self._agents.append((made, model))

    def settle(self) -> None:
        """Give each agent what nothing else names for it: configured models, the framework's tools, the one store."""
        held = {edge.target for edge in self.o.ledger.edges if edge.kind in (R.USES, R.CONTAINS)}
        for agent, model in self._agents:
            seen = msgspec.structs.replace(next(iter(agent.evidence)), confidence=CONFIDENCE)
            targets = {edge.target for edge in self.o.ledger.edges if edge.source == agent.key}
            kinds = {self.o.ledger.assets[key].kind for key in targets if key in self.o.ledger.assets}
            unit = _unit(seen)
            mates = [one for one in self.o.ledger.assets.values() if any(_unit(at) == unit for at in one.evidence)]
            if Kind.MODEL not in kinds:
                models = self.o.autoconfigured.of(model) if self.o.autoconfigured is not None else []
                self._give(agent, models, seen)
            if Kind.TOOL not in kinds:
                framework = agent.attributes.get("framework")
                tools = [one for one in mates if one.kind == Kind.TOOL and one.attributes.get("framework") == framework]
                self._give(agent, [one for one in tools if one.key not in held], seen)
            stores = [one for one in mates if one.kind == Kind.VECTOR_STORE]
            if Kind.VECTOR_STORE not in kinds and len(stores) == 1:
                self._give(agent, stores, seen)

    def _give(self, agent: Made, targets: list[Made], seen: Evidence) -> None:
        for one in targets:
            self.o.ledger.edge(agent.key, R.USES, one.key, seen)


def _unit(seen: Evidence) -> str:
    """The application that a file belongs to, by the folders that build tools agree on; none for a test."""
    unit, main, _ = seen.path.partition("src/main/")
    return unit if main and _TEST not in seen.path else "\0"
