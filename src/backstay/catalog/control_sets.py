"""Control sets: the entries of each security framework that rules speak to, read from `controls/*.toml`."""

import tomllib
from functools import cache
from importlib import resources
from typing import Any

import msgspec

# What a mapping from a rule to an entry says. None of them says "violates": only an auditor can.
RELATIONS = {
    "instance-of": "the flaw is a case of this risk",
    "enables": "the flaw makes this technique possible or easier",
    "mitigated-by": "this measure answers the flaw",
    "supports": "mending the flaw is evidence towards this control",
}


class Entry(msgspec.Struct, frozen=True):
    """A risk, technique, mitigation, control or article. Rules map to verified entries only."""

    id: str
    title: str
    framework: str
    relation: str
    verified: bool = True


class Framework(msgspec.Struct, frozen=True):
    """A published list at one version; `complete` tells whether all of its entries are here."""

    id: str
    title: str
    version: str
    source: str
    licence: str
    complete: bool
    entries: tuple[Entry, ...]


@cache
def frameworks() -> tuple[Framework, ...]:
    """Every framework, by id."""
    folder = resources.files(__package__).joinpath("controls")
    tables = [tomllib.loads(one.read_text("utf-8")) for one in folder.iterdir() if one.name.endswith(".toml")]
    return tuple(sorted((_framework(table) for table in tables), key=lambda framework: framework.id))


@cache
def entries() -> dict[str, Entry]:
    """Every entry of every framework by its id, which is unique across them all."""
    return {entry.id: entry for framework in frameworks() for entry in framework.entries}


def _framework(table: dict[str, Any]) -> Framework:
    name, relation = table["id"], table["relation"]
    sections = (("controls", relation, True), ("mitigations", "mitigated-by", True), ("unverified", relation, False))
    found = tuple(
        Entry(id, title, name, kind, verified)
        for section, kind, verified in sections
        for id, title in table.get(section, {}).items()
    )
    return Framework(
        name, table["title"], table["version"], table["source"], table["licence"], table["complete"], found
    )
