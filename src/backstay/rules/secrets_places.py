"""Secrets' places: which kind of file a credential stands in; asked by the rules of the secrets family."""

from backstay.graph import Graph
from backstay.model import Asset, Kind

# Endings of .env files that are made to be committed: a key in one is a mistake in code, not a file to ignore.
_TEMPLATES = (".example", ".sample", ".template", ".dist", ".tpl", ".defaults")


def in_env_file(path: str) -> bool:
    """Whether a path is a `.env` file that belongs to one machine and not into a code base."""
    name = path.rpartition("/")[2].lower()
    is_env = name == ".env" or name.startswith(".env.") or name.endswith(".env")
    return is_env and not name.endswith(_TEMPLATES)


def mcp_config_paths(graph: Graph) -> frozenset[str]:
    """The files that tell a client which MCP servers to start."""
    return frozenset(
        place.path
        for server in graph.all(Kind.MCP_SERVER)
        if server.text("role") == "client-config"
        for place in server.evidence
        if place.path
    )


def credential_name(credential: Asset) -> str:
    """A credential as a sentence names it, with its article; never its value."""
    provider = credential.text("provider")
    kind = credential.text("type").replace("_", " ").replace("-", " ")
    name = f"{provider} {kind}" if provider.lower() not in kind.lower() else kind
    name = name.strip() if kind else f"{provider} credential".strip()
    return f"{'an' if name[:1].lower() in 'aeiou' else 'a'} {name}"
