"""Modules: which file a Python module's name means."""

import sys
from collections.abc import Callable, Mapping, Sequence

from backstay.code.language import Heading


def modules(headings: Mapping[str, Heading], read: Callable[[str], bytes | None]) -> "PythonModules":
    """The Python modules of a source."""
    return PythonModules(headings)


class PythonModules:
    """Files by dotted name, as far as import roots can be told from paths."""

    def __init__(self, headings: Mapping[str, Heading]) -> None:
        self._by_name: dict[str, list[tuple[str, str]]] = {}  # dotted name -> (root folder, path)
        packages = {path.rpartition("/")[0] for path in headings if path.endswith("__init__.py")}
        for path in headings:
            parts = path.removesuffix(".py").removesuffix(".pyi").split("/")
            if parts[-1] == "__init__":
                parts.pop()
            for start in range(len(parts)):
                root = "/".join(parts[:start])
                self._by_name.setdefault(".".join(parts[start:]), []).append((root, path))
        self._packages = packages - {""}

    def find(self, module: str, level: int, importer: str, name: str) -> str | None:
        """The file of a module; `name` makes no difference, as a package's file is asked for it first."""
        folder = importer.rpartition("/")[0]
        if level:
            parts = folder.split("/") if folder else []
            parts = parts[: len(parts) - (level - 1)] if level > 1 else parts
            return self._at("/".join([*parts, *(module.split(".") if module else [])]))
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

    def imported(self, module: str, level: int, importer: str) -> Sequence[str]:
        """The one file that an import means."""
        found = self.find(module, level, importer, "")
        return [found] if found is not None else []

    def neighbour(self, name: str, path: str) -> str | None:
        """None: every name is bound or imported in its own file."""
        return None

    def neighbours(self, path: str) -> Sequence[str]:
        """None, as for `neighbour`."""
        return ()

    def parts(self, name: str, path: str) -> Sequence[str]:
        """None: a class stands in one file."""
        return ()


def _is_root(root: str) -> bool:
    return root.rpartition("/")[2] in ("src", "lib", "python", "app", "backend", "server")


def _shared(root: str, folder: str) -> int:
    if not root:
        return 0
    return len(root) if folder == root or folder.startswith(root + "/") else -1
