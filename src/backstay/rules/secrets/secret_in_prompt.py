"""Secret in a prompt: a key stands within the text that is sent to a model."""

from collections.abc import Iterator

from backstay.graph import Graph
from backstay.model import Asset, Evidence, Kind, Match
from backstay.plugin import rule
from backstay.rules.secrets_places import credential_name


@rule(Kind.PROMPT)
def check(asset: Asset, graph: Graph) -> Iterator[Match]:
    for credential in graph.all(Kind.CREDENTIAL):
        if credential.text("form") != "value":
            continue
        inside = tuple(place for place in credential.evidence if any(_within(place, text) for text in asset.evidence))
        if inside:
            yield Match(
                message=f"The prompt {asset.name} holds {credential_name(credential)}: the model can be made to "
                "repeat it.",
                evidence=inside,
                discriminator=credential.text("digest") or credential.name,
            )


def _within(place: Evidence, text: Evidence) -> bool:
    # A prompt whose sighting names no last line is known by one line only; no line means the whole file.
    if place.path != text.path or not place.path:
        return False
    return text.line == 0 or (place.line > 0 and text.line <= place.line <= max(text.end_line, text.line))
