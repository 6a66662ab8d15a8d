"""Code tool without approval: a tool runs commands or code for a model and no human is asked first."""

from collections.abc import Iterator

from backstay.graph import Graph
from backstay.model import Asset, Kind, Match, RelationshipKind, Severity
from backstay.plugin import rule
from backstay.rules.facts import executes_freely, named, places


@rule(Kind.TOOL)
def check(asset: Asset, graph: Graph) -> Iterator[Match]:
    if not executes_freely(asset) or asset.attributes.get("approval") is True:
        return
    edges = graph.into(asset, RelationshipKind.USES, RelationshipKind.CONTAINS, RelationshipKind.CALLS)
    holders = [holder for edge in edges if (holder := graph.get(edge.source)) is not None]
    callers = [holder for holder in holders if holder.kind in (Kind.AGENT, Kind.MCP_SERVER, Kind.ENDPOINT)]
    agents = [holder for holder in callers if holder.attributes.get("approval") is not True]
    if callers and not agents:
        return
    if agents:
        keys = {agent.key for agent in agents}
        yield Match(
            message=f"{named(agent.name for agent in agents)} can run commands or code through {asset.name} and "
            "nothing asks a human first.",
            evidence=(*asset.evidence, *places(edge for edge in edges if edge.source in keys)),
        )
    else:
        yield Match(
            message=f"{asset.name} runs commands or code for whichever agent is given it, and nothing asks a human "
            "first.",
            severity=Severity.MEDIUM,  # no agent was seen to hold it
        )
