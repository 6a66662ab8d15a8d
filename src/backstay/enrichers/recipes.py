"""Recipes: a training recipe in YAML is run by the script of the same method (`sft/config.yaml` by `sft.py`)."""

from collections.abc import Iterator

from backstay.graph import Graph
from backstay.model import Asset, Evidence, Kind, Level, Relationship, RelationshipKind
from backstay.plugin import Joined, Places, enricher

SOURCE = "recipes"


@enricher(order=6)
def enrich(graph: Graph, places: Places) -> Iterator[Joined]:
    """Only where exactly one script's name stands in the recipe's path as a folder or the start of the file's name."""
    scripts: dict[str, list[Asset]] = {}
    for pipeline in graph.all(Kind.PIPELINE):
        path = pipeline.text("path")
        if path.endswith((".py", ".sh")):
            scripts.setdefault(path.rpartition("/")[2].rpartition(".")[0].lower(), []).append(pipeline)
    for recipe in graph.all(Kind.PIPELINE):
        path = recipe.text("path").lower()
        if not path.endswith((".yaml", ".yml", ".json", ".toml")) or recipe.place is None:
            continue
        *folders, name = path.split("/")
        words = {*folders, name.partition(".")[0].partition("_")[0]}
        found = [one for word in sorted(words) for one in scripts.get(word, [])]
        if len(found) == 1:
            seen = Evidence(
                SOURCE, recipe.place.path, recipe.place.line, level=Level.INFERRED, confidence=0.8, note="by its name"
            )
            yield Relationship(recipe.key, RelationshipKind.USES, found[0].key, {}, (seen,))
