"""Manifests: the maintainers and authors that pyproject.toml and package.json name, by folder."""

import tomllib
from collections.abc import Callable, Iterable, Iterator

from backstay.documents import DocumentError, Node, read_json
from backstay.model import Evidence, Level
from backstay.people import Owner, owner
from backstay.plugin import Places

MAX_BYTES = 256 * 1024
MAX_MANIFESTS = 2000
MAX_NAMES = 3  # of one manifest

Claim = tuple[Owner, Evidence]


def manifest_owners(places: Places) -> dict[str, list[Claim]]:
    """Who is named in the manifest of each folder that has one; maintainers before authors."""
    owners: dict[str, list[Claim]] = {}
    read = 0
    for path in places.paths():
        folder, _, name = path.rpartition("/")
        parse = _PARSERS.get(name)
        if parse is None or folder in owners or read >= MAX_MANIFESTS:
            continue
        read += 1
        data = places.read(path)
        if data is None or len(data) > MAX_BYTES:
            continue
        text = data.decode("utf-8", "replace")
        claims: list[Claim] = []
        for written in parse(text):
            who = owner(written)
            if who and len(claims) < MAX_NAMES:
                line = text.count("\n", 0, max(0, text.find(written.partition("<")[0].strip()))) + 1
                claims.append((who, Evidence("manifest", path, line, level=Level.DECLARED)))
        if claims:
            owners[folder] = claims
    return owners


def _pyproject(text: str) -> Iterable[str]:
    try:
        document = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError, ValueError):
        return []
    project = _table(document.get("project"))
    poetry = _table(_table(document.get("tool")).get("poetry"))
    for key in ("maintainers", "authors"):
        found = [*_people(project.get(key)), *_people(poetry.get(key))]
        if found:
            return found
    return []


def _table(value: object) -> dict[str, object]:
    return value if isinstance(value, dict) else {}


def _people(value: object) -> Iterator[str]:
    for one in value if isinstance(value, list) else ():
        if isinstance(one, str):
            yield one
        elif isinstance(one, dict):
            name = one.get("name") or one.get("email")
            if isinstance(name, str):
                yield name


def _package_json(text: str) -> Iterable[str]:
    try:
        document = read_json(text)
    except DocumentError:
        return []
    maintainers = [_person(one) for one in document.get("maintainers").elements()]
    return [name for name in maintainers if name] or [name for name in (_person(document.get("author")),) if name]


def _person(node: Node) -> str:
    return node.text or node.get("name").text or node.get("email").text


_PARSERS: dict[str, Callable[[str], Iterable[str]]] = {"pyproject.toml": _pyproject, "package.json": _package_json}
