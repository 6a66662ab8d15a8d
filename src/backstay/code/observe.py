"""Observe: walks all understood code and turns what the catalog knows into assets, edges and uses."""

from collections.abc import Iterable

from backstay.catalog.tables import Catalog, Index, Row, Table
from backstay.code.adopted import adopt
from backstay.code.autoconfigured import Autoconfigured
from backstay.code.beside import join_beside
from backstay.code.callgraph import CallGraph
from backstay.code.clients import Clients
from backstay.code.confidence import IMPORTED, TOUCHED
from backstay.code.definitions import Definitions
from backstay.code.facts import Assign, Attr, Call, Do, Expr, Import, Name
from backstay.code.given import Given, text_of
from backstay.code.ledger import Ledger, Made, R, Use, sighting
from backstay.code.models import (
    is_model_name,
    is_path,
    on_hub,
    sold_by,
)
from backstay.code.naming import Naming, as_text
from backstay.code.resolve import CHAIN, Resolver
from backstay.code.scopes import ClassScope, FunctionScope, ModuleScope, Scope
from backstay.code.servers import launched, origin
from backstay.code.services import Services
from backstay.code.urls import plain_url
from backstay.code.values import (
    ClassValue,
    DictValue,
    External,
    FunctionValue,
    Instance,
    LambdaValue,
    ListValue,
    Partial,
    Place,
    Site,
    Unknown,
    Value,
    flat,
    options,
)
from backstay.code.walk import calls
from backstay.code.wired import Wired
from backstay.keys import model_key, package_key, provider_key
from backstay.model import Attributes, Kind, urn
from backstay.placement import placement_of

# Kinds whose attributes describe a use of them and so stand on the edge.
ON_EDGE = frozenset((Kind.MODEL, Kind.MODEL_FILE, Kind.DATASET))
# Assets of one name that are one thing wherever in the source they are made.
SHARED = frozenset((Kind.VECTOR_STORE, Kind.DATASET, Kind.MODEL_FILE, Kind.REGISTRY, Kind.DATA_STORE))
MAX_NAMES = 64  # assets that one call can make, by the values that its name can have
_NONE = Name("", 0)
_METHODS = frozenset(("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "ANY", "WEBSOCKET"))
_OF_PATHS = frozenset(
    ("write_text", "write_bytes", "read_text", "read_bytes", "open", "unlink", "mkdir", "rmdir", "touch")
)


class Observer:
    """Holds everything that matching needs; roles and flows work on it."""

    def __init__(
        self, resolver: Resolver, catalog: Catalog, graph: CallGraph, modules: list[ModuleScope], source: str
    ) -> None:
        from backstay.code.roles import Roles  # noqa: PLC0415 - the two know each other

        self.resolver, self.catalog, self.graph, self.source = resolver, catalog, graph, source
        self.modules = modules
        self.autoconfigured: Autoconfigured | None = None
        self.wired = Wired(self)
        self.ledger = Ledger()
        self.given = Given(resolver)
        self.calls: list[tuple[Call, Scope]] = []
        variables: dict[int, str] = {}
        for scope in graph.scopes:
            for call, variable in calls(scope):
                self.calls.append((call, scope))
                if variable:
                    variables[id(call)] = variable
        self.naming = Naming(self.given, variables)
        self.roles = Roles(self)
        self.bearers: dict[int, list[Made]] = {}  # id of a scope -> assets whose code it is
        self.scopes: dict[int, Scope] = {id(scope): scope for scope in graph.scopes}
        self.of_function: dict[int, list[Made]] = {}
        self.of_class: dict[int, list[Made]] = {}
        self.tasks: list[tuple[str, Scope, str, Place]] = []
        self.outputs: dict[int, list[Made]] = {}  # id of a call whose result is model output -> whose
        self._made: dict[int, list[Made]] = {}
        self._busy: set[int] = set()
        self._testing = False  # whether the call being observed is a test's
        self.clients, self.definitions, self.services = Clients(self), Definitions(self), Services(self)
        # Parts that are added to a chain once it is made: id of the call that made it -> rows and calls that add.
        self.grown: dict[int, list[tuple[Row, Site, External]]] = {}
        self.mounts: dict[int, str] = {}  # id of the call that made a router -> path prefix it is mounted at
        # Settings for all endpoints of an app: id of the call that made it, attributes, row and call.
        self.pending_endpoints: list[tuple[int, Attributes, Row, Site]] = []
        self.endpoints_of: dict[int, list[Made]] = {}  # id of the call that made an app or router -> its endpoints

    # the walk

    def run(self) -> None:
        """Observe everything, definitions before calls, so that decorated functions are known when they are used."""
        self._imports()
        self._mounts()
        for scope in self.graph.scopes:
            if isinstance(scope, ClassScope):
                self.definitions.of_class(scope)
            elif isinstance(scope, FunctionScope):
                self.definitions.of_function(scope)
            elif isinstance(scope, ModuleScope):
                self.definitions.of_module(scope)
        for scope in self.graph.scopes:
            if isinstance(scope, ClassScope) and scope.cls.decorators:
                self.definitions.of_decorated(scope)
        for call, scope in self.calls:
            self._testing = placement_of(scope.path) == "test"
            self._call(call, scope)
        self._testing = False
        for scope in self.graph.scopes:
            self._changes(scope)
        self.services.settle()
        self.wired.settle()
        adopt(self)
        join_beside(self)

    def _imports(self) -> None:
        ecosystem = self.catalog.ecosystem
        for scope in self.graph.scopes:
            for statement in scope.body:
                if not isinstance(statement, Import) or statement.level:
                    continue
                if self.resolver.project.find(statement.module, 0, scope.path, statement.name):
                    continue
                named = statement.name and statement.name != "*" and ecosystem != "npm"
                module = f"{statement.module}.{statement.name}" if named else statement.module
                found = self.catalog.package_of(module)
                if found:
                    name, table = found
                    place = Place(scope.path, statement.line)
                    made = self.ledger.asset(
                        package_key(ecosystem, name),
                        Kind.PACKAGE,
                        name,
                        sighting(table, place, IMPORTED, "import"),
                        {"ecosystem": ecosystem, "ai": True},
                    )
                    self.use(scope, R.DEPENDS_ON, made, {}, place, table, 0.98)

    def _mounts(self) -> None:
        for call, scope in self.calls:
            for func in options(self.resolver.value(call.func, scope)):
                if not isinstance(func, External):
                    continue
                site = Site(call, scope, None)
                for row, _ in self.rows(func.path, site):
                    if row.returns == "self" and isinstance(func.base, External) and func.base.site is not None:
                        self.naming.renamed(func.base.site, site)
                    holder = _made_holder(func) if row.on == "chain" else None
                    if holder is not None:
                        self.grown.setdefault(id(holder.call), []).append((row, site, func))
                    if not row.mounts:
                        continue
                    prefix = text_of(self.given.value(site, row.prefix, row)) if row.prefix else ""
                    prefix = self.prefix_of(func.base) + prefix
                    child = self.given.value(site, row.mounts, row)
                    for one in options(child) if child is not None else []:
                        if isinstance(one, External) and one.site is not None:
                            self.mounts[id(one.site.call)] = prefix
                            # What is asked of everything below, such as dependencies that authenticate.
                            self.pending_endpoints.append((id(one.site.call), {}, row, site))

    def prefix_of(self, app: Value | None) -> str:
        """The path prefix of an app or router: where it is mounted and its own."""
        if not isinstance(app, External) or app.site is None:
            return ""
        own = ""
        for row, _ in self.rows(app.path.removesuffix("()"), app.site):
            if row.prefix and not row.mounts:
                own = text_of(self.given.value(app.site, row.prefix, row))
        # A group of a group stands below it: `r.Group("/api").Group("/v1")`.
        return self.mounts.get(id(app.site.call), "") + self.prefix_of(_base_of(app)) + own

    # rows

    def rows(self, path: str, site: Site, index: Index[tuple[Row, Table]] | None = None) -> list[tuple[Row, Table]]:
        """The rows that hold for a call of a path, the first of each table; or for another use, by its index."""
        found: dict[str, tuple[Row, Table]] = {}
        for row, table in (index or self.catalog.calls).find(path.removesuffix("[]")):
            if table.id not in found and (not row.when or self.given.holds(site, row)):
                found[table.id] = (row, table)
        return list(found.values())

    def callee_paths(self, call: Call, scope: Scope) -> list[External]:
        """The library functions that a call may run; one nobody resolved goes by its own words after `?`."""
        func = self.resolver.value(call.func, scope)
        found = [one for one in options(func) if isinstance(one, External)]
        if not found and isinstance(call.func, Attr) and call.func.name in _OF_PATHS:
            # A path whose text is known is text to us; these methods only a path has.
            found = [External(f"pathlib.Path().{call.func.name}")]
        if not found and isinstance(func, Unknown) and func.text and "…" not in func.text:
            found = [External(f"?{func.text}")]
        for one in options(func):
            if isinstance(one, Partial) and isinstance(one.func, External):
                found.append(one.func)
        return found

    def _call(self, call: Call, scope: Scope) -> None:
        own = site = Site(call, scope, None)
        for one in options(self.resolver.value(call.func, scope)):
            if isinstance(one, Partial) and isinstance(one.func, External):
                site = self.resolver.calls.completed(one, own)
        for func in self.callee_paths(call, scope):
            rows = self.rows(func.path, site)
            for row, table in rows:
                if func.path.startswith("?") and not self._imports_of(table, scope):
                    continue
                self._row(row, table, func, site)
            if not rows:
                self._touched(func, site)
        if site is not own and id(site.call) in self.outputs:
            self.outputs[id(call)] = self.outputs[id(site.call)]

    def _row(self, row: Row, table: Table, func: External, site: Site) -> None:
        if row.makes and row.makes not in ("client", "chain"):
            self.made(site, func)
        else:
            if row.makes == "client":
                self.clients.noted(site, func, row, table)
            self._plain(row, table, func, site)
        if row.task_of:
            self.tasks.append((row.task_of, site.scope, func.path, site.place))
        if row.invoke or row.output:
            self._invoked(row, table, func, site)
        if row.on == "endpoints":
            self.roles.apply_to_endpoints(row, func, site)

    def _plain(self, row: Row, table: Table, func: External, site: Site) -> None:
        """A call that makes no asset: its roles belong to the receiver if that is one, else to the enclosing code."""
        # What a chain is asked to do is not done to each of its parts.
        apart = row.makes or self._is_chain(func.base)
        receivers = [] if apart else [m for m in self.receivers(func) if m.kind not in ON_EDGE]
        edge: Attributes = self.given.described(site, row)
        if receivers:
            for receiver in receivers[:4]:
                if receiver.kind not in ON_EDGE and (row.attributes or row.set):
                    receiver.attributes.update({k: v for k, v in edge.items() if v is not None})
                self.roles.draw(row, table, func, site, receiver, {})
        else:
            client = self.clients.of(func.base) if row.makes != "client" else None
            for name, value in client[1].items() if client is not None else ():
                # What the client was made with holds for its calls, unless they say otherwise.
                if edge.get(name) is None:
                    own = self.given.attributes(site, {name: name}, row)
                    edge[name] = value if name in own and own[name] is None else own.get(name, value)
            self.roles.draw(row, table, func, site, None, edge)

    def _is_chain(self, value: Value | None) -> bool:
        """Whether a value is made of parts and no asset itself."""
        if not isinstance(value, External) or value.site is None:
            return False
        if value.path == CHAIN:
            return True
        rows = self.rows(value.path.removesuffix("()"), value.site)
        return bool(rows) and all(row.makes == "chain" for row, _ in rows)

    def _invoked(self, row: Row, table: Table, func: External, site: Site) -> None:
        owners = self.receivers(func)
        targets = owners or self.roles.models.uses.get(id(site.call), [])
        if row.output:
            self.outputs[id(site.call)] = targets or self.roles.models.provider_uses.get(id(site.call), [])
        if row.invoke:
            for spec, role in row.arguments.items():
                if role in ("agents", "members", "model"):
                    value = self.given.value(site, spec, row)
                    owners = owners + (self.assets_of(value) if value is not None else [])
            for made in owners:
                edge: Attributes = {"api": func.path, **self.given.described(site, row)}
                self.use(site.scope, R.CALLS, made, edge, site.place, table.id, 0.95)
            if row.output and not self.outputs[id(site.call)]:
                self.outputs[id(site.call)] = owners

    def _touched(self, func: External, site: Site) -> None:
        """A method that no table knows, on something that one does: the enclosing code uses that thing."""
        base = func if func.site is not None else func.base
        if not isinstance(base, External) or base.site is None:
            return
        for made in self.made(base.site, External(base.path.removesuffix("()"), None, _base_of(base))):
            if made.kind in (Kind.AGENT, Kind.MODEL, Kind.PIPELINE):
                self.use(site.scope, R.CALLS, made, {}, site.place, "method", TOUCHED)
            elif made.kind in (Kind.VECTOR_STORE, Kind.MCP_SERVER):
                self.use(site.scope, R.USES, made, {}, site.place, "method", TOUCHED)

    def _imports_of(self, table: Table, scope: Scope) -> bool:
        implied = self.resolver.project.implied(scope.path)
        if any(one == module or one.startswith(f"{module}.") for one in implied for module in table.modules):
            return True
        return any(
            isinstance(binding.node, Import)
            and any(
                binding.node.module == module or binding.node.module.startswith(module + ".")
                for module in table.modules
            )
            for bindings in scope.module.names.values()
            for binding in bindings
        )

    def _changes(self, scope: Scope) -> None:
        """`agent.handoffs.append(x)` and `agent.tools = [...]`: arguments that are given later."""
        for statement in scope.body:
            target: Expr | None = None
            value: Expr | None = None
            if isinstance(statement, Assign) and isinstance(statement.target, Attr):
                target, value = statement.target, statement.value
            elif isinstance(statement, Do) and isinstance(statement.value, Call):
                func = statement.value.func
                if isinstance(func, Attr) and func.name in ("append", "extend", "add") and statement.value.args:
                    target, value = func.value, statement.value.args[0]
            if not isinstance(target, Attr) or value is None:
                continue
            for owner in options(self.resolver.value(target.value, scope)):
                if isinstance(owner, External) and owner.site is not None:
                    self.roles.later(owner, target.name, value, scope, statement.line)
                elif isinstance(owner, External):
                    self._set(f"{owner.path}.{target.name}", value, scope, statement.line)

    def _set(self, path: str, value: Expr, scope: Scope, line: int) -> None:
        """Assigning to a library's setting (`Settings.llm = ...`) is like calling it with the value."""
        call = Call(_NONE, [value], [], line, line)
        site = Site(call, scope, None)
        for row, table in self.rows(self.catalog.canonical(path), site):
            self._row(row, table, External(path), site)

    # what values are

    def receivers(self, func: External) -> list[Made]:
        """The assets whose method a callee is, or that it is itself (`classifier(text)`)."""
        if func.site is not None:
            return self.assets_of(func)
        return self.assets_of(func.base) if func.base is not None else []

    def assets_of(self, value: Value | None, depth: int = 0) -> list[Made]:
        """The assets that a value is or holds."""
        if value is None or depth > 12:
            return []
        found: dict[str, Made] = {}
        for one in options(value):
            for made in self._assets_of(one, depth + 1):
                found[made.key] = made
        return list(found.values())

    def _assets_of(self, value: Value, depth: int) -> list[Made]:
        match value:
            case External(path, site, base, parts):
                if path == CHAIN:
                    return [made for part in parts for made in self.assets_of(part, depth)]
                if site is None and self.autoconfigured is not None and path in self.catalog.configured:
                    return self.autoconfigured.of(path)
                if site is not None:
                    callee = path.removesuffix("()")
                    direct = base is not None and base.path == callee
                    made = self.made(site, base if direct and base else External(callee, None, _base_of(value)))
                    if made:
                        return made
                return self.assets_of(base, depth)
            case FunctionValue(scope):
                return self.of_function.get(id(scope.function), [])
            case ClassValue(cls) | Instance(cls):
                lineage = self.resolver.members.lineage(cls)
                own = [made for one in lineage for made in self.of_class.get(id(one.cls), [])][:4]
                return own or self._tools_of_methods(lineage)
            case ListValue():
                return [made for item in flat(value)[:200] for made in self.assets_of(item, depth)]
            case DictValue(entries):
                return [made for _, item in entries[:200] for made in self.assets_of(item, depth)]
            case Partial(func, site=site):
                if isinstance(func, External):
                    return self.made(site, func)
                return self.assets_of(func, depth)
            case LambdaValue(body, scope, frame):
                return self.assets_of(self.resolver.value(body, scope, frame), depth)
        return []

    def constant(self, value: Value, site: Site) -> list[Made]:
        """What a library's own object is that is handed over without being called: `tools=[google_search]`."""
        if not isinstance(value, External) or value.site is not None or value.path == CHAIN:
            return []
        at = Site(Call(_NONE, [], [], site.call.line, site.call.line), site.scope, None)
        out: list[Made] = []
        for row, table in self.rows(value.path, at):
            if row.makes in ("tool", "guardrail", "mcp_server"):
                out += self.make(row, table, value.path, at, None, None)
        return out

    def _tools_of_methods(self, lineage: list[ClassScope]) -> list[Made]:
        """The methods of a class that are tools: an object handed over as a set of tools."""
        methods = {name: method for one in reversed(lineage) for name, method in one.methods.items()}
        held = [made for method in methods.values() for made in self.of_function.get(id(method.function), [])]
        return [made for made in held if made.kind == Kind.TOOL][:100]

    def opened(self, value: Value) -> Value:
        """The path of an opened file; any other value as it is."""
        if isinstance(value, External) and value.path == "builtins.open()" and value.site and value.site.call.args:
            return self.resolver.value(value.site.call.args[0], value.site.scope, value.site.frame)
        return value

    def made(self, site: Site, func: External) -> list[Made]:
        """The assets that a call makes, by the catalog's rows; made once, however often it is asked."""
        if self._testing and site.frame is not None and placement_of(site.scope.path) != "test":
            site = Site(site.call, site.scope, None)  # what a test hands in makes no asset of the code it tests
        mark = id(site.call) if site.frame is None else hash((id(site.call), id(site.frame)))
        known = self._made.get(mark)
        if known is not None:
            return known
        if mark in self._busy:
            return []
        self._busy.add(mark)
        out: list[Made] = []
        try:
            for row, table in self.rows(func.path, site):
                if row.makes == "chain":
                    out += self._chain(row, table, func, site)
                elif row.makes and row.makes != "client":
                    # What a call of a call's result is made by is that result: `createOpenAI(...)("gpt-4o")`.
                    receiver = func if func.path.endswith("()") else func.base
                    made = self.make(row, table, func.path, site, None, receiver)
                    # A model whose id nobody knows is at least its provider's.
                    out += made or self.roles.models.provider_uses.get(id(site.call), [])
        finally:
            self._busy.discard(mark)
        self._made[mark] = out
        return out

    def made_by(self, call: Call) -> list[Made]:
        """The assets that a call is known to make where it stands."""
        return self._made.get(id(call), [])

    def _chain(self, row: Row, table: Table, func: External, site: Site) -> list[Made]:
        parts: list[Made] = []
        for spec, role in row.arguments.items():
            value = func.base if spec == "@receiver" else self.given.value(site, spec, row)
            if role == "mcp_servers" and value is not None:
                parts += self.roles.tools.servers_in(value, table, site)
                continue
            parts += self.assets_of(value) or self._given_by(value)
        for later, at, by in self.grown.get(id(site.call), []):
            parts += self.made(at, by) if later.makes else []
            for spec in later.arguments if not later.makes else ():
                parts += self.assets_of(self.given.value(at, spec, later))
        return parts

    def _given_by(self, value: Value | None) -> list[Made]:
        """What functions hand back that a chain is given in place of its parts."""
        found: list[Made] = []
        for one in options(value) if value is not None else []:
            if isinstance(one, FunctionValue):
                line = one.scope.function.line
                site = Site(Call(Name(one.scope.function.name, line), [], [], line, line), one.scope, None)
                found += self.assets_of(self.resolver.calls.called(one, site))
        return found

    # making

    def make(
        self,
        row: Row,
        table: Table,
        path: str,
        site: Site,
        definition: Scope | None,
        receiver: Value | None,
    ) -> list[Made]:
        """Make what a row says, with all its edges."""
        kind = Kind(row.makes)
        names, passed = self.naming.names(row, site, definition, path)
        out: list[Made] = []
        for found in names[:MAX_NAMES]:
            name = found if isinstance(found, str) else self.opened(found)
            if isinstance(name, External):
                same = [made for made in self.assets_of(name) if made.kind == kind]
                if same:
                    out += same
                    continue
            text = as_text(name)
            if text:
                made = self._one(row, table, kind, text, name, site, definition, receiver)
                out += [made] if made is not None else []
        if not out and names and kind in SHARED:
            # A name that only a running program knows: what a row calls such a thing is still true of it.
            literal = next((how[1:] for how in row.names if how.startswith("=")), "")
            made = self._one(row, table, kind, literal, literal, site, definition, receiver) if literal else None
            out += [made] if made is not None else []
        if not out and kind == Kind.MODEL:
            self.roles.models.unresolved(row, table, site, path, receiver, passed)
        if not out and kind == Kind.MODEL_FILE and passed and row.set.get("unsafe"):
            out.append(self.roles.data.unresolved(path, table, site))
        if not out and kind == Kind.MODEL_FILE and passed and row.set.get("unsafe"):
            out.append(self.roles.data.unresolved(path, table, site))
        edge: Attributes = {"api": path}
        wanted = self.given.described(site, row)
        if kind in ON_EDGE:
            edge.update(wanted)
            for made in out:
                self.use(site.scope, R.CONSUMES if kind == Kind.DATASET else R.USES, made, edge, site.place, table.id)
        func = External(path, None, receiver if isinstance(receiver, External) else None)
        for made in out:
            if kind == Kind.VECTOR_STORE and row.task_of:  # made of what is put into it now
                self.use(site.scope, R.USES, made, edge, site.place, table.id)
            if kind not in ON_EDGE:
                made.attributes.update({k: v for k, v in wanted.items() if k not in made.attributes or v is not None})
                if kind == Kind.MCP_SERVER:
                    made.attributes.update(origin(launched(self.given, site, row)))
                if kind in (Kind.AGENT, Kind.TOOL, Kind.GUARDRAIL, Kind.ENDPOINT):
                    made.attributes.setdefault("framework", table.id.replace("_", "-"))
            self.roles.draw(row, table, func, site, made, {})
            if row.wired:
                self.wired.add(made, row.wired)
            if definition is not None:
                self.bear(definition, made, row)
        owner = self.given.value(site, row.app, row) if row.app and row.on != "endpoints" else receiver
        self.roles.join_receiver(out, owner, site, table)
        return out

    def _one(
        self,
        row: Row,
        table: Table,
        kind: Kind,
        text: str,
        name: Value | str,
        site: Site,
        definition: Scope | None,
        receiver: Value | None,
    ) -> Made | None:
        place = self._place(name, site, definition)
        if kind == Kind.MODEL:
            return self.roles.models.model(text, row, table, site, place, receiver)
        if kind == Kind.MODEL_FILE:
            return self.model_file(text, place, table.id)
        if kind == Kind.DATASET:
            hub = table.hub if row.hub is None else row.hub
            return self.roles.data.dataset(text, place, table.id, hub=hub, weak=row.weak)
        if kind == Kind.ENDPOINT:
            text = self._endpoint_name(text, receiver, definition)
        if kind == Kind.PROMPT:
            return self.roles.named_prompt(text, row, site, definition, place, table)
        if kind == Kind.VECTOR_STORE:
            # Two stores of one product are two when the code says where they are.
            host = self.given.attributes(site, {"host": row.attributes.get("host", [])}, row).get("host")
            text_key = f"{text}:{plain_url(host)}" if isinstance(host, str) else text
            key = urn(kind, self.source, text_key)
            return self.ledger.asset(key, kind, text, sighting(table.id, place), variable=self.naming.variable(site))
        key = urn(kind, self.source, text) if kind in SHARED else urn(kind, self.source, site.scope.path, text)
        evidence = sighting(table.id, place)
        made = self.ledger.asset(key, kind, text, evidence, variable=self.naming.variable(site), weak=row.weak)
        if kind == Kind.ENDPOINT:
            if isinstance(receiver, External) and receiver.site is not None:
                self.endpoints_of.setdefault(id(receiver.site.call), []).append(made)
            method, _, route = text.partition(" ")
            if route and (method in _METHODS or receiver is not None):
                made.attributes.setdefault("method", method)
                made.attributes.setdefault("path", route)
        return made

    def _endpoint_name(self, text: str, receiver: Value | None, definition: Scope | None) -> str:
        """An endpoint's name with the prefixes of the router or class that it belongs to."""
        prefix = self.prefix_of(receiver)
        cls = definition.method_of if isinstance(definition, FunctionScope) else None
        if cls is not None:
            prefix += self.definitions.prefix_of(cls)
            own = self.definitions.path_of(definition) if isinstance(definition, FunctionScope) else ""
            prefix = "/".join(part.strip("/") for part in (prefix, own) if part) if own else prefix
        method, _, route = text.partition(" ")
        if method in _METHODS and (route or prefix) and "://" not in route:
            parts = [part.strip("/") for part in (prefix, route)]
            end = "/" if (route or prefix).endswith("/") and any(parts) else ""
            return f"{method} /{'/'.join(part for part in parts if part)}{end}"
        return prefix + text if prefix and not route else text

    def _place(self, name: Value | str, site: Site, definition: Scope | None) -> Place:
        if isinstance(definition, FunctionScope):
            return Place(definition.path, definition.function.line, definition.function.line)
        if isinstance(definition, ClassScope):
            return Place(definition.path, definition.cls.line, definition.cls.line)
        return Place(site.scope.path, site.call.line, site.call.line)

    def model_file(self, text: str, place: Place, table: str) -> Made:
        """A model file known by the path that code loads."""
        text = text.removeprefix("./")
        key = urn(Kind.MODEL_FILE, self.source, text)
        return self.ledger.asset(key, Kind.MODEL_FILE, text, sighting(table, place), {"path": text})

    def model_named(
        self, name: str, provider: str, place: Place, table: str, *, hub: bool, task: str = "", confidence: float = 0.95
    ) -> Made | None:
        """A model by its id; a model file when the id is a path; None when it can be neither."""
        name = plain_url(name.strip())
        if is_path(name) and "://" not in name:
            return self.model_file(name, place, table)
        if not is_model_name(name) or not sold_by(name, provider):
            return None
        attributes: Attributes = {}
        if provider:
            attributes["provider"] = provider
        if on_hub(name, hub):
            attributes["hub"] = "huggingface"
        if task:
            attributes["task"] = task
        key = model_key(name, hub=hub)
        made = self.ledger.asset(key, Kind.MODEL, name, sighting(table, place, confidence), attributes)
        if provider:
            seller = self.provider(provider, place, table)
            self.ledger.edge(seller.key, R.SERVES, made.key, sighting(table, place, confidence))
        return made

    def provider(self, name: str, place: Place, table: str, confidence: float = 0.95) -> Made:
        """A provider by its name in the catalog, or its host."""
        return self.ledger.asset(provider_key(name), Kind.PROVIDER, name, sighting(table, place, confidence))

    # who does it

    def bear(self, scope: Scope, made: Made, row: Row | None = None) -> None:
        """A scope's code is an asset's own; for a class, its methods' (those the row names, if any)."""
        targets: Iterable[Scope] = [scope]
        if isinstance(scope, ClassScope):
            wanted = row.methods if row is not None and row.methods and row.methods != ["*"] else list(scope.methods)
            targets = [scope.methods[name] for name in wanted if name in scope.methods]
        for target in targets:
            held = self.bearers.setdefault(id(target), [])
            if made not in held:
                held.append(made)

    def use(
        self,
        scope: Scope,
        kind: R,
        made: Made,
        attributes: Attributes,
        place: Place,
        table: str,
        confidence: float = 0.95,
    ) -> None:
        """Note that code in a scope uses something."""
        self.ledger.uses.append(Use(scope, kind, made, attributes, sighting(table, place, confidence)))


def _made_holder(func: External) -> Site | None:
    """The call that made what a callee is a method of, straight or by a property (`builder.Services.Add...`)."""
    at = func.base
    for _ in range(4):
        if not isinstance(at, External) or at.site is not None:
            break
        at = at.base
    return at.site if isinstance(at, External) else None


def _base_of(value: External) -> External | None:
    """What the callee of a call's result is a method of."""
    return value.base.base if value.base is not None else None
