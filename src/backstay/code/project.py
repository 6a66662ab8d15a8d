"""Project: the files of one language in a source, and the scopes of those that were understood."""

from collections.abc import Callable, Sequence

from backstay.code.facts import Module
from backstay.code.language import Modules
from backstay.code.scopes import ModuleScope


class Project:
    """Scopes by file, and which file a name means.

    `load` understands a further file when one is asked for, or gives None. `known` says of a module's name that
    it is a library's: such a name means a file here only if that file has the names that are imported.
    """

    def __init__(self, modules: Modules, load: Callable[[str], Module | None], known: Callable[[str], bool]) -> None:
        self.modules = modules
        self._load = load
        self._known = known
        # Tells, where a language can, that a name is that of a package which is published from this very source.
        self._published: Callable[[str, str], bool] = getattr(modules, "published", lambda module, importer: False)
        self._scopes: dict[str, ModuleScope | None] = {}

    def scope(self, path: str) -> ModuleScope | None:
        """A file's module scope; None when it could not be understood."""
        if path not in self._scopes:
            module = self._load(path)
            self._scopes[path] = ModuleScope(module) if module is not None else None
        return self._scopes[path]

    def find(self, module: str, level: int, importer: str, name: str = "") -> str | None:
        """The file that an import in `importer` means, or None when it is no file of the project."""
        found = self.modules.find(module, level, importer, name)
        if found is not None and not level and self._known(module):
            # What its tables say of a library says more than its code, when that is here as well.
            return None if self._published(module, importer) or not self._has(found, name) else found
        return found

    def beside(self, name: str, path: str) -> ModuleScope | None:
        """The file whose top-level `name` code in `path` sees without an import."""
        found = self.modules.neighbour(name, path)
        return self.scope(found) if found is not None and found != path else None

    def implied(self, path: str) -> Sequence[str]:
        """The namespaces that a file sees whole without an import of its own; few languages have any."""
        implied = getattr(self.modules, "implied", None)
        return implied(path) if implied is not None else ()

    def related(self, imports: Sequence[tuple[str, int]], path: str) -> list[str]:
        """The files that a file's imports may mean."""
        return [
            found
            for name, level in imports
            if level or not (self._known(name) and self._published(name, path))
            for found in self.modules.imported(name, level, path)
        ]

    def _has(self, path: str, name: str) -> bool:
        scope = self.scope(path)
        return bool(name) and scope is not None and (name in scope.names or "*" in scope.names)
