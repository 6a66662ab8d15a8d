"""Contents: what files of the project say that code reads by itself: prompts, templates, YAML, JSON and TOML."""

from __future__ import annotations

import posixpath
import re
import tomllib
from typing import TYPE_CHECKING

from backstay.code.facts import Call
from backstay.code.resolve.paths import folder_of, path_of
from backstay.code.resolve.shapes import argument, choice
from backstay.code.scopes import Scope
from backstay.code.values import (
    DictValue,
    Environment,
    External,
    Frame,
    Known,
    ListValue,
    Place,
    Site,
    TextValue,
    Unknown,
    Value,
    flat,
    options,
)
from backstay.documents import DocumentError, Node, read_json, read_yaml

if TYPE_CHECKING:
    from backstay.code.resolve.resolver import Resolver

MAX_LOOKED = 4_000  # places where files are looked for
MAX_DOCUMENT = 500_000  # bytes of a document of settings
MAX_DOCUMENTS = 200
MAX_VALUES = 20_000  # of one document
MAX_NESTED = 40
_READ = frozenset(("read_text", "read_bytes", "read"))
# Functions that give the text of the file whose path is their first argument.
_READERS = frozenset(
    (
        "fs.readFileSync",
        "fs.promises.readFile",
        "fs/promises.readFile",
        "fs.readFile",
        "os.ReadFile",
        "io/ioutil.ReadFile",
        "System.IO.File.ReadAllText",
        "System.IO.File.ReadAllTextAsync",
        "builtins.System.readResource",
    )
)
_RESOURCES = frozenset(("importlib.resources.read_text", "importlib.resources.open_text", "pkgutil.get_data"))
_OPENED = re.compile(r"(?:(?:builtins|io|codecs|aiofiles|gzip|smart_open|fsspec)\.open|anyio\.open_file)\(\)\Z")
_LOADERS = re.compile(
    r"(?:(?:yaml|ruamel\.yaml)\.(?:(?:safe|full|unsafe)_load|load|round_trip_load)|ruamel\.yaml\.YAML\(\)\.load|"
    r"(?:json|orjson|ujson|json5|pyjson5|tomllib|tomli|toml|rtoml)\.loads?|(?:omegaconf\.)OmegaConf\.load|anyconfig\.load|"
    r"js-yaml\.(?:default\.)?load|builtins\.JSON\.parse|JSON\.parse)\Z"
)
# Wrappers of settings that keep their names.
_KEPT = re.compile(
    r"(?:omegaconf\.OmegaConf\.(?:create|to_container|to_object)|box\.Box|munch\.(?:munchify|Munch)|easydict\.EasyDict|"
    r"addict\.Dict|dotmap\.DotMap|ml_collections\.ConfigDict|builtins\.dict)\Z"
)
_TEMPLATE = re.compile(
    r"(?:jinja2(?:\.\w+)*\.(?:Template|NativeTemplate)\(\)|jinja2(?:\.\w+)*\.\w*Environment\(\)\.from_string\(\)|"
    r"string\.Template\(\)|mako\.template\.Template\(\))\.(?:render|render_async|substitute|safe_substitute)\Z"
)
_FROM_LOADER = re.compile(
    r"(jinja2(?:\.\w+)*\.\w*Environment\(\))\.(?:get_template|select_template)\(\)\.render(?:_async)?\Z"
)
_VARIABLE = re.compile(r"\$\{(?:oc\.env:|env:)?(\w{1,80})(?::-|:|,)[ ]?([^{}$]{0,200})\}\Z")
_TOML_TABLE = re.compile(r"\s*\[\[?([\w.\"' -]{1,300})\]")
_TOML_KEY = re.compile(r"\s*([\w\"'-]{1,200})\s*=")


class Contents:
    """Texts and documents by path; `read` tells where a text stands, so that a prompt can go by its file."""

    def __init__(self, resolver: Resolver) -> None:
        self.r = resolver
        self._found: dict[tuple[str, str], str] = {}
        self._documents: dict[str, Value | None] = {}
        self._keys: dict[tuple[str, int], str] = {}

    # what calls give

    def method(self, owner: Value, call: Call, name: str, scope: Scope, frame: Frame | None) -> Value | None:
        """What `path.read_text()` gives, where the path is known."""
        if name not in _READ:
            return None
        return self._texts(owner, scope.path)

    def called(self, func: External, path: str, site: Site) -> Value | None:
        """The text or the document that a call reads; None where it reads no file that is known."""
        head, _, last = path.rpartition(".")
        if last in _READ and _OPENED.match(head) and func.base is not None:
            return self._texts(self._opened(func.base), site.scope.path)
        if path in _READERS and site.call.args:
            return self._texts(self.r.value(site.call.args[0], site.scope, site.frame), site.scope.path)
        if path in _RESOURCES and len(site.call.args) > 1:
            where = self.r.paths.called("importlib.resources.files", site)
            return self._texts(where, site.scope.path) if where is not None else None
        if _LOADERS.match(path) and site.call.args:
            return self._loaded(path, site)
        if _KEPT.match(path) and site.call.args:
            given = self.r.value(site.call.args[0], site.scope, site.frame)
            return given if any(isinstance(one, DictValue) for one in options(given)) else None
        if path == "omegaconf.OmegaConf.merge":
            return self._merged(site)
        return self._template(func, path, site)

    def _opened(self, func: External) -> Value:
        site = func.site
        if site is None or not site.call.args:
            return Unknown()
        return self.r.value(site.call.args[0], site.scope, site.frame)

    def _texts(self, path: Value, importer: str) -> Value | None:
        found: list[Value] = []
        for one in options(path):
            where = self.find(one, importer)
            value = self.r.files.text(Known(where, Place(importer, 1))) if where else Unknown()
            if not isinstance(value, Unknown):
                found.append(value)
        return choice(found) if found else None

    def _loaded(self, path: str, site: Site) -> Value | None:
        given = self.r.value(site.call.args[0], site.scope, site.frame)
        found: list[Value] = []
        for one in options(given):
            where = ""
            if isinstance(one, External) and _OPENED.match(one.path):
                where = self.find(self._opened(one), site.scope.path)
            elif isinstance(one, Known) and self.is_whole(one):
                where = one.place.path
            elif path_of(one) and not path.endswith("loads"):
                where = self.find(one, site.scope.path)  # of OmegaConf and toml; and of an opened `pathlib.Path`
            value = self.document(where) if where else None
            if value is not None:
                found.append(value)
        return choice(found) if found else None

    def _merged(self, site: Site) -> Value | None:
        given = [self.r.value(arg, site.scope, site.frame) for arg in site.call.args]
        held = [one for value in given for one in options(value) if isinstance(one, DictValue)]
        if not held:
            return None
        entries = [entry for one in held for entry in one.entries]
        return DictValue(entries, len(held) < len(given), held[0].place)

    def _template(self, func: External, path: str, site: Site) -> Value | None:
        """The text that a template engine fills, with its fields as they stand."""
        if _TEMPLATE.match(path) and func.base is not None and func.base.site is not None:
            made = func.base.site
            source = argument(made.call, "source|template|text|0")
            value = self.r.value(source, made.scope, made.frame) if source is not None else Unknown()
            known = [one for one in options(value) if isinstance(one, Known | TextValue)]
            return choice(known) if known else None
        engine = _FROM_LOADER.match(path)
        if engine is None or func.base is None or func.base.site is None:
            return None
        asked, at = func.base.site, func.base.base
        while at is not None and at.site is None:
            at = at.base
        folders = self._folders(at.site) if at is not None and at.site is not None else []
        name = self.r.value(asked.call.args[0], asked.scope, asked.frame) if asked.call.args else Unknown()
        found: list[Value] = []
        for one in options(name):
            for folder in folders if path_of(one) else ():
                text = self._texts(Known(f"{folder}/{path_of(one)}", asked.place), asked.scope.path)
                if text is not None:
                    found.append(text)
                    break
        return choice(found) if found else None

    def _folders(self, environment: Site) -> list[str]:
        """The folders in which an environment of jinja2 looks for templates."""
        loader = argument(environment.call, "loader")
        value = self.r.value(loader, environment.scope, environment.frame) if loader is not None else Unknown()
        found: list[str] = []
        for one in options(value):
            if not isinstance(one, External) or one.site is None:
                continue
            site = one.site
            where = argument(site.call, "searchpath|package_name|0")
            given = self.r.value(where, site.scope, site.frame) if where is not None else Unknown()
            below = argument(site.call, "package_path|1")
            inner = self.r.value(below, site.scope, site.frame) if below is not None else Known("templates", site.place)
            for each in flat(given):
                folder = path_of(each)
                if folder:
                    if one.path.endswith("PackageLoader()"):
                        module = self.r.project.find(folder, 0, site.scope.path)
                        folder = folder_of(module) if module else folder.replace(".", "/")
                        folder += f"/{inner.value}" if isinstance(inner, Known) else ""
                    found.append(folder)
        return found[:8]

    # files

    def find(self, path: Value, importer: str) -> str:
        """The file of the project that a path means: seen from the root, the code's folder or one above; else empty."""
        given, folder = path_of(path), folder_of(importer)
        if not given:
            return ""
        known = self._found.get((folder, given))
        if known is None:
            known = self._found[folder, given] = self._find(given, folder) if len(self._found) < MAX_LOOKED else ""
        return known

    def _find(self, given: str, folder: str) -> str:
        plain = posixpath.normpath(given)
        if plain.startswith(("/", "~")) or "://" in plain or plain == ".":
            return ""
        tried = [folder, "."] if plain.startswith("..") else ["."]
        while not plain.startswith("..") and folder != ".":
            tried.append(folder)
            folder = folder_of(folder)
        for one in tried:
            whole = posixpath.normpath(posixpath.join(one, plain))
            if not whole.startswith("..") and not isinstance(self.r.files.text(Known(whole, Place(whole, 1))), Unknown):
                return whole
        return ""

    def document(self, path: str) -> Value | None:
        """What a file of settings holds, with places; None when it is none or too large."""
        if path not in self._documents:
            self._documents[path] = None
            text = self.r.files.text(Known(path, Place(path, 1))) if len(self._documents) <= MAX_DOCUMENTS else None
            if isinstance(text, Known) and isinstance(text.value, str) and len(text.value) <= MAX_DOCUMENT:
                self._documents[path] = self._document(path, text.value)
        return self._documents[path]

    def _document(self, path: str, text: str) -> Value | None:
        try:
            if path.endswith(".toml"):
                return self._plain(tomllib.loads(text), path, (), _toml_lines(text), [MAX_VALUES])
            if path.endswith((".json", ".jsonc", ".json5")):
                node = read_json(text)
            elif path.endswith((".yaml", ".yml")):
                node = (read_yaml(text) or [Node(None, 0)])[0]
            else:
                return None
        except (DocumentError, tomllib.TOMLDecodeError, RecursionError):
            return None  # the file's own detectors report what is wrong with it
        return self._value(node, path, "", [MAX_VALUES], 0)

    def _value(self, node: Node, path: str, key: str, left: list[int], depth: int) -> Value:
        left[0] -= 1
        place = Place(path, node.line, node.end_line)
        if left[0] < 0 or depth > MAX_NESTED:
            return Unknown()
        if isinstance(node.value, dict):
            entries: list[tuple[Value | None, Value]] = []
            for name, inner in node.value.items():
                local = f"{key}.{name}" if key else name
                entries.append((Known(name, place), self._value(inner, path, local, left, depth + 1)))
            return DictValue(entries, False, place)
        if isinstance(node.value, list):
            return ListValue([self._value(one, path, key, left, depth + 1) for one in node.value], False, place)
        return self._scalar(node.value, place, key)

    def _plain(self, value: object, path: str, key: tuple[str, ...], lines: dict[str, int], left: list[int]) -> Value:
        left[0] -= 1
        local = ".".join(key)
        line = lines.get(local, 1)
        place = Place(path, line)
        if left[0] < 0 or len(key) > MAX_NESTED:
            return Unknown()
        if isinstance(value, dict):
            entries: list[tuple[Value | None, Value]] = [
                (Known(name, place), self._plain(inner, path, (*key, name), lines, left))
                for name, inner in value.items()
            ]
            return DictValue(entries, False, place)
        if isinstance(value, list):
            return ListValue([self._plain(one, path, key, lines, left) for one in value], False, place)
        return self._scalar(value if isinstance(value, str | int | float | bool) else None, place, local)

    def _scalar(self, value: str | int | float | bool | None, place: Place, key: str) -> Value:
        if isinstance(value, str):
            variable = _VARIABLE.match(value)
            if variable is not None:
                return Environment(variable[1], Known(variable[2].strip(), place), place)
            self._keys[place.path, place.line] = key
        return Known(value, place)

    def filled(self, template: Value, given: list[Value]) -> Value | None:
        """The text of a file with values put into it: it stays that file's. None for text that stands in code."""
        if isinstance(template, Known) and self.is_whole(template):
            return TextValue([str(template.value), *given], template.place, template.label)
        return None

    def is_whole(self, value: Value) -> bool:
        """Whether a text is all that a file says."""
        if not isinstance(value, Known) or not isinstance(value.value, str) or not value.place.path:
            return False
        held = self.r.files.held(value.place.path)
        return isinstance(held, Known) and held.value == value.value

    def name_of(self, place: Place, code: str) -> tuple[str, str] | None:
        """The file, and the key in it, of a text that was read from a file; None for one that stands in code."""
        if place.path == code:
            return None
        key = self._keys.get((place.path, place.line))
        if key is not None:
            return place.path, key
        held = self.r.files.held(place.path)
        whole = isinstance(held, Known) and (held.place.line, held.place.end_line) == (place.line, place.end_line)
        return (place.path, "") if whole else None


def _toml_lines(text: str) -> dict[str, int]:
    """The line of each dotted key."""
    found: dict[str, int] = {}
    table = ""
    for number, line in enumerate(text.splitlines(), 1):
        header = _TOML_TABLE.match(line)
        pair = None if header else _TOML_KEY.match(line)
        if header:
            table = header[1].replace('"', "").replace("'", "").replace(" ", "")
            found.setdefault(table, number)
        elif pair:
            name = pair[1].strip("\"'")
            found.setdefault(f"{table}.{name}" if table else name, number)
    return found
