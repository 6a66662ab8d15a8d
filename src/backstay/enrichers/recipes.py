"""Recipes: a training recipe is run by the script that a command gives it to, or by that of the same method.

A command's file (`train.sh`) is a pipeline that starts a script and hands it a recipe; without a command,
`sft/config.yaml` is run by `sft.py`.
"""

import posixpath
from collections.abc import Iterator

from backstay.graph import Graph
from backstay.model import Asset, Evidence, Kind, Level, Relationship, RelationshipKind
from backstay.plugin import Joined, Places, enricher

SOURCE = "recipes"


@enricher(order=6)
def enrich(graph: Graph, places: Places) -> Iterator[Joined]:
    given = set()
    for edge in _started(graph):
        given.add(edge.source)
        yield edge
    yield from _alike(graph, given)


def _started(graph: Graph) -> Iterator[Relationship]:
    """What the commands of one file start: its scripts and recipes, and each recipe by the script beside it."""
    by_path: dict[str, list[Asset]] = {}
    for pipeline in graph.all(Kind.PIPELINE):
        by_path.setdefault(pipeline.text("path"), []).append(pipeline)
    for pipeline in graph.all(Kind.PIPELINE):
        place = pipeline.place
        if not pipeline.items("starts") or place is None:
            continue
        seen = Evidence(SOURCE, place.path, place.line, level=Level.INFERRED, confidence=0.9, note="by its command")
        found = [one for path in pipeline.items("starts") if (one := _at(path, pipeline, by_path)) is not None]
        scripts = [one for one in found if one.text("path").endswith(".py")]
        for one in found:
            if one.key != pipeline.key:
                yield Relationship(pipeline.key, RelationshipKind.USES, one.key, {}, (seen,))
            if one not in scripts and len(scripts) == 1:
                yield Relationship(one.key, RelationshipKind.USES, scripts[0].key, {}, (seen,))


def _at(path: str, pipeline: Asset, by_path: dict[str, list[Asset]]) -> Asset | None:
    """The one pipeline that a path means, seen from the root, or from the command's folder or one above it."""
    folder = pipeline.text("path").rpartition("/")[0]
    while True:
        found = by_path.get(posixpath.normpath(posixpath.join(folder, path)), [])
        stem = path.rpartition("/")[2].rpartition(".")[0]
        named = [one for one in found if one.name == stem] if len(found) > 1 else found
        if len(named) == 1:
            return named[0]
        if not folder:
            return None
        folder = folder.rpartition("/")[0]


def _alike(graph: Graph, given: set[str]) -> Iterator[Relationship]:
    """Only where exactly one script's name stands in the recipe's path as a folder or the start of the file's name."""
    scripts: dict[str, list[Asset]] = {}
    for pipeline in graph.all(Kind.PIPELINE):
        path = pipeline.text("path")
        if path.endswith((".py", ".sh")):
            scripts.setdefault(path.rpartition("/")[2].rpartition(".")[0].lower(), []).append(pipeline)
    for recipe in graph.all(Kind.PIPELINE):
        path = recipe.text("path").lower()
        if not path.endswith((".yaml", ".yml", ".json", ".toml")) or recipe.place is None or recipe.key in given:
            continue
        *folders, name = path.split("/")
        words = {*folders, name.partition(".")[0].partition("_")[0]}
        found = [one for word in sorted(words) for one in scripts.get(word, [])]
        if len(found) == 1:
            seen = Evidence(
                SOURCE, recipe.place.path, recipe.place.line, level=Level.INFERRED, confidence=0.9, note="by its name"
            )
            yield Relationship(recipe.key, RelationshipKind.USES, found[0].key, {}, (seen,))
