"""Project files: class attributes that a framework reads from YAML beside the class, or gathers from its methods."""

from __future__ import annotations

import posixpath
from collections.abc import Callable
from typing import TYPE_CHECKING

from backstay.catalog.tables import Row
from backstay.code.facts import Call, Name, decorating
from backstay.code.scopes import ClassScope, FunctionScope, Scope
from backstay.code.values import (
    DictValue,
    External,
    FunctionValue,
    Instance,
    Known,
    ListValue,
    Place,
    Site,
    Unknown,
    Value,
    options,
)
from backstay.documents import DocumentError, Node, read_yaml

if TYPE_CHECKING:
    from backstay.code.resolve.resolver import Resolver

MAX_BYTES = 1_000_000
MAX_TEXT = 200_000  # bytes of a file whose text is looked at as a value
MAX_TEXTS = 500  # of such files


class ProjectFiles:
    """Attributes by class and name; filled once, before anything is resolved."""

    def __init__(self, resolver: Resolver) -> None:
        self.r = resolver
        self._found: dict[tuple[int, str], Value] = {}
        self._gathered: dict[tuple[int, str], list[FunctionScope]] = {}
        self._read: Callable[[str], bytes | None] = lambda path: None
        self._texts: dict[str, Value] = {}
        self._read_so_far = 0

    def fill(self, scopes: list[Scope], read: Callable[[str], bytes | None]) -> None:
        """Look at the decorators of every class; `read` gives a file's content or None."""
        self._read = read
        for scope in scopes:
            if isinstance(scope, ClassScope):
                for row in self._rows(scope):
                    for name, default in row.yaml.items():
                        value = self._file(scope, name, default, read)
                        if value is not None:
                            self._found[id(scope.cls), name] = value
                    for name, decorator in row.collects.items():
                        self._gathered[id(scope.cls), name] = [
                            method for method in scope.methods.values() if self._is_decorated(method, decorator)
                        ]

    def text(self, path: Value) -> Value:
        """What a file of the project says that code has built into its program, by its path from the root."""
        whole = posixpath.normpath(path.value) if isinstance(path, Known) and isinstance(path.value, str) else ""
        if not whole or whole.startswith(("..", "/")):
            return Unknown()
        if whole not in self._texts:
            data = self._read(whole) if self._read_so_far < MAX_TEXTS else None
            self._read_so_far += data is not None
            usable = data is not None and len(data) <= MAX_TEXT and b"\0" not in data
            said = data.decode("utf-8", "replace") if data is not None and usable else ""
            place = Place(whole, 1, said.count("\n") + 1)
            self._texts[whole] = Known(said, place) if usable else Unknown()
        return self._texts[whole]

    def held(self, path: str) -> Value | None:
        """The text of a file that has been looked at."""
        return self._texts.get(path)

    def attribute(self, cls: ClassScope, name: str) -> Value | None:
        """The value of an attribute that a file or the class's own methods give."""
        key = (id(cls.cls), name)
        methods = self._gathered.get(key)
        if methods:
            made: list[Value] = []
            for method in methods:
                line = method.function.line
                site = Site(Call(Name(method.function.name, line), [], [], line, line), cls, None)
                made.append(self.r.calls.called(FunctionValue(method, Instance(cls)), site))
            return ListValue(made)
        return self._found.get(key)

    def _rows(self, scope: ClassScope) -> list[Row]:
        rows = []
        for decorator in scope.cls.decorators:
            target = decorating(decorator)
            for one in options(self.r.value(target, scope.parent or scope)):
                if isinstance(one, External):
                    rows += [row for row, _ in self.r.catalog.decorators.find(one.path) if row.yaml or row.collects]
        return rows

    def _is_decorated(self, method: FunctionScope, path: str) -> bool:
        for decorator in method.function.decorators:
            target = decorating(decorator)
            for one in options(self.r.value(target, method.parent or method)):
                if isinstance(one, External) and one.path == path:
                    return True
        return False

    def _file(
        self, scope: ClassScope, name: str, default: str, read: Callable[[str], bytes | None]
    ) -> DictValue | None:
        named = self.r.names.name(name, 0, scope, None) if name in scope.names else None
        path = named.value if isinstance(named, Known) and isinstance(named.value, str) else default
        whole = posixpath.normpath(posixpath.join(posixpath.dirname(scope.path), path))
        data = read(whole) if not whole.startswith("..") else None
        if data is None or len(data) > MAX_BYTES:
            return None
        try:
            documents = read_yaml(data.decode("utf-8", "replace"))
        except DocumentError:
            return None  # the file's own detectors report what is wrong with it
        value = _value(documents[0], whole) if documents else None
        return value if isinstance(value, DictValue) else None


def _value(node: Node, path: str) -> Value:
    place = Place(path, node.line, node.end_line)
    if isinstance(node.value, dict):
        entries: list[tuple[Value | None, Value]] = [
            (Known(key, place), _value(inner, path)) for key, inner in node.value.items()
        ]
        return DictValue(entries, False, place)
    if isinstance(node.value, list):
        return ListValue([_value(inner, path) for inner in node.value], False, place)
    if node.value is None or isinstance(node.value, str | int | float | bool):
        return Known(node.value, place)
    return Unknown()
