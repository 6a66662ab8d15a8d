"""Lethal trifecta: one agent reads untrusted content, reads private data, and can send data out."""

from collections.abc import Iterator

from backstay.graph import Graph
from backstay.model import Asset, Kind, Match
from backstay.plugin import rule
from backstay.rules.facts import Reached, approved, can, named, powers, reached

LEGS = ("reads_untrusted", "reads_private", "sends_out")


@rule(Kind.AGENT)
def check(asset: Asset, graph: Graph) -> Iterator[Match]:
    legs = _legs(asset, graph)
    if not all(legs) or _narrower(asset, graph):
        return
    untrusted, private, out = (named(power.asset.name for power in leg) for leg in legs)
    steps = dict.fromkeys(place for leg in legs for power in leg for place in power.evidence)
    yield Match(
        message=f"{asset.name} reads content from strangers ({untrusted}), reads private data ({private}) and can "
        f"send data out ({out}), so a stranger's text can carry the data away.",
        evidence=tuple(steps),
    )


def _legs(agent: Asset, graph: Graph) -> list[list[Reached]]:
    found = powers(agent, graph)
    untrusted, private, out = ([power for power in found if can(power.asset, leg)] for leg in LEGS)
    return [untrusted, private, [power for power in out if not approved(power, graph)]]


def _narrower(agent: Asset, graph: Graph) -> bool:
    """Whether an agent it hands over to has all three by itself; the finding is then that agent's alone."""
    for step in reached(agent, graph, frozenset({Kind.AGENT})):
        back = any(other.asset == agent for other in reached(step.asset, graph, frozenset({Kind.AGENT})))
        if not back and all(_legs(step.asset, graph)):
            return True
    return False
