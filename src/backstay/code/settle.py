"""Settle: once all code is known, who uses what, which functions are pipelines, and what tools and endpoints can do."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

import msgspec

from backstay.code.confidence import through
from backstay.code.evaluation import evaluation_data
from backstay.code.guards import guard
from backstay.code.ingestion import started_by
from backstay.code.ledger import Made, R, sighting
from backstay.code.models import is_path, provider_of_model
from backstay.code.naming import file_stem, is_named
from backstay.code.programs import programs
from backstay.code.scopes import ClassScope, FunctionScope, ModuleScope, Scope
from backstay.code.values import Place, Site
from backstay.code.walk import calls
from backstay.keys import provider_key
from backstay.model import Evidence, Kind, Relationship, urn
from backstay.placement import placement_of

if TYPE_CHECKING:
    from backstay.code.observe import Observer

_TASK_ORDER = ("training", "evaluation", "ingestion", "inference")
MANY_SELLERS = 4  # providers of one model, beyond which none of them is believed
_GUESSED_SELLER = 0.85  # confidence in who serves a model that code only names
_SCRIPT_NAMES = frozenset(("main", "run", "cli", "_main", "train_main"))
_TRAINERS = ("lightning.", "pytorch_lightning.", "torch.nn.", "transformers.", "trl.", "keras.", "tensorflow.keras.")
_HOOK = re.compile(
    r"__init__|forward|call|compute_\w+|configure_\w+|on_\w+|\w+_dataloader|log|setup|prepare_data|\w+_(?:step|start|end)"
)
_MAKERS = (Kind.PIPELINE, Kind.NOTEBOOK)
_RUN = (Kind.PIPELINE, Kind.TOOL, Kind.AGENT)
_CALLED = frozenset((Kind.AGENT, Kind.MODEL, Kind.PIPELINE, Kind.TOOL, Kind.PROVIDER))
# What makes an endpoint one that reaches AI; a package it imports or a credential does not.
_AI = frozenset(
    (
        Kind.AGENT,
        Kind.MODEL,
        Kind.MODEL_FILE,
        Kind.PIPELINE,
        Kind.TOOL,
        Kind.PROVIDER,
        Kind.VECTOR_STORE,
        Kind.MCP_SERVER,
        Kind.PROMPT,
    )
)


def settle(observer: Observer, owner_of: Callable[[str], str]) -> None:
    """Turn uses into edges from the assets whose code they stand in, and finish what needs the whole picture."""
    _endpoints(observer)
    _pipelines(observer)
    _capabilities(observer)
    _uses(observer, owner_of)
    _embedded(observer)
    _prompted(observer)
    _lineage(observer)
    _sellers(observer)
    _declared_sellers(observer)
    _by_models(observer)
    guard(observer)
    _drop_weak(observer)
    _drop_saved(observer)
    _drop_plain_endpoints(observer)


def _endpoints(o: Observer) -> None:
    """Settings of an app go to its endpoints; a script's endpoint without handler runs the whole module."""
    for mark, wanted, row, site in o.pending_endpoints:
        for made in o.endpoints_of.get(mark, []):
            made.attributes.update({k: v for k, v in wanted.items() if v is not None})
            for spec, role in row.arguments.items():
                value = o.given.value(site, spec, row) if role in ("authentication", "guards") else None
                if value is not None and role == "authentication":
                    o.roles.authentication(value, made)
                elif value is not None:
                    o.roles.guards(value, made)
    carried = {id(made) for held in o.bearers.values() for made in held}
    for made in o.ledger.assets.values():
        if made.kind == Kind.ENDPOINT and id(made) not in carried:
            place = next(iter(made.evidence))
            for module in o.modules:
                if module.path == place.path:
                    o.bearers.setdefault(id(module), []).append(made)


def _pipelines(o: Observer) -> None:
    by_root: dict[int, tuple[Scope, dict[str, Place]]] = {}
    for task, scope, _path, place in o.tasks:
        if any(m.kind in (Kind.ENDPOINT, Kind.TOOL) for m in o.bearers.get(id(scope), [])):
            continue
        for root in o.graph.roots(scope)[:8]:
            if any(m.kind in (Kind.ENDPOINT, Kind.TOOL) for m in o.bearers.get(id(root), [])) or _is_hook(o, root):
                continue
            by_root.setdefault(id(root), (root, {}))[1].setdefault(task, place)
    for begun, tasks in by_root.values():
        started = started_by(o, begun) if set(tasks) == {"ingestion"} else begun
        if started is None:
            continue
        root = started
        # A script whose training loop stands in another file trains as well.
        for one in o.graph.reached(root):
            if one is not root and one.path != root.path and id(one) in by_root:
                for inner, place in by_root[id(one)][1].items():
                    tasks.setdefault(inner, place)
        task = next(one for one in (*_TASK_ORDER, *tasks) if one in tasks)
        name = _pipeline_name(root)
        line = root.function.line if isinstance(root, FunctionScope) else tasks[task].line
        # A notebook as a whole is no pipeline that anything starts; what it trains and reads is told all the same.
        kind = Kind.NOTEBOOK if isinstance(root, ModuleScope) and root.facts.notebook else Kind.PIPELINE
        made = o.ledger.asset(
            urn(kind, o.source, root.path, name),
            kind,
            name,
            sighting("pipeline", Place(root.path, line, line), 0.85),
            {"task": task, "path": root.path},
        )
        o.bear(root, made)
    known = {root.path for root, _ in by_root.values()}
    for root, name, task, line in list(programs(o, known)):
        key = urn(Kind.PIPELINE, o.source, root.path, name)
        seen = sighting("pipeline", Place(root.path, line, line), 0.8)
        made = o.ledger.asset(key, Kind.PIPELINE, name, seen, {"task": task, "path": root.path})
        o.bear(root, made)
        for path, at in list(evaluation_data(o, root)) if task == "evaluation" else []:
            data = o.roles.data.dataset(path, at, "pipeline", hub=False)
            if data is not None:
                read = sighting("pipeline", at, 0.8)
                o.ledger.edge(made.key, R.CONSUMES, data.key, read, {"role": "evaluation_dataset"})


def _is_hook(o: Observer, root: Scope) -> bool:
    """Whether a library calls a method while it trains: the pipeline is what starts the library."""
    owner = root.method_of if isinstance(root, FunctionScope) else None
    if owner is None or not isinstance(root, FunctionScope) or not _HOOK.fullmatch(root.function.name):
        return False
    return any(base.path.startswith(_TRAINERS) for base in o.resolver.members.library_bases(owner))


def _pipeline_name(root: Scope) -> str:
    stem = file_stem(root.path)
    if isinstance(root, FunctionScope) and is_named(root):
        owner = root.method_of
        if owner is not None:
            return owner.cls.name if root.function.name == "__init__" else f"{owner.cls.name}.{root.function.name}"
        if root.function.name not in _SCRIPT_NAMES:
            return root.function.name
    if isinstance(root, ClassScope):
        return root.cls.name
    return stem


def _capabilities(o: Observer) -> None:
    """What each tool's own code does to the world, through every function it reaches."""
    of_scope: dict[int, dict[str, Place]] = {}

    def effects(scope: Scope) -> dict[str, Place]:
        known = of_scope.get(id(scope))
        if known is None:
            known = of_scope[id(scope)] = {}
            for call, _ in calls(scope):
                site = Site(call, scope, None)
                for func in o.callee_paths(call, scope):
                    for effect in o.catalog.effects.find(func.path):
                        if not effect.when or o.given.condition(site, effect.when):
                            reads = bool(effect.reading) and o.given.condition(site, effect.reading)
                            for capability in effect.capabilities:
                                if reads and capability == "changes_state":
                                    continue
                                known.setdefault(capability, site.place)
        return known

    for mark, held in list(o.bearers.items()):
        tools = [made for made in held if made.kind in (Kind.TOOL, Kind.MCP_SERVER)]
        scope = o.scopes.get(mark)
        if not tools or scope is None:
            continue
        found: dict[str, Place] = {}
        for one in o.graph.reached(scope, 6):
            for capability, place in effects(one).items():
                found.setdefault(capability, place)
        for made in tools:
            have = made.attributes.get("capabilities")
            merged = sorted({*(have if isinstance(have, list) else []), *found})
            made.attributes["capabilities"] = merged
            for capability, place in found.items():
                made.evidence[sighting("effects", place, 0.9, capability)] = None
            if "runs_code" in merged:
                made.attributes.setdefault("sandbox", None)
                made.attributes.setdefault("approval", None)
    for made in o.ledger.assets.values():
        if made.kind == Kind.AGENT and made.attributes.get("code_execution") is True:
            # A sandbox is something that code asks for: nobody who does not has one.
            made.attributes.setdefault("sandbox", None)
        if made.kind == Kind.TOOL and "runs_code" in (made.attributes.get("capabilities") or []):  # type: ignore[operator]
            made.attributes.setdefault("sandbox", None)
            made.attributes.setdefault("approval", None)


def _uses(o: Observer, owner_of: Callable[[str], str]) -> None:
    bearers_of: dict[int, dict[Made, int]] = {}
    for mark, held in o.bearers.items():
        scope = o.scopes.get(mark)
        if scope is None:
            continue
        for one, away in o.graph.distances(scope):
            reached = bearers_of.setdefault(id(one), {})
            for made in held:
                reached[made] = min(away, reached.get(made, away))
    for use in o.ledger.uses:
        borne = bearers_of.get(id(use.scope), {})
        if use.kind == R.PRODUCES:
            _produced(o, use.target, use.evidence, [made for made in borne if made.kind in _MAKERS])
            continue
        if use.target.kind != Kind.AGENT or use.kind != R.CALLS:
            kind = R.USES if use.kind == R.CALLS else use.kind
            o.ledger.edge(owner_of(use.scope.path), kind, use.target.key, use.evidence, use.attributes)
        if use.kind == R.DEPENDS_ON:
            continue
        own = o.bearers.get(id(use.scope), [])
        looping = any(made.kind == Kind.AGENT for made in own)
        for made, away in borne.items():
            if made is use.target or made.kind in (Kind.MODEL, Kind.PROMPT):
                continue
            seen = msgspec.structs.replace(use.evidence, confidence=min(use.evidence.confidence, through(away)))
            o.ledger.edge(made.key, _kind_for(made, use.target, use.kind), use.target.key, seen, use.attributes)
            # What a handler that is a loop over a model does itself, its agent does.
            if made in own and (not looping or made.kind == Kind.AGENT):
                o.ledger.stated.add((made.key, use.target.key))
    _bear_each_other(o)
    _through_agents(o)


def _kind_for(made: Made, target: Made, kind: R) -> R:
    if made.kind == Kind.ENDPOINT and target.kind in _CALLED:
        return R.CALLS
    if target.kind == Kind.AGENT:
        return R.DELEGATES_TO if made.kind == Kind.AGENT else R.CALLS
    return R.USES if kind == R.CALLS else kind


def _bear_each_other(o: Observer) -> None:
    """An endpoint whose code runs another one's code calls it; of an MCP server's tools, it calls the server."""
    server_of: dict[str, str] = {}
    for edge in o.ledger.edges:
        if edge.kind == R.CONTAINS and o.ledger.assets[edge.source].kind == Kind.MCP_SERVER:
            server_of.setdefault(edge.target, edge.source)
    for mark, held in o.bearers.items():
        scope = o.scopes.get(mark)
        if scope is None:
            continue
        for one in o.graph.reached(scope):
            if one is scope:
                continue
            for inner in o.bearers.get(id(one), []):
                for made in held:
                    if made is not inner and made.kind == Kind.ENDPOINT and inner.kind in _RUN:
                        target = server_of.get(inner.key, inner.key)
                        o.ledger.edge(made.key, R.CALLS, target, next(iter(made.evidence)))


def _embedded(o: Observer) -> None:
    """A store that is filled or asked by code which embeds holds what that embedding model makes.

    Said only of code that deals with one store and one embedding model; its class counts as one piece of code.
    """
    stores: dict[int, dict[str, Evidence]] = {}
    models: dict[int, dict[str, Made]] = {}
    for use in o.ledger.uses:
        whole = use.scope.method_of if isinstance(use.scope, FunctionScope) else None
        for mark in {id(use.scope), id(whole or use.scope)}:
            if use.target.kind == Kind.VECTOR_STORE:
                stores.setdefault(mark, {})[use.target.key] = use.evidence
            elif use.target.kind == Kind.MODEL and use.target.attributes.get("task") == "embedding":
                models.setdefault(mark, {})[use.target.key] = use.target
    held = {edge.source for edge in o.ledger.edges if edge.kind == R.USES}
    for mark, found in stores.items():
        scope = o.scopes.get(mark)
        near = o.graph.reached(scope, 3) if scope is not None else []
        inner = [method for one in near if isinstance(one, ClassScope) for method in one.methods.values()]
        near += [one for method in inner for one in o.graph.reached(method, 2)]
        embedding = {key: made for one in near for key, made in models.get(id(one), {}).items()}
        if len(found) == len(embedding) == 1:
            ((store, evidence),) = found.items()
            if store not in held:
                o.ledger.edge(store, R.USES, next(iter(embedding)), evidence, {"role": "embedding"})


def _through_agents(o: Observer) -> None:
    """What an endpoint, pipeline or tool reaches only because it calls an agent or MCP server is theirs: said once."""
    out: dict[str, set[str]] = {}
    for edge in o.ledger.edges:
        out.setdefault(edge.source, set()).add(edge.target)
    assets = o.ledger.assets
    for key, made in assets.items():
        hubs = (Kind.AGENT, Kind.MCP_SERVER)
        agents = {one for one in out.get(key, ()) if one in assets and assets[one].kind in hubs}
        if made.kind not in (Kind.ENDPOINT, Kind.PIPELINE, Kind.TOOL) or not agents:
            continue
        theirs, queue = set(agents), list(agents)
        while queue:
            for one in out.get(queue.pop(), ()):
                if one not in theirs and one != key:
                    theirs.add(one)
                    if one in assets and assets[one].kind in (*hubs, Kind.TOOL, Kind.VECTOR_STORE):
                        queue.append(one)
        gone = {one for one in theirs - agents if (key, one) not in o.ledger.stated}
        o.ledger.cut(key, {one for one in gone if one in assets and assets[one].kind in _AI})


def _produced(o: Observer, model: Made, evidence: Evidence, pipelines: list[Made]) -> None:
    if not pipelines:
        # Nobody trains here: publishing under a name is still a model of that name.
        return
    for pipeline in pipelines:
        o.ledger.edge(pipeline.key, R.PRODUCES, model.key, evidence)
        model.attributes["produced"] = True


def _lineage(o: Observer) -> None:
    """What a pipeline produces comes from its base models and was trained and tested on its datasets."""
    by_pipeline: dict[str, list[Relationship]] = {}
    for edge in o.ledger.edges:
        made = o.ledger.assets.get(edge.source)
        if made is not None and made.kind in _MAKERS:
            by_pipeline.setdefault(edge.source, []).append(edge)
    for edges in by_pipeline.values():
        for produced in [edge for edge in edges if edge.kind == R.PRODUCES]:
            for edge in edges:
                kind = _lineage_kind(edge)
                if kind is not None and edge.target != produced.target:
                    o.ledger.edge(produced.target, kind, edge.target, edge.evidence[0])


def _sellers(o: Observer) -> None:
    """A model that many providers seem to serve came through a function that chooses among them: which, is unknown."""
    by_model: dict[str, set[str]] = {}
    for edge in o.ledger.edges:
        if edge.kind == R.SERVES:
            by_model.setdefault(edge.target, set()).add(edge.source)
    for model, sellers in by_model.items():
        if len(sellers) < MANY_SELLERS:
            continue
        maker = provider_of_model(o.ledger.assets[model].name)
        o.ledger.undraw(R.SERVES, model, keep=provider_key(maker) if maker else "")


def _by_models(o: Observer) -> None:
    """Who uses models of a provider uses the provider by them; the code's owner keeps what is not resolved."""
    served: dict[str, set[str]] = {}
    targets: dict[str, set[str]] = {}
    for edge in o.ledger.edges:
        if edge.kind == R.SERVES:
            served.setdefault(edge.source, set()).add(edge.target)
        else:
            targets.setdefault(edge.source, set()).add(edge.target)
    for key, found in targets.items():
        if key in o.ledger.assets:
            o.ledger.cut(key, {one for one in found if not served.get(one, set()).isdisjoint(found)})


def _declared_sellers(o: Observer) -> None:
    """Whom a model is asked of that code only names: its maker, or the gateway whose name for it that is, if used."""
    used = {made.key: made for made in o.ledger.assets.values() if made.kind == Kind.PROVIDER}
    served = {edge.target for edge in o.ledger.edges if edge.kind == R.SERVES}
    for made in o.ledger.assets.values():
        if made.kind != Kind.MODEL or made.key in served:
            continue
        told = next((seen for seen in made.evidence if seen.source == "code:declared"), None)
        if told is None:
            continue
        seller = str(made.attributes.get("provider") or "")
        if seller and provider_key(seller) in used:
            seen = msgspec.structs.replace(told, confidence=_GUESSED_SELLER)
            o.ledger.edge(provider_key(seller), R.SERVES, made.key, seen)


def _prompted(o: Observer) -> None:
    """A call that hands a prompt to a model: the prompt's words go to that model."""
    at: dict[tuple[int, str, int], tuple[dict[str, Evidence], dict[str, Evidence]]] = {}
    for use in o.ledger.uses:
        # What a user or the model itself says in a conversation steers no model.
        if use.target.kind not in (Kind.MODEL, Kind.PROMPT) or use.attributes.get("role") == "user":
            continue
        if any(placement_of(seen.path) != "test" for seen in use.target.evidence):
            mark = (id(use.scope), use.evidence.path, use.evidence.line)
            models, prompts = at.setdefault(mark, ({}, {}))
            (models if use.target.kind == Kind.MODEL else prompts)[use.target.key] = use.evidence
    for models, prompts in at.values():
        if len(models) <= MANY_SELLERS:
            for prompt, seen in prompts.items():
                for model in models:
                    o.ledger.edge(prompt, R.FLOWS_TO, model, seen)


def _lineage_kind(edge: Relationship) -> R | None:
    role = edge.attributes.get("role")
    if edge.kind == R.CONSUMES:
        return R.TESTED_ON if role == "evaluation_dataset" else R.TRAINED_ON if role == "dataset" else None
    return R.DERIVED_FROM if role == "base_model" else None


def _drop_weak(o: Observer) -> None:
    """Files read by ordinary means are datasets only where the same file works with models."""
    strong = {
        place.path
        for made in o.ledger.assets.values()
        if not made.weak and made.kind in (*_AI, Kind.DATASET)
        for place in made.evidence
    }
    weak = {
        key
        for key, made in o.ledger.assets.items()
        if made.weak and not any(place.path in strong for place in made.evidence)
    }
    if weak:
        o.ledger.drop(weak)


def _drop_saved(o: Observer) -> None:
    """A file that some code writes, and no pipeline produces, is no model that we know of."""
    spoken = {edge.source for edge in o.ledger.edges} | {edge.target for edge in o.ledger.edges}
    saved = {
        key
        for key, made in o.ledger.assets.items()
        if made.kind == Kind.MODEL and made.attributes.get("produced") and is_path(made.name) and key not in spoken
    }
    if saved:
        o.ledger.drop(saved)


def _drop_plain_endpoints(o: Observer) -> None:
    """Endpoints that reach nothing of AI are not ours to list."""
    assets = o.ledger.assets
    reaching = {edge.source for edge in o.ledger.edges if edge.target in assets and assets[edge.target].kind in _AI}
    plain = {key for key, made in assets.items() if made.kind == Kind.ENDPOINT and key not in reaching}
    if plain:
        o.ledger.drop(plain)
