"""Ingestion: which code that fills a store is a pipeline somebody starts, and which is a store's own `add`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from backstay.code.facts import Attr, Call, Name
from backstay.code.naming import file_stem
from backstay.code.scopes import ClassScope, FunctionScope, ModuleScope, Scope
from backstay.placement import placement_of

if TYPE_CHECKING:
    from backstay.code.observe import Observer

MAX_CALLERS = 200
_SCRIPTS = frozenset(("main", "run", "cli", "_main", "start"))
# Names of the work as a whole: of a function, its class, or the script that starts it.
_WORK = re.compile(
    r"(?i)ingest|etl\b|crawl|scrape|seed|populat|pipeline|indexer|indexing|reindex|backfill|migrat|"
    r"(?:build|create|make|update|rebuild|generate|refresh|init)_?(?:the_)?(?:\w{0,20}_)?(?:index|db|database|vector|embedding|store|kb|knowledge|data_?source)|"
    r"index_?(?:all|doc|file|dir|folder|repo|page|site|corpus|data|content|pdf)|"
    r"(?:embed|process|load|import|upload|sync|chunk|prepare|prep|parse|add|store|save|vectorize|setup)_?(?:\w{0,20}_)?"
    r"(?:all|docs?\b|documents|files|dir|folder|pdfs|corpus|data|dataset|repo|knowledge|pages|chunks|csv|urls|articles)"
)
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
# What a framework runs when the application starts, without anybody who calls it.
_LISTENERS = frozenset(("EventListener", "PostConstruct", "Startup"))
_STARTED = frozenset(
    ("CommandLineRunner", "ApplicationRunner", "ApplicationListener", "IHostedService", "BackgroundService")
)
_RUNS = frozenset(("run", "onApplicationEvent", "StartAsync", "ExecuteAsync"))
# What a class offers for one thing at a time, or does on the way to something else.
_ONE = re.compile(
    r"(?:_*a?)(?:add|store|save|insert|upsert|put|write|remember|memori[sz]e|set|append|push|log|record|init|initiali[sz]e|"
    r"get|search|query|retrieve|chat|answer|ask|respond|reply|handle|on|from|as|ensure|connect|load|invoke|call|predict|"
    r"generate|forward|run|execute|process)(?:_|\Z)"
)


def started_by(o: Observer, root: Scope) -> Scope | None:
    """The work that fills a store: the code itself, or the script or command that runs it; None where there is none."""
    if not isinstance(root, FunctionScope):
        return root
    name, owner = root.function.name, root.method_of
    if says_ingestion(name) or (owner is not None and says_ingestion(owner.cls.name)) or _is_listener(root, owner):
        return root
    if owner is None and (name in _SCRIPTS or not _ONE.match(name) or name.endswith("s")):
        return root  # many things at once: `insert_chunks`
    return _starter(o, root)


def words_of(name: str) -> str:
    """A name with its words apart: `loadVetData` as `load_Vet_Data`."""
    return _HUMP.sub("_", name).replace("-", "_")


def says_ingestion(name: str) -> bool:
    """Whether a name says the work as a whole."""
    return bool(_WORK.search(words_of(name)))


def _is_listener(root: FunctionScope, owner: ClassScope | None) -> bool:
    """Whether a framework starts a method: by what stands on it, or by the class whose method it fills in."""
    marks = [one.func if isinstance(one, Call) else one for one in root.function.decorators]
    if any(_last(one) in _LISTENERS for one in marks):
        return True
    if owner is None or root.function.name not in _RUNS:
        return False
    return any(_last(base) in _STARTED for base in owner.cls.bases)


def _last(expr: object) -> str:
    return expr.name if isinstance(expr, Attr) else expr.id if isinstance(expr, Name) else ""


def _starter(o: Observer, root: Scope) -> Scope | None:
    """A script or command whose name says ingestion and that runs the code, through whatever stands between."""
    seen, level = {id(root)}, [root]
    while level and len(seen) < MAX_CALLERS:
        above = [up for scope in level for up in o.graph.callers(scope) if id(up) not in seen]
        for scope in above:
            seen.add(id(scope))
            if placement_of(scope.path) != "test" and _begins(o, scope):
                return scope
        level = above
    return None


def _begins(o: Observer, scope: Scope) -> bool:
    if isinstance(scope, ModuleScope):
        return scope.facts.notebook or (scope.facts.main and says_ingestion(file_stem(scope.path)))
    if not isinstance(scope, FunctionScope) or scope.method_of is not None or o.bearers.get(id(scope)):
        return False
    if scope.function.name in _SCRIPTS:
        return says_ingestion(file_stem(scope.path))
    return says_ingestion(scope.function.name)
