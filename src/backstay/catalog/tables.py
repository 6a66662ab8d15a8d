"""Tables: loads `sdk/*.toml` and `effects.toml` and finds the rows that match a resolved path."""

import re
import tomllib
from functools import cache
from importlib import resources
from typing import Generic, TypeVar

import msgspec

from backstay.model import Value

T = TypeVar("T")

_WILD = re.compile(r"\*\*|\*")
PLACES = ("name", "@variable", "@function")  # where a name comes from when a row does not say


class Row(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What calling, decorating with or deriving from a path means; docs/catalog.md explains every key."""

    match: list[str]
    makes: str = ""
    name: list[str] | str = []
    provider: str = ""
    provider_from: str = ""
    provider_prefix: bool = False
    task: str = ""
    hub: bool | None = None
    arguments: dict[str, str] = {}
    attributes: dict[str, str | list[str]] = {}
    set: dict[str, Value] = {}
    when: dict[str, Value] = {}
    returns: str = ""
    output: bool = False
    invoke: bool = False
    mounts: str = ""
    prefix: str = ""
    methods: list[str] = []
    task_of: str = ""
    on: str = ""
    app: str = ""
    weak: bool = False
    yaml: dict[str, str] = {}
    collects: dict[str, str] = {}
    spread: str = ""

    @property
    def names(self) -> list[str]:
        return [self.name] if isinstance(self.name, str) else self.name or list(PLACES)


class Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One library. `id` is the file's name."""

    title: str
    modules: list[str] = []
    packages: list[str] = []
    npm: list[str] = []
    provider: str = ""
    hub: bool = False
    alias: dict[str, str] = {}
    imports: dict[str, str] = msgspec.field(default_factory=dict, name="import")
    call: list[Row] = []
    decorator: list[Row] = []
    base: list[Row] = []
    id: str = ""


class Effect(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    match: list[str]
    capabilities: list[str]
    when: dict[str, Value] = {}
    reading: dict[str, Value] = {}


class Sink(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    match: list[str]
    argument: str
    sink: str
    when: dict[str, Value] = {}


class Origin(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    match: list[str]
    origin: str


class Sanitiser(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    match: list[str]
    sinks: list[str]


class Guard(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    match: list[str]


class Effects(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What calls do to the world, and where data comes from and must not go."""

    effect: list[Effect] = []
    sink: list[Sink] = []
    source: list[Origin] = []
    sanitiser: list[Sanitiser] = []
    authentication: list[Guard] = []
    rate_limit: list[Guard] = []


class Index(Generic[T]):
    """Patterns to rows. An exact path is one look-up; the rest is tried by literal head, and remembered."""

    def __init__(self) -> None:
        self._exact: dict[str, list[T]] = {}
        self._wild: dict[str, list[tuple[re.Pattern[str], T]]] = {}
        self._known: dict[str, tuple[T, ...]] = {}

    def add(self, pattern: str, row: T) -> None:
        wild = _WILD.search(pattern)
        if wild is None:
            self._exact.setdefault(pattern, []).append(row)
            return
        # Grouped by the first name, which is nearly always literal: `transformers.Auto*.from_pretrained`.
        head = re.match(r"[A-Za-z_]\w*(?=[.(\[])", pattern)
        regex = "".join(_regex(part) for part in re.split(r"(\*\*|\*)", pattern))
        self._wild.setdefault(head[0] if head else "", []).append((re.compile(regex + r"\Z"), row))

    def find(self, path: str) -> tuple[T, ...]:
        """The rows whose pattern matches, exact ones first."""
        known = self._known.get(path)
        if known is None:
            head = re.match(r"\w+", path)
            tried = self._wild.get(head[0], []) if head else []
            wild = [row for regex, row in (*tried, *self._wild.get("", [])) if regex.match(path)]
            known = self._known[path] = (*self._exact.get(path, ()), *wild)
        return known


def _regex(part: str) -> str:
    if part == "**":
        return ".*"
    return r"\w*" if part == "*" else re.escape(part)


@cache
def tables() -> tuple[Table, ...]:
    """Every SDK table, by id. Raises ValueError naming the file that is malformed."""
    folder = resources.files("backstay.catalog").joinpath("sdk")
    names = sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".toml"))
    return tuple(_load(folder.joinpath(name).read_text(encoding="utf-8"), name.removesuffix(".toml")) for name in names)


def _load(text: str, id: str) -> Table:
    try:
        table = msgspec.convert(tomllib.loads(text), Table)
    except (msgspec.ValidationError, tomllib.TOMLDecodeError) as error:
        raise ValueError(f"catalog/sdk/{id}.toml: {error}") from error
    return msgspec.structs.replace(table, id=id)


@cache
def effects() -> Effects:
    """The effects table."""
    text = resources.files("backstay.catalog").joinpath("effects.toml").read_text(encoding="utf-8")
    return msgspec.convert(tomllib.loads(text), Effects)


class Catalog:
    """All tables joined: rows by path, canonical spellings, and the modules that make a file relevant."""

    def __init__(self, tables: tuple[Table, ...], effects: Effects) -> None:
        self.alias: dict[str, str] = {}
        self.packages = _import_packages(tables)
        self.modules: frozenset[str] = frozenset(module for table in tables for module in table.modules)
        self.calls: Index[tuple[Row, Table]] = Index()
        self.decorators: Index[tuple[Row, Table]] = Index()
        self.bases: Index[tuple[Row, Table]] = Index()
        self.effects: Index[Effect] = Index()
        self.sinks: Index[Sink] = Index()
        self.sources: Index[Origin] = Index()
        self.sanitisers: Index[Sanitiser] = Index()
        self.authentication: Index[Guard] = Index()
        self.rate_limits: Index[Guard] = Index()
        for table in tables:
            self.alias.update(table.alias)
            for index, rows in ((self.calls, table.call), (self.decorators, table.decorator), (self.bases, table.base)):
                for row in rows:
                    for pattern in row.match:
                        index.add(pattern, (row, table))
        for effect in effects.effect:
            _add(self.effects, effect.match, effect)
        for sink in effects.sink:
            _add(self.sinks, sink.match, sink)
        for source in effects.source:
            _add(self.sources, source.match, source)
        for sanitiser in effects.sanitiser:
            _add(self.sanitisers, sanitiser.match, sanitiser)
        for guard in effects.authentication:
            _add(self.authentication, guard.match, guard)
        for guard in effects.rate_limit:
            _add(self.rate_limits, guard.match, guard)

    def canonical(self, path: str) -> str:
        """The spelling a path goes by in the tables; only the whole path is looked up."""
        return self.alias.get(path, path)

    def relevant(self, module: str) -> bool:
        """Whether importing a dotted module makes a file relevant."""
        while module:
            if module in self.modules:
                return True
            module = module.rpartition(".")[0]
        return False


def _import_packages(tables: tuple[Table, ...]) -> dict[str, tuple[str, str]]:
    """Import path prefix to (PyPI name, table): as `[import]` says, else where a package's name is the module's."""
    found: dict[str, tuple[str, str]] = {}
    for table in tables:
        named = {re.sub(r"[-_.]+", "-", package).lower(): package for package in table.packages}
        for module in table.modules:
            prefix = module
            while prefix:
                package = named.get(re.sub(r"[-_.]+", "-", prefix).lower())
                if package:
                    found.setdefault(prefix, (package, table.id))
                prefix = prefix.rpartition(".")[0]
        for module, package in table.imports.items():
            found[module] = (package, table.id)
    return found


def _add(index: Index[T], patterns: list[str], row: T) -> None:
    for pattern in patterns:
        index.add(pattern, row)


@cache
def catalog() -> Catalog:
    """The catalog of all tables."""
    return Catalog(tables(), effects())
