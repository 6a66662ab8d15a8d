"""Flows that people draw: nodes with what they are, the lines between them, and the facts that both make."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from backstay.detectors.support.facts import Seen, edge, owner_edge
from backstay.detectors.support.prompts import prompt
from backstay.keys import model_key, provider_key
from backstay.model import Asset, Attributes, Kind
from backstay.model import RelationshipKind as Edge
from backstay.plugin import Fact, File

MAX_NODES = 2_000
MAX_LINES = 10_000
MAX_REACH = 200  # nodes that the parts of an agent are looked for in
# Edges from what runs a model to its parts.
_PARTS = {
    Kind.MODEL: Edge.USES,
    Kind.PROVIDER: Edge.USES,
    Kind.TOOL: Edge.USES,
    Kind.MCP_SERVER: Edge.USES,
    Kind.VECTOR_STORE: Edge.USES,
    Kind.PROMPT: Edge.USES,
    Kind.AGENT: Edge.DELEGATES_TO,
    Kind.GUARDRAIL: Edge.GUARDED_BY,
}


@dataclass
class Step:
    """A node of a flow: its kind ("" for one that only joins others), name, model and prompts (role, text)."""

    id: str
    name: str
    line: int
    kind: Kind | None = None
    provider: str = ""
    model: str = ""
    attributes: Attributes = field(default_factory=dict)
    prompts: tuple[tuple[str, str, int], ...] = ()


class Flow:
    """The steps of one flow and the lines between them; `parts` maps a step to those that it is given."""

    def __init__(self, file: File, source: str, framework: str) -> None:
        self.file, self.source, self.framework = file, source, framework
        self.steps: dict[str, Step] = {}
        self.parts: dict[str, list[str]] = {}
        self.callers: list[tuple[str, str]] = []  # an endpoint and what its requests reach

    def add(self, step: Step) -> None:
        if len(self.steps) < MAX_NODES:
            self.steps.setdefault(step.id, step)

    def give(self, step: str, part: str) -> None:
        """`part` is a part of `step`: its model, tool, memory ..."""
        if len(self.parts) < MAX_LINES:
            self.parts.setdefault(step, []).append(part)

    def facts(self) -> Iterator[Fact]:
        made = {id: list(self._assets(step)) for id, step in self.steps.items()}
        for assets in made.values():
            yield from assets
        for id, step in self.steps.items():
            subject = next((one for one in made[id] if one.kind in (Kind.AGENT, Kind.TOOL, Kind.VECTOR_STORE)), None)
            reached = [*made[id], *(one for part in self._reach(id) for one in made[part])]
            seen = self._seen(step)
            if subject is None:
                for one in made[id] if step.kind is not None or step.prompts or step.model else []:
                    if one.kind != Kind.ENDPOINT:
                        yield owner_edge(Edge.USES, one.key, seen)
                continue
            if subject.kind != Kind.TOOL:
                yield owner_edge(Edge.USES, subject.key, seen)
            for one in reached:
                if (
                    one is not subject
                    and one.kind in _PARTS
                    and not (subject.kind == Kind.VECTOR_STORE and one.kind == Kind.TOOL)
                ):
                    yield edge(subject.key, _PARTS[one.kind], one.key, seen)
        for step in self.steps.values():
            models = [one for one in made[step.id] if one.kind == Kind.MODEL]
            for seller in [one for one in made[step.id] if one.kind == Kind.PROVIDER]:
                for one in models:
                    yield edge(seller.key, Edge.SERVES, one.key, self._seen(step))
        for endpoint, target in self.callers:
            for one in made.get(endpoint, []):
                yield owner_edge(Edge.EXPOSES, one.key, one.evidence)
                for called in made.get(target, []):
                    if called.kind in (Kind.AGENT, Kind.MODEL):
                        yield edge(one.key, Edge.CALLS, called.key, one.evidence)

    def _reach(self, id: str) -> list[str]:
        """The parts of a step, and those of its parts that only stand between."""
        found: dict[str, None] = {}
        waiting = list(self.parts.get(id, ()))
        while waiting and len(found) < MAX_REACH:
            part = waiting.pop()
            if part in found or part not in self.steps or part == id:
                continue
            found[part] = None
            if self.steps[part].kind in (None, Kind.MODEL):
                waiting += self.parts.get(part, ())
        return list(found)

    def _seen(self, step: Step) -> Seen:
        return self.file.evidence(self.source, step.line)

    def _assets(self, step: Step) -> Iterator[Asset]:
        seen = self._seen(step)
        file = self.file
        if step.provider:
            yield Asset(provider_key(step.provider), Kind.PROVIDER, step.provider, {}, seen)
        if step.model:
            attributes: Attributes = {"provider": step.provider} if step.provider else {}
            if step.attributes.get("task"):
                attributes["task"] = step.attributes["task"]
            yield Asset(model_key(step.model), Kind.MODEL, step.model, attributes, seen)
        if step.kind is not None and step.kind not in (Kind.MODEL, Kind.PROVIDER):
            framework: Attributes = {"framework": self.framework} if step.kind != Kind.VECTOR_STORE else {}
            key = file.urn(step.kind, file.path, step.id)
            yield Asset(key, step.kind, step.name, framework | step.attributes, seen)
        for role, text, line in step.prompts:
            local = f"{step.name}.{role}"
            yield prompt(file, self.source, text, role, line or step.line, local)
