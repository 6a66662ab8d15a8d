"""Folders: what is known of the files that stand beside weights: templates, tokenizers, configurations, licences."""

import tomllib
from functools import cache
from importlib import resources
from typing import Any


@cache
def table(name: str) -> dict[str, Any]:
    """The table `name`.toml of this folder."""
    return tomllib.loads(resources.files(__name__).joinpath(f"{name}.toml").read_text(encoding="utf-8"))


@cache
def words(name: str, key: str) -> frozenset[str]:
    """The words of a text in that table, separated by blanks."""
    return frozenset(table(name)[key].split())
