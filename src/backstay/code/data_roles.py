"""Data roles: arguments that name datasets and files of models."""

from __future__ import annotations

from typing import TYPE_CHECKING

from backstay.catalog.tables import Row, Table
from backstay.code.ledger import Made, R, sighting
from backstay.code.models import is_path
from backstay.code.naming import as_text, enclosing, file_name
from backstay.code.urls import plain_url
from backstay.code.values import (
    External,
    Known,
    Place,
    Site,
    Value,
    options,
    spread,
)
from backstay.keys import dataset_key, is_hub_name
from backstay.model import Attributes, Kind, urn

if TYPE_CHECKING:
    from backstay.code.observe import Observer


class DataRoles:
    def __init__(self, observer: Observer) -> None:
        self.o = observer

    def dataset(self, text: str, place: Place, table: str, *, hub: bool, weak: bool = False) -> Made | None:
        """A dataset by hub id, path or URL."""
        text = text.strip()
        if not text or "\n" in text or len(text) > 300:
            return None
        if (
            hub
            and (is_hub_name(text) or "/" not in text)
            and not is_path(text)
            and "." not in text.rpartition("/")[2][-6:]
        ):
            return self.o.ledger.asset(
                dataset_key(text), Kind.DATASET, text, sighting(table, place), {"hub": "huggingface"}, weak=weak
            )
        shown = plain_url(text).removeprefix("./")
        attributes: Attributes = {"url": shown} if "://" in text else {"path": shown}
        key = urn(Kind.DATASET, self.o.source, shown)
        return self.o.ledger.asset(key, Kind.DATASET, shown, sighting(table, place), attributes, weak=weak)

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
        hub = table.hub if row.hub is None else row.hub
        found: list[Made] = []
        for given in spread(value):
            one = self.o.opened(given)
            if isinstance(one, Known) and isinstance(one.value, str):
                made = self.dataset(one.value, one.place, table.id, hub=hub)
                found += [made] if made is not None else []
            elif file_name(one):
                made = self.dataset(file_name(one), site.place, table.id, hub=False)
                found += [made] if made is not None else []
            else:
                found += [made for made in self.o.assets_of(one) if made.kind == Kind.DATASET]
        for made in found:
            if subject is not None and subject.kind == Kind.MODEL:
                edge = R.TESTED_ON if role == "evaluation_dataset" else R.TRAINED_ON
                self.o.roles.link(subject, made, table, site, edge)
            elif subject is not None:
                self.o.roles.link(subject, made, table, site, R.CONSUMES)
            else:
                self.o.roles.link(None, made, table, site, R.CONSUMES, {"api": func.path, "role": role, **attributes})
        return bool(found)

    def file(self, value: Value, func: External, table: Table, site: Site, attributes: Attributes) -> bool:
        for one in options(value):
            opened = self.o.opened(one)
            text = as_text(opened) or file_name(opened)
            if text:
                made = self.o.model_file(text, site.place, table.id)
                self.o.roles.link(None, made, table, site, R.USES, {"api": func.path, **attributes})
                return True
        made = self.unresolved(func.path, table, site)
        self.o.roles.link(None, made, table, site, R.USES, {"api": func.path, **attributes})
        return True

    def unresolved(self, path: str, table: Table, site: Site) -> Made:
        """A model file that code loads from a path nobody can tell: named by where it is loaded."""
        name = f"{path} in {enclosing(site.scope)}"
        key = urn(Kind.MODEL_FILE, self.o.source, site.scope.path, name)
        return self.o.ledger.asset(key, Kind.MODEL_FILE, name, sighting(table.id, site.place), {"unresolved": "path"})
