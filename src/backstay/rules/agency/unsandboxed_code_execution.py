"""Unsandboxed code execution: an agent runs the code it writes on the machine it runs on."""

from collections.abc import Iterator

from backstay.graph import Graph
from backstay.model import Asset, Kind, Match
from backstay.plugin import rule
from backstay.rules.facts import executes_freely


@rule(Kind.AGENT)
def check(asset: Asset, graph: Graph) -> Iterator[Match]:
    if executes_freely(asset) and asset.attributes.get("approval") is not True:
        yield Match(message=f"{asset.name} runs the code it writes in its own process, with no sandbox around it.")
