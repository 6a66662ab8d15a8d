"""Listing: what this installation knows, one thing a line, the id first: made to be read and to be cut."""

import argparse
from collections.abc import Callable, Iterable

from backstay import registry
from backstay.catalog.control_sets import frameworks
from backstay.catalog.tables import tables
from backstay.cli import outputs
from backstay.cli.exits import CLEAN
from backstay.model import AI_KINDS, Kind

Row = tuple[str, ...]


def run(options: argparse.Namespace) -> int:
    rows = list(_LISTS[options.what]())
    widths = [max((len(cell) for cell in column), default=0) for column in zip(*rows, strict=True)]
    lines = ("  ".join(cell.ljust(size) for cell, size in zip(row, widths, strict=True)).rstrip() for row in rows)
    outputs.write_stdout("".join(f"{line}\n" for line in lines))
    return CLEAN


def _rules() -> Iterable[Row]:
    for rule in registry.rules():
        info = registry.info(rule)
        yield rule.id, info.severity, rule.family, info.title


def _kinds() -> Iterable[Row]:
    for kind in Kind:
        yield kind, "AI asset" if kind in AI_KINDS else "surroundings"


def _frameworks() -> Iterable[Row]:
    for table in tables():
        yield table.id, table.title, ", ".join(table.modules)


def _controls() -> Iterable[Row]:
    for one in frameworks():
        yield one.id, one.version, f"{len(one.entries)} entries" + ("" if one.complete else " (a selection)"), one.title


def _detectors() -> Iterable[Row]:
    for detector in registry.detectors():
        yield detector.id, "detector", ", ".join(detector.kinds)
    for analyzer in registry.analyzers():
        yield analyzer.id, "analyzer", ", ".join(analyzer.suffixes)


def _formats() -> Iterable[Row]:
    for exporter in registry.exporters():
        yield exporter.id, exporter.suffix


_LISTS: dict[str, Callable[[], Iterable[Row]]] = {
    "rules": _rules,
    "kinds": _kinds,
    "frameworks": _frameworks,
    "controls": _controls,
    "detectors": _detectors,
    "formats": _formats,
}
