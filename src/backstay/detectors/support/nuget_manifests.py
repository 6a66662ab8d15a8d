"""Dependencies of .NET projects: project files, central package versions, packages.config and NuGet's lock files."""

import re
from collections.abc import Iterator

from backstay.detectors.support.dependencies import Dependency
from backstay.detectors.support.reading import json_root
from backstay.detectors.support.safe_xml import xml_root
from backstay.plugin import File

_EXACT = re.compile(r"[0-9][\w.+-]{0,80}\Z")
_PROPERTY = re.compile(r"\$\(([\w.]{1,100})\)")
_REFERENCES = frozenset(("PackageReference", "PackageVersion", "GlobalPackageReference"))


def project(file: File) -> Iterator[Dependency]:
    """The package references of a project file, and the versions of Directory.Packages.props."""
    root = xml_root(file)
    properties = {
        one.name: one.text.strip() for group in root.every("PropertyGroup") for one in group.inner if not one.inner
    }
    for group in root.every("ItemGroup"):
        for one in group.inner:
            if one.name not in _REFERENCES:
                continue
            name = one.attributes.get("Include") or one.attributes.get("Update") or ""
            written = one.attributes.get("Version") or one.attributes.get("VersionOverride") or one.word("Version")
            version = _filled(written, properties)
            private = one.attributes.get("PrivateAssets") or one.word("PrivateAssets")
            scope = "development" if private.lower() == "all" else "runtime"
            yield Dependency("nuget", name.strip(), _pinned(version), version, one.line, scope)


def packages_config(file: File) -> Iterator[Dependency]:
    """What older projects install."""
    for one in xml_root(file).every("package"):
        version = one.attributes.get("version", "")
        scope = "development" if one.attributes.get("developmentDependency") == "true" else "runtime"
        yield Dependency("nuget", one.attributes.get("id", ""), _pinned(version), version, one.line, scope)


def lock(file: File) -> Iterator[Dependency]:
    """What packages.lock.json resolves, for every framework a project is built for."""
    for _, packages in json_root(file).get("dependencies").entries():
        for name, one in packages.entries():
            version, kind = one.get("resolved").text, one.get("type").text
            if version:
                yield Dependency("nuget", name, _pinned(version), version, one.line, "runtime", kind == "Direct")


def _filled(text: str, properties: dict[str, str]) -> str:
    """A version with the project's own properties filled in."""
    found = _PROPERTY.fullmatch(text.strip())
    return properties.get(found[1], text) if found else text.strip()


def _pinned(written: str) -> str | None:
    """An exact version: `1.2.3` (what NuGet takes when it can) or `[1.2.3]`; None for a range or a placeholder."""
    text = written[1:-1] if written.startswith("[") and written.endswith("]") and "," not in written else written
    return text if _EXACT.match(text) and "*" not in text else None
