"""Tables: loads a language's `sdk/LANGUAGE/*.toml` and `languages/LANGUAGE.toml`; finds the rows of a resolved path."""

import re
import tomllib
from collections.abc import Iterator
from functools import cache, cached_property
from importlib import resources
from typing import Generic, TypeVar

import msgspec

from backstay.catalog import is_ai_package
from backstay.model import Value

T = TypeVar("T")

_WILD = re.compile(r"\*\*|\*")
_HEAD = re.compile(r"[\w@/-]+")
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
    wired: str = ""

    @property
    def names(self) -> list[str]:
        return [self.name] if isinstance(self.name, str) else self.name or list(PLACES)


class FileRow(Row, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What functions of files in certain places are, which a framework finds by path; `match` is empty.

    `files` are regular expressions for whole paths. Their named groups, and `function`, can be parts of the name.
    """

    match: list[str] = []
    files: list[str] = []
    functions: list[str] = []


class Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One library. `id` is the file's name, `language` its folder's."""

    title: str
    modules: list[str] = []
    packages: list[str] = []
    provider: str = ""
    hub: bool = False
    alias: dict[str, str] = {}
    constant: dict[str, str] = {}
    imports: dict[str, str] = msgspec.field(default_factory=dict, name="import")
    call: list[Row] = []
    decorator: list[Row] = []
    base: list[Row] = []
    file: list[FileRow] = []
    id: str = ""
    language: str = ""

    @property
    def rows(self) -> list[Row]:
        """Every row of the table."""
        return [*self.call, *self.decorator, *self.base, *self.file]


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


class Variables(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How code reads environment variables.

    `call` are functions that get the name, `attribute` objects that have the variables as members and items, `item`
    objects that have them as items alone.
    """

    call: list[str] = []
    attribute: list[str] = []
    item: list[str] = []


class Wrapper(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Callables whose result is, for our purposes, one of their arguments."""

    match: list[str]
    argument: str = "0"


class Registration(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Methods that register what is injected by its type.

    `types` are the types, or parameter `type` names one, or it is the value's own. `value` is the parameter that holds
    it, or a class or factory of it; without one it is what the call itself makes.
    """

    methods: list[str]
    types: list[str] = []
    type: str = "<0>"
    value: str = ""


class Knowledge(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A language's own: what everyday calls do to the world, and where data comes from and must not go.

    `ecosystem` is where its packages come from, as package URLs spell it; with `options_object`, parameters are often
    handed over in one object. `provides` are decorators of functions whose result is injected by its type;
    `configured` says of which task a model is that a framework makes by settings, by the path of its object.
    """

    title: str
    ecosystem: str
    builtins: list[str] = []
    alias: dict[str, str] = {}
    options_object: bool = False
    environment: Variables = Variables()
    provides: list[str] = []
    configured: dict[str, str] = {}
    registration: list[Registration] = []
    wrapper: list[Wrapper] = []
    effect: list[Effect] = []
    sink: list[Sink] = []
    source: list[Origin] = []
    sanitiser: list[Sanitiser] = []
    authentication: list[Guard] = []
    rate_limit: list[Guard] = []


class _Wild(Generic[T]):
    """A pattern with wildcards and its row; compiled when first tried, as most of a catalog never is."""

    def __init__(self, pattern: str, row: T) -> None:
        self._pattern, self.row = pattern, row
        self._literal = max(_WILD.split(pattern), key=len)  # what no matching path is without; cheaper to look for

    def matches(self, path: str) -> bool:
        """Whether the pattern matches a whole path."""
        return self._literal in path and self.regex.match(path) is not None

    @cached_property
    def regex(self) -> re.Pattern[str]:
        return re.compile("".join(_regex(part) for part in re.split(r"(\*\*|\*)", self._pattern)) + r"\Z")


class Index(Generic[T]):
    """Patterns to rows. An exact path is one look-up; the rest is tried by literal head, and remembered."""

    def __init__(self) -> None:
        self.patterns: list[str] = []
        self._exact: dict[str, list[T]] = {}
        self._wild: dict[str, list[_Wild[T]]] = {}
        self._known: dict[str, tuple[T, ...]] = {}

    def add(self, pattern: str, row: T) -> None:
        self.patterns.append(pattern)
        wild = _WILD.search(pattern)
        if wild is None:
            self._exact.setdefault(pattern, []).append(row)
            return
        # Grouped by the first name, which is nearly always literal: `transformers.Auto*.from_pretrained`.
        head = re.match(r"[\w@/-]+(?=[.(\[])", pattern)
        self._wild.setdefault(head[0] if head else "", []).append(_Wild(pattern, row))

    def find(self, path: str) -> tuple[T, ...]:
        """The rows whose pattern matches, exact ones first."""
        known = self._known.get(path)
        if known is None:
            head = _HEAD.match(path)
            tried = self._wild.get(head[0], []) if head else []
            wild = [one.row for one in (*tried, *self._wild.get("", [])) if one.matches(path)]
            known = self._known[path] = (*self._exact.get(path, ()), *wild)
        return known


def _regex(part: str) -> str:
    if part == "**":
        return ".*"
    return r"\w*" if part == "*" else re.escape(part)


@cache
def languages() -> tuple[str, ...]:
    """The ids of the languages that there is knowledge of."""
    folder = resources.files("backstay.catalog").joinpath("languages")
    return tuple(sorted(one.name.removesuffix(".toml") for one in folder.iterdir() if one.name.endswith(".toml")))


@cache
def tables(language: str = "") -> tuple[Table, ...]:
    """Every SDK table of a language, or of all, by id. Raises ValueError naming the file that is malformed."""
    if not language:
        return tuple(table for one in languages() for table in tables(one))
    folder = resources.files("backstay.catalog").joinpath("sdk", language)
    if not folder.is_dir():
        return ()
    names = sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".toml"))
    return tuple(
        _load(folder.joinpath(name).read_text(encoding="utf-8"), name.removesuffix(".toml"), language) for name in names
    )


@cache
def modules(language: str) -> frozenset[str]:
    """The modules of a language that its tables know."""
    return frozenset(module for table in tables(language) for module in table.modules)


def is_relevant(language: str, module: str) -> bool:
    """Whether importing a module makes a file relevant; told without joining the tables."""
    known = modules(language)
    return any(one in known for one in outwards(module))


def _load(text: str, id: str, language: str) -> Table:
    try:
        table = msgspec.convert(tomllib.loads(text), Table)
    except (msgspec.ValidationError, tomllib.TOMLDecodeError) as error:
        raise ValueError(f"catalog/sdk/{language}/{id}.toml: {error}") from error
    return msgspec.structs.replace(table, id=id, language=language)


@cache
def knowledge(language: str) -> Knowledge:
    """What is known of a language itself. Raises ValueError naming the file when it is malformed."""
    text = resources.files("backstay.catalog").joinpath("languages", f"{language}.toml").read_text(encoding="utf-8")
    try:
        return msgspec.convert(tomllib.loads(text), Knowledge)
    except (msgspec.ValidationError, tomllib.TOMLDecodeError) as error:
        raise ValueError(f"catalog/languages/{language}.toml: {error}") from error


class Catalog:
    """A language's tables joined: rows by path, canonical spellings, and the modules that make a file relevant."""

    def __init__(self, tables: tuple[Table, ...], effects: Knowledge) -> None:
        self.ecosystem = effects.ecosystem
        self.builtins = frozenset(effects.builtins)
        self.options_object = effects.options_object
        self.environment = frozenset(effects.environment.call)
        self.variables = frozenset(effects.environment.attribute)
        self.provides = frozenset(effects.provides)
        self.configured = effects.configured
        self.registrations = effects.registration
        self.variable_items = self.variables.union(effects.environment.item)
        self.alias: dict[str, str] = dict(effects.alias)
        self.constant: dict[str, str] = {}
        self.files = [
            (re.compile(pattern), row, table) for table in tables for row in table.file for pattern in row.files
        ]
        self.wrappers: Index[Wrapper] = Index()
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
            self.constant.update(table.constant)
            for index, rows in ((self.calls, table.call), (self.decorators, table.decorator), (self.bases, table.base)):
                for row in rows:
                    for pattern in row.match:
                        index.add(pattern, (row, table))
        for wrapper in effects.wrapper:
            _add(self.wrappers, wrapper.match, wrapper)
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
        return any(one in self.modules for one in outwards(module))

    def package_of(self, module: str) -> tuple[str, str] | None:
        """The AI package that an imported module belongs to, and the table that says so; None for any other."""
        for one in outwards(module):
            if one in self.packages:
                return self.packages[one]
        if self.ecosystem == "npm" and not module.startswith((".", "/", "#")):
            parts = module.split("/")
            name = "/".join(parts[: 2 if module.startswith("@") else 1])
            return (name, "code") if is_ai_package("npm", name) else None
        return None

    @cached_property
    def _heads(self) -> frozenset[str]:
        paths = [pattern for index in (self.calls, self.decorators, self.bases) for pattern in index.patterns]
        paths += [*self.effects.patterns, *self.sinks.patterns, *self.sources.patterns, *self.sanitisers.patterns]
        paths += [*self.authentication.patterns, *self.wrappers.patterns, *self.environment, *self.variable_items]
        paths += [*self.alias, *self.constant]
        return frozenset(
            head for path in paths for head in outwards(path.partition("*")[0].partition("(")[0].rstrip("."))
        )

    @cached_property
    def anywhere(self) -> frozenset[str]:
        """Names of methods that mean the same on whatever object: those of patterns such as `**.AddChatClient`."""
        return frozenset(
            pattern[3:] for pattern in self.calls.patterns if pattern.startswith("**.") and pattern[3:].isidentifier()
        )

    def knows(self, path: str) -> bool:
        """Whether something in the tables begins with a path, such as a class that a namespace may hold."""
        return path in self._heads


def outwards(module: str) -> Iterator[str]:
    """A module or package and those around it, innermost first: `a.b/c`, `a.b`, `a`."""
    while module:
        yield module
        module = module[: max(module.rfind("."), module.rfind("/"), 0)]


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
                prefix = prefix[: max(prefix.rfind("."), prefix.rfind("/"), 0)]
        for module, package in table.imports.items():
            found[module] = (package, table.id)
    return found


def _add(index: Index[T], patterns: list[str], row: T) -> None:
    for pattern in patterns:
        index.add(pattern, row)


@cache
def catalog(language: str) -> Catalog:
    """The catalog of a language's tables."""
    return Catalog(tables(language), knowledge(language))
