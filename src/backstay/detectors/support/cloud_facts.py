"""Cloud services as infrastructure files declare them: agents, models, endpoints and stores, keyed by folder and name.

A resource is known by its folder and its name there, so that one file can speak of what another declares.
"""

import re
from collections.abc import Iterator

from backstay.detectors.support.facts import Seen, edge, owner_edge
from backstay.detectors.support.named_models import named_model
from backstay.detectors.support.prompts import variables
from backstay.keys import is_hub_name, model_key, provider_key, text_digest
from backstay.model import Asset, Attributes, Kind, Relationship
from backstay.model import RelationshipKind as Edge
from backstay.model_ids import holds_model, known_id
from backstay.plugin import Fact, File

_ARN_MODEL = re.compile(
    r"arn:[\w${}.-]{1,200}:bedrock:[^/]{0,300}(?:foundation-model|inference-profile|custom-model)/([\w.:-]{3,150})\Z"
)
_REGION = re.compile(r"(?:us|eu|apac|jp|au|us-gov|global)\.(?=[a-z0-9]+\.)")
_BEDROCK = re.compile(
    r"(?:amazon|anthropic|ai21|cohere|meta|mistral|stability|deepseek|qwen|openai|writer|luma|twelvelabs)\.[\w.:-]{3,120}\Z"
)
_HUB_KEYS = frozenset({"hf_model_id", "huggingface_model_id", "hugging_face_model_id", "hf_hub_model_id"})


class Cloud:
    """Makes the assets of one infrastructure file."""

    def __init__(self, file: File, source: str) -> None:
        self.file, self.source = file, source

    def seen(self, line: int) -> Seen:
        return self.file.evidence(self.source, line)

    def key(self, kind: Kind, resource: str) -> str:
        return self.file.urn(kind, self.file.folder or ".", resource)

    def asset(self, kind: Kind, resource: str, name: str, line: int, attributes: Attributes) -> Asset:
        return Asset(self.key(kind, resource), kind, name, attributes, self.seen(line))

    def provider(self, name: str, line: int) -> Iterator[Fact]:
        asset = Asset(provider_key(name), Kind.PROVIDER, name, {}, self.seen(line))
        yield asset
        yield owner_edge(Edge.USES, asset.key, asset.evidence)

    def bedrock_model(self, text: str, line: int, task: str = "") -> Asset | None:
        """A model of Bedrock by its id, its inference profile or its ARN; None for anything open or unknown."""
        found = _ARN_MODEL.match(text)
        name = found[1] if found else text
        bare = _REGION.sub("", name)
        if "$" in bare or not _BEDROCK.match(bare):
            return None
        return self.model(bare, "aws-bedrock", line, task)

    def model(self, name: str, provider: str, line: int, task: str = "") -> Asset:
        attributes: Attributes = {"provider": provider} if provider else {}
        if task:
            attributes["task"] = task
        return Asset(model_key(name), Kind.MODEL, name, attributes, self.seen(line))

    def served(self, model: Asset, provider: str, line: int) -> Iterator[Fact]:
        """A model with who serves it."""
        yield model
        yield from self.provider(provider, line)
        yield edge(provider_key(provider), Edge.SERVES, model.key, self.seen(line))

    def prompt(self, resource: str, name: str, text: str, role: str, line: int) -> Asset | None:
        plain = text.strip()
        if len(plain) < 20 or re.fullmatch(r"\$\{[^}]*\}", plain):
            return None
        attributes: Attributes = {
            "role": role,
            "variables": variables(text),
            "length": len(plain),
            "digest": text_digest(plain),
        }
        return self.asset(Kind.PROMPT, resource, name, line, attributes)

    def setting(self, key: str, text: str, line: int) -> Iterator[Fact]:
        """A setting whose key says that it holds a model and whose value is one."""
        if not text or "$" in text or len(text) > 200:
            return
        model: Asset | None = None
        if key.lower().replace("-", "_") in _HUB_KEYS:
            model = named_model(self.file, text, "hub", "", self.seen(line))
        elif holds_model(key):
            model = self.bedrock_model(text, line)
            known = known_id(text) if model is None else None
            if known:
                hub = not known.vendor and not known.prefix and is_hub_name(known.name)
                provider = "huggingface" if hub else known.prefix or known.vendor
                attributes: Attributes = {"provider": provider} if provider else {}
                if hub:
                    attributes["hub"] = "huggingface"
                model = Asset(model_key(known.name, hub=hub), Kind.MODEL, known.name, attributes, self.seen(line))
        if model is not None:
            yield from self.served(model, "aws-bedrock", line) if model.text("provider") == "aws-bedrock" else (model,)
            yield owner_edge(Edge.USES, model.key, model.evidence)

    def dataset(self, name: str, line: int, resource: str) -> Asset:
        return self.asset(Kind.DATASET, resource, name, line, {"url": name})

    def link(self, source: str, kind: Edge, target: str, line: int, **attributes: str | None) -> Relationship:
        return edge(source, kind, target, self.seen(line), **attributes)
