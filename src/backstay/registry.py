"""Registry: finds every plugin by walking our packages and the installed entry points. The only dynamic import."""

import importlib
import pkgutil
from collections.abc import Iterator
from functools import cache
from importlib import metadata
from types import ModuleType
from typing import TypeVar

from backstay import page
from backstay.model import Control, RuleInfo, Severity
from backstay.plugin import Analyzer, Detector, Enricher, Exporter, Rule

T = TypeVar("T")

GROUP = "backstay.plugins"
_OURS = ("backstay.detectors", "backstay.enrichers", "backstay.rules", "backstay.code.analyzer")


@cache
def detectors() -> tuple[Detector, ...]:
    """Every detector, by id."""
    return tuple(sorted(_of_type(Detector), key=lambda plugin: plugin.id))


@cache
def enrichers() -> tuple[Enricher, ...]:
    """Every enricher in the order they run."""
    return tuple(sorted(_of_type(Enricher), key=lambda plugin: (plugin.order, plugin.id)))


@cache
def rules() -> tuple[Rule, ...]:
    """Every rule, by id."""
    return tuple(sorted(_of_type(Rule), key=lambda plugin: plugin.id))


@cache
def analyzers() -> tuple[Analyzer, ...]:
    """Every analyzer, by id. An analyzer is a module-level object called `analyzer`."""
    named = [module.analyzer for module in _modules() if hasattr(module, "analyzer")]
    # A package whose module is called `analyzer` has that by the same name.
    found = [one for one in named if not isinstance(one, ModuleType)]
    return tuple(sorted(found, key=lambda plugin: str(plugin.id)))


@cache
def exporters() -> tuple[Exporter, ...]:
    """Every exporter, by id. Walked apart from the rest, so that a worker never loads them."""
    return tuple(sorted(_collect(Exporter, _walk("backstay.exporters")), key=lambda plugin: plugin.id))


@cache
def info(rule: Rule) -> RuleInfo:
    """What a rule's page says of it. Raises ValueError when the page lacks something."""
    loaded = page.load(rule.package, rule.stem)
    meta = loaded.meta
    try:
        return RuleInfo(
            id=rule.id,
            family=rule.family,
            subject=rule.subject,
            title=meta["title"],
            severity=Severity(meta["severity"]),
            confidence=float(meta["confidence"]),
            exploitability=float(meta["exploitability"]),
            summary=loaded.prose.split("\n\n")[0].replace("\n", " "),
            fix=meta["fix"],
            controls=tuple(Control(id, reason) for id, reason in meta.get("controls", {}).items()),
            description=loaded.prose,
        )
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{rule.package}/{rule.stem}.md: front matter: {error!r}") from error


def _of_type(kind: type[T]) -> list[T]:
    return _collect(kind, _modules())


def _collect(kind: type[T], modules: list[ModuleType]) -> list[T]:
    found: dict[int, T] = {}
    for module in modules:
        for value in vars(module).values():
            if isinstance(value, kind):
                found[id(value)] = value
    return list(found.values())


@cache
def _modules() -> list[ModuleType]:
    names = [*_OURS, *(entry.value for entry in sorted(metadata.entry_points(group=GROUP)))]
    return [module for name in names for module in _walk(name)]


def _walk(package: str) -> list[ModuleType]:
    root = importlib.import_module(package)
    return [root, *(importlib.import_module(name) for name in _names(root))]


def _names(root: ModuleType) -> Iterator[str]:
    if hasattr(root, "__path__"):
        for module in pkgutil.walk_packages(root.__path__, root.__name__ + "."):
            yield module.name
