"""Committed env file: a `.env` with a real key stands among the files of the code base."""

from collections.abc import Iterator

from backstay.graph import Graph
from backstay.model import Asset, Kind, Match
from backstay.plugin import rule
from backstay.rules.facts import sentence
from backstay.rules.secrets_places import credential_name, in_env_file


@rule(Kind.CREDENTIAL)
def check(asset: Asset, graph: Graph) -> Iterator[Match]:
    if asset.text("form") != "value":
        return
    for path in sorted({place.path for place in asset.evidence if in_env_file(place.path)}):
        yield Match(
            message=f"{sentence(credential_name(asset))} stands in {path}, which git does not ignore.",
            evidence=tuple(place for place in asset.evidence if place.path == path),
            discriminator=path,
        )
