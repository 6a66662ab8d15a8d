"""Backstage catalog: the owners of components, from catalog-info.yaml."""

from collections.abc import Iterator

from backstay.documents import DocumentError, Node, read_yaml
from backstay.keys import owner_key
from backstay.model import Asset, Kind, Level
from backstay.people import Owner, owner
from backstay.plugin import Fact, File, Selector, UnreadableError, detector

_OWNED = frozenset({"Component", "API", "Resource", "System", "Domain"})
_PEOPLE = {"Group": Kind.TEAM, "User": Kind.IDENTITY}


@detector(Selector(names=frozenset({"catalog-info.yaml", "catalog-info.yml"})), Kind.TEAM, Kind.IDENTITY)
def detect(file: File) -> Iterator[Fact]:
    try:
        documents = read_yaml(file.text)
    except DocumentError as error:
        raise UnreadableError("invalid YAML", str(error)) from error
    for document in documents:
        if not document.get("apiVersion").text.startswith("backstage.io/"):
            continue
        entity, name = document.get("kind").text, document.get("metadata", "name").text
        if entity in _OWNED:
            node = document.get("spec", "owner")
            # An owner without a kind is a group: so Backstage reads the reference.
            found = owner(node.text, Kind.TEAM)
            if found:
                components = [f"{file.path}:{node.line} {entity.lower()} {name}".rstrip()]
                yield _person(file, found, node, components)
        elif entity in _PEOPLE and name:
            found = owner(name, _PEOPLE[entity])
            if found:
                yield _person(file, found, document.get("metadata", "name"), None)


def _person(file: File, found: Owner, node: Node, components: list[str] | None) -> Asset:
    kind, name = found
    evidence = file.evidence("backstage-catalog", node.line, level=Level.DECLARED)
    return Asset(owner_key(kind, name), kind, name, {"components": components} if components else {}, evidence)
