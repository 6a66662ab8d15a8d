"""Which file of the project a name or an import means in Java and Kotlin: by packages and what files declare."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence

from backstay.code.language import Heading

MAX_CANDIDATES = 200  # files that declare one name in one package: samples beside each other do


class PackageIndex:
    """An index of packages. Where several files declare a name, the nearest to who asks is meant."""

    def __init__(self, headings: Mapping[str, Heading]) -> None:
        self._packages: dict[str, str] = {}
        self._units: dict[str, str] = {}
        self._declaring: dict[tuple[str, str], list[str]] = defaultdict(list)
        self._together: dict[tuple[str, str], list[str]] = defaultdict(list)
        self._within: dict[str, list[str]] = defaultdict(list)
        for path, heading in sorted(headings.items()):
            package = heading.package
            self._packages[path] = package
            unit = self._units[path] = _unit(path, package)
            self._together[package, unit].append(path)
            self._within[package].append(path)
            for name in dict.fromkeys(heading.names):
                self._declaring[package, name].append(path)

    def find(self, module: str, level: int, importer: str, name: str) -> str | None:
        """The file of package `module` that declares `name`; the file of a type that `module` names itself."""
        if not name:
            module, _, name = module.rpartition(".")
        found = self._nearest(self._declaring.get((module, name), ()), importer)
        if found is None and "." in module:
            # `a.b.C` and a name within it.
            outer, _, cls = module.rpartition(".")
            found = self._nearest(self._declaring.get((outer, cls), ()), importer)
        return found

    def imported(self, module: str, level: int, importer: str) -> Sequence[str]:
        """The file of an imported type, or the files of an imported package."""
        found = self.find(module, level, importer, "")
        if found is not None:
            return [found]
        unit = self._units.get(importer, "")
        within = self._within.get(module, ())
        return [path for path in within if self._units[path] == unit] or list(within[:MAX_CANDIDATES])

    def neighbour(self, name: str, path: str) -> str | None:
        """The file of the same package that declares a name."""
        declaring = self._declaring.get((self._packages.get(path, ""), name), ())
        unit = self._units.get(path, "")
        return self._nearest([one for one in declaring if one != path and self._units[one] == unit], path)

    def neighbours(self, path: str) -> Sequence[str]:
        together = self._together.get((self._packages.get(path, ""), self._units.get(path, "")), ())
        return [one for one in together if one != path]

    def parts(self, name: str, path: str) -> Sequence[str]:
        """None: a class stands in one file."""
        return ()

    def _nearest(self, paths: Sequence[str], importer: str) -> str | None:
        """The path that shares most with the importer's; the first of those that share as much."""
        if len(paths) < 2:
            return paths[0] if paths else None
        folders = importer.split("/")
        return max(paths[:MAX_CANDIDATES], key=lambda path: _shared(path.split("/"), folders))


def modules(headings: Mapping[str, Heading], read: Callable[[str], bytes | None]) -> PackageIndex:
    return PackageIndex(headings)


def _unit(path: str, package: str) -> str:
    """The part of a project that is built together: what stands above `src`, else above the package's folders."""
    folder = path.rpartition("/")[0]
    above, found, _ = f"/{folder}/".partition("/src/")
    if found:
        return above
    return folder.removesuffix(package.replace(".", "/")).rstrip("/")


def _shared(one: list[str], other: list[str]) -> int:
    count = 0
    for left, right in zip(one, other, strict=False):
        if left != right:
            break
        count += 1
    return count
