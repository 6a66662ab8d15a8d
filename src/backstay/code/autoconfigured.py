"""Autoconfigured: models that a framework hands out by the application's settings, without code that makes them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from backstay import catalog
from backstay.code.ledger import Made
from backstay.code.models import provider_of_url
from backstay.code.values import Place
from backstay.documents import DocumentError
from backstay.plugin import Places
from backstay.starters import Setting, starters

if TYPE_CHECKING:
    from backstay.code.observe import Observer

_FOLDER = "src/main/resources/"
_FILES = ("application.properties", "application.yml", "application.yaml")
MAX_APPLICATIONS = 200  # whose settings are read
MAX_SIZE = 400_000  # bytes of settings


class Autoconfigured:
    """Where one application of a source has such settings, objects of the types that they are for are its models."""

    def __init__(self, observer: Observer, places: Places) -> None:
        self.o = observer
        self._places = places
        self._models: dict[str, list[Made]] | None = None

    def of(self, path: str) -> list[Made]:
        """The models that an object of a library's type stands for, by its path; nothing for any other."""
        task = self.o.catalog.configured.get(path, "")
        if not task:
            return []
        if self._models is None:
            self._models = self._read()
        return self._models.get(task, [])

    def _read(self) -> dict[str, list[Made]]:
        paths = [scope.path for scope in self.o.modules if "src/main/" in scope.path]
        found = [made for unit in self._applications(paths) if (made := self._chosen(unit))]
        # With several applications nobody can tell whose object it is.
        return found[0] if len(found) == 1 else {}

    def _applications(self, paths: list[str]) -> list[str]:
        return list(dict.fromkeys(path.partition("src/main/")[0] for path in paths))[:MAX_APPLICATIONS]

    def _chosen(self, unit: str) -> dict[str, list[Made]]:
        found: dict[str, list[Made]] = {}
        for name in _FILES:
            path = f"{unit}{_FOLDER}{name}"
            data = self._places.read(path)
            if data is None or len(data) > MAX_SIZE:
                continue
            try:
                settings = starters(name, data.decode("utf-8", "replace"))
            except DocumentError:
                continue
            for named, given in settings:
                provider = _seller(named, given)
                for one in given:
                    place = Place(path, one.line, one.line)
                    if one.names_model and one.task:
                        hub = provider == "huggingface"
                        made = self.o.model_named(one.plain, provider, place, "spring_ai", hub=hub, task=one.task)
                        if made is not None:
                            found.setdefault(one.task, []).append(made)
        return found


def _seller(named: str, settings: list[Setting]) -> str:
    """Whose service it is: that of the address, where one is set that says so."""
    addresses = [one.plain for one in settings if one.about == "url" and named != "azure-openai"]
    known = {one.name for one in catalog.providers()}
    return next((found for one in addresses if (found := provider_of_url(one)) in known), named)
