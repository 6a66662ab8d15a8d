"""Model roles: arguments that name models, those that are made of them, and providers where the model is not known."""

from __future__ import annotations

from typing import TYPE_CHECKING

from backstay.catalog.tables import Row, Table
from backstay.code.facts import Expr, Lit, Map
from backstay.code.ledger import Made, R, sighting
from backstay.code.models import is_path, provider_of_model, split_prefix
from backstay.code.naming import file_name
from backstay.code.resolve import argument, dotted
from backstay.code.values import (
    DictValue,
    Environment,
    External,
    Known,
    Place,
    Site,
    TextValue,
    Unknown,
    Value,
    flat,
    options,
    spread,
)
from backstay.keys import is_hub_name, model_key
from backstay.model import Attributes, Kind

if TYPE_CHECKING:
    from backstay.code.observe import Observer

GENERIC_FOLDERS = frozenset(
    (
        "out",
        "output",
        "outputs",
        "result",
        "results",
        "checkpoint",
        "checkpoints",
        "model",
        "models",
        "logs",
        "log",
        "tmp",
        "temp",
        "save",
        "saved",
        "weights",
        "data",
        "artifacts",
        "runs",
    )
)


_ID_KEYS = ("modelId", "model_id", "modelName", "model_name", "model")  # of a model that is written as a record


class ModelRoles:
    def __init__(self, observer: Observer) -> None:
        self.o = observer
        self.uses: dict[int, list[Made]] = {}  # id of a call -> the models it names
        self.provider_uses: dict[int, list[Made]] = {}

    def draw(
        self,
        role: str,
        value: Value,
        row: Row,
        table: Table,
        func: External,
        site: Site,
        subject: Made | None,
        attributes: Attributes,
    ) -> bool:
        found: list[Made] = []
        # A dictionary beside an embedding model is metadata or settings; one of models holds models.
        for one in flat(value) if role == "embedding" else _spread(value):
            if isinstance(one, Known) and isinstance(one.value, str) and one.value.strip():
                made = self.model(one.value, row, table, site, one.place, func.base or func, role)
                found += [made] if made is not None else []
            elif not isinstance(one, Known | TextValue | Unknown | Environment):
                held = [m for m in self.o.assets_of(one) if m.kind in (Kind.MODEL, Kind.MODEL_FILE, Kind.PROVIDER)]
                found += held
                client = None if held else self.o.clients.of(one)
                if client is not None and client[0]:
                    seller = self.o.provider(client[0], site.place, table.id)
                    self.o.roles.link(subject, seller, table, site, R.USES)
                    return True
        if subject is None and role != "base_model":
            self.uses[id(site.call)] = found
        for made in found:
            if subject is None:
                edge: Attributes = {"api": func.path, **attributes}
                if role == "base_model":
                    edge["role"] = role
                self.o.roles.link(None, made, table, site, R.USES, edge)
            elif subject.kind == Kind.MODEL:
                self.o.roles.link(subject, made, table, site, R.DERIVED_FROM)
            else:
                self.o.roles.link(subject, made, table, site, R.USES)
        return bool(found)

    def model(
        self, name: str, row: Row, table: Table, site: Site, place: Place, receiver: Value | None, role: str = "model"
    ) -> Made | None:
        """The model of an id as this row reads ids: prefixed by a provider, on the hub, or of the client's provider."""
        provider, confidence = self.o.clients.provider(row, table, site, receiver)
        hub = table.hub if row.hub is None else row.hub
        if row.provider_prefix:
            prefixed, rest = split_prefix(name)
            if prefixed:
                provider, name = prefixed, rest
                hub = hub or prefixed == "huggingface"
            elif not provider:
                provider = provider_of_model(name)
        if name.startswith("models:/"):
            name = name.removeprefix("models:/").partition("/")[0].partition("@")[0]
        elif name.startswith("runs:/"):
            return None
        elif name.startswith("models/") and provider == "google":
            name = name.removeprefix("models/")
        task = row.task or ("embedding" if role == "embedding" else "")
        local = hub and not row.provider and not row.provider_from
        if local and name.isalpha():
            # A word such as `scratch` or `resume` says how to begin; repositories of the hub have owners or versions.
            return None
        return self.o.model_named(
            name,
            "" if local and provider == "huggingface" else provider,
            place,
            table.id,
            hub=hub,
            task=task,
            confidence=confidence,
        )

    def provider_instead(
        self, row: Row, table: Table, func: External, site: Site, subject: Made | None, attributes: Attributes
    ) -> None:
        """The model is not known: at least whose it is, with the expression nobody could resolve."""
        provider, confidence = self.o.clients.provider(row, table, site, func.base or func)
        if not provider or (table.hub and not row.provider):
            return
        edge: Attributes = {"api": func.path, **attributes}
        for spec, role in row.arguments.items():
            if role in ("model", "embedding"):
                expr = _expression(site, spec)
                if expr is not None:
                    edge["unresolved"] = dotted(expr)
        seller = self.o.provider(provider, site.place, table.id, confidence)
        self.provider_uses[id(site.call)] = [seller]
        self.o.roles.link(subject, seller, table, site, R.USES, edge)

    def unresolved(self, row: Row, table: Table, site: Site, path: str, receiver: Value | None, passed: bool) -> None:
        """A model object whose id is not known."""
        func = External(path, None, receiver if isinstance(receiver, External) else None)
        edge = self.o.given.described(site, row)
        provider, confidence = self.o.clients.provider(row, table, site, receiver)
        if not provider or (table.hub and not row.provider):
            return
        if passed:
            expr = next((found for name in row.names if (found := _expression(site, name)) is not None), None)
            edge["unresolved"] = dotted(expr) if expr is not None else "…"
        seller = self.o.provider(provider, site.place, table.id, confidence)
        self.provider_uses[id(site.call)] = [seller]
        self.o.use(site.scope, R.USES, seller, {"api": func.path, **edge}, site.place, table.id, confidence)

    def produced(self, value: Value, row: Row, table: Table, func: External, site: Site) -> bool:
        for one in options(value):
            name = one.value if isinstance(one, Known) else file_name(one)
            if not isinstance(name, str) or name.strip("./").lower() in GENERIC_FOLDERS or not name.strip("./"):
                continue
            place = one.place if isinstance(one, Known) else site.place
            folder = name.removeprefix("./").partition("/")[0].lower()
            local = is_path(name) or folder in GENERIC_FOLDERS or not is_hub_name(name)
            short = name.rstrip("/").rpartition("/")[2] if local else name
            made_as: Attributes = {"produced": True} | ({"path": name} if local and "/" in name else {})
            if short.strip() and len(short) < 200 and "\n" not in short:
                made = self.o.ledger.asset(
                    model_key(short, hub=not local),
                    Kind.MODEL,
                    short,
                    sighting(table.id, place, 0.9),
                    made_as,
                )
                self.o.use(site.scope, R.PRODUCES, made, {"api": func.path}, site.place, table.id)
                return True
        return False


def _expression(site: Site, spec: str) -> Expr | None:
    if spec.startswith(("@", "=")):
        return None
    given = argument(site.call, spec)
    if given is not None:
        return given
    names = spec.split("|")
    # An object of options, where a language has no names for arguments.
    for arg in (*site.call.args[:1], *site.call.args[1:][-1:]):
        for key, value in zip(arg.keys, arg.values, strict=True) if isinstance(arg, Map) else ():
            if isinstance(key, Lit) and key.value in names:
                return value
    return None


def _spread(value: Value) -> list[Value]:
    """The models that a value holds; of a record that describes one model, its id."""
    out: list[Value] = []
    for one in options(value):
        ids = [found for key in _ID_KEYS for found in one.get(key)] if isinstance(one, DictValue) else []
        out += options(ids[0]) if ids else spread(one)
    return out
