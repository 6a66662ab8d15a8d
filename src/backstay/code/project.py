"""Project: which file a module name means, and the scopes of the files that were understood."""

import sys
from collections.abc import Callable, Iterable

from backstay.code.facts import Module
from backstay.code.scopes import ModuleScope


class Project:
    """The Python modules of a source, by file and by dotted name.

    `load` understands a further file when one is asked for, or gives None. `known` says of a dotted module name that
    it is a library's: such a name means a file here only if that file has the names that are imported.
    """

    def __init__(
        self, paths: Iterable[str], load: Callable[[str], Module | None], known: Callable[[str], bool]
    ) -> None:
        self._load = load
        self._known = known
        self._scopes: dict[str, ModuleScope | None] = {}
        self._by_name: dict[str, list[tuple[str, str]]] = {}  # dotted name -> (root folder, path)
        paths = list(paths)
        packages = {path.rpartition("/")[0] for path in paths if path.endswith("__init__.py")}
        for path in paths:
            parts = path.removesuffix(".py").removesuffix(".pyi").split("/")
            if parts[-1] == "__init__":
                parts.pop()
            for start in range(len(parts)):
                root = "/".join(parts[:start])
                self._by_name.setdefault(".".join(parts[start:]), []).append((root, path))
        self._packages = packages - {""}

    def scope(self, path: str) -> ModuleScope | None:
        """A file's module scope; None when it could not be understood."""
        if path not in self._scopes:
            module = self._load(path)
            self._scopes[path] = ModuleScope(module) if module is not None else None
        return self._scopes[path]

    def find(self, module: str, level: int, importer: str, name: str = "") -> str | None:
        """The file that an import in `importer` means, or None when it is no file of the project."""
        folder = importer.rpartition("/")[0]
        if level:
            parts = folder.split("/") if folder else []
            parts = parts[: len(parts) - (level - 1)] if level > 1 else parts
            return self._at("/".join([*parts, *(module.split(".") if module else [])]))
        found = self.locate(module, 0, importer)
        if found is not None and self._known(module) and not self._has(found, name):
            return None
        return found

    def locate(self, module: str, level: int, importer: str) -> str | None:
        """The file that a module name may mean, by paths alone."""
        folder = importer.rpartition("/")[0]
        if level:
            return self.find(module, level, importer)
        candidates = [
            (root, path)
            for root, path in self._by_name.get(module, ())
            if path != importer and self._begins(root, folder, module)
        ]
        if not candidates:
            return None
        # The nearest root wins: the one that shares the longest part with the importer's folder.
        return max(candidates, key=lambda one: (_shared(one[0], folder), -len(one[1])))[1]

    def _begins(self, root: str, folder: str, module: str) -> bool:
        """Whether absolute imports of code in `folder` may begin at `root`."""
        if root in self._packages:
            # Only for a script started in the package's own folder, which is common all the same.
            return root == folder and module.partition(".")[0] not in sys.stdlib_module_names
        return not root or root == folder or folder.startswith(root + "/") or _is_root(root)

    def _at(self, stem: str) -> str | None:
        name = stem.replace("/", ".")
        for root, path in self._by_name.get(name, ()):
            if not root:
                return path
        for path in (f"{stem}.py", f"{stem}/__init__.py"):
            if any(path == one for _, one in self._by_name.get(name.rpartition(".")[2], ())):
                return path
        return None

    def _has(self, path: str, name: str) -> bool:
        scope = self.scope(path)
        return bool(name) and scope is not None and (name in scope.names or "*" in scope.names)


def _is_root(root: str) -> bool:
    return root.rpartition("/")[2] in ("src", "lib", "python", "app", "backend", "server")


def _shared(root: str, folder: str) -> int:
    if not root:
        return 0
    return len(root) if folder == root or folder.startswith(root + "/") else -1
