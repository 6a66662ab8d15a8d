"""Programs: scripts and jobs whose name says evaluation or ingestion, and whose code reaches what such work needs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from backstay.code.ingestion import says_ingestion, words_of
from backstay.code.ledger import Made
from backstay.code.naming import file_stem
from backstay.code.scopes import FunctionScope, ModuleScope, Scope
from backstay.model import Kind, RelationshipKind
from backstay.placement import placement_of

if TYPE_CHECKING:
    from backstay.code.observe import Observer

MAX_NEAR = 50  # functions of its own file that a program's name and work are looked for in
MAX_BESIDE = 1_000  # pieces of code in a program's folder that count as its own
# At the start or end of a name: what is in between is a subject, as in `self_evaluation_loop`.
_EVALUATION = re.compile(
    r"(?i)\A(?:run_)?(?:evals?|evaluat[a-z]*|benchmarks?)(?:\Z|_)|_(?:evals?|evaluat[a-z]*|benchmarks?)\Z"
)
# What every program of a language is called says nothing: its folder does.
_UNNAMED = frozenset(("program", "main", "index", "app", "__main__"))
_AI = frozenset((Kind.MODEL, Kind.AGENT, Kind.PROVIDER))


def programs(o: Observer, known: set[str]) -> Iterator[tuple[Scope, str, str, int]]:
    """Code that starts, the pipeline's name, task and line; files in `known` are told already."""
    used: dict[int, list[tuple[RelationshipKind, Made]]] = {}
    for use in o.ledger.uses:
        used.setdefault(id(use.scope), []).append((use.kind, use.target))
    told = set(known)
    beside: dict[str, list[Scope]] = {}
    for scope in o.graph.scopes:
        beside.setdefault(scope.path.rpartition("/")[0], []).append(scope)
    for module in o.modules:
        if module.facts.main and not module.facts.notebook and module.path not in told and _is_ours(o, module):
            for found in _program(o, module, beside, used):
                told.add(module.path)
                yield found
    for module in o.modules:
        if module.path not in told and not module.facts.notebook and placement_of(module.path) != "test":
            yield from _loader(o, module, used)


def _is_ours(o: Observer, module: ModuleScope) -> bool:
    """Whether a program may be a pipeline: no test, and no server."""
    served = (Kind.ENDPOINT, Kind.MCP_SERVER)
    return placement_of(module.path) != "test" and not any(
        made.kind in served for scope in o.graph.reached(module, 2) for made in o.bearers.get(id(scope), [])
    )


def _program(
    o: Observer,
    module: ModuleScope,
    beside: dict[str, list[Scope]],
    used: dict[int, list[tuple[RelationshipKind, Made]]],
) -> Iterator[tuple[Scope, str, str, int]]:
    folder, _, _ = module.path.rpartition("/")
    stem = file_stem(module.path)
    by_folder = stem.lower() in _UNNAMED
    stem = folder.rpartition("/")[2] if by_folder else stem
    reached = o.graph.reached(module)
    if by_folder:  # its other files hold the rest of it
        reached = [*reached, *beside.get(folder, [])[:MAX_BESIDE]]
    touched = {made.kind for scope in reached for _, made in used.get(id(scope), [])}
    inner = [one for one in o.graph.reached(module, 3) if isinstance(one, FunctionScope) and one.path == module.path]
    line = min((one.function.line for one in inner), default=1)
    main = next((one for one in inner if one.function.name in ("main", "Main")), None)
    line = main.function.line if main is not None else line
    if _EVALUATION.search(words_of(stem)):
        if touched & _AI or re.search(r"(?i)(?:\A|_)evals?(?:\Z|_)", words_of(stem)):
            yield module, stem, "evaluation", line
    elif says_ingestion(stem):
        if _fills(reached, used) or (by_folder and touched & _AI):
            yield module, stem, "ingestion", line
    elif _fills(reached, used):
        work = next((one for one in inner[:MAX_NEAR] if says_ingestion(one.function.name)), None)
        if work is not None:
            yield work, work.function.name, "ingestion", work.function.line


def _fills(reached: list[Scope], used: dict[int, list[tuple[RelationshipKind, Made]]]) -> bool:
    """Whether code deals with a store, or embeds."""
    return any(
        made.kind == Kind.VECTOR_STORE or (made.kind == Kind.MODEL and made.attributes.get("task") == "embedding")
        for scope in reached
        for _, made in used.get(id(scope), [])
    )


def _loader(
    o: Observer, module: ModuleScope, used: dict[int, list[tuple[RelationshipKind, Made]]]
) -> Iterator[tuple[Scope, str, str, int]]:
    """Functions that load things and embed them, into a store that no table knows: one, or the file for several."""
    found: dict[int, FunctionScope] = {}
    for scope in (one for one in module.children if isinstance(one, FunctionScope)):
        embeds = any(
            kind == RelationshipKind.CALLS and made.kind == Kind.MODEL and made.attributes.get("task") == "embedding"
            for kind, made in used.get(id(scope), [])
        )
        if embeds:
            near: list[Scope] = [scope, *(one for one in o.graph.callers(scope) if one.path == module.path)]
            for one in near:
                if isinstance(one, FunctionScope) and one.method_of is None and says_ingestion(one.function.name):
                    found[id(one)] = one
    if len(found) == 1:
        (one,) = found.values()
        yield one, one.function.name, "ingestion", one.function.line
    elif found:
        yield module, file_stem(module.path), "ingestion", min(one.function.line for one in found.values())
