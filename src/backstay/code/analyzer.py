"""The analyzer: remembers what each file of code says, and joins all files of a source."""

import gc
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from backstay.catalog.tables import catalog, is_relevant
from backstay.code.agentloops import agent_loops
from backstay.code.autoconfigured import Autoconfigured
from backstay.code.callgraph import CallGraph
from backstay.code.declared import declared
from backstay.code.facts import Module
from backstay.code.flow import flows
from backstay.code.language import Language
from backstay.code.languages import OTHERS, SUFFIXES, front_end, language_of
from backstay.code.observe import Observer
from backstay.code.outline import Outline, decode, encode
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


# Whatever that pattern finds holds one of these, in lower case; most files hold none, which is told ten times faster.
_MAY_DECLARE = (
    *(b"prompt", b"instruction", b"system_", b"gpt-", b"claude-", b"gemini-", b"o1-", b"o3-", b"o4-"),
    *(b"text-embedding-", b"llama", b"mistral-", b"mixtral-", b"deepseek-", b"qwen"),
)


class CodeAnalyzer:
    """Two phases: `digest` in a worker, one file at a time; `join` once, over all files of each language."""

    id = "code"

    @property
    def suffixes(self) -> tuple[str, ...]:
        """The ends of the names of all files that a front-end reads."""
        return tuple(suffix for suffixes in SUFFIXES.values() for suffix in suffixes)

    def prepare(self, paths: Iterable[str]) -> None:
        """Load the front-ends and modules of the languages that occur, so that workers made after this share them."""
        for id in {found.id for path in paths if (found := language_of(path)) is not None}:
            is_relevant(id, "")

    def beyond(self, paths: Iterable[str]) -> str:
        """How many files of which languages nobody here understands; empty when there are none."""
        found = Counter(OTHERS[end] for path in paths if (end := path[path.rfind(".") :].lower()) in OTHERS)
        listed = ", ".join(f"{count} {name}" for name, count in found.most_common())
        return f"code not understood, and searched for keys and settings only: {listed} files" if listed else ""

    def digest(self, file: File) -> bytes | None:
        """What a file says of itself, and its facts if it imports something the catalog knows."""
        language = language_of(file.path, file.data)
        if language is None:
            return None
        source = _utf8(file.data)
        heading = language.heading(file.path, source)
        relevant = heading.whole or any(not level and is_relevant(language.id, name) for name, level in heading.imports)
        relevant = relevant or any(hint in source for hint in _HINTS)
        lower = source.lower()
        declares = any(mark in lower for mark in _MAY_DECLARE) and _DECLARES.search(source) is not None
        try:
            module = language.parse(file.path, source) if relevant else None
        except DocumentError as error:
            raise UnreadableError("invalid notebook", str(error)) from None
        return encode(Outline(language.id, heading, module, declares))

    def join(self, digests: dict[str, bytes], places: Places) -> Iterator[Fact]:
        """All assets and edges that the code of a source shows."""
        with _uncollected():
            found = list(self._join(digests, places))
        yield from found

    def _join(self, digests: dict[str, bytes], places: Places) -> Iterator[Fact]:
        by_language: dict[str, dict[str, Outline]] = {}
        for path, data in sorted(digests.items()):
            outline = decode(data)
            by_language.setdefault(outline.language, {})[path] = outline
        for id, outlines in sorted(by_language.items()):
            if any(outline.module for outline in outlines.values()):
                yield from _understood(front_end(id), outlines, places)


def _understood(language: Language, outlines: dict[str, Outline], places: Places) -> Iterator[Fact]:
    """All assets and edges that the files of one language show."""
    tables = catalog(language.id)
    modules = {path: outline.module for path, outline in outlines.items() if outline.module is not None}

    def load(path: str) -> Module | None:
        if path in modules or path not in outlines:
            return modules.get(path)
        data = places.read(path)
        if data is None:
            places.unread(path, "changed or unreadable", "needed to understand files that import it")
            return None
        modules[path] = language.parse(path, _utf8(data))
        return modules[path]

    headings = {path: outline.heading for path, outline in outlines.items()}
    project = Project(language.modules(headings, places.read), load, tables.relevant)
    wanted = _related(outlines, project, [path for path, outline in outlines.items() if outline.module])
    scopes = [scope for path in wanted if (scope := project.scope(path)) is not None]
    for scope in scopes:
        if scope.facts.broken and not scope.facts.notebook:
            places.unread(scope.path, "syntax errors", f"{scope.facts.broken} places did not parse")
    declaring = [path for path, outline in outlines.items() if outline.declares and path not in wanted]
    others = [scope for path in declaring[:MAX_DECLARING] if (scope := project.scope(path)) is not None]
    steps = min(MAX_STEPS, STEPS + STEPS_A_FILE * len(scopes))
    yield from _observe(scopes, others, Resolver(project, tables, steps), places)


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
    every = [scope for module in scopes for scope in module.walk()]
    resolver.objects.fill(every)
    resolver.files.fill(every, places.read)
    resolver.injection.fill(scope for module in scopes for scope in module.walk())
    resolver.registrations.fill(scope for module in scopes for scope in module.walk())
    graph = CallGraph(resolver, scopes)
    observer = Observer(resolver, resolver.catalog, graph, scopes, places.source.id)
    observer.autoconfigured = Autoconfigured(observer, places)
    observer.run()
    agent_loops(observer)
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
        for target in project.related(outline.heading.imports, path):
            users.setdefault(target, []).append(path)
            used.setdefault(path, []).append(target)
        for target in project.modules.neighbours(path):
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


analyzer = CodeAnalyzer()
