"""Flows: what the node types of flow builders are, as `flows.toml` says it."""

import tomllib
from functools import cache
from importlib import resources
from typing import Literal

import msgspec


class NodeType(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a node of these types is: an asset kind, or a `chain` that runs a model and is none itself."""

    types: tuple[str, ...]
    kind: Literal["agent", "chain", "model", "vector_store", "tool", "mcp_server", "guardrail", "endpoint"]
    provider: str = ""
    product: str = ""
    capabilities: tuple[str, ...] = ()


@cache
def n8n_types() -> dict[str, NodeType]:
    """Node types of n8n by name, without their package."""
    text = resources.files(__package__).joinpath("flows.toml").read_text(encoding="utf-8")
    rows = msgspec.convert(tomllib.loads(text)["n8n"], list[NodeType])
    return {name: row for row in rows for name in row.types}
