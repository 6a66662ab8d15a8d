"""Unguarded public agent: an agent that callers reach can act, and no guardrail checks what goes in or out."""

from collections.abc import Iterator

from backstay.graph import Graph
from backstay.model import Asset, Kind, Match, RelationshipKind
from backstay.plugin import rule
from backstay.rules.facts import can, entrances, named, powers

ACTS = ("spends_money", "changes_state", "runs_code", "sends_out")


@rule(Kind.AGENT)
def check(asset: Asset, graph: Graph) -> Iterator[Match]:
    acting = [power for power in powers(asset, graph) if can(power.asset, *ACTS)]
    if not acting:
        return
    doors = entrances(asset, graph)
    guarded = any(graph.out(one, RelationshipKind.GUARDED_BY) for one in (asset, *doors))
    if doors and not guarded:
        yield Match(
            message=f"Callers of {named(door.name for door in doors)} reach {asset.name}, which may use "
            f"{named(power.asset.name for power in acting)}, and no guardrail checks what they ask.",
        )
