"""Debug endpoint: an application that serves a model runs with its framework's debug mode on."""

from collections.abc import Iterator

from backstay.graph import Graph
from backstay.model import Asset, Kind, Match, Severity
from backstay.plugin import rule
from backstay.rules.facts import endpoints_of, host_of, is_everywhere, is_loopback, named


@rule(Kind.SERVICE, Kind.REPOSITORY)
def check(asset: Asset, graph: Graph) -> Iterator[Match]:
    # One switch covers all routes of an application, so the service is judged and not each route.
    debugged = [one for one in endpoints_of(asset, graph) if one.attributes.get("debug") is True]
    if not debugged:
        return
    hosts = [one.text("host") for one in debugged]
    everywhere = any(is_everywhere(host) for host in hosts)
    local = all(host and is_loopback(host_of(host)) for host in hosts)
    yield Match(
        message=f"{asset.name} serves {named(one.name for one in debugged)} in debug mode"
        f"{', on every network interface' if everywhere else ''}.",
        evidence=tuple(dict.fromkeys(place for one in debugged for place in one.evidence)),
        severity=Severity.HIGH if everywhere else Severity.LOW if local else None,
    )
