"""Unpinned dataset: a dataset is read from the hub by a name whose content its publisher can replace."""

from collections.abc import Iterator

from backstay.graph import Graph
from backstay.model import Asset, Kind, Match, RelationshipKind
from backstay.plugin import rule
from backstay.rules.facts import is_commit, on_hub, places, source_names

READS = (RelationshipKind.CONSUMES, RelationshipKind.TRAINED_ON, RelationshipKind.TESTED_ON, RelationshipKind.USES)


@rule(Kind.DATASET)
def check(asset: Asset, graph: Graph) -> Iterator[Match]:
    if not on_hub(asset):
        return
    reads = graph.into(asset, *READS)
    loose = [edge for edge in reads if "revision" in edge.attributes and not is_commit(edge.attributes["revision"])]
    if loose:
        yield Match(
            message=f"{asset.name} is read at no fixed commit by {source_names(loose, graph)}: it can change unseen.",
            evidence=places(loose),
        )
