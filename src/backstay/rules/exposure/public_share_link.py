"""Public share link: a demo asks for a public address on the internet."""

from collections.abc import Iterator

from backstay.graph import Graph
from backstay.model import Asset, Kind, Match, Severity
from backstay.plugin import rule
from backstay.rules.facts import absent


@rule(Kind.ENDPOINT)
def check(asset: Asset, graph: Graph) -> Iterator[Match]:
    if asset.attributes.get("share") is not True:
        return
    if asset.text("authentication"):
        yield Match(
            message=f"{asset.name} opens a public address through a third party's tunnel, behind a password.",
            severity=Severity.LOW,
        )
    else:
        anyone = "and asks nobody for a password" if absent(asset, "authentication") else "past the network's defences"
        yield Match(message=f"{asset.name} opens a public address through a third party's tunnel {anyone}.")
