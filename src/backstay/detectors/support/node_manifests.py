"""What JavaScript projects say they depend on, and what their lock files resolved: npm, Yarn, pnpm, Bun."""

import json
import re
from collections.abc import Iterator
from typing import Any

from backstay.detectors.support.dependencies import Dependency
from backstay.detectors.support.reading import MAX_DOCUMENT, json_root
from backstay.plugin import File, UnreadableError

_EXACT = re.compile(r"=?\s*v?(\d+\.\d+\.\d+(?:[-+][\w.+-]{1,100})?)\Z")
_LOCAL = ("workspace:", "file:", "link:", "portal:", "catalog:", ".", "/", "~/")
_GROUPS = {
    "dependencies": "runtime",
    "optionalDependencies": "runtime",
    "peerDependencies": "runtime",
    "devDependencies": "development",
}


def package_json(file: File) -> Iterator[Dependency]:
    root = json_root(file)
    workspaces = bool(root.get("workspaces").line)
    for group, scope in _GROUPS.items():
        for name, one in root.get(group).entries():
            wanted = one.text.strip()
            if workspaces and wanted == "*":
                continue  # npm's way to name a package of one's own workspaces
            if wanted.startswith("catalog:"):
                yield Dependency("npm", name, None, wanted, one.line, scope)
            elif not one.text or wanted.startswith(_LOCAL):
                continue
            elif wanted.startswith("npm:"):  # an alias: another package under this name
                real, _, version = wanted[4:].rpartition("@")
                exact = _EXACT.match(version)
                yield Dependency("npm", real or wanted[4:], exact[1] if exact else None, version, one.line, scope)
            elif "://" in wanted or re.match(r"(?:git|github|gitlab|bitbucket)[:+]|[\w.-]+/[\w.-]+(?:#|\Z)", wanted):
                commit = re.search(r"#([0-9a-f]{40})\Z", wanted)
                yield Dependency("npm", name, commit[1] if commit else None, "@ url", one.line, scope)
            else:
                exact = _EXACT.match(wanted)
                yield Dependency("npm", name, exact[1] if exact else None, wanted, one.line, scope)


def package_lock(file: File) -> Iterator[Dependency]:
    """package-lock.json and npm-shrinkwrap.json of every version."""
    root = _load(file)
    lines = _key_lines(file.text)
    packages = root.get("packages")
    if isinstance(packages, dict):
        top = packages.get("")
        wanted = {name for group in _GROUPS for name in _mapping(_mapping(top).get(group))}
        for path, one in packages.items():
            name, version = path.rpartition("node_modules/")[2], _mapping(one).get("version")
            if not path or "node_modules/" not in path or _mapping(one).get("link") or not isinstance(version, str):
                continue
            real = _mapping(one).get("name")
            direct = name in wanted and path == f"node_modules/{name}"
            scope = "development" if _mapping(one).get("dev") else "runtime"
            yield Dependency(
                "npm", real if isinstance(real, str) else name, version, "", lines.get(path, 0), scope, direct
            )
        return
    stack = [(_mapping(root.get("dependencies")), 0)]
    while stack:
        level, depth = stack.pop()
        for name, one in level.items():
            version = _mapping(one).get("version")
            if isinstance(version, str):
                scope = "development" if _mapping(one).get("dev") else "runtime"
                yield Dependency("npm", name, version, "", lines.get(name, 0), scope, False)
            if depth < 20:
                stack.append((_mapping(_mapping(one).get("dependencies")), depth + 1))


def _load(file: File) -> dict[str, Any]:
    # The C parser: lock files run to megabytes, and the lines come from a scan of the text.
    if len(file.data) > 4 * MAX_DOCUMENT:
        raise UnreadableError("too large", f"{file.size} bytes")
    try:
        root = json.loads(file.text)
    except ValueError as error:
        line = getattr(error, "lineno", 0)
        raise UnreadableError("invalid JSON", f"line {line}" if line else "") from None
    except RecursionError:
        raise UnreadableError("nested too deeply") from None
    return _mapping(root)


def _mapping(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


_KEY = re.compile(r'\s*"([^"\\]{1,300})":\s*\{')


def _key_lines(text: str) -> dict[str, int]:
    lines: dict[str, int] = {}
    for number, line in enumerate(text.splitlines(), 1):
        found = _KEY.match(line)
        if found:
            lines.setdefault(found[1], number)
    return lines


_YARN_HEAD = re.compile(r'"?((?:@[^/@"\s]{1,100}/)?[^@"\s]{1,200})@(?!workspace:|portal:|link:|file:)[^\n]*:\s*\Z')
_YARN_VERSION = re.compile(r'\s+version:?\s+"?([^"\s]{1,100})"?')
_YARN_RESOLUTION = re.compile(
    r'\s+resolution:\s+"((?:@[^/@"\s]{1,100}/)?[^@"\s]{1,200})@(npm|workspace|patch|git|https?):'
)


def yarn_lock(file: File) -> Iterator[Dependency]:
    """yarn.lock, classic and Berry. It does not say what was asked for, so nothing is direct."""
    name, line, version = "", 0, ""
    for number, text in enumerate([*file.text.splitlines(), ""], 1):
        if text and not text[0].isspace() and not text.startswith("#"):
            head = _YARN_HEAD.match(text)
            name, line, version = (head[1], number, "") if head and len(text) < 20_000 else ("", 0, "")
        elif name and (found := _YARN_VERSION.match(text)):
            version = found[1]
        elif name and (resolved := _YARN_RESOLUTION.match(text)):
            name = "" if resolved[2] == "workspace" else resolved[1]
        elif not text.strip():
            if name and version:
                yield Dependency("npm", name, version, "", line, "runtime", False)
            name, version = "", ""


# `/name/1.2.3`, `/name@1.2.3(peer@1)`, `name@1.2.3`, quoted or not, by the version of the format.
_PNPM_KEY = re.compile(
    r"  '?/?((?:@[\w~.-]{1,100}/)?[\w~.-]{1,200})[@/](\d[\w.+-]{0,100})(?:[(_][^\n]{0,20000})?'?:(?:\s.*)?\Z"
)
_PNPM_GROUP = re.compile(r"(?:    |)(dependencies|devDependencies|optionalDependencies):\s*\Z")
_PNPM_NAME = re.compile(r"(?:      |  )'?((?:@[\w~.-]{1,100}/)?[\w~.-]{1,200})'?:")


def pnpm_lock(file: File) -> Iterator[Dependency]:
    """pnpm-lock.yaml, read by its lines: it is made by a machine in one layout, and thousands of entries long."""
    section, group = "", ""
    wanted: dict[str, str] = {}
    found: list[tuple[str, str, int]] = []
    developing: set[int] = set()
    for number, line in enumerate(file.text.splitlines(), 1):
        if line and not line[0].isspace():
            section = line.partition(":")[0].strip()
            group = section if section in _GROUPS else ""
        elif section == "packages":
            key = _PNPM_KEY.match(line)
            if key:
                found.append((key[1], key[2], number))
            elif found and line.strip() == "dev: true":
                developing.add(len(found) - 1)
        elif section == "importers" and (opened := _PNPM_GROUP.match(line)):
            group = opened[1]
        elif section == "importers" and re.match(r"  \S", line):
            group = ""
        elif group and (named := _PNPM_NAME.match(line)):
            wanted.setdefault(named[1], _GROUPS[group])
    if not found and "lockfileVersion" not in file.text[:2_000]:
        raise UnreadableError("invalid lock file")
    for at, (name, version, number) in enumerate(found):
        scope = "development" if at in developing else wanted.get(name, "runtime")
        yield Dependency("npm", name, version, "", number, scope, name in wanted)


def bun_lock(file: File) -> Iterator[Dependency]:
    root = json_root(file)
    wanted: dict[str, str] = {}
    for _, workspace in root.get("workspaces").entries():
        for group, scope in _GROUPS.items():
            for name, _ in workspace.get(group).entries():
                wanted.setdefault(name, scope)
    for key, one in root.get("packages").entries():
        name, at, version = one.get(0).text.rpartition("@")
        if at and _EXACT.match(version):
            yield Dependency("npm", name, version, "", one.line, wanted.get(key, "runtime"), key in wanted)
