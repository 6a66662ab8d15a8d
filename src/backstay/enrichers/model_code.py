"""Model code: judges the Python files that a model's configuration makes a loader import."""

import json
import posixpath
from collections.abc import Iterator
from typing import Any

from backstay.artifacts.exam import Exam
from backstay.artifacts.programs.source import judge
from backstay.artifacts.report import Sign
from backstay.artifacts.repositories import custom_modules
from backstay.graph import Graph
from backstay.model import Asset, Attributes, Evidence, Kind
from backstay.plugin import Joined, Places, enricher

_ID = "model-code"
_CONFIGURATIONS = ("config.json", "tokenizer_config.json", "processor_config.json", "preprocessor_config.json")
_MAX_MODULES = 50
_MAX_CONFIGURATION = 4 << 20


@enricher(order=30)
def enrich(graph: Graph, places: Places) -> Iterator[Joined]:
    """Judge the code of every model folder that brings some; code that is named and not here is missing."""
    paths = frozenset(places.paths())
    for model in graph.all(Kind.MODEL):
        if not model.items(Sign.CARRIES.value) and model.attributes.get("custom_code") is not True:
            continue
        folder = model.text("path")
        modules = sorted(
            {one for name in _CONFIGURATIONS for one in _named(posixpath.join(folder, name), paths, places)}
        )
        for module in modules[:_MAX_MODULES]:
            if "--" in module:
                continue  # of another repository, which is not here
            path = posixpath.normpath(posixpath.join(folder, module))
            yield from _judged(model, path, module, paths, places)


def _named(path: str, paths: frozenset[str], places: Places) -> list[str]:
    data = places.read(path) if path in paths else None
    if data is None or len(data) > _MAX_CONFIGURATION:
        return []
    try:
        config: Any = json.loads(data)
    except (ValueError, RecursionError):
        return []  # the detector has reported it
    return custom_modules(config) if isinstance(config, dict) else []


def _judged(model: Asset, path: str, module: str, paths: frozenset[str], places: Places) -> Iterator[Joined]:
    seen = (Evidence(_ID, path if path in paths else model.text("path")),)
    if path not in paths:
        yield Asset(
            model.key, model.kind, model.name, {"missing_parts": [f"{module}: named as code, and not here"]}, seen
        )
        return
    data = places.read(path)
    if data is None:
        places.unread(path, "not read", "code of a model")
        return
    exam = Exam(posixpath.basename(path))
    with exam.contained():
        judge(data, exam, module)
    result = exam.report(len(data))
    found: Attributes = {**result.signs()}
    for gap in result.gaps:
        places.unread(path, gap.reason, gap.detail)
    if found:
        yield Asset(model.key, model.kind, model.name, found, seen)
