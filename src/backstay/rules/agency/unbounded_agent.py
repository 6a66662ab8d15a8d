"""Unbounded agent: a request can keep an agent with tools going without a limit on its turns."""

from collections.abc import Iterator

from backstay.graph import Graph
from backstay.model import Asset, Kind, Match
from backstay.plugin import rule
from backstay.rules.facts import absent, entrances, named, powers

MANY_TURNS = 50  # several times what frameworks set by default (10 to 25)


@rule(Kind.AGENT)
def check(asset: Asset, graph: Graph) -> Iterator[Match]:
    turns = asset.attributes.get("max_turns")
    too_many = isinstance(turns, int | float) and not isinstance(turns, bool) and turns > MANY_TURNS
    if not absent(asset, "max_turns") and not too_many:
        return
    doors = entrances(asset, graph)
    # Without tools there is one turn, and without an entrance nobody but the operator starts it.
    if doors and powers(asset, graph):
        limit = f"allows {turns} turns" if too_many else "sets no limit on its turns"
        yield Match(
            message=f"{asset.name} {limit}, and a caller can start it through {named(door.name for door in doors)}.",
        )
