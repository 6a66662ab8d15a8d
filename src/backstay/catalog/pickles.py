"""Pickles: what the names that a pickle may reach do, as the tables of `catalog/artifacts/pickles` say it.

A table is a TOML file for one framework; docs/catalog.md says what stands in it.
"""

import tomllib
from functools import cache, cached_property
from importlib import resources
from typing import Literal

import msgspec

Group = Literal["safe", "weigh", "code", "denied", "dangerous"]


class Row(msgspec.Struct, frozen=True):
    """What a table says of a name."""

    standing: Group
    reason: str = ""
    rule: str = ""


class _Names(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Names of a common standing. `of` are modules, `names` what stands in each of them, both separated by blanks.

    A name may be dotted. `*` is everything in the module and below it, `part.*` in a part of it; `**.name` is that
    name in the module or anywhere below it.
    """

    names: str
    of: str = ""
    reason: str = ""
    rule: str = ""


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    packages: str = ""  # top-level modules of known packages: their classes are safe unless listed otherwise
    closed: str = ""  # top-level modules of packages that no model needs: nothing is safe unless listed
    stdlib: str = ""  # top-level modules of the standard library: nothing is safe unless listed
    same: dict[str, str] = {}  # another name of a module, and below it
    safe: list[_Names] = []
    weigh: list[_Names] = []
    code: list[_Names] = []
    denied: list[_Names] = []  # nothing that is called; a file may hold them
    dangerous: list[_Names] = []  # nothing that a file may even hold
    # Why a module of the standard library has no place in a model, for what is not listed by name.
    reasons: dict[str, str] = {}
    shadowed: str = ""  # modules of the standard library by whose name programs call their own
    hidden: str = ""  # modules of the interpreter that others import, and so have as attributes
    borrowed: dict[str, str] = {}  # reason to names: what modules of packages import from elsewhere
    certain: str = ""  # those of them that mean the same in every package
    verbs: dict[str, str] = {}  # reason to names: words of functions that read, write or run


class Tables:
    """All tables, indexed."""

    def __init__(self, files: list[_File]) -> None:
        self.exact: dict[str, Row] = {}
        self.packages: frozenset[str] = frozenset(" ".join(one.packages for one in files).split())
        self.closed: frozenset[str] = frozenset(" ".join(f"{one.stdlib} {one.closed}" for one in files).split())
        self.stdlib: frozenset[str] = frozenset(" ".join(one.stdlib for one in files).split())
        self.shadowed: frozenset[str] = frozenset(" ".join(one.shadowed for one in files).split())
        self.hidden: frozenset[str] = frozenset(" ".join(one.hidden for one in files).split())
        self.certain: frozenset[str] = frozenset(" ".join(one.certain for one in files).split())
        self.borrowed = {name: why for one in files for why, names in one.borrowed.items() for name in names.split()}
        self.verbs = {name: why for one in files for why, names in one.verbs.items() for name in names.split()}
        self._same = {old: new for one in files for old, new in one.same.items()}
        self._reasons = {
            module: reason for one in files for reason, modules in one.reasons.items() for module in modules.split()
        }
        self.trees: dict[str, Row] = {}
        self._anywhere: dict[str, dict[str, Row]] = {}  # by name, then by module
        for one in files:
            for standing in _ORDER:
                for row in getattr(one, standing):
                    self._add(standing, row)

    def _add(self, standing: Group, names: _Names) -> None:
        row = Row(standing, names.reason, names.rule)
        for module in names.of.split() or [""]:
            for name in names.names.split():
                if name == "*":
                    self.trees[module] = row
                elif name.endswith(".*"):
                    self.trees[f"{module}.{name[:-2]}" if module else name[:-2]] = row
                elif name.startswith("**."):
                    self._anywhere.setdefault(name[3:], {})[module] = row
                else:
                    self.exact[f"{module}.{name}" if module else name] = row

    def settled(self, path: str) -> str:
        """The path by the one name that the tables have for its module."""
        for _ in range(4):  # a name may lead to another that has one, never in a circle
            end = len(path)
            while end > 0:
                new = self._same.get(path[:end])
                if new is not None:
                    path = new + path[end:]
                    break
                end = path.rfind(".", 0, end)
            else:
                return path
        return path

    def below(self, parts: list[str]) -> Row | None:
        """The row of the nearest module above a name that covers it."""
        for found in (self._anywhere.get(".".join(parts[-2:])), self._anywhere.get(parts[-1]), self.trees):
            if found:
                for end in range(len(parts), 0, -1):
                    row = found.get(".".join(parts[:end]))
                    if row is not None:
                        return row
        return None

    @cached_property
    def modules(self) -> frozenset[str]:
        """Modules that the tables know, by what is listed in them."""
        listed = {name.rpartition(".")[0] for name in self.exact} | set(self.trees)
        return frozenset(listed | {name.rpartition(".")[0] for name in listed})

    def reason(self, parts: list[str]) -> str:
        """What is known against the nearest module above a name."""
        found = (self._reasons.get(".".join(parts[:end])) for end in range(len(parts), 0, -1))
        return next((one for one in found if one), "")


# Of what is listed twice the worst holds.
_ORDER: tuple[Group, ...] = ("safe", "weigh", "code", "denied", "dangerous")


@cache
def tables() -> Tables:
    """Every table of that folder. Raises msgspec.ValidationError for one that is not of this form."""
    files = sorted(
        (
            one
            for one in resources.files(__package__).joinpath("artifacts", "pickles").iterdir()
            if one.name.endswith(".toml")
        ),
        key=lambda one: one.name,
    )
    return Tables([msgspec.convert(tomllib.loads(one.read_text(encoding="utf-8")), _File) for one in files])
