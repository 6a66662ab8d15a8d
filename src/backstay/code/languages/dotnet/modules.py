"""Modules: which file of a C# source a type's name means, by namespaces, projects and global usings."""

from collections.abc import Callable, Mapping, Sequence

from backstay.code.language import Heading
from backstay.code.languages.dotnet.headings import GLOBAL
from backstay.code.languages.dotnet.projects import usings

MAX_FILES = 200  # of one namespace or project that count as seen by a file
MAX_UP = 12  # folders above a project that are asked for a Directory.Build.props


def modules(headings: Mapping[str, Heading], read: Callable[[str], bytes | None]) -> "DotnetModules":
    """The C# namespaces of a source."""
    return DotnetModules(headings, read)


class DotnetModules:
    """Types by their full name; files by project and namespace."""

    def __init__(self, headings: Mapping[str, Heading], read: Callable[[str], bytes | None]) -> None:
        self._headings = headings
        self._types: dict[str, list[str]] = {}  # full name -> files
        self._files: dict[str, list[str]] = {}  # namespace -> files
        self._projects = {_folder(path) for path in headings if path.endswith(".csproj")}
        self._near: dict[str, str] = {}  # folder -> its project's folder
        self._members: dict[str, list[str]] = {}  # project folder -> files
        self._global: dict[str, dict[str, None]] = {}  # project folder -> namespaces of its global usings
        self._inherited: dict[str, list[str]] = {}  # folder -> usings of the Directory.Build.props above it
        self._imports: dict[str, dict[str, None]] = {}  # folder -> usings of its _Imports.razor
        self._read = read
        for path, heading in headings.items():
            project = self.project(path)
            self._members.setdefault(project, []).append(path)
            for name in heading.names:
                full = name if "." in name else f"{heading.package}.{name}" if heading.package else name
                self._types.setdefault(full, []).append(path)
            self._files.setdefault(heading.package, []).append(path)
            for module, level in heading.imports:
                if level == GLOBAL:
                    self._global.setdefault(project, {})[module] = None
                elif path.endswith("_Imports.razor"):
                    self._imports.setdefault(_folder(path), {})[module] = None
        for project in self._projects:
            for module in self._above(project):
                self._global.setdefault(project, {})[module] = None

    def project(self, path: str) -> str:
        """The folder of the project that a file belongs to: the nearest above it that holds a .csproj."""
        folder = _folder(path)
        visited: list[str] = []
        found = ""
        while True:
            if folder in self._near:
                found = self._near[folder]
                break
            visited.append(folder)
            if folder in self._projects or not folder:
                found = folder
                break
            folder = _folder(folder)
        for one in visited:
            self._near[one] = found
        return found

    def _above(self, folder: str) -> list[str]:
        """The usings that Directory.Build.props files above a folder declare."""
        if folder in self._inherited:
            return self._inherited[folder]
        at, found = folder, list[str]()
        for _ in range(MAX_UP):
            data = self._read(f"{at}/Directory.Build.props" if at else "Directory.Build.props")
            if data is not None:
                found = usings(data)
                break
            if not at:
                break
            at = _folder(at)
        self._inherited[folder] = found
        return found

    def implied(self, path: str) -> Sequence[str]:
        """The namespaces that a file sees without a using of its own: its project's and its folder's."""
        found = dict(self._global.get(self.project(path), {}))
        if path.endswith(".razor"):
            folder = _folder(path)
            while True:
                found |= self._imports.get(folder, {})
                if not folder:
                    break
                folder = _folder(folder)
        return list(found)

    def find(self, module: str, level: int, importer: str, name: str) -> str | None:
        """The file that declares the type `name` of a namespace; a using may leave out what encloses its file."""
        if not name or name == "*":
            return None
        for prefix in ("", *_enclosing(self._package(importer))):
            full = f"{prefix}.{module}" if prefix else module
            found = self._nearest(f"{full}.{name}" if full else name, importer)
            if found is not None:
                return found
        return None

    def imported(self, module: str, level: int, importer: str) -> Sequence[str]:
        """The files of a namespace."""
        return self._files.get(module, ())[:MAX_FILES] if module else ()

    def neighbour(self, name: str, path: str) -> str | None:
        """The file that declares a type of the same namespace, of one around it, or of a global using."""
        for namespace in (*_enclosing(self._package(path)), ""):
            found = self._nearest(f"{namespace}.{name}" if namespace else name, path)
            if found is not None:
                return found
        for namespace in self.implied(path):
            found = self._nearest(f"{namespace}.{name}", path)
            if found is not None:
                return found
        return None

    def neighbours(self, path: str) -> Sequence[str]:
        """The files of the same namespace; for one with global usings, all files of the project."""
        heading = self._headings.get(path)
        if heading is None:
            return ()
        project = self.project(path)
        if any(level == GLOBAL for _, level in heading.imports) or path.endswith("_Imports.razor"):
            return self._members.get(project, ())[:MAX_FILES]
        beside = self._files.get(heading.package, ())[: MAX_FILES * 4]
        if not heading.package:  # the namespace without a name is every project's own
            beside = [one for one in beside if self.project(one) == project]
        return beside[:MAX_FILES]

    def parts(self, name: str, path: str) -> Sequence[str]:
        """The other files of the project that declare a type of the same full name."""
        package = self._package(path)
        project = self.project(path)
        found = self._types.get(f"{package}.{name}" if package else name, ())
        return [one for one in found[:MAX_FILES] if one != path and self.project(one) == project]

    def _package(self, path: str) -> str:
        heading = self._headings.get(path)
        return heading.package if heading is not None else ""

    def _nearest(self, full: str, path: str) -> str | None:
        """The file of a type: of the same project first, else the one nearest by its folder."""
        found = self._types.get(full)
        if not found:
            return None
        project = self.project(path)
        if "." not in full:
            found = [one for one in found[: MAX_FILES * 20] if self.project(one) == project]
        if len(found) < 2:
            return found[0] if found else None
        return max(found[:MAX_FILES], key=lambda one: (self.project(one) == project, _shared(one, path)))


def _folder(path: str) -> str:
    return path.rpartition("/")[0]


def _enclosing(namespace: str) -> list[str]:
    """A namespace and those around it, innermost first."""
    found: list[str] = []
    while namespace:
        found.append(namespace)
        namespace = namespace.rpartition(".")[0]
    return found


def _shared(one: str, other: str) -> int:
    """How many folders two paths share from the root."""
    count = 0
    for left, right in zip(one.split("/")[:-1], other.split("/")[:-1], strict=False):
        if left != right:
            break
        count += 1
    return count
