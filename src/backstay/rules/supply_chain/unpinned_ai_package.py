"""Unpinned AI package: a service installs AI packages at whatever version is newest."""

from collections.abc import Iterator

from backstay.graph import Graph
from backstay.model import Asset, Kind, Match, Relationship, RelationshipKind
from backstay.plugin import rule
from backstay.rules.facts import absent, named, places


@rule(Kind.SERVICE, Kind.REPOSITORY)
def check(asset: Asset, graph: Graph) -> Iterator[Match]:
    loose: dict[str, list[Relationship]] = {}
    fixed: set[str] = set()
    for edge in graph.out(asset, RelationshipKind.DEPENDS_ON):
        package = graph.get(edge.target)
        if package is None or package.kind != Kind.PACKAGE:
            continue
        if package.text("version"):
            fixed.add(package.name.lower())
        elif _matters(package, edge):
            loose.setdefault(package.name, []).append(edge)
    # A lock file pins what the manifest leaves open.
    names = sorted(name for name in loose if name.lower() not in fixed)
    if names:
        yield Match(
            message=f"{asset.name} installs {named(names)} without a fixed version, and no lock file fixes "
            f"{'it' if len(names) == 1 else 'them'}.",
            evidence=places(edge for name in names for edge in loose[name]),
        )


def _matters(package: Asset, edge: Relationship) -> bool:
    scope = edge.text("scope") or package.text("scope")
    return package.attributes.get("ai") is True and absent(package, "version") and scope != "development"
