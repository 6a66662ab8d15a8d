"""Techniques: all the modules that make samples. A technique is added by its module and a line here."""

from types import ModuleType

from corpus import (
    advisories,
    files,
    globals,
    graphs,
    honest,
    keras_files,
    machine,
    others,
    repositories,
    torch_files,
    weights,
)

TECHNIQUES: tuple[ModuleType, ...] = (
    advisories,
    files,
    globals,
    graphs,
    honest,
    keras_files,
    machine,
    others,
    repositories,
    torch_files,
    weights,
)
