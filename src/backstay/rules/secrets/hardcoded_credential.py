"""Hardcoded credential: a provider's key is written into a file of the code base."""

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
    # .env files and MCP configurations have rules of their own, because they are mended differently.
    here = [place for place in asset.evidence if not in_env_file(place.path) and place.path not in configs]
    if not here:
        return
    files = len({place.path for place in here})
    where = f"{here[0].path}" if files == 1 else f"{here[0].path} and {files - 1} more files"
    yield Match(
        message=f"{sentence(credential_name(asset))} is written into {where}: whoever can read the code can use it.",
        evidence=tuple(here),
    )
