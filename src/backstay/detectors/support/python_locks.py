"""What lock files of Python projects resolved: Poetry, uv, PDM, PEP 751, Pipenv, conda-lock."""

import re
from collections.abc import Iterator

from backstay.detectors.support.dependencies import Dependency
from backstay.detectors.support.python_manifests import conda_dependency
from backstay.detectors.support.reading import json_root, toml_table
from backstay.plugin import File

_STRING = re.compile(r"(name|version|category|groups|optional|source|commit-id)\s*=\s*(.{0,2000})")
_QUOTED = re.compile(r'"([^"\n]{0,300})"')
_NAMED = re.compile(r'\{\s*name\s*=\s*"([^"\n]{1,200})"')


def toml_lock(file: File) -> Iterator[Dependency]:
    """poetry.lock, uv.lock, pdm.lock and pylock.toml, by their lines: one layout, made by machines, megabytes long."""
    blocks = list(_blocks(file.text))
    if not blocks:
        toml_table(file)  # says what is wrong with it, if anything is
    wanted = {name for fields, named, _ in blocks if _is_project(fields) for name in named}
    for fields, _, line in blocks:
        name, version = _quoted(fields.get("name", "")), _quoted(fields.get("version", ""))
        if not name or not version or _is_project(fields):
            continue
        groups = _QUOTED.findall(fields.get("groups", ""))
        development = _quoted(fields.get("category", "")) == "dev" or (groups and not {"main", "default"} & set(groups))
        yield Dependency("pypi", name, version, "", line, "development" if development else "runtime", name in wanted)


def _blocks(text: str) -> Iterator[tuple[dict[str, str], list[str], int]]:
    fields: dict[str, str] | None = None
    named: list[str] = []
    line, nested = 0, False
    for number, raw in enumerate(text.splitlines(), 1):
        stripped = raw.strip()
        if stripped in ("[[package]]", "[[packages]]"):
            if fields is not None:
                yield fields, named, line
            fields, named, line, nested = {}, [], number + 1, False
        elif fields is None:
            continue
        elif stripped.startswith("["):
            nested = True  # [package.dependencies] and the like: keys there are not the package's
            if not stripped.startswith(("[package", "[[package")):
                yield fields, named, line
                fields = None
        else:
            named += _NAMED.findall(stripped[:2_000])
            found = _STRING.match(stripped)
            if found and not nested:
                fields.setdefault(found[1], found[2])
    if fields is not None:
        yield fields, named, line


def _is_project(fields: dict[str, str]) -> bool:
    return bool(re.match(r"\{\s*(?:virtual|editable)\s*=", fields.get("source", "")))


def _quoted(raw: str) -> str:
    found = _QUOTED.match(raw)
    return found[1] if found else ""


def pipfile_lock(file: File) -> Iterator[Dependency]:
    root = json_root(file)
    for section, scope in (("default", "runtime"), ("develop", "development")):
        for name, one in root.get(section).entries():
            version = one.get("version").text.removeprefix("==") or None
            yield Dependency("pypi", name, version, "", one.line, scope, bool(one.get("index").text))


_ENTRY = re.compile(r"- name:\s*['\"]?([\w.-]{1,200})")
_FIELD = re.compile(r"  (version|manager|category):\s*['\"]?([^'\"\s]{1,100})")


def conda_lock(file: File) -> Iterator[Dependency]:
    """conda-lock.yml, by its lines, for the same reason."""
    name, line = "", 0
    fields: dict[str, str] = {}
    for number, raw in enumerate([*file.text.splitlines(), "- name: end"], 1):
        entry = _ENTRY.match(raw)
        if entry:
            if name and "version" in fields:
                scope = "development" if fields.get("category", "main") != "main" else "runtime"
                if fields.get("manager") == "pip":
                    yield Dependency("pypi", name, fields["version"], "", line, scope, False)
                else:
                    yield conda_dependency(name, fields["version"], "", line, scope, direct=False)
            name, line, fields = entry[1], number, {}
        elif found := _FIELD.match(raw):
            fields.setdefault(found[1], found[2])
