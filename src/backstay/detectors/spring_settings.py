"""Detector of models and providers in the settings of Spring AI, LangChain4j and Quarkus."""

from collections.abc import Iterator

from backstay.detectors.support.facts import credential_reference, edge, owner_edge
from backstay.detectors.support.named_models import provider_of_url
from backstay.documents import DocumentError
from backstay.keys import is_hub_name, model_key, provider_key
from backstay.model import Asset, Attributes, Kind, Level
from backstay.model import RelationshipKind as Edge
from backstay.plugin import Fact, File, Selector, detector
from backstay.starters import Setting, starters

_ID = "spring-settings"
MAX_SIZE = 400_000  # settings are small; what is larger is data
_SELECTOR = Selector(
    names=frozenset(("microprofile-config.properties",)),
    paths=("**/application*.properties", "**/application*.yml", "**/application*.yaml", "**/bootstrap.yml"),
)


@detector(_SELECTOR, Kind.MODEL, Kind.PROVIDER, Kind.CREDENTIAL)
def detect(file: File) -> Iterator[Fact]:
    if file.binary or file.size > MAX_SIZE:
        return
    try:
        found = starters(file.name, file.text)
    except DocumentError:
        return  # a template of settings, which something else fills in
    for provider, settings in found:
        yield from _facts(file, provider, settings)


def _facts(file: File, provider: str, settings: list[Setting]) -> Iterator[Fact]:
    seller = provider
    for one in settings:
        if one.about == "url" and provider != "azure-openai":
            seller = provider_of_url(one.plain) or seller
    for one in settings:
        if one.names_model:
            yield from _model(file, one, seller)
        elif one.about == "key" and one.variable:
            seen = file.evidence(_ID, one.line, level=Level.DECLARED, confidence=0.95)
            credential = credential_reference(file, one.variable, seen)
            yield credential
            yield owner_edge(Edge.USES, credential.key, seen)
    if any(one.names_model or (one.about == "key" and one.value) for one in settings):
        seen = file.evidence(_ID, settings[0].line, level=Level.DECLARED, confidence=0.9)
        asset = Asset(provider_key(seller), Kind.PROVIDER, seller, {}, seen)
        yield asset
        yield owner_edge(Edge.USES, asset.key, seen)


def _model(file: File, setting: Setting, provider: str) -> Iterator[Fact]:
    seen = file.evidence(_ID, setting.line, level=Level.DECLARED, confidence=0.95)
    hub = provider == "huggingface" and is_hub_name(setting.plain)
    attributes: Attributes = {"provider": provider}
    if setting.task:
        attributes["task"] = setting.task
    if hub:
        attributes["hub"] = "huggingface"
    asset = Asset(model_key(setting.plain, hub=hub), Kind.MODEL, setting.plain, attributes, seen)
    yield asset
    yield owner_edge(Edge.USES, asset.key, seen)
    yield edge(provider_key(provider), Edge.SERVES, asset.key, seen)
