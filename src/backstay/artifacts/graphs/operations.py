"""Operations: what the tables in `catalog/artifacts/operations.toml` say of a graph's operations."""

import tomllib
from enum import StrEnum
from functools import cache
from importlib import resources

import msgspec


class When(StrEnum):
    """When an operation is an accusation; the table's head says it at length."""

    ALWAYS = "always"
    INFERENCE = "inference"
    OUTSIDE = "outside"
    READER = "reader"
    CHECKPOINT = "checkpoint"
    DEBUG = "debug"
    EXPORT = "export"


class Effect(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What some operations do beyond their tensors."""

    operations: tuple[str, ...]
    does: str
    when: When
    inputs: tuple[int, ...] = ()
    attributes: tuple[str, ...] = ()
    beside: tuple[str, ...] = ()  # counts only in a graph that has one of these too


class Library(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A native library, by the operations it adds."""

    title: str
    operations: tuple[str, ...] = ()
    prefixes: tuple[str, ...] = ()


class Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is known of one framework's operations."""

    effect: tuple[Effect, ...] = ()
    library: tuple[Library, ...] = ()
    known: str = ""
    domains: tuple[str, ...] = ()
    versions: tuple[str, ...] = ()

    def effects(self) -> dict[str, Effect]:
        """The effects by the name of their operation."""
        return {name: one for one in self.effect for name in one.operations}

    def names(self) -> frozenset[str]:
        """The names that the framework itself knows."""
        return frozenset(self.known.split())

    def owner(self, name: str) -> str:
        """The title of the library that adds an operation; empty when nobody here knows it."""
        for one in self.library:
            if name in one.operations or (one.prefixes and name.startswith(one.prefixes)):
                return one.title
        return ""


@cache
def table(framework: str) -> Table:
    """The table of a framework ("tensorflow", "onnx", "tflite", "paddle", "openvino")."""
    return _tables()[framework]


@cache
def _tables() -> dict[str, Table]:
    text = resources.files("backstay.catalog").joinpath("artifacts", "operations.toml").read_text("utf-8")
    return msgspec.convert(tomllib.loads(text), dict[str, Table])
