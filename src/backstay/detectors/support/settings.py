"""Settings by name and value, as environments and settings files give them: the model that one holds."""

from collections.abc import Iterable, Iterator

from backstay.detectors.support.facts import owner_edge
from backstay.detectors.support.named_models import named_model
from backstay.keys import is_hub_name, model_key
from backstay.model import Asset, Attributes, Kind, Level
from backstay.model import RelationshipKind as Edge
from backstay.model_ids import holds_model, known_id
from backstay.plugin import Fact, File

# Names under which only models of the Hugging Face hub stand, so that one that nobody knows is one as well.
_HUB = frozenset(
    {
        "modelurl",
        "hfmodelid",
        "hfmodel",
        "hfmodelrepo",
        "huggingfacemodelid",
        "huggingfacemodel",
        "hfmodelname",
        "hfrepo",
    }
    | {"modelrepoid", "modelnameorpath", "pretrainedmodelnameorpath", "basemodelnameorpath", "hfrepoid", "hubmodel"}
)
_OLLAMA = ("ollama_", "ollama-")


def setting_model(file: File, name: str, value: str, line: int, source: str) -> Asset | None:
    """The model that a setting holds; None when it holds none, or none that can be known."""
    seen = file.evidence(source, line, level=Level.DECLARED, confidence=0.85)
    spelled = name.lower()
    if not value or "$" in value or len(value) > 200:
        return None
    if spelled.replace("_", "").replace("-", "") in _HUB:
        return named_model(file, value.removeprefix("hf://"), "hub", "", seen) if "/" in value else None
    if not holds_model(name):
        return None
    known = known_id(value)
    if known is not None:
        hub = not known.vendor and not known.prefix and is_hub_name(known.name)
        provider = "huggingface" if hub else known.prefix or known.vendor
        attributes: Attributes = {"provider": provider} if provider else {}
        if hub:
            attributes["hub"] = "huggingface"
        return Asset(model_key(known.name, hub=hub), Kind.MODEL, known.name, attributes, seen)
    if spelled.startswith(_OLLAMA) and "," not in value and value.lower() not in ("true", "false"):
        return named_model(file, value, "ollama", "ollama", seen) if not value.isdigit() else None
    return None


def setting_facts(file: File, settings: Iterable[tuple[str, str, int]], source: str) -> Iterator[Fact]:
    """The models of settings (name, value, line), used by whatever owns the file."""
    for name, value, line in settings:
        model = setting_model(file, name, value, line, source)
        if model is not None:
            yield model
            yield owner_edge(Edge.USES, model.key, model.evidence)
