"""Paths: where in the project a path leads that code puts together from its own place."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from backstay.code.facts import Call
from backstay.code.resolve.shapes import argument, text
from backstay.code.scopes import ModuleScope, Scope
from backstay.code.values import External, Frame, Known, ListValue, Place, Site, Value, options

if TYPE_CHECKING:
    from backstay.code.resolve.resolver import Resolver

MAX_PATH = 400
MAX_PARENTS = 8
_OWN_FILE = frozenset(("__file__", "__filename"))
_SAME = frozenset(
    (
        "os.path.abspath",
        "os.path.realpath",
        "os.path.normpath",
        "os.path.expanduser",
        "os.path.expandvars",
        "os.fspath",
        "url.fileURLToPath",
        "posixpath.normpath",
    )
)
_FOLDER = frozenset(("os.path.dirname", "posixpath.dirname", "path.dirname"))
_HERE = frozenset(("os.getcwd", "pathlib.Path.cwd", "process.cwd", "builtins.process.cwd"))
_JOINED = frozenset(("pathlib.Path", "pathlib.PurePath", "pathlib.PosixPath", "path.join", "path.resolve"))
_PACKAGE = frozenset(("importlib.resources.files", "importlib_resources.files", "pkg_resources.resource_filename"))
_BACK = frozenset(("resolve", "absolute", "expanduser", "as_posix", "__str__"))


class Paths:
    """A path that begins at a file of the project is text that begins at the project's root; `.` is the root."""

    def __init__(self, resolver: Resolver) -> None:
        self.r = resolver

    def own(self, name: str, module: ModuleScope) -> Value | None:
        """What `__file__` and `__dirname` are."""
        place = Place(module.path, 1)
        if name in _OWN_FILE:
            return Known(module.path, place)
        return Known(folder_of(module.path), place) if name == "__dirname" else None

    def attribute(self, owner: Known, name: str) -> Value | None:
        """`path.parent` and `path.parents`."""
        if not path_of(owner):
            return None
        above = [folder_of(path_of(owner))]
        while len(above) < MAX_PARENTS:
            above.append(folder_of(above[-1]))
        if name == "parents":
            return ListValue([Known(one, owner.place) for one in above], True, owner.place)
        return Known(above[0], owner.place) if name == "parent" else None

    def method(self, owner: Value, call: Call, name: str, scope: Scope, frame: Frame | None) -> Value | None:
        """What `joinpath`, `with_name` and `with_suffix` of a known path give."""
        if name not in ("joinpath", "with_name", "with_suffix") or not call.args:
            return None
        base = next((found for one in options(owner) if (found := path_of(one))), "")
        if not base:
            return None
        place = Place(scope.path, call.line, call.end_line)
        given = [self.r.value(arg, scope, frame) for arg in call.args]
        if name == "joinpath":
            return self._joined([Known(base, place), *given], place)
        if name == "with_name":
            return self._joined([Known(folder_of(base), place), *given], place)
        return text([Known(posixpath.splitext(base)[0], place), given[0]], place)

    def called(self, path: str, site: Site) -> Value | None:
        """What a function of paths gives; None for any other."""
        call, scope, frame = site.call, site.scope, site.frame
        if path in _HERE:
            return Known(".", site.place)
        if not call.args:
            return None
        if path in _SAME:
            return self.r.value(call.args[0], scope, frame)
        if path in _FOLDER:
            given = self.r.value(call.args[0], scope, frame)
            known = next((found for one in options(given) if (found := path_of(one))), "")
            return Known(folder_of(known), site.place) if known else None
        if path in _JOINED and len(call.args) > 1:
            return self._joined([self.r.value(arg, scope, frame) for arg in call.args], site.place)
        if path in _PACKAGE:
            folder = self._package(site)
            rest = [self.r.value(arg, scope, frame) for arg in call.args[1:]]
            return self._joined([folder, *rest], site.place) if folder is not None else None
        return None

    def _joined(self, values: list[Value], place: Place) -> Value:
        parts: list[Value] = []
        for value in values:
            parts += [*([Known("/", place)] if parts else []), value]
        return text(parts, place)

    def _package(self, site: Site) -> Value | None:
        """The folder of a package that is named by text, or is a module of the project."""
        named = argument(site.call, "package|anchor|0")
        value = self.r.value(named, site.scope, site.frame) if named is not None else None
        for one in options(value) if value is not None else []:
            if isinstance(one, Known) and isinstance(one.value, str) and len(one.value) < MAX_PATH:
                found = self.r.project.find(one.value, 0, site.scope.path)
                return Known(folder_of(found) if found else one.value.replace(".", "/"), site.place)
            path = getattr(one, "path", "")
            if path and not isinstance(one, External):
                return Known(folder_of(path), site.place)
        # `__package__` and the like: the folder of the code that asks.
        return Known(folder_of(site.scope.path), site.place)


def path_of(value: Value | None) -> str:
    """The text of a value that can be a path; empty for any other."""
    if not isinstance(value, Known) or not isinstance(value.value, str) or len(value.value) > MAX_PATH:
        return ""
    return "" if "\n" in value.value else value.value


def folder_of(path: str) -> str:
    """The folder of a path; `.` for what stands in the root."""
    return posixpath.dirname(posixpath.normpath(path)) or "."
