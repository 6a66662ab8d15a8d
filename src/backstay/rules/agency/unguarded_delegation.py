"""Unguarded delegation: an agent that anyone can talk to hands over to one that can act."""

from collections.abc import Iterator

from backstay.graph import Graph
from backstay.model import Asset, Kind, Match, RelationshipKind
from backstay.plugin import rule
from backstay.rules.facts import absent, approved, can, entrances, named, own, places, powers

ACTS = ("spends_money", "changes_state", "runs_code")


@rule(Kind.AGENT)
def check(asset: Asset, graph: Graph) -> Iterator[Match]:
    doors = [door for door in entrances(asset, graph) if absent(door, "authentication")]
    if not doors:
        return
    acting = [power for power in powers(asset, graph) if can(power.asset, *ACTS) and not approved(power, graph)]
    # If it can act by itself, handing over gains a caller nothing.
    if not acting or any(own(power, graph) for power in acting):
        return
    first = {power.path[0].target for power in acting}
    handed = [edge for edge in graph.out(asset, RelationshipKind.DELEGATES_TO) if edge.target in first]
    yield Match(
        message=f"Anyone who reaches {named(door.name for door in doors)} can have {asset.name} hand over to an agent "
        f"that may use {named(power.asset.name for power in acting)}.",
        evidence=places(handed),
    )
