"""Modules: which file a JavaScript import means: relative paths, path mappings, workspace packages, app roots."""

from collections.abc import Callable, Mapping, Sequence

from backstay.code.language import Heading
from backstay.code.languages.javascript.manifests import Manifests, relative

EXTENSIONS = (".ts", ".tsx", ".js", ".jsx", ".mjs", ".cjs", ".mts", ".cts", ".vue", ".svelte", ".d.ts")
# What an extension that is written may stand for: TypeScript is imported by the name of its output.
_OUTPUTS = {".js": (".ts", ".tsx", ".jsx"), ".jsx": (".tsx",), ".mjs": (".mts",), ".cjs": (".cts",)}
_BUILT = ("dist", "lib", "build", "out", "esm", "cjs", "es", "output")
MAX_REMEMBERED = 200_000


def modules(headings: Mapping[str, Heading], read: Callable[[str], bytes | None]) -> "JavaScriptModules":
    """The JavaScript and TypeScript modules of a source."""
    return JavaScriptModules(headings, read)


class JavaScriptModules:
    """Files by what imports call them."""

    def __init__(self, headings: Mapping[str, Heading], read: Callable[[str], bytes | None]) -> None:
        self._files = headings
        self._manifests = Manifests(headings, read)
        self._known: dict[tuple[str, str], str | None] = {}

    def find(self, module: str, level: int, importer: str, name: str) -> str | None:
        """The file of a module; a JavaScript name never is a file of its own."""
        key = (importer.rpartition("/")[0], module)
        if key not in self._known:
            if len(self._known) >= MAX_REMEMBERED:
                self._known.clear()
            self._known[key] = self._find(module, key[0])
        found = self._known[key]
        return found if found != importer else None

    def imported(self, module: str, level: int, importer: str) -> Sequence[str]:
        """The one file that an import means."""
        found = self.find(module, level, importer, "")
        return [found] if found is not None else []

    def published(self, module: str, importer: str) -> bool:
        """Whether an import names a package of this source by the name it is published under."""
        return (
            self._mapped(module, importer.rpartition("/")[0]) is None and _package(module) in self._manifests.workspace
        )

    def neighbour(self, name: str, path: str) -> str | None:
        """None: every name is bound or imported in its own file."""
        return None

    def neighbours(self, path: str) -> Sequence[str]:
        """None, as for `neighbour`."""
        return ()

    def parts(self, name: str, path: str) -> Sequence[str]:
        """None: a class stands in one file."""
        return ()

    def _find(self, module: str, folder: str) -> str | None:
        module = module.partition("?")[0]
        if not module or ":" in module:
            return None
        if module in (".", "..") or module.startswith(("./", "../")):
            return self._at(relative(folder, module))
        if module.startswith("#"):
            for root, package in self._manifests.packages_above(folder):
                for target in package.inner(module):
                    found = self._at(relative(root, target))
                    if found is not None:
                        return found
                break
        return self._mapped(module, folder) or self._of_workspace(module) or self._of_app(module, folder)

    def _at(self, stem: str | None) -> str | None:
        """The file of a path written with an extension, another's or none, or of a folder's index."""
        if stem is None:
            return None
        if stem in self._files:
            return stem
        base, dot, extension = stem.rpartition(".")
        for other in _OUTPUTS.get(dot + extension, ()):
            if base + other in self._files:
                return base + other
        for start in (stem, f"{stem}/index" if stem else "index"):
            for extension in EXTENSIONS:
                if start + extension in self._files:
                    return start + extension
        return None

    def _mapped(self, module: str, folder: str) -> str | None:
        """By `paths` and `baseUrl` of the nearest configuration of the compiler."""
        for mapping in self._manifests.mappings_above(folder):
            for target in mapping.targets(module):
                found = self._at(relative("", target))
                if found is not None:
                    return found
        return None

    def _of_workspace(self, module: str) -> str | None:
        """By the name of a package of this source."""
        name = _package(module)
        found = self._manifests.workspace.get(name)
        if found is None:
            return None
        root, package = found
        inside = module[len(name) + 1 :]
        for target in package.entries(inside):
            path = self._at(relative(root, target)) or self._source(root, target)
            if path is not None:
                return path
        for stem in (inside, f"src/{inside}") if inside else ("src/index", "index", "src", "lib/index", "src/main"):
            path = self._at(relative(root, stem))
            if path is not None:
                return path
        return None

    def _source(self, root: str, target: str) -> str | None:
        """The source of a file that is built: `dist/x.js` comes from `src/x.ts` or `x.ts`."""
        parts = target.removeprefix("./").split("/")
        while len(parts) > 1 and parts[0] in _BUILT:
            parts = parts[1:]
            inner = "/".join(parts)
            stem = inner.removesuffix(".d.ts") if inner.endswith(".d.ts") else inner
            for base in ("src", ""):
                found = self._at(relative(root, f"{base}/{stem}"))
                if found is not None:
                    return found
        return None

    def _of_app(self, module: str, folder: str) -> str | None:
        """`@/x`, `~/x`, `$lib/x` and `src/x`, as frameworks map them without saying so."""
        bases: tuple[str, ...] = ("src", "", "app")
        if module.startswith(("@/", "~/", "~~/", "@@/")):
            inside = module.partition("/")[2]
        elif module.startswith("$lib"):
            inside, bases = "lib" + module[4:], ("src",)
        elif module.startswith("src/"):
            inside, bases = module, ("",)
        else:
            return None
        roots = [root for root, _ in self._manifests.packages_above(folder)]
        for root in (*roots, ""):
            for base in bases:
                found = self._at(relative(root, f"{base}/{inside}"))
                if found is not None:
                    return found
        return None


def _package(module: str) -> str:
    """The package of a module: its first name, or scope and name."""
    return "/".join(module.split("/")[: 2 if module.startswith("@") else 1])
