"""Modules: which file of the project a Go import or name means, by go.mod files and folders."""

import posixpath
import re
from collections.abc import Callable, Iterator, Mapping, Sequence

from backstay.code.language import Heading
from backstay.code.languages.go.headings import plain_path, receiver

MAX_BYTES = 200_000  # of a go.mod
_MODULE = re.compile(r'\s*module\s+"?([^\s"]+)"?')
_REPLACE = re.compile(r'\s*(?:replace\s+)?"?([^\s"]+)"?(?:\s+v\S+)?\s+=>\s+"?(\.{1,2}/[^\s"]*|\.{1,2})"?')


def modules(headings: Mapping[str, Heading], read: Callable[[str], bytes | None]) -> "GoModules":
    """The Go packages of a source; `read` is asked for the go.mod files."""
    return GoModules(headings, read)


class GoModules:
    """Packages by import path, and what each of their files declares."""

    def __init__(self, headings: Mapping[str, Heading], read: Callable[[str], bytes | None]) -> None:
        self._headings = headings
        self._files: dict[str, list[str]] = {}  # folder -> its files
        self._declaring: dict[tuple[str, str], dict[str, list[str]]] = {}  # folder and package -> name -> files
        for path in sorted(headings, key=lambda one: (_is_test(one), one)):
            folder = posixpath.dirname(path)
            self._files.setdefault(folder, []).append(path)
            declared = self._declaring.setdefault((folder, headings[path].package), {})
            for name in headings[path].names:
                declared.setdefault(name, []).append(path)
        self._folders: dict[str, list[str]] = {}  # import path -> folders
        roots = dict(_roots(self._files, read))
        for folder in self._files:
            for module in _import_paths(folder, roots):
                self._folders.setdefault(plain_path(module), []).append(folder)

    def find(self, module: str, level: int, importer: str, name: str) -> str | None:
        """The file of an imported package that declares a name; its first file where none does."""
        first = None
        for folder in self._folders.get(plain_path(module), ()):
            for path in self._files[folder]:
                if _is_test(path):
                    continue
                first = first or path
                if name and name in self._declared(path):
                    return self._declared(path)[name][0]
        return first

    def imported(self, module: str, level: int, importer: str) -> Sequence[str]:
        """The files of the imported package, its tests left out."""
        folders = self._folders.get(plain_path(module), ())
        return [path for folder in folders for path in self._files[folder] if not _is_test(path)]

    def neighbour(self, name: str, path: str) -> str | None:
        """The file of the same package that declares a name; a test's names are seen by tests alone."""
        if path not in self._headings:
            return None
        found = [one for one in self._declared(path).get(name, ()) if one != path]
        return next((one for one in found if _is_test(path) or not _is_test(one)), None)

    def neighbours(self, path: str) -> Sequence[str]:
        """The other files of the same package."""
        if path not in self._headings:
            return ()
        package = self._headings[path].package
        same = self._files[posixpath.dirname(path)]
        return [one for one in same if one != path and self._headings[one].package == package]

    def parts(self, name: str, path: str) -> Sequence[str]:
        """The other files of the package that declare a type or hold methods of it."""
        if path not in self._headings:
            return ()
        declared = self._declared(path)
        found = dict.fromkeys([*declared.get(name, ()), *declared.get(receiver(name), ())])
        return [one for one in found if one != path and (_is_test(path) or not _is_test(one))]

    def _declared(self, path: str) -> dict[str, list[str]]:
        return self._declaring[posixpath.dirname(path), self._headings[path].package]


def _is_test(path: str) -> bool:
    return path.endswith("_test.go")


def _roots(folders: Mapping[str, list[str]], read: Callable[[str], bytes | None]) -> Iterator[tuple[str, list[str]]]:
    """Each folder with a go.mod or replaced by one, with the module paths that it goes by."""
    found: dict[str, list[str]] = {}
    asked: set[str] = set()
    for each in folders:
        folder = each
        while folder not in asked:
            asked.add(folder)
            data = read(posixpath.join(folder, "go.mod"))
            if data is not None and len(data) <= MAX_BYTES:
                module, replaced = _read(data.decode("utf-8", "replace"))
                if module:
                    found.setdefault(folder, []).append(module)
                for other, local in replaced:
                    target = posixpath.normpath(posixpath.join(folder, local))
                    found.setdefault("" if target == "." else target, []).append(other)
            folder = posixpath.dirname(folder)
    yield from found.items()


def _read(text: str) -> tuple[str, list[tuple[str, str]]]:
    """A go.mod's module path, and the modules that it replaces by folders."""
    module = ""
    replaced: list[tuple[str, str]] = []
    for line in text.splitlines():
        short = line[:1_000].split("//")[0]
        if not module and (named := _MODULE.match(short)):
            module = named[1]
        elif "=>" in short and (other := _REPLACE.match(short)):
            replaced.append((other[1], other[2]))
    return module, replaced


def _import_paths(folder: str, roots: Mapping[str, list[str]]) -> Iterator[str]:
    """The paths under which a folder is imported: by the nearest module around it."""
    root = folder
    while root not in roots:
        if not root:
            return
        root = posixpath.dirname(root)
    rest = folder[len(root) :].strip("/")
    for module in roots[root]:
        yield f"{module}/{rest}" if rest else module
