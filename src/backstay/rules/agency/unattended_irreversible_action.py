"""Unattended irreversible action: an agent can pay or change things and no human is asked first."""

from collections.abc import Iterator

from backstay.graph import Graph
from backstay.model import Asset, Kind, Match, Severity
from backstay.plugin import rule
from backstay.rules.facts import approved, can, executes_freely, named, own, powers


@rule(Kind.AGENT)
def check(asset: Asset, graph: Graph) -> Iterator[Match]:
    # Only what it holds itself: an agent it hands over to answers for its own tools.
    free = [power for power in powers(asset, graph) if own(power, graph) and not approved(power, graph)]
    # A tool that runs code can do anything: that is a flaw of its own, found by its own rule.
    narrow = [power for power in free if not executes_freely(power.asset)]
    acting = [power for power in narrow if can(power.asset, "spends_money", "changes_state")]
    if not acting:
        return
    pays = any(can(power.asset, "spends_money") for power in acting)
    yield Match(
        message=f"{asset.name} can {'spend money' if pays else 'change things'} through "
        f"{named(power.asset.name for power in acting)} and nothing asks a human first.",
        evidence=tuple(dict.fromkeys(place for power in acting for place in power.evidence)),
        severity=Severity.HIGH if pays else None,
    )
