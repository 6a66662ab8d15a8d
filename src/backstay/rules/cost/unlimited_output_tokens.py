"""Unlimited output tokens: a caller can have a model write answers of any length."""

from collections.abc import Iterator

from backstay.graph import Graph
from backstay.model import Asset, Kind, Match
from backstay.plugin import rule
from backstay.rules.facts import absent, endpoints_of, model_uses, named, places


@rule(Kind.SERVICE, Kind.REPOSITORY)
def check(asset: Asset, graph: Graph) -> Iterator[Match]:
    endpoints = endpoints_of(asset, graph)
    uses = [(one, model, edge) for one in endpoints for model, edge in model_uses(one, graph)]
    # A task that is not known may be chat, which is what is called most.
    chats = [use for use in uses if use[1].text("task") in ("", "chat") and absent(use[2], "max_tokens")]
    if chats:
        yield Match(
            message=f"{asset.name} lets callers of {named(one.name for one, _, _ in chats)} have "
            f"{named(model.name for _, model, _ in chats)} write answers of any length.",
            evidence=places(edge for _, _, edge in chats),
        )
