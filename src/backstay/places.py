"""Places: where things stand in a source: its repository, its services, and the files behind them."""

from collections.abc import Callable, Iterable, Iterator, Sequence

from backstay.collectors.reader import Reader
from backstay.model import Asset, Evidence, Kind, Level, Relationship, RelationshipKind, Skip, Source, urn
from backstay.plugin import File

# A folder that holds one of these is a service: something that is built, installed or deployed by itself.
MANIFESTS = frozenset(
    (
        "pyproject.toml",
        "setup.py",
        "setup.cfg",
        "requirements.txt",
        "pipfile",
        "environment.yml",
        "package.json",
        "go.mod",
        "cargo.toml",
        "pom.xml",
        "build.gradle",
        "build.gradle.kts",
        "gemfile",
        "composer.json",
    )
)
_ABOVE = (".csproj", ".fsproj")

Authors = Callable[[Sequence[str]], dict[str, list[tuple[str, int]]]]


class SourcePlaces:
    """What analyzers and enrichers may ask about a source; see `plugin.Places`.

    `real` are the files by the path they are shown with, `digests` the digests of what was read of them, and
    `authors` looks into the history.
    """

    def __init__(
        self, source: Source, reader: Reader, real: dict[str, str], digests: dict[str, bytes], authors: Authors
    ) -> None:
        self.source = source
        self.skips: list[Skip] = []
        self.repository = urn(Kind.REPOSITORY, source.id)
        self._reader, self._real, self._digests, self._authors = reader, real, digests, authors
        self._paths = sorted(real)
        self._manifests: dict[str, str] = {}
        for path in self._paths:
            folder, _, name = path.rpartition("/")
            lower = name.lower()
            if lower in MANIFESTS or lower.endswith(_ABOVE):
                self._manifests.setdefault(folder, path)
        self._owners: dict[str, str] = {}

    def paths(self) -> Sequence[str]:
        return self._paths

    def owner_of(self, path: str) -> str:
        folder = path.rpartition("/")[0]
        known = self._owners.get(folder)
        if known is None:
            known = self._owners[folder] = self._owner(folder)
        return known

    def read(self, path: str) -> bytes | None:
        expected = self._digests.get(path)
        if expected is None:
            return None
        file = self._reader.read(path, self._real.get(path))
        if not isinstance(file, File) or file.truncated or short_digest(file.sha256) != expected:
            return None
        return file.data

    def size(self, path: str) -> int | None:
        return self._reader.size(self._real.get(path, path))

    def unread(self, path: str, reason: str, detail: str = "") -> None:
        self.skips.append(Skip(path, reason, detail))

    def authors(self, paths: Sequence[str]) -> dict[str, list[tuple[str, int]]]:
        return self._authors(paths)

    def surroundings(self, assets: Iterable[Asset], ends: Iterable[str]) -> Iterator[Asset | Relationship]:
        """The repository, the services that matter, and what they contain.

        `ends` are the keys at the ends of all edges. A service matters when it is one of them or when something
        that exists only in this source stands in it; manifests of examples and tools would fill the graph otherwise.
        """
        yield Asset(self.repository, Kind.REPOSITORY, self.source.name, {"path": ""})
        services = {self._service(folder): folder for folder in self._manifests}
        matter = services.keys() & set(ends)
        contains: dict[tuple[str, str], Evidence] = {}
        for asset in assets:
            if asset.key == self.repository or not _local(asset, self.source.id):
                continue
            for seen in asset.evidence:
                if seen.path:
                    owner = self.owner_of(seen.path)
                    contains.setdefault((owner, asset.key), seen)
                    if owner in services:
                        matter.add(owner)
        for key in sorted(matter):
            folder = services[key]
            seen = Evidence("places", self._manifests[folder], note="manifest")
            yield Asset(key, Kind.SERVICE, folder or self.source.name, {"path": folder}, (seen,))
            yield Relationship(self.repository, RelationshipKind.CONTAINS, key, {}, (seen,))
        for (owner, key), seen in contains.items():
            place = Evidence("places", seen.path, seen.line, seen.end_line, level=Level.OBSERVED)
            yield Relationship(owner, RelationshipKind.CONTAINS, key, {}, (place,))

    def _owner(self, folder: str) -> str:
        while folder not in self._manifests:
            if not folder:
                return self.repository
            folder = folder.rpartition("/")[0]
        return self._service(folder)

    def _service(self, folder: str) -> str:
        return urn(Kind.SERVICE, self.source.id, folder or ".")


def short_digest(sha256: str) -> bytes:
    """Half a digest: enough to tell whether a file changed, and small where there are many files."""
    return bytes.fromhex(sha256[:32])


def _local(asset: Asset, source: str) -> bool:
    return asset.kind != Kind.SERVICE and asset.key.startswith(urn(asset.kind, source, ""))


__all__ = ["MANIFESTS", "Authors", "SourcePlaces", "short_digest"]
