"""Unsafe model format: a model file is kept in a format that can carry code."""

from collections.abc import Iterator

from backstay.graph import Graph
from backstay.model import Asset, Kind, Match, Severity
from backstay.plugin import rule


@rule(Kind.MODEL_FILE)
def check(asset: Asset, graph: Graph) -> Iterator[Match]:
    if asset.items("executes"):
        return  # it does carry code, which is a finding of its own
    if asset.attributes.get("unsafe_format") is True:
        format = asset.text("format") or "a format that can carry code"
        if asset.text("verdict") == "clean":
            message = f"{asset.name} is stored as {format}: it holds no harmful code, but the format keeps none out."
            yield Match(message=message, severity=Severity.LOW)
        else:
            yield Match(message=f"{asset.name} is stored as {format}: whoever loads it may run code hidden in it.")
