"""Untrusted content reaches code: an agent that reads what strangers write can run code unchecked."""

from collections.abc import Iterator

from backstay.graph import Graph
from backstay.model import Asset, Kind, Match
from backstay.plugin import rule
from backstay.rules.facts import approved, can, executes_freely, named, own, powers


@rule(Kind.AGENT)
def check(asset: Asset, graph: Graph) -> Iterator[Match]:
    held = [power for power in powers(asset, graph) if own(power, graph)]
    readers = [power for power in held if can(power.asset, "reads_untrusted")]
    runners = [power for power in held if executes_freely(power.asset) and not approved(power, graph)]
    itself = executes_freely(asset) and asset.attributes.get("approval") is not True
    if not readers or not (runners or itself):
        return
    how = named(power.asset.name for power in runners) or "code it writes itself"
    yield Match(
        message=f"{asset.name} reads what strangers write ({named(power.asset.name for power in readers)}) and can "
        f"run code unchecked ({how}), so their text can become commands.",
        evidence=tuple(dict.fromkeys(place for power in (*runners, *readers) for place in power.evidence)),
    )
