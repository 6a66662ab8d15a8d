"""Same package: an import and the manifest that declares its package speak of one package."""

from collections import defaultdict
from collections.abc import Iterator

from backstay.graph import Graph
from backstay.model import Kind, RelationshipKind, Same
from backstay.plugin import Joined, Places, enricher


@enricher(order=5)
def enrich(graph: Graph, places: Places) -> Iterator[Joined]:
    """A package without a version is that of a version, where its only users' source has exactly one.

    Several versions of one package stay as they are: nobody can tell which of them an import means.
    """
    by_name: dict[str, list[str]] = defaultdict(list)
    for package in graph.all(Kind.PACKAGE):
        by_name[package.key.partition("@")[0]].append(package.key)
    for name, keys in by_name.items():
        if name not in keys:
            continue
        users = {edge.source for edge in graph.into(name, RelationshipKind.DEPENDS_ON)}
        versions = [key for key in keys if key != name]
        near = [key for key in versions if users & {edge.source for edge in graph.into(key)}]
        for chosen in (near, versions):
            if len(chosen) == 1:
                yield Same(name, chosen[0])
                break
