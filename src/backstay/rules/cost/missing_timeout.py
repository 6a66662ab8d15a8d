"""Missing timeout: a request waits for a model for as long as the SDK's default allows."""

from collections.abc import Iterator

from backstay.graph import Graph
from backstay.model import Asset, Kind, Match
from backstay.plugin import rule
from backstay.rules.facts import absent, endpoints_of, model_uses, places


@rule(Kind.SERVICE, Kind.REPOSITORY)
def check(asset: Asset, graph: Graph) -> Iterator[Match]:
    # Only calls that a request causes: a script that waits keeps nobody else waiting.
    uses = [edge for endpoint in endpoints_of(asset, graph) for _, edge in model_uses(endpoint, graph)]
    calls = places(edge for edge in uses if absent(edge, "timeout") and edge.attributes.get("local") is not True)
    if calls:
        count = "A model call" if len(calls) == 1 else f"{len(calls)} model calls"
        yield Match(
            message=f"{count} in {asset.name} set{'s' if len(calls) == 1 else ''} no time limit, so a slow provider "
            "holds requests open.",
            evidence=calls,
        )
