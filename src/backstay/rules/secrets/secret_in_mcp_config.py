"""Secret in MCP configuration: a key is written into the file that tells a client which servers to start."""

from collections.abc import Iterator

from backstay.graph import Graph
from backstay.model import Asset, Kind, Match
from backstay.plugin import rule
from backstay.rules.facts import sentence
from backstay.rules.secrets_places import credential_name, in_env_file, mcp_config_paths


@rule(Kind.CREDENTIAL)
def check(asset: Asset, graph: Graph) -> Iterator[Match]:
    if asset.text("form") != "value":
        return
    configs = mcp_config_paths(graph)
    here = tuple(place for place in asset.evidence if place.path in configs and not in_env_file(place.path))
    if here:
        yield Match(
            message=f"{sentence(credential_name(asset))} is written into the MCP configuration {here[0].path}.",
            evidence=here,
        )
