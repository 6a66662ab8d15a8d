"""Plugin: what a detector, analyzer, enricher, rule and exporter are, and the decorators that make them.

A plugin is one module and, for detectors and rules, one page of the same name beside it. The module's
path gives the id (`rules/supply_chain/unpinned_model.py` is the rule `unpinned-model`); nothing is registered by hand.
"""

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import Protocol

import msgspec

from backstay.artifacts.content import Bytes, Content, Opened
from backstay.graph import Graph
from backstay.model import Asset, Evidence, Kind, Level, Match, Relationship, Report, Same, Source, urn

Fact = Asset | Relationship
Joined = Fact | Same

# A detector sees one file and cannot know whose code it is. An edge with this source starts at whatever owns the
# place of its evidence (see `Places.owner_of`); the pipeline puts the real key in with `with_owner`.
OWNER = "urn:backstay:owner"
Check = Callable[[Asset, Graph], Iterable[Match]]


class UnreadableError(Exception):
    """A detector raises this for a file it should understand and cannot; the reason goes into the report.

    `reason` is a fixed word or two ("invalid JSON"), `detail` a place or a number, never the content.
    """

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(reason)
        self.reason, self.detail = reason, detail


def decoded(data: bytes) -> str:
    """Bytes as text: by byte order mark, else UTF-8, else Latin-1."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", "replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("latin-1")


@dataclass(frozen=True)
class File:
    """One file of a source, read once.

    `data` holds the whole content up to the collector's limit, else only the head (`truncated`); `size`
    is the true size in bytes. `source` is the id of the scanned source, a part of every key made here.
    `digest_key` keys the digests of secrets, so that equal secrets can be matched and none be guessed. `reopen` gives
    a descriptor of a truncated file, for who has to look beyond its head.
    """

    path: str
    data: bytes = field(repr=False)
    size: int
    sha256: str
    source: str
    truncated: bool = False
    digest_key: bytes = field(default=b"", repr=False)
    reopen: Callable[[], int] | None = field(default=None, repr=False, compare=False)

    @property
    def name(self) -> str:
        return self.path.rsplit("/", 1)[-1]

    @property
    def folder(self) -> str:
        """The folder's path with `/`, empty for the root."""
        return self.path.rpartition("/")[0]

    @cached_property
    def binary(self) -> bool:
        """Whether the content is not text: it holds a NUL byte and is no UTF-16 or UTF-32 text."""
        head = self.data[:8192]
        return b"\0" in head and not head.startswith((b"\xff\xfe", b"\xfe\xff"))

    @cached_property
    def text(self) -> str:
        """The content as text: by byte order mark, else UTF-8, else Latin-1. Empty for binary files."""
        return "" if self.binary else decoded(self.data)

    @contextmanager
    def opened(self) -> Iterator[Content]:
        """The whole content to read at random, however large it is. Raises OSError when the file has gone."""
        if not self.truncated or self.reopen is None:
            yield Bytes(self.data)
            return
        descriptor = self.reopen()
        try:
            yield Opened(descriptor)
        finally:
            os.close(descriptor)

    def line_of(self, needle: str, start: int = 0) -> int:
        """The line, from 1, of the first occurrence of some text at or after a character; 0 when there is none."""
        at = self.text.find(needle, start)
        return self.text.count("\n", 0, at) + 1 if at >= 0 else 0

    def urn(self, kind: Kind, *local: str) -> str:
        """A key for an asset that exists only in this source, such as an agent: source and local parts."""
        return urn(kind, self.source, *local)

    def evidence(
        self,
        source: str,
        line: int = 0,
        end_line: int = 0,
        *,
        level: Level = Level.OBSERVED,
        confidence: float = 1.0,
        note: str = "",
    ) -> tuple[Evidence, ...]:
        """A sighting in this file, ready to be an asset's evidence."""
        return (Evidence(source, self.path, line, end_line, "", level, confidence, note),)


@dataclass(frozen=True)
class Selector:
    """Which files a detector is shown; any one condition suffices. All but `contains` are decided without reading.

    `names` are exact file names and `suffixes` file name ends, both compared in lower case; `paths` are
    globs over the whole path (`**` crosses folders); `magic` are leading bytes; `contains` are byte
    strings anywhere in a text file of one of the `within` suffixes (all text files if empty);
    `binary` shows every binary file; `accepts` is asked about every file and has to be cheap. With `whole` a
    truncated file is reported as too large instead of being shown.
    """

    names: frozenset[str] = frozenset()
    suffixes: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    magic: tuple[bytes, ...] = ()
    contains: tuple[bytes, ...] = ()
    within: tuple[str, ...] = ()
    binary: bool = False
    whole: bool = True
    accepts: Callable[[File], bool] | None = None


class Detect(Protocol):
    def __call__(self, file: File, /) -> Iterator[Fact]: ...


@dataclass(frozen=True)
class Detector:
    """Recognises assets in one file. `kinds` are the asset kinds it may yield; `seconds` how long it may take for one
    file where that is more than what plugins usually have."""

    id: str
    selector: Selector
    detect: Detect
    kinds: tuple[Kind, ...]
    package: str
    stem: str
    seconds: float = 0.0


class Places(Protocol):
    """What an analyzer or enricher may ask about the scanned source."""

    source: Source

    def paths(self) -> Sequence[str]:
        """Every file found and not left out, sorted."""
        ...

    def owner_of(self, path: str) -> str:
        """The key of the service, or else repository, whose code a path is."""
        ...

    def read(self, path: str) -> bytes | None:
        """A file's content again, or None if it is unreadable, too large, or changed since it was first read."""
        ...

    def size(self, path: str) -> int | None:
        """How many bytes a file has now, however large; None when it cannot be told."""
        ...

    def authors(self, paths: Sequence[str]) -> dict[str, list[tuple[str, int]]]:
        """Who committed to these files lately, by path: names and number of commits, most first; may be slow."""
        ...

    def unread(self, path: str, reason: str, detail: str = "") -> None:
        """Report that the caller could not make use of a file."""
        ...


def with_owner(fact: Joined, places: Places) -> Joined:
    """The fact itself, or an edge from `OWNER` with the key of the service or repository that owns its place."""
    if isinstance(fact, Relationship) and fact.source == OWNER and fact.place is not None:
        return msgspec.structs.replace(fact, source=places.owner_of(fact.place.path))
    return fact


class Analyzer(Protocol):
    """Understands many files together: `digest` runs once a file (in a worker), `join` once a source."""

    id: str
    suffixes: tuple[str, ...]

    def prepare(self, paths: Iterable[str]) -> None:
        """Load what `digest` needs for these files; may be called before workers are made, so that they share it."""
        ...

    def beyond(self, paths: Iterable[str]) -> str:
        """What of a source it cannot understand though it is of its field, in words; empty when there is nothing."""
        ...

    def digest(self, file: File) -> bytes | None:
        """What to remember of a file, as bytes; None when it cannot matter."""
        ...

    def join(self, digests: dict[str, bytes], places: Places) -> Iterator[Fact]:
        """All facts that follow from the digests, by path."""
        ...


class Enrich(Protocol):
    def __call__(self, graph: Graph, places: Places, /) -> Iterator[Joined]: ...


@dataclass(frozen=True)
class Enricher:
    """Joins and looks up: sees the graph so far and adds facts to it. Lower `order` runs first."""

    id: str
    enrich: Enrich
    order: int


@dataclass(frozen=True)
class Rule:
    """Judges one subject at a time: `check(asset, graph)` yields a match for each flaw, or nothing.

    `also` are further kinds that hold the same flaw, as code without a manifest belongs to the repository
    instead of a service.
    """

    id: str
    family: str
    subject: Kind
    check: Check
    package: str
    stem: str
    also: tuple[Kind, ...] = ()

    @property
    def subjects(self) -> tuple[Kind, ...]:
        """Every kind this rule judges, the one it is named for first."""
        return (self.subject, *self.also)


class Export(Protocol):
    def __call__(self, report: Report, /) -> str: ...


@dataclass(frozen=True)
class Exporter:
    """Turns a report into one document. `suffix` is the usual file name end, with its dot."""

    id: str
    suffix: str
    export: Export


def detector(selector: Selector, *kinds: Kind, seconds: float = 0.0) -> Callable[[Detect], Detector]:
    """Make a function `detect(file)` the detector of its module."""

    def make(function: Detect) -> Detector:
        package, stem = _where(function)
        return Detector(_id(stem), selector, function, kinds, package, stem, seconds)

    return make


def rule(subject: Kind, *also: Kind) -> Callable[[Check], Rule]:
    """Make a function `check(asset, graph)` the rule of its module; the page beside it says the rest."""

    def make(function: Check) -> Rule:
        package, stem = _where(function)
        return Rule(_id(stem), _id(package.rpartition(".")[2]), subject, function, package, stem, also)

    return make


def enricher(order: int = 50) -> Callable[[Enrich], Enricher]:
    """Make a function `enrich(graph, places)` the enricher of its module."""

    def make(function: Enrich) -> Enricher:
        return Enricher(_id(_where(function)[1]), function, order)

    return make


def exporter(suffix: str) -> Callable[[Export], Exporter]:
    """Make a function `export(report)` the exporter of its module; the module's name is the format's."""

    def make(function: Export) -> Exporter:
        return Exporter(_id(_where(function)[1]), suffix, function)

    return make


def _where(function: Callable[..., object]) -> tuple[str, str]:
    package, _, stem = function.__module__.rpartition(".")
    return package, stem


def _id(stem: str) -> str:
    return stem.replace("_", "-")
