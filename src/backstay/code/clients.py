"""Clients: the providers that connections talk to, and what is made from a connection."""

from __future__ import annotations

from typing import TYPE_CHECKING

from backstay.catalog.tables import Row, Table
from backstay.code.ledger import R
from backstay.code.models import is_address, provider_called, provider_of_url, split_prefix
from backstay.code.naming import provider_of_setting
from backstay.code.values import External, Known, Site, Value, options
from backstay.model import Attributes

if TYPE_CHECKING:
    from backstay.code.observe import Observer


class Clients:
    def __init__(self, observer: Observer) -> None:
        self.o = observer
        self._known: dict[int, tuple[str, Attributes]] = {}
        # Objects that a library has ready, told by an alias to what would make them: `openai` for `createOpenAI()`.
        self._ready = frozenset(path for path in observer.catalog.alias.values() if path.endswith("()"))

    def noted(self, site: Site, func: External, row: Row, table: Table) -> tuple[str, Attributes]:
        """The provider that a client talks to, and its attributes; noted as used by the enclosing code."""
        known = self._known.get(id(site.call))
        if known is not None:
            return known
        provider, confidence = self.provider(row, table, site, None)
        attributes: Attributes = self.o.given.described(site, row)
        self._known[id(site.call)] = provider, attributes
        if provider:
            made = self.o.provider(provider, site.place, table.id, confidence)
            self.o.use(site.scope, R.USES, made, {"api": func.path}, site.place, table.id, confidence)
        return provider, attributes

    def provider(self, row: Row, table: Table, site: Site, receiver: Value | None) -> tuple[str, float]:
        """Whose service a call reaches, and how sure that is: its own URL, then its client's, then the table's."""
        own = row.provider or table.provider
        if row.provider_from:
            url = self.o.given.value(site, row.provider_from, row)
            for one in options(url) if url is not None else []:
                text = one.value if isinstance(one, Known) else None
                if isinstance(text, str) and text:
                    found = provider_called(text)
                    if not found and row.provider_prefix and "://" not in text:
                        found = split_prefix(text)[0]
                    found = found or ("" if row.provider_prefix or not is_address(text) else provider_of_url(text))
                    if found:
                        return found, 0.95
                elif not (isinstance(one, Known) and one.value is None):
                    # Others speak OpenAI's interface; a variable may say who.
                    told = provider_of_setting(one) if own == "openai" else ""
                    if told:
                        return told, 0.7
                    client = self.of(one)
                    return (client[0], 0.95) if client is not None and client[0] else (own, 0.6)
        client = self.of(receiver)
        if client is not None and client[0]:
            return client[0], 0.95
        return own, 0.95

    def of(self, value: Value | None) -> tuple[str, Attributes] | None:
        """The client that an object was made from, by the calls and attributes between them."""
        for one in options(value) if value is not None else []:
            at: Value | None = one
            ready = ""
            for _ in range(12):
                if not isinstance(at, External):
                    break
                if at.site is not None:
                    path = at.path.removesuffix("()")
                    for row, table in self.o.rows(path, at.site):
                        if row.makes == "client":
                            return self.noted(at.site, External(path), row, table)
                elif at.path in self._ready:
                    ready = at.path
                at = at.base
            for row, table in self.o.catalog.calls.find(ready.removesuffix("()")) if ready else ():
                if row.makes == "client" and not row.when and (row.provider or table.provider):
                    return row.provider or table.provider, {}
        return None
