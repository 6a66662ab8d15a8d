"""Leave out: which files a scan skips by default or by the user's wish: ignored, excluded, vendored, generated."""

from collections.abc import Callable, Iterable, Sequence

from backstay.globs import GitPattern, git_path, git_pattern, git_patterns

MAX_BYTES = 256 * 1024  # of one ignore file
MAX_PATTERNS = 20_000  # of all ignore files of a scan

# Folders of other people's code, by name.
VENDORED = frozenset(
    (
        "node_modules",
        "bower_components",
        "jspm_packages",
        "site-packages",
        "dist-packages",
        ".venv",
        "virtualenv",
        "vendor",
        "third_party",
        "third-party",
        "thirdparty",
        ".yarn",
        ".pnpm-store",
        "Pods",
        "Carthage",
        ".bundle",
        ".cargo",
        ".eggs",
    )
)
# Folders that a tool writes and can write again.
GENERATED = frozenset(
    (
        "__pycache__",
        "dist",
        "build",
        ".tox",
        ".nox",
        ".mypy_cache",
        ".pytest_cache",
        ".ruff_cache",
        ".hypothesis",
        ".ipynb_checkpoints",
        ".gradle",
        ".next",
        ".nuxt",
        ".svelte-kit",
        ".parcel-cache",
        ".turbo",
        ".terraform",
        ".serverless",
        ".aws-sam",
        ".cache",
        "htmlcov",
        "coverage",
        ".nyc_output",
    )
)
VERSION_CONTROL = frozenset((".git", ".hg", ".svn", ".bzr", "CVS"))
# A file marked "@generated" is read like any other: the mark is a claim, and lock files carry it too.
_GENERATED_FILES = (".min.js", ".min.css", ".min.mjs", ".js.map", ".css.map", ".mjs.map", ".pyc", ".pyo")
# A `target` folder is a build folder only beside the manifest of a tool that makes one.
_TARGET_MANIFESTS = frozenset(("Cargo.toml", "pom.xml", "build.sbt", "project.clj"))


def folder_reason(name: str, siblings: frozenset[str]) -> str:
    """Why a folder is left out by its name: vendored, generated or version control; else empty."""
    if name in VERSION_CONTROL:
        return "version control"
    if name in VENDORED:
        return "vendored"
    if name in GENERATED or name.endswith((".egg-info", ".dist-info")):
        return "generated"
    if name == "target" and siblings & _TARGET_MANIFESTS:
        return "generated"
    return ""


def listing_reason(names: frozenset[str]) -> str:
    """Why a folder is left out by what it holds: a virtual environment or a cache, whatever it is called."""
    if "pyvenv.cfg" in names or "conda-meta" in names:
        return "vendored"
    return "generated" if "CACHEDIR.TAG" in names else ""


def file_reason(name: str) -> str:
    return "generated" if name.endswith(_GENERATED_FILES) else ""


class PatternList:
    """The patterns of one ignore file; the last one that matches decides.

    `base` is the folder it applies to, as a prefix ending in `/`, empty for the root; `above` is the root's path from
    the file's folder, for a file that stands above the root. Most names match no pattern
    at all: one look-up each for plain names, endings and the joined rest says so.
    """

    def __init__(self, patterns: Sequence[GitPattern], base: str, origin: str, above: str = "") -> None:
        self.base, self.origin, self.above = base, origin, above
        self._patterns = tuple(reversed(patterns))
        self._negations = any(pattern.negated for pattern in patterns)
        self._any_file = _Any(pattern for pattern in patterns if not pattern.folders_only)
        self._any_folder = _Any(patterns)

    def decide(self, path: str, name: str, folder: bool) -> bool | None:
        """Whether an entry is ignored; None when no pattern speaks of it. Path and name as `git_path` makes them."""
        below = self.above + path[len(self.base) :]
        if not (self._any_folder if folder else self._any_file).match(below, name):
            return None
        if not self._negations:
            return True
        for pattern in self._patterns:
            if (folder or not pattern.folders_only) and pattern.regex.match(below):
                return not pattern.negated
        return None


class _Any:
    """Whether any of many patterns matches."""

    def __init__(self, patterns: Iterable[GitPattern]) -> None:
        chosen = list(patterns)
        self._names = frozenset(pattern.literal for pattern in chosen if pattern.literal)
        self._endings = tuple({pattern.ending for pattern in chosen if pattern.ending})
        # One by one, not joined by `|`: a joined expression of thousands compiles no faster and matches no faster.
        self._rest = [p.regex.match for p in chosen if not p.literal and not p.ending]

    def match(self, path: str, name: str) -> bool:
        return name in self._names or name.endswith(self._endings) or any(rest(path) for rest in self._rest)


def read_patterns(
    data: bytes, folder: str, origin: str, budget: int = MAX_PATTERNS, above: str = ""
) -> tuple[PatternList, int] | None:
    """The patterns of an ignore file's content and their number; None when it has none."""
    patterns = git_patterns(data[:MAX_BYTES], budget)
    if not patterns:
        return None
    base, above = git_path(folder), git_path(above)
    return PatternList(patterns, base and base + "/", origin, above and above + "/"), len(patterns)


def exclusions(globs: Iterable[str]) -> PatternList | None:
    """The user's exclusions, in the syntax of .gitignore, from the root."""
    lines = (git_pattern(git_path(glob)) for glob in globs)
    patterns = [pattern for pattern in lines if pattern is not None]
    return PatternList(patterns, "", "policy") if patterns else None


def ignored(
    levels: Sequence[PatternList],
    path: str,
    name: str,
    folder: bool,
    tracked: Callable[[str], bool],
) -> tuple[str, bool]:
    """The ignore file by whose word an entry is left out, empty when it is not; and whether only git's index kept it.

    The deepest file decides, and a .backstayignore before any .gitignore. What git tracks is part of the repository
    whatever .gitignore says, so only .backstayignore can leave it out.
    """
    for level in reversed(levels):
        if level.origin == ".backstayignore":
            verdict = level.decide(path, name, folder)
            if verdict is not None:
                return (level.origin if verdict else ""), False
    for level in reversed(levels):
        if level.origin != ".backstayignore":
            verdict = level.decide(path, name, folder)
            if verdict is not None:
                kept = verdict and tracked(path)
                return (level.origin if verdict and not kept else ""), kept
    return "", False
