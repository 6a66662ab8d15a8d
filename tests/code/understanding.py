"""Understanding: drives the code analyzer over a few files in memory and names what came out, for the tests here."""

import hashlib
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from backstay.code.analyzer import CodeAnalyzer
from backstay.code.facts import Module
from backstay.code.languages.python import statements as python
from backstay.model import Asset, Attributes, Kind, Relationship, RelationshipKind, Skip, Source, urn
from backstay.plugin import Fact, File, UnreadableError

SOURCE = "app"
OWNER = "repository app"


class FakePlaces:
    """The places of files in memory; everything belongs to one repository."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self.source = Source(id=SOURCE, name=SOURCE)
        self.skips: list[Skip] = []
        self._files = files

    def paths(self) -> Sequence[str]:
        return sorted(self._files)

    def owner_of(self, path: str) -> str:
        return urn(Kind.REPOSITORY, SOURCE)

    def read(self, path: str) -> bytes | None:
        return self._files.get(path)

    def size(self, path: str) -> int | None:
        return None

    def authors(self, paths: Sequence[str]) -> dict[str, list[tuple[str, int]]]:
        return {}

    def unread(self, path: str, reason: str, detail: str = "") -> None:
        self.skips.append(Skip(path, reason, detail))


@dataclass
class Understood:
    """What the analyzer said of some files, by the names a reader would use."""

    facts: list[Fact]
    skips: list[Skip] = field(default_factory=list)

    @property
    def assets(self) -> list[Asset]:
        return [fact for fact in self.facts if isinstance(fact, Asset)]

    @property
    def relationships(self) -> list[Relationship]:
        return [fact for fact in self.facts if isinstance(fact, Relationship)]

    def names(self, kind: Kind) -> list[str]:
        """The names of all assets of a kind, sorted."""
        return sorted(asset.name for asset in self.assets if asset.kind == kind)

    @property
    def models(self) -> list[str]:
        return self.names(Kind.MODEL)

    def asset(self, kind: Kind, name: str) -> Asset:
        """The one asset of a kind and name. Raises AssertionError when there is none, or more."""
        found = [asset for asset in self.assets if asset.kind == kind and asset.name == name]
        assert len(found) == 1, f"{kind} {name!r} among {self.lines()}"
        return found[0]

    def attributes(self, kind: Kind, name: str) -> Attributes:
        return self.asset(kind, name).attributes

    def lines(self) -> list[str]:
        """Every asset but packages, as `kind name`."""
        return sorted(f"{asset.kind} {asset.name}" for asset in self.assets if asset.kind != Kind.PACKAGE)

    def edges(self, kind: RelationshipKind | None = None) -> set[str]:
        """Every edge as `kind name -relationship-> kind name`."""
        return {self._line(edge) for edge in self.relationships if kind in (None, edge.kind)}

    def edge(self, line: str) -> list[Relationship]:
        """The edges that read like this. Raises AssertionError when there is none."""
        found = [edge for edge in self.relationships if self._line(edge) == line]
        assert found, f"{line!r} among {sorted(self.edges())}"
        return found

    def flows(self) -> list[Relationship]:
        """Flows that a trust boundary is about: those of a prompt to its model are left out."""
        prompts = {asset.key for asset in self.assets if asset.kind == Kind.PROMPT}
        edges = [edge for edge in self.relationships if edge.kind == RelationshipKind.FLOWS_TO]
        return [edge for edge in edges if edge.source not in prompts]

    def sinks(self) -> set[tuple[str, str]]:
        """Where model output arrives, as (sink, callee)."""
        return {
            (str(e.attributes["sink"]), str(e.attributes["callee"])) for e in self.flows() if "sink" in e.attributes
        }

    def prompted(self) -> set[tuple[str, str]]:
        """What outside input reaches, as (origin, prompt's name)."""
        names = {asset.key: asset.name for asset in self.assets}
        return {(str(e.attributes["origin"]), names[e.target]) for e in self.flows() if "origin" in e.attributes}

    def places(self, kind: Kind, name: str) -> list[tuple[str, int]]:
        """Where an asset was seen, as (path, line)."""
        return [(seen.path, seen.line) for seen in self.asset(kind, name).evidence]

    def _line(self, edge: Relationship) -> str:
        names = {asset.key: f"{asset.kind} {asset.name}" for asset in self.assets}
        names[urn(Kind.REPOSITORY, SOURCE)] = OWNER
        return f"{names[edge.source]} -{edge.kind}-> {names[edge.target]}"


def file(path: str, data: bytes) -> File:
    return File(path, data, len(data), hashlib.sha256(data).hexdigest(), SOURCE)


def understand(files: Mapping[str, str | bytes] | str) -> Understood:
    """Take files through the analyzer as a scan does; plain text is the one file `app.py`. Indentation is removed."""
    given = {"app.py": files} if isinstance(files, str) else files
    sources = {
        path: textwrap.dedent(content).encode() if isinstance(content, str) else content
        for path, content in given.items()
    }
    analyzer, places = CodeAnalyzer(), FakePlaces(sources)
    digests: dict[str, bytes] = {}
    for path, data in sources.items():
        try:
            digest = analyzer.digest(file(path, data))
        except UnreadableError as error:
            places.unread(path, error.reason, error.detail)
            continue
        if digest is not None:
            digests[path] = digest
    return Understood(list(analyzer.join(digests, places)), places.skips)


def parsed(source: str | bytes, *, dedent: bool = True) -> Module:
    """The facts of one Python source."""
    if isinstance(source, bytes):
        return python.parse("app.py", source)
    return python.parse("app.py", (textwrap.dedent(source) if dedent else source).encode())


def chat(model: str) -> str:
    """A line of code that asks a chat model; `model` is the expression of its name."""
    return f'OpenAI().chat.completions.create(model={model}, messages=[{{"role": "user", "content": "hello"}}])\n'


def lines_of(source: str, marks: Sequence[str]) -> Iterator[int]:
    """The lines, from 1, on which these words first stand."""
    for mark in marks:
        yield next(number for number, line in enumerate(source.splitlines(), 1) if mark in line)
