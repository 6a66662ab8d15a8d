"""Roles: what an argument's role says of its value, and the edges that follow."""

from __future__ import annotations

from typing import TYPE_CHECKING

from backstay.catalog.tables import Row, Table
from backstay.code.data_roles import DataRoles
from backstay.code.facts import Attr, Call, Expr, Name
from backstay.code.given import text_of
from backstay.code.guards import authenticator, limiter
from backstay.code.ledger import Made, R, sighting
from backstay.code.model_roles import ModelRoles
from backstay.code.naming import spoken
from backstay.code.prompts import Prompts
from backstay.code.scopes import FunctionScope, Scope
from backstay.code.tools import Tools
from backstay.code.urls import plain_url
from backstay.code.values import (
    ClassValue,
    DictValue,
    Environment,
    External,
    FunctionValue,
    Instance,
    Known,
    LambdaValue,
    ListValue,
    Partial,
    Place,
    Site,
    TextValue,
    Value,
    flat,
    options,
    spread,
)
from backstay.code.wrapped import unwrap
from backstay.keys import credential_reference_key
from backstay.model import Attributes, Kind, urn

if TYPE_CHECKING:
    from backstay.code.observe import Observer

_EDGES = {
    Kind.AGENT: R.DELEGATES_TO,
    Kind.GUARDRAIL: R.GUARDED_BY,
    Kind.DATASET: R.CONSUMES,
}


class Roles:
    """One method a role; each gets the subject (None for the enclosing code), the value and the call."""

    def __init__(self, observer: Observer) -> None:
        self.o = observer
        self.prompts = Prompts(observer)
        self.tools = Tools(observer)
        self.models, self.data = ModelRoles(observer), DataRoles(observer)

    def draw(
        self, row: Row, table: Table, func: External, site: Site, subject: Made | None, attributes: Attributes
    ) -> None:
        """Draw all edges that a row's arguments ask for."""
        model_wanted, model_found = False, False
        for spec, role in row.arguments.items():
            value = func.base if spec == "@receiver" else self.o.given.value(site, spec, row)
            if role in ("model", "embedding") and (value is not None or _is_main(spec)):
                model_wanted = True
            if value is None:
                if role == "authentication" and subject is not None:
                    subject.attributes.setdefault("authentication", None)
                continue
            found = self.role(role, value, spec, row, table, func, site, subject, attributes)
            model_found = model_found or (found and role in ("model", "embedding"))
        if (
            model_wanted
            and not model_found
            and (subject is None or subject.kind == Kind.AGENT)
            and row.makes != "client"
        ):
            self.models.provider_instead(row, table, func, site, subject, attributes)

    def role(
        self,
        role: str,
        value: Value,
        spec: str,
        row: Row,
        table: Table,
        func: External,
        site: Site,
        subject: Made | None,
        attributes: Attributes,
    ) -> bool:
        """Draw one role's edges; whether anything was found."""
        match role:
            case "model" | "embedding" | "base_model":
                return self.models.draw(role, value, row, table, func, site, subject, attributes)
            case "prompt" | "template":
                return self.prompts.draw(role, value, spec, table, site, subject)
            case "messages":
                return self.prompts.messages(value, spec, table, site, subject)
            case "tools":
                return self.tools.draw(value, table, site, subject)
            case "agents" | "members":
                return self._members(value, role, table, site, subject)
            case "guardrails":
                return self._guardrails(value, table, site, subject)
            case "mcp_servers":
                return self.tools.servers(value, table, site, subject)
            case "vector_store":
                return self._assets(value, (Kind.VECTOR_STORE,), table, site, subject, {})
            case "dataset" | "evaluation_dataset":
                return self.data.draw(role, value, row, table, func, site, subject, attributes)
            case "model_file":
                return self.data.file(value, func, table, site, attributes)
            case "credential":
                return self._credential(value, table, site)
            case "authentication":
                return self.authentication(value, subject)
            case "guards":
                return self.guards(value, subject)
            case "handler":
                if subject is not None:
                    unwrap(self.o, site, spec, subject)
                return self._handler(value, subject)
            case "produces":
                return self.models.produced(value, row, table, func, site)
            case "url":
                return self._url(value, subject)
            case "service":
                return self.o.services.implements(value, subject)
        return False

    # linking

    def link(
        self,
        subject: Made | None,
        target: Made,
        table: Table,
        site: Site,
        kind: R | None = None,
        attributes: Attributes | None = None,
        place: Place | None = None,
    ) -> None:
        """An edge from the subject, or a use by the enclosing code."""
        edge = kind or (_EDGES.get(target.kind, R.USES) if subject is not None else R.USES)
        if subject is not None and subject.kind not in (Kind.AGENT, Kind.PIPELINE) and edge == R.DELEGATES_TO:
            edge = R.CALLS if subject.kind in (Kind.ENDPOINT,) else R.DELEGATES_TO
        if subject is None:
            if edge == R.DELEGATES_TO:
                edge = R.CALLS
            self.o.use(site.scope, edge, target, attributes or {}, place or site.place, table.id)
        else:
            self.o.ledger.edge(subject.key, edge, target.key, sighting(table.id, place or site.place), attributes)

    def join_receiver(self, made: list[Made], receiver: Value | None, site: Site, table: Table) -> None:
        """What a method of an asset makes belongs to that asset: a server contains its tools, an agent uses them."""
        for owner in self.o.assets_of(receiver) or self._own_class(site):
            for one in made:
                if owner.kind == Kind.MCP_SERVER:
                    self.o.ledger.edge(owner.key, R.CONTAINS, one.key, sighting(table.id, site.place))
                elif owner.kind == Kind.AGENT and one.kind in (Kind.TOOL, Kind.PROMPT, Kind.GUARDRAIL, Kind.AGENT):
                    self.link(owner, one, table, site)
                elif owner.kind == Kind.AGENT and one.kind == Kind.TOOL:
                    self.link(one, owner, table, site, R.DELEGATES_TO)

    def _own_class(self, site: Site) -> list[Made]:
        """The asset that a class is whose method calls a method of its own: `self.tool(f)` of a class of servers."""
        func = site.call.func
        me = func.value.id if isinstance(func, Attr) and isinstance(func.value, Name) else ""
        scope: Scope | None = site.scope if me else None
        while scope is not None:
            owner = scope.method_of if isinstance(scope, FunctionScope) else None
            if owner is not None and isinstance(scope, FunctionScope):
                first = scope.function.params[0].name if scope.function.params else ""
                held = [
                    one
                    for cls in self.o.resolver.members.lineage(owner)
                    for one in self.o.of_class.get(id(cls.cls), ())
                ]
                return held if first == me else []
            scope = scope.parent
        return []

    # others

    def _assets(
        self, value: Value, kinds: tuple[Kind, ...], table: Table, site: Site, subject: Made | None, edge: Attributes
    ) -> bool:
        found = [made for made in self.o.assets_of(value) if made.kind in kinds]
        for made in found:
            self.link(subject, made, table, site, None, edge)
        return bool(found)

    def _members(self, value: Value, role: str, table: Table, site: Site, subject: Made | None) -> bool:
        found = False
        for one in spread(value):
            held = self.o.assets_of(one) or self.o.constant(one, site)
            if isinstance(one, FunctionValue | Partial | LambdaValue | Instance | ClassValue) and not held:
                held = self._from_function(one, role, subject)
            for made in held:
                if role == "agents" and made.kind not in (Kind.AGENT, Kind.TOOL):
                    continue
                self.link(subject, made, table, site)
                found = True
        return found

    def _from_function(self, value: Value, role: str, subject: Made | None) -> list[Made]:
        """A plain function as a member: it counts by the asset it returns, and its code is the subject's own."""
        if isinstance(value, Partial):
            value = value.func
        if isinstance(value, Instance | ClassValue):
            cls = value.cls if isinstance(value, Instance) else value.scope
            if subject is not None and role == "members":
                for name in ("__call__", "run", "forward", "invoke"):
                    if name in cls.methods:
                        self.o.bear(cls.methods[name], subject)
            return []
        if not isinstance(value, FunctionValue):
            return []
        if role == "agents":
            site = Site(_empty_call(value), value.scope, None)
            return [m for m in self.o.assets_of(self.o.resolver.calls.called(value, site)) if m.kind == Kind.AGENT]
        if subject is not None:
            self.o.bear(value.scope, subject)
        return []

    def _guardrails(self, value: Value, table: Table, site: Site, subject: Made | None) -> bool:
        found = False
        for one in flat(value):
            held = self.o.assets_of(one) or self.o.constant(one, site)
            held = [made for made in held if made.kind == Kind.GUARDRAIL]
            if not held and isinstance(one, FunctionValue):
                function = one.scope.function
                place = Place(one.scope.path, function.line, function.line)
                made = self.o.ledger.asset(
                    urn(Kind.GUARDRAIL, self.o.source, one.scope.path, function.name),
                    Kind.GUARDRAIL,
                    function.name,
                    sighting(table.id, place),
                    {"framework": table.id.replace("_", "-")},
                )
                self.o.bear(one.scope, made)
                held = [made]
            if not held and isinstance(one, DictValue):
                held = self._guardrail_object(one, table, site)
            for made in held:
                self.link(subject, made, table, site, R.GUARDED_BY if subject is not None else R.USES)
                found = True
        return found

    def _guardrail_object(self, value: DictValue, table: Table, site: Site) -> list[Made]:
        """A guardrail that is written out as an object: `{ name: "...", execute }`."""
        code = [one for key in ("execute", "run") for item in value.get(key) for one in options(item)]
        functions = [one.scope for one in code if isinstance(one, FunctionValue)]
        name = next((text_of(item) for item in value.get("name")), "")
        if not name or not functions:
            return []
        place = value.place or site.place
        made = self.o.ledger.asset(
            urn(Kind.GUARDRAIL, self.o.source, place.path, name),
            Kind.GUARDRAIL,
            name,
            sighting(table.id, place),
            {"framework": table.id.replace("_", "-")},
        )
        for scope in functions:
            self.o.bear(scope, made)
        return [made]

    def _credential(self, value: Value, table: Table, site: Site) -> bool:
        for one in value.options if hasattr(value, "options") else [value]:
            if isinstance(one, Environment) and one.name:
                made = self.o.ledger.asset(
                    credential_reference_key(self.o.source, one.name),
                    Kind.CREDENTIAL,
                    one.name,
                    sighting(table.id, one.place),
                    {"form": "reference"},
                )
                self.link(None, made, table, site, R.USES, {}, one.place)
                return True
        return False

    def authentication(self, value: Value, subject: Made | None) -> bool:
        if subject is None or (isinstance(value, Known) and value.value in (None, False, "")):
            return False
        if isinstance(value, ClassValue) or (isinstance(value, External) and value.site is None):
            # A class that is handed over may be any middleware.
            name = authenticator(self.o, value)
            if name:
                subject.attributes["authentication"] = name
            return bool(name)
        # Only what does it is named: a literal given here is the secret itself.
        named = "set in code"
        if isinstance(value, ListValue):
            names = [name for item in value.items if (name := self._dependency(item))]
            if not names and not any(_literal(item) for item in value.items):
                return False
            named = ", ".join(names) or named
        elif isinstance(value, External):
            named = value.path.removesuffix("()")
        elif isinstance(value, FunctionValue):
            named = spoken(value.scope)
        subject.attributes["authentication"] = named
        return True

    def guards(self, value: Value, subject: Made | None) -> bool:
        """Of what is put before an endpoint, that which authenticates or limits; the rest is no matter."""
        if subject is None:
            return False
        for name, asked in (("authentication", authenticator), ("rate_limit", limiter)):
            held = [found for one in flat(value) if (found := asked(self.o, one))]
            if held:
                subject.attributes[name] = ", ".join(dict.fromkeys(held))
        return True

    def _dependency(self, value: Value) -> str:
        """The authenticating function in `Depends(...)`, or empty when it does not authenticate."""
        for one in options(value):
            name = authenticator(self.o, one)
            if name:
                return name
        return ""

    def _handler(self, value: Value, subject: Made | None) -> bool:
        if subject is None:
            return False
        found = False
        for one in spread(value):
            if isinstance(one, Partial) and isinstance(one.func, FunctionValue):
                self.o.bear(one.func.scope, subject)
                found = True
            elif isinstance(one, FunctionValue):
                self.o.bear(one.scope, subject)
                found = True
            elif isinstance(one, Instance | ClassValue):
                cls = one.cls if isinstance(one, Instance) else one.scope
                self.o.bear(cls, subject)
                found = True
            elif isinstance(one, LambdaValue):
                for made in self.o.assets_of(one):
                    self.o.ledger.edge(subject.key, R.CALLS, made.key, next(iter(made.evidence)))
                found = True
            else:
                for made in self.o.assets_of(one):
                    if made.kind in (Kind.AGENT, Kind.MODEL):
                        self.o.ledger.edge(subject.key, R.CALLS, made.key, next(iter(made.evidence)))
                        found = True
        return found

    def _url(self, value: Value, subject: Made | None) -> bool:
        text = text_of(value)
        if subject is not None and text:
            subject.attributes["url"] = plain_url(text)
            return True
        return False

    def named_prompt(
        self, text: str, row: Row, site: Site, definition: Scope | None, place: Place, table: Table
    ) -> Made | None:
        """A prompt made by a template class or a decorated function."""
        return self.prompts.named(text, row, site, definition, place, table)

    # given elsewhere

    def apply_to_endpoints(self, row: Row, func: External, site: Site) -> None:
        """Settings for every endpoint of the app that a call makes, is a method of, or is given."""
        app: Value | None = func.base
        if row.app:
            app = self.o.given.value(site, row.app, row)
        elif row.makes or not (isinstance(app, External) and app.site):
            app = External(f"{func.path}()", site, func)
        wanted = self.o.given.described(site, row)
        for one in options(app) if app is not None else []:
            if not isinstance(one, External) or one.site is None:
                continue
            self.o.pending_endpoints.append((id(one.site.call), wanted, row, site))

    def later(self, owner: External, name: str, value: Expr, scope: Scope, line: int) -> None:
        """An argument given after the call: `agent.handoffs.append(x)`."""
        if owner.site is None:
            return
        path = owner.path.removesuffix("()")
        made = self.o.made(owner.site, External(path, None, owner.base))
        for row, table in self.o.rows(path, owner.site):
            for spec, role in row.arguments.items():
                if name in spec.split("|") and made:
                    at = Site(_call_at(owner.site, line), scope, None)
                    for subject in made:
                        given = self.o.resolver.value(value, scope)
                        self.role(role, given, spec, row, table, External(path), at, subject, {})


def _is_main(spec: str) -> bool:
    """Whether a parameter is the model a call is about: left out, the SDK has a default. `manager_llm` has none."""
    return not any("_llm" in name or "." in name for name in spec.split("|"))


def _literal(value: Value) -> bool:
    """Whether a list's item is a user name or password written down, or a pair of them."""
    if isinstance(value, ListValue):
        return any(_literal(item) for item in value.items)
    return isinstance(value, Environment | TextValue) or (isinstance(value, Known) and bool(value.value))


def _empty_call(value: FunctionValue) -> Call:
    line = value.scope.function.line
    return Call(Name(value.scope.function.name, line), [], [], line, line)


def _call_at(site: Site, line: int) -> Call:
    return Call(site.call.func, [], [], line, line)
