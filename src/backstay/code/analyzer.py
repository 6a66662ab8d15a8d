"""The analyzer: remembers what a Python file or notebook says, and joins all files of a source."""

import gc
import re
from collections.abc import Iterator
from contextlib import contextmanager

from backstay.catalog.tables import catalog
from backstay.code import facts, notebook, python
from backstay.code.callgraph import CallGraph
from backstay.code.declared import declared
from backstay.code.facts import Module, Outline
from backstay.code.flow import flows
from backstay.code.observe import Observer
from backstay.code.project import Project
from backstay.code.resolve import MAX_STEPS, Resolver
from backstay.code.scopes import ModuleScope
from backstay.code.settle import settle
from backstay.documents import DocumentError
from backstay.plugin import Fact, File, Places, UnreadableError, decoded

MAX_RELATED = 3_000  # files understood only because relevant ones import them, or import relevant ones
MAX_DECLARING = 1_000  # further files read only for the models and prompts that they may name
STEPS, STEPS_A_FILE = 400_000, 6_000  # of resolution; real code takes about 2,000 a file
MAX_UP = 3  # how many imports away from a relevant file its users are still understood
_HINTS = (
    b"api.openai.com",
    b"api.anthropic.com",
    b"/chat/completions",
    b"/v1/messages",
    b"/v1/embeddings",
    b"/v1/completions",
    b"generativelanguage.googleapis",
    b"api-inference.huggingface.co",
    b"/api/generate",
    b"/api/embed",
    b":11434",
)
# A name that holds a prompt, or the beginning of a model's id: worth a look for what is declared in a file.
_DECLARES = re.compile(
    rb"""(?:prompt|instructions|system_message|system_template)s?['"]?(?:: ?[\w.\[\]| ]{1,40})? {0,4}[=:(]|"""
    rb"""["'](?:[a-z_-]{2,20}[/:])?(?:gpt-|claude-|gemini-|o[134]-|text-embedding-|llama-?[0-9]|mi[sx]tral-|deepseek-|qwen)""",
    re.IGNORECASE,
)


class PythonAnalyzer:
    """Two phases: `digest` in a worker, one file at a time; `join` once, over all files."""

    id = "code"
    suffixes = (".py", ".pyi", ".ipynb")

    def prepare(self) -> None:
        """Load the catalog, so that workers made after this share it."""
        catalog()

    def digest(self, file: File) -> bytes | None:
        """A file's imports, and its facts if it imports something the catalog knows."""
        if file.name.lower().endswith(".ipynb"):
            try:
                module = notebook.parse(file.path, file.text)
            except DocumentError as error:
                raise UnreadableError("invalid notebook", str(error)) from None
            return facts.encode(Outline([], module))
        if file.data.startswith(b"#!") and b"python" not in file.data[:80] and not file.name.lower().endswith(".py"):
            return None
        source = _utf8(file.data)
        found = python.imports(source)
        tables = catalog()
        relevant = any(not level and tables.relevant(name) for name, level in found)
        relevant = relevant or any(hint in source for hint in _HINTS)
        declares = _DECLARES.search(source) is not None
        return facts.encode(Outline(found, python.parse(file.path, source) if relevant else None, declares))

    def join(self, digests: dict[str, bytes], places: Places) -> Iterator[Fact]:
        """All assets and edges that the code of a source shows."""
        with _uncollected():
            found = list(self._join(digests, places))
        yield from found

    def _join(self, digests: dict[str, bytes], places: Places) -> Iterator[Fact]:
        outlines = {path: facts.decode(data) for path, data in sorted(digests.items())}
        if not any(outline.module for outline in outlines.values()):
            return
        tables = catalog()
        modules = {path: outline.module for path, outline in outlines.items() if outline.module is not None}

        def load(path: str) -> Module | None:
            if path in modules or path not in outlines:
                return modules.get(path)
            data = places.read(path)
            if data is None:
                places.unread(path, "changed or unreadable", "needed to understand files that import it")
                return None
            modules[path] = python.parse(path, _utf8(data))
            return modules[path]

        project = Project(outlines, load, tables.relevant)
        wanted = _related(outlines, project, [path for path, outline in outlines.items() if outline.module])
        scopes = [scope for path in wanted if (scope := project.scope(path)) is not None]
        for scope in scopes:
            if scope.facts.broken and not scope.facts.notebook:
                places.unread(scope.path, "syntax errors", f"{scope.facts.broken} places did not parse")
        declaring = [path for path, outline in outlines.items() if outline.declares and path not in wanted]
        others = [scope for path in declaring[:MAX_DECLARING] if (scope := project.scope(path)) is not None]
        yield from _observe(
            scopes, others, Resolver(project, tables, min(MAX_STEPS, STEPS + STEPS_A_FILE * len(scopes))), places
        )


@contextmanager
def _uncollected() -> Iterator[None]:
    """Without the cyclic garbage collector: millions of small objects are made here, and none is garbage yet."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _observe(
    scopes: list[ModuleScope], others: list[ModuleScope], resolver: Resolver, places: Places
) -> Iterator[Fact]:
    resolver.files.fill([scope for module in scopes for scope in module.walk()], places.read)
    graph = CallGraph(resolver, scopes)
    observer = Observer(resolver, resolver.catalog, graph, scopes, places.source.id)
    observer.run()
    declared(observer, [*scopes, *others])
    settle(observer, places.owner_of)
    flows(observer, places.owner_of)
    if resolver.exhausted:
        places.unread(".", "too complex", "resolution stopped at its step limit; some values stay unknown")
    yield from observer.ledger.facts()


def _related(outlines: dict[str, Outline], project: Project, relevant: list[str]) -> list[str]:
    """The relevant files, those that may use them, and those they hand things to, found by imports."""
    users: dict[str, list[str]] = {}
    used: dict[str, list[str]] = {}
    for path, outline in outlines.items():
        for name, level in outline.imports:
            target = project.locate(name, level, path)
            if target is not None:
                users.setdefault(target, []).append(path)
                used.setdefault(path, []).append(target)
    wanted = dict.fromkeys(relevant)
    level_paths, limit = relevant, len(relevant) + MAX_RELATED
    for _ in range(MAX_UP):
        following = [user for path in level_paths for user in users.get(path, []) if user not in wanted]
        for user in following:
            if len(wanted) < limit:
                wanted[user] = None
        level_paths = following
    # A class may be given its client: what the relevant files and their users import may call it.
    for path in list(wanted):
        for target in used.get(path, ()):
            if len(wanted) < limit and target in outlines:
                wanted[target] = None
    return sorted(wanted)


def _utf8(data: bytes) -> bytes:
    """The source in UTF-8, which the grammar reads; most files are that already."""
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return decoded(data).encode("utf-8", "replace")
    return data.removeprefix(b"\xef\xbb\xbf")


analyzer = PythonAnalyzer()
