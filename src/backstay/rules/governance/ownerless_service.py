"""Ownerless service: code that uses AI, and nobody is named who answers for it."""

from collections.abc import Iterator

from backstay.graph import Graph
from backstay.model import Asset, Kind, Match, RelationshipKind, Severity
from backstay.plugin import rule
from backstay.rules.facts import holds_ai, named

FIRST = (Kind.AGENT, Kind.MODEL, Kind.ENDPOINT)  # what a reader recognises the service by


@rule(Kind.SERVICE, Kind.REPOSITORY)
def check(asset: Asset, graph: Graph) -> Iterator[Match]:
    held = holds_ai(asset, graph)
    owners = graph.out(asset, RelationshipKind.OWNED_BY)
    # Who committed most is a guess at an owner; only a person or team that was named has agreed to be one.
    if not held or any(owner.text("from") != "git" for owner in owners):
        return
    telling = sorted(held, key=lambda one: (FIRST.index(one.kind) if one.kind in FIRST else len(FIRST), one.name))
    what = named((one.name for one in telling), most=2)
    if owners:
        yield Match(
            message=f"Only git history hints at who answers for {asset.name} and its AI: {what}.",
            severity=Severity.INFO,
        )
    else:
        yield Match(message=f"Nobody is named who answers for {asset.name} and its AI: {what}.")
