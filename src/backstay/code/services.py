"""Services: interfaces that a framework implements with a model; annotations on their methods say how."""

from __future__ import annotations

from typing import TYPE_CHECKING

from backstay.catalog.tables import Row, Table
from backstay.code.ledger import Made
from backstay.code.scopes import ClassScope
from backstay.code.values import ClassValue, External, Instance, Site, Value, spread

if TYPE_CHECKING:
    from backstay.code.observe import Observer


class Services:
    """Joins such interfaces with the agents that are made of them, wherever that happens."""

    def __init__(self, observer: Observer) -> None:
        self.o = observer
        self._made_of: dict[int, list[Made]] = {}  # id of a class -> the agents that it is the interface of
        self._said: list[tuple[Row, Table, External, Site, ClassScope]] = []

    def implements(self, value: Value, subject: Made | None) -> bool:
        """The role `service`: the subject does what a class's methods promise; who calls them calls it."""
        found = False
        for one in spread(value):
            cls = one.scope if isinstance(one, ClassValue) else one.cls if isinstance(one, Instance) else None
            if cls is not None and subject is not None:
                for each in self.o.resolver.members.lineage(cls):
                    self._made_of.setdefault(id(each.cls), []).append(subject)
                    self.o.bear(each, subject)
                found = True
        return found

    def says(self, row: Row, table: Table, func: External, site: Site, cls: ClassScope) -> None:
        """Note what a decorator on a class's method says of whatever is made of the class."""
        self._said.append((row, table, func, site, cls))

    def settle(self) -> None:
        """Draw what was noted, once all agents are known."""
        for row, table, func, site, cls in self._said:
            subjects = {made.key: made for made in (*self.o.of_class.get(id(cls.cls), ()), *self._of(cls))}
            for subject in subjects.values() or (None,):
                self.o.roles.draw(row, table, func, site, subject, {})

    def _of(self, cls: ClassScope) -> list[Made]:
        return self._made_of.get(id(cls.cls), [])
