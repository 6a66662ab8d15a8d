"""Manifests: what package.json and tsconfig.json say of where modules are, read within bounds."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from backstay.code.language import Heading
from backstay.documents import DocumentError, Node, read_json

MAX_BYTES = 500_000
MAX_FOLDERS = 20_000
MAX_ENTRIES = 1_000
MAX_EXTENDS = 8
_CONDITIONS = ("source", "import", "module", "default", "require", "node", "browser", "types")
_COMPILERS = ("tsconfig.json", "jsconfig.json")


@dataclass(frozen=True)
class Package:
    """A package.json."""

    document: Node

    @property
    def name(self) -> str:
        """The package's name."""
        return self.document.get("name").text

    def entries(self, inside: str) -> Iterator[str]:
        """The files that `name` or `name/inside` may mean, as the manifest writes them."""
        exports = self.document.get("exports")
        if inside:
            yield from _matching(exports, f"./{inside}")
            return
        yield from _conditional(exports.get(".") if exports.get(".").line else exports)
        for key in ("source", "module", "main", "types", "typings", "svelte"):
            target = self.document.get(key).text
            if target:
                yield target

    def inner(self, module: str) -> Iterator[str]:
        """The files that a `#name` import of the package itself may mean."""
        yield from _matching(self.document.get("imports"), module)


@dataclass(frozen=True)
class Mappings:
    """Path mappings of a compiler's configuration; targets are paths in the source."""

    base: str | None = None
    paths: list[tuple[str, list[str]]] = field(default_factory=list)

    def targets(self, module: str) -> Iterator[str]:
        """The paths that a module may have by the mappings, the most specific first."""
        found: list[tuple[int, list[str], str]] = []
        for pattern, targets in self.paths:
            middle = _middle(pattern, module)
            if middle is not None:
                found.append((len(pattern.partition("*")[0]), targets, middle))
        found.sort(key=lambda one: -one[0])
        for _, targets, middle in found:
            for target in targets:
                yield target.replace("*", middle, 1)
        if self.base is not None:
            yield f"{self.base}/{module}"


class Manifests:
    """The manifests of a source, each read once, when it is first asked for."""

    def __init__(self, files: Mapping[str, Heading], read: Callable[[str], bytes | None]) -> None:
        self._files, self._read = files, read
        self._packages: dict[str, Package | None] = {}
        self._mappings: dict[str, Mappings | None] = {}

    def packages_above(self, folder: str) -> Iterator[tuple[str, Package]]:
        """Folders with a package.json, from a folder up."""
        for one in _upward(folder):
            package = self._package(one)
            if package is not None:
                yield one, package

    def mappings_above(self, folder: str) -> Iterator[Mappings]:
        """The nearest configuration that maps paths, if there is one."""
        for one in _upward(folder):
            if one not in self._mappings:
                self._mappings[one] = self._configured(one)
            mapping = self._mappings[one]
            if mapping is not None:
                yield mapping
                return

    @cached_property
    def workspace(self) -> dict[str, tuple[str, Package]]:
        """Folder and manifest of each package by its name, the shallowest of a name."""
        folders: dict[str, None] = {}
        for path in self._files:
            for folder in _upward(path.rpartition("/")[0]):
                if folder in folders:
                    break
                folders[folder] = None
        found: dict[str, tuple[str, Package]] = {}
        for folder in sorted(folders, key=lambda one: (one.count("/"), one))[:MAX_FOLDERS]:
            package = self._package(folder)
            if package is not None and package.name:
                found.setdefault(package.name, (folder, package))
        return found

    def _package(self, folder: str) -> Package | None:
        if folder not in self._packages:
            document = self._document(_in(folder, "package.json"))
            self._packages[folder] = Package(document) if document is not None else None
        return self._packages[folder]

    def _document(self, path: str) -> Node | None:
        data = self._read(path)
        if data is None or len(data) > MAX_BYTES:
            return None
        try:
            document = read_json(data.decode("utf-8-sig", "replace"))
        except DocumentError:
            return None
        return document if isinstance(document.value, dict) else None

    def _configured(self, folder: str) -> Mappings | None:
        for name in _COMPILERS:
            path = _in(folder, name)
            document = self._document(path)
            if document is None:
                continue
            mapping = self._mapping(path, document, set())
            if mapping is not None:
                return mapping
            # A configuration that only refers to others, as bundlers' templates have it.
            for reference in list(document.get("references").elements())[:MAX_EXTENDS]:
                target = relative(folder, reference.get("path").text)
                if target is None:
                    continue
                if not target.endswith(".json"):
                    target = _in(target, "tsconfig.json")
                inner = self._document(target) if target.rpartition("/")[0] == folder else None
                mapping = self._mapping(target, inner, set()) if inner is not None else None
                if mapping is not None:
                    return mapping
        return None

    def _mapping(self, path: str, document: Node, seen: set[str]) -> Mappings | None:
        """The mappings that a configuration has, or takes over from those it extends; None when there are none."""
        seen.add(path)
        folder = path.rpartition("/")[0]
        options = document.get("compilerOptions")
        base = relative(folder, options.get("baseUrl").text) if options.get("baseUrl").text else None
        paths = options.get("paths")
        if isinstance(paths.value, dict):
            root = base if base is not None else folder
            mapped = []
            for pattern, targets in list(paths.entries())[:MAX_ENTRIES]:
                found = [relative(root, one.text) for one in list(targets.elements())[:20] if one.text]
                mapped.append((pattern, [one for one in found if one is not None]))
            return Mappings(base, mapped)
        inherited = self._inherited(folder, document, seen)
        if inherited is None:
            return Mappings(base) if base is not None else None
        return inherited if base is None else Mappings(base, inherited.paths)

    def _inherited(self, folder: str, document: Node, seen: set[str]) -> Mappings | None:
        extended = document.get("extends")
        names = [one.text for one in extended.elements()] or [extended.text]
        for name in reversed(names[:MAX_EXTENDS]):
            if not name.startswith(".") or len(seen) > MAX_EXTENDS:
                continue
            target = relative(folder, name)
            if target is None:
                continue
            for path in (target, f"{target}.json", f"{target}/tsconfig.json"):
                inner = self._document(path) if path.endswith(".json") and path not in seen else None
                mapping = self._mapping(path, inner, seen) if inner is not None else None
                if mapping is not None:
                    return mapping
        return None


def _upward(folder: str) -> Iterator[str]:
    """A folder and those it is in, up to the source's root."""
    while folder:
        yield folder
        folder = folder.rpartition("/")[0]
    yield ""


def relative(folder: str, path: str) -> str | None:
    """A path from a folder, with its dots worked out; None when it leads out of the source."""
    parts = [part for part in folder.split("/") if part]
    for part in path.split("/"):
        if part == "..":
            if not parts:
                return None
            parts.pop()
        elif part and part != ".":
            parts.append(part)
    return "/".join(parts)


def _in(folder: str, name: str) -> str:
    return f"{folder}/{name}" if folder else name


def _middle(pattern: str, module: str) -> str | None:
    """What the star of a pattern stands for in a module's name; None where it does not match."""
    before, star, after = pattern.partition("*")
    if not star:
        return "" if pattern == module else None
    if len(module) < len(before) + len(after) or not (module.startswith(before) and module.endswith(after)):
        return None
    return module[len(before) : len(module) - len(after)]


def _matching(table: Node, module: str) -> Iterator[str]:
    """The targets of a table of `exports` or `imports` for a name."""
    for pattern, target in list(table.entries())[:MAX_ENTRIES]:
        middle = _middle(pattern, module)
        if middle is not None:
            for one in _conditional(target):
                yield one.replace("*", middle)


def _conditional(target: Node, depth: int = 0) -> Iterator[str]:
    """The files of a target that depends on who asks."""
    if target.text:
        yield target.text
    elif depth < MAX_EXTENDS:
        for one in target.elements():
            yield from _conditional(one, depth + 1)
        for condition in _CONDITIONS:
            inner = target.get(condition)
            if inner.line:
                yield from _conditional(inner, depth + 1)
