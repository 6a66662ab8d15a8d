"""Unlimited output tokens: a caller can have a model write answers of any length."""

from collections.abc import Iterator

from backstay.graph import Graph
from backstay.model import Asset, Kind, Match
from backstay.plugin import rule
from backstay.rules.facts import absent, model_uses, named, places


@rule(Kind.ENDPOINT)
def check(asset: Asset, graph: Graph) -> Iterator[Match]:
    uses = [use for use in model_uses(asset, graph) if use[0].text("task") in ("", "chat")]
    open_ended = [(model, edge) for model, edge in uses if absent(edge, "max_tokens")]
    if open_ended:
        yield Match(
            message=f"{asset.name} lets {named(model.name for model, _ in open_ended)} write answers of any length.",
            evidence=places(edge for _, edge in open_ended),
        )
