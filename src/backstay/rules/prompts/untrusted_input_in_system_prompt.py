"""Untrusted input in a system prompt: what a caller sends becomes part of the instructions."""

from collections.abc import Iterator

from backstay.graph import Graph
from backstay.model import Asset, Kind, Match
from backstay.plugin import rule
from backstay.rules.facts import inputs_to_system_prompt


@rule(Kind.PROMPT)
def check(asset: Asset, graph: Graph) -> Iterator[Match]:
    for variable, source, evidence in inputs_to_system_prompt(asset, graph, "request", "user"):
        what = (
            f"{variable}, which the caller of {source} chooses," if variable else f"What the caller of {source} sends"
        )
        yield Match(
            message=f"{what} is written into the system prompt {asset.name}.",
            evidence=evidence,
            discriminator=f"{source} {variable}",
        )
