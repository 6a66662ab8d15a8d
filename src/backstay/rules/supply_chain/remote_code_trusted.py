"""Remote code trusted: loading a model or dataset runs Python that its publisher wrote."""

from collections.abc import Iterator

from backstay.graph import Graph
from backstay.model import Asset, Kind, Match, Severity
from backstay.plugin import rule
from backstay.rules.facts import is_commit, made_here, places, source_names


@rule(Kind.MODEL, Kind.DATASET)
def check(asset: Asset, graph: Graph) -> Iterator[Match]:
    trusting = [edge for edge in graph.into(asset) if edge.attributes.get("trust_remote_code") is True]
    if not trusting or made_here(asset, graph):
        return
    loose = [edge for edge in trusting if not is_commit(edge.attributes.get("revision"))]
    who = source_names(loose or trusting, graph)
    when = "whatever it is that day" if loose else "at a fixed commit"
    message = f"The code that the publisher of {asset.name} ships with it is run by {who}, {when}."
    # At a fixed commit the code can be reviewed once and stays as it was.
    yield Match(message=message, evidence=places(loose or trusting), severity=None if loose else Severity.LOW)
