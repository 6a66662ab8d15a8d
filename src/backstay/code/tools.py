"""Tools: functions, tool objects, classes and schemas that a model may call, and MCP servers given to agents."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from backstay.catalog.tables import Table
from backstay.code.described import own_name, own_tools, wrapped_tools
from backstay.code.ledger import Made, R, sighting
from backstay.code.scopes import FunctionScope
from backstay.code.servers import command_words, origin
from backstay.code.urls import plain_url
from backstay.code.values import (
    ClassValue,
    DictValue,
    External,
    FunctionValue,
    Instance,
    Known,
    Partial,
    Place,
    Site,
    Value,
    flat,
    options,
)
from backstay.model import Attributes, Kind, urn

if TYPE_CHECKING:
    from backstay.code.observe import Observer

_TOOL_KINDS = (Kind.TOOL, Kind.AGENT, Kind.MCP_SERVER, Kind.VECTOR_STORE, Kind.GUARDRAIL)
_SCHEMA = re.compile(r"(?:Param|Params|Union|Function|Definition|Declaration|Tool|Tools|Info|Schema|Config)\Z")
_MAKER = re.compile(r"(?:New|Make|Must|Get|Load|Create|List|Build|To|From|With|Bind)(?:[A-Z]|\Z)")
_NAME = re.compile(r"[\w.:/ -]{1,80}\Z")
_RUN = ("execute", "handler", "run", "func", "invoke", "callback")  # keys of a tool's code in an object


class Tools:
    def __init__(self, observer: Observer) -> None:
        self.o = observer

    def draw(self, value: Value, table: Table, site: Site, subject: Made | None) -> bool:
        """Everything in a `tools` argument becomes a tool of the subject; agents in it are delegated to."""
        found = False
        for one in flat(value):
            for made in self._tools(one, table, site):
                kind = None
                if made.kind == Kind.AGENT and subject is not None:
                    kind = R.DELEGATES_TO
                elif made.kind == Kind.GUARDRAIL:
                    kind = R.USES
                elif made.kind == Kind.TOOL and subject is not None and subject.kind == Kind.MCP_SERVER:
                    kind = R.CONTAINS
                if subject is None:
                    self.o.use(site.scope, R.USES, made, {}, site.place, table.id)
                else:
                    self.o.ledger.edge(subject.key, kind or R.USES, made.key, sighting(table.id, site.place))
                found = True
        return found

    def _tools(self, value: Value, table: Table, site: Site) -> list[Made]:
        assets = [] if isinstance(value, DictValue) else self.o.assets_of(value) or self.o.constant(value, site)
        held = [made for made in assets if made.kind in _TOOL_KINDS]
        if held:
            return held
        match value:
            case FunctionValue(scope):
                return [self._function(scope, scope.function.name, table)]
            case Partial(func):
                return self._tools(func, table, site)
            case DictValue():
                return self._schema(value, table, site) or self._collection(value, table, site)
            case Known(name, place) if isinstance(name, str) and _NAME.match(name):
                return [self._tool(name, place, table, site.scope.path)]
            case Instance(cls) | ClassValue(cls):
                described = own_tools(self.o, cls) or wrapped_tools(self.o, value)
                if described:
                    for one in described:
                        self.o.bear(cls, one)
                    return described
                place = Place(cls.path, cls.cls.line, cls.cls.line)
                made = self._tool(own_name(self.o, cls) or cls.cls.name, place, table, cls.path)
                self.o.bear(cls, made)
                return [made]
            case External(path, made_at) if made_at is not None and self.o.catalog.relevant(path):
                if any(row.makes in ("tool", "chain") for row, _ in self.o.catalog.calls.find(path.removesuffix("()"))):
                    return []  # a tool by its own row, whose name is not known, or what only carries tools
                name = _class_name(path) if site.scope.module.facts.language != "go" else _made_name(path)
                if name:
                    return [self._tool(name, made_at.place, table, site.scope.path)]
        return []

    def _function(self, scope: FunctionScope, name: str, table: Table) -> Made:
        """A tool that is a plain function."""
        line = scope.function.line
        made = self._tool(name, Place(scope.path, line, line), table, scope.path)
        self.o.bear(scope, made)
        return made

    def _collection(self, value: DictValue, table: Table, site: Site) -> list[Made]:
        """Tools by the names a model calls them by: `{ weather: tool(...), search: { execute } }`."""
        out: list[Made] = []
        for key, item in value.entries[:200]:
            name = str(key.value) if isinstance(key, Known) else ""
            for one in flat(item):
                code = _code(one)
                if isinstance(one, FunctionValue) and name and not self.o.assets_of(one):
                    out.append(self._function(one.scope, name, table))
                elif isinstance(one, DictValue) and name and code:
                    made = self._tool(name, one.place or site.place, table, (one.place or site.place).path)
                    for scope in code:
                        self.o.bear(scope, made)
                    out.append(made)
                elif isinstance(one, External | FunctionValue | Partial | Instance) or (key is None):
                    out += self._tools(one, table, site)
        return out

    def _tool(self, name: str, place: Place, table: Table, path: str, attributes: Attributes | None = None) -> Made:
        framework: Attributes = {"framework": table.id.replace("_", "-")}
        return self.o.ledger.asset(
            urn(Kind.TOOL, self.o.source, path, name),
            Kind.TOOL,
            name,
            sighting(table.id, place),
            {**framework, **(attributes or {})},
        )

    def _schema(self, value: DictValue, table: Table, site: Site) -> list[Made]:
        """A tool by its JSON schema, in the shapes of the providers."""
        kind = _text(value, "type")
        place = value.place or site.place
        if kind == "mcp" or value.get("server_label"):
            name = _text(value, "server_label") or "mcp"
            return [self._server(name, value, place, table, site)]
        for key in ("function", "toolSpec", "tool_spec"):
            for inner in value.get(key):
                if isinstance(inner, DictValue) and _text(inner, "name"):
                    return [self._tool(_text(inner, "name"), inner.place or place, table, place.path)]
        declared: list[Made] = []
        for key in ("function_declarations", "functionDeclarations"):
            for inner in value.get(key):
                for one in flat(inner):
                    declared += self._tools(one, table, site)
        if declared:
            return declared
        name = _text(value, "name") or (kind if kind not in ("function", "object", "") else "")
        return [self._tool(name, place, table, place.path)] if name and _NAME.match(name) else []

    def servers(self, value: Value, table: Table, site: Site, subject: Made | None) -> bool:
        """MCP servers given to an agent or client, as objects or as a dictionary of configurations."""
        found = self.servers_in(value, table, site)
        for made in found:
            if subject is None:
                self.o.use(site.scope, R.USES, made, {}, site.place, table.id)
            else:
                self.o.ledger.edge(subject.key, R.USES, made.key, sighting(table.id, site.place))
        return bool(found)

    def servers_in(self, value: Value, table: Table, site: Site) -> list[Made]:
        """The MCP servers that a value holds."""
        found: list[Made] = []
        for one in options(value):
            if isinstance(one, DictValue):
                entries = one.entries
                nested = one.get("mcpServers")
                if nested and isinstance(nested[0], DictValue):
                    entries = nested[0].entries
                for key, given in entries:
                    config = self._typed(given)
                    if isinstance(key, Known) and isinstance(config, DictValue):
                        place = config.place or site.place
                        found.append(self._server(str(key.value), config, place, table, site))
                    else:
                        found += [made for made in self.o.assets_of(config) if made.kind == Kind.MCP_SERVER]
            elif isinstance(one, Known) and isinstance(one.value, str) and _NAME.match(plain_url(one.value)):
                found.append(self._addressed(plain_url(one.value), one.place, table))
            else:
                found += [made for made in self.o.assets_of(one) if made.kind == Kind.MCP_SERVER]
        return found

    def _typed(self, config: Value) -> Value:
        """A configuration by a class of the library, `StdioConnection(command=...)`, as the dictionary it is."""
        for one in options(config):
            if isinstance(one, External) and one.site is not None and not self.o.assets_of(one):
                site = one.site
                said = [(name, expr) for name, expr in site.call.keywords if name]
                if any(name in ("command", "url") for name, _ in said):
                    entries: list[tuple[Value | None, Value]] = [
                        (Known(name, site.place), self.o.resolver.value(expr, site.scope, site.frame))
                        for name, expr in said
                    ]
                    return DictValue(entries, len(said) < len(site.call.keywords), site.place)
        return config

    def _addressed(self, address: str, place: Place, table: Table) -> Made:
        """A server by its URL, or by the script that is started."""
        web = "://" in address
        attributes: Attributes = {"role": "client-config", "transport": "http" if web else "stdio"}
        attributes["url" if web else "command"] = address
        key = urn(Kind.MCP_SERVER, self.o.source, place.path, address)
        return self.o.ledger.asset(key, Kind.MCP_SERVER, address, sighting(table.id, place), attributes)

    def _server(self, name: str, config: DictValue, place: Place, table: Table, site: Site) -> Made:
        attributes: Attributes = {"role": "client-config"}
        url = _text(config, "url") or _text(config, "server_url")
        command = _text(config, "command")
        if url:
            attributes |= {"url": plain_url(url), "transport": _text(config, "transport") or "http"}
            if not config.open:
                has = config.get("headers") or config.get("auth") or config.get("authorization")
                attributes["authentication"] = "set in code" if has else None
        if command:
            arguments = config.get("args")
            words = command_words(command, arguments[0] if arguments else None)
            attributes |= {"transport": "stdio", **origin(words)}
        return self.o.ledger.asset(
            urn(Kind.MCP_SERVER, self.o.source, place.path, name),
            Kind.MCP_SERVER,
            name,
            sighting(table.id, place),
            attributes,
        )


def _text(value: DictValue, key: str) -> str:
    return next((one.value for one in value.get(key) if isinstance(one, Known) and isinstance(one.value, str)), "")


def _code(value: Value) -> list[FunctionScope]:
    """The functions that run a tool written out as an object."""
    if not isinstance(value, DictValue):
        return []
    held = [one for key in _RUN for item in value.get(key) for one in options(item)]
    return [one.scope for one in held if isinstance(one, FunctionValue)]


def _class_name(path: str) -> str:
    """The class of a library's tool object; empty for what is no class by its name."""
    name = path.removesuffix("()").rpartition(".")[2]
    return name if name[:1].isupper() else ""


def _made_name(path: str) -> str:
    """The type of a library's tool object in Go, or the package whose `New` makes it; empty for any other function."""
    package, _, name = path.removesuffix("()").rpartition(".")
    if name in ("New", "NewTool", "MustNew"):
        return package.rpartition("/")[2]
    return "" if _MAKER.match(name) or _SCHEMA.search(name) or not name[:1].isupper() else name
