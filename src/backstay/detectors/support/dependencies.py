"""A declared or locked dependency, and the facts that follow from it."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from packaging.requirements import InvalidRequirement, Requirement

from backstay import catalog
from backstay.detectors.support.facts import owner_edge
from backstay.keys import package_key
from backstay.model import Asset, Attributes, Kind, Level, Relationship
from backstay.model import RelationshipKind as Edge
from backstay.plugin import File

MAX_DEPENDENCIES = 9_000  # of one file: two facts each stay below the examiner's bound
SOURCE = "packages"


@dataclass(frozen=True)
class Dependency:
    """A package that a file names. `version` is exact or None; `scope` is runtime or development.

    `direct` is whether the project asked for it; a lock file that does not say so leaves that to the manifest.
    """

    ecosystem: str
    name: str
    version: str | None = None
    specifier: str = ""
    line: int = 0
    scope: str = "runtime"
    direct: bool = True


_VERSION = re.compile(r"[\w][\w.+!-]{0,100}\Z")
_NPM_NAME = re.compile(r"(?:@[\w~.-]{1,100}/)?[\w~.-]{1,200}\Z")
_GO_NAME = re.compile(r"[\w.~-]{1,100}(?:/[\w.~-]{1,100}){0,12}\Z")
_MAVEN_NAME = re.compile(r"[\w.-]{1,150}:[\w.-]{1,150}\Z")
_PYPI_NAME = re.compile(r"[A-Za-z0-9](?:[\w.-]{0,200}[A-Za-z0-9])?\Z")


def dependency_facts(file: File, found: Iterable[Dependency]) -> Iterator[Asset | Relationship]:
    """A package and an edge from the owner of the file for each dependency, each once."""
    seen: set[Dependency] = set()
    for one in found:
        if one in seen or not _plausible(one):
            continue
        seen.add(one)
        if len(seen) > MAX_DEPENDENCIES:
            return
        yield from _facts(file, one)


def _plausible(one: Dependency) -> bool:
    pattern = {"npm": _NPM_NAME, "golang": _GO_NAME, "maven": _MAVEN_NAME}.get(one.ecosystem, _PYPI_NAME)
    return bool(pattern.match(one.name)) and (one.version is None or bool(_VERSION.match(one.version)))


def _facts(file: File, one: Dependency) -> Iterator[Asset | Relationship]:
    # NuGet ignores case, but people and advisories write its names as their authors do.
    name = one.name if one.ecosystem == "nuget" else catalog.normal_name(one.ecosystem, one.name)
    evidence = file.evidence(SOURCE, one.line, level=Level.DECLARED)
    attributes: Attributes = {
        "ecosystem": one.ecosystem,
        "version": one.version,
        "ai": catalog.is_ai_package(one.ecosystem, name),
    }
    # Advisories name a Go module with its major version, people without.
    whole = one.name if one.ecosystem == "golang" else name
    asset = Asset(package_key(one.ecosystem, whole, one.version), Kind.PACKAGE, name, attributes, evidence)
    yield asset
    use: Attributes = {"specifier": one.specifier, "scope": one.scope, "direct": one.direct}
    yield owner_edge(Edge.DEPENDS_ON, asset.key, evidence, **use)


def python_requirement(text: str, line: int, scope: str = "runtime", *, direct: bool = True) -> Dependency | None:
    """A requirement as pip reads it; None for what is none. A URL with a commit counts as pinned to it."""
    text = text.strip()
    if not text or len(text) > 2_000:
        return None
    try:
        requirement = Requirement(text)
    except (InvalidRequirement, ValueError, RecursionError):
        return None
    version = None
    specifier = str(requirement.specifier)
    pins = [one for one in requirement.specifier if one.operator in ("==", "===") and "*" not in one.version]
    if len(pins) == 1:
        version = pins[0].version
    elif requirement.url:
        commit = re.search(r"@([0-9a-f]{40})(?:#|\Z)", requirement.url)
        version, specifier = (commit[1] if commit else None), "@ url"
    return Dependency("pypi", requirement.name, version, specifier, line, scope, direct)
