"""Commands: what the programs of `commands.toml` start, fetch or train, and which of their options name models."""

import tomllib
from functools import cache
from importlib import resources
from typing import Literal

import msgspec

Names = Literal["hub", "ollama", "routed", "known", "any"]


class CommandRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One program or subcommand; see `commands.toml` in docs/catalog.md for what the fields mean.

    A spec of an option is its long name with dashes (`--model-id`), a short one (`-m`), the number of a word that is
    no option ("0"), or the name before an equals sign ("model="). Underscores count as dashes.
    """

    match: tuple[str, ...]
    task: str = ""
    product: str = ""
    provider: str = ""
    names: Names = "hub"
    model: tuple[str, ...] = ()
    dataset: tuple[str, ...] = ()
    output: tuple[str, ...] = ()
    config: tuple[str, ...] = ()
    # Options that take no value, so that the word after one is the command's own.
    flags: tuple[str, ...] = ()
    revision: tuple[str, ...] = ("--revision", "--model-revision")
    trust: tuple[str, ...] = ("--trust-remote-code",)
    host: tuple[str, ...] = ("--host", "--hostname", "--http-address")
    port: tuple[str, ...] = ("--port", "-p")
    key: tuple[str, ...] = ("--api-key", "--master-key", "--api-key-file", "--api-keys")
    max_tokens: tuple[str, ...] = ("--max-tokens", "--max-new-tokens")


class _Table(msgspec.Struct, forbid_unknown_fields=True):
    command: list[CommandRow]
    flags: list[str]


@cache
def _table() -> _Table:
    text = resources.files(__package__).joinpath("commands.toml").read_text(encoding="utf-8")
    return msgspec.convert(tomllib.loads(text), _Table)


@cache
def _by_program() -> dict[str, list[tuple[tuple[str, ...], CommandRow]]]:
    found: dict[str, list[tuple[tuple[str, ...], CommandRow]]] = {}
    for row in _table().command:
        for match in row.match:
            words = tuple(match.split())
            found.setdefault(words[0], []).append((words, row))
    for rows in found.values():
        rows.sort(key=lambda one: -len(one[0]))
    return found


@cache
def flags() -> frozenset[str]:
    """Options of many programs that take no value."""
    return frozenset(_table().flags)


def programs() -> frozenset[str]:
    """The programs that the table knows."""
    return frozenset(_by_program())


def command_row(words: tuple[str, ...]) -> tuple[CommandRow, tuple[str, ...]] | None:
    """The row of a command and the words after what it matched; None for a command that nobody described."""
    for match, row in _by_program().get(words[0], ()) if words else ():
        if words[: len(match)] == match:
            return row, words[len(match) :]
    return None
