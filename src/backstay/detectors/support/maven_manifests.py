"""Dependencies of Java and Kotlin projects: Maven's pom.xml, Gradle's build files and version catalogs."""

import re
from collections.abc import Iterator

from backstay.detectors.support.dependencies import Dependency
from backstay.detectors.support.safe_xml import Element, xml_root
from backstay.detectors.support.toml_lines import toml_node
from backstay.documents import Node
from backstay.plugin import File

_PROPERTY = re.compile(r"\$\{([\w.\-]{1,200})\}")
_EXACT = re.compile(r"[0-9A-Za-z][\w.+-]{0,100}\Z")
_CONFIGURATION = (
    r"\b(?P<configuration>[a-z]\w{0,30}(?:Implementation|Api|Only|Processor)|implementation|api|compile|runtime|"
    r"compileOnly|runtimeOnly|annotationProcessor|developmentOnly|kapt|ksp|provided|testCompile)"
)
_NOTATION = re.compile(
    _CONFIGURATION + r"""[ \t(]{1,4}(?:project[ \t]{0,40}\()?["'](?P<group>[\w.\-]{1,150}):(?P<name>[\w.\-]{1,150})"""
    r"""(?::(?P<version>[^"':@\n]{1,100}))?["':@]"""
)
_MAP = re.compile(
    _CONFIGURATION + r"""[ \t(]{1,4}group[ \t]{0,40}[:=][ \t]{0,40}["'](?P<group>[\w.\-]{1,150})["'][ \t]{0,40},"""
    r"""[ \t]{0,40}name[ \t]{0,40}[:=][ \t]{0,40}["'](?P<name>[\w.\-]{1,150})["']"""
    r"""(?:[ \t]{0,40},[ \t]{0,40}version[ \t]{0,40}[:=][ \t]{0,40}["'](?P<version>[^"'\n]{1,100})["'])?"""
)
_VARIABLE = re.compile(
    r"""^[ \t]{0,40}(?:val |var |def |ext\.|set\(|extra\[)?[ \t]{0,40}["']?([\w.]{1,80})["']?\]?[ \t]{0,40}[=,]"""
    r"""[ \t]{0,40}["']([0-9][\w.+-]{0,60})["']""",
    re.MULTILINE,
)
_USED = re.compile(r"\$\{?(?:property\(|ext\.|rootProject\.)?[\"']?([\w.]{1,80})")


def pom(file: File) -> Iterator[Dependency]:
    """What a project depends on; versions from its properties and its own dependency management."""
    root = xml_root(file)
    properties = {one.name: one.text.strip() for one in (root.first("properties") or root).inner if not one.inner}
    own = root.word("version") or (root.first("parent") or root).word("version")
    properties |= {"project.version": own, "version": own, "project.groupId": _group(root)}
    managed = {
        _name(one, properties): one.word("version")
        for one in root.every("dependencyManagement", "dependencies", "dependency")
    }
    listed = [
        *root.every("dependencies", "dependency"),
        *root.every("profiles", "profile", "dependencies", "dependency"),
    ]
    for one in listed:
        name = _name(one, properties)
        written = _filled(one.word("version") or managed.get(name, ""), properties)
        scope = "development" if one.word("scope") == "test" else "runtime"
        if one.word("scope") != "import":
            yield Dependency("maven", name, _pinned(written), written, one.line, scope)


def _group(root: Element) -> str:
    return root.word("groupId") or (root.first("parent") or root).word("groupId")


def _name(one: Element, properties: dict[str, str]) -> str:
    return f"{_filled(one.word('groupId'), properties)}:{_filled(one.word('artifactId'), properties)}"


def _filled(text: str, properties: dict[str, str]) -> str:
    """A text with its properties filled in, those of properties too; what is not known stays."""
    for _ in range(5):
        found = _PROPERTY.search(text[:1_000])
        if found is None or found[1] not in properties:
            break
        text = text[: found.start()] + properties[found[1]][:200] + text[found.end() :]
    return text[:300]


def _pinned(written: str) -> str | None:
    """An exact version; None for a range, a placeholder nobody fills, and what is still being worked on."""
    text = written.strip("[]") if written.startswith("[") and "," not in written else written
    exact = _EXACT.match(text) and not text.endswith(("+", "-SNAPSHOT")) and not text.lower().startswith("latest")
    return text if exact else None


def gradle(file: File) -> Iterator[Dependency]:
    """What a build file writes out. Names of a version catalog stand in that catalog; platforms only set versions."""
    text = file.text
    variables = {found[1]: found[2] for found in _VARIABLE.finditer(text)}
    for number, line in enumerate(text.splitlines(), 1):
        if len(line) > 2_000 or line.lstrip().startswith(("//", "*", "/*")):
            continue
        for found in (*_NOTATION.finditer(line), *_MAP.finditer(line)):
            written = found["version"] or ""
            used = _USED.search(written)
            version = variables.get(used[1], variables.get(used[1].rpartition(".")[2], "")) if used else written
            scope = "development" if found["configuration"].lower().startswith(("test", "androidtest")) else "runtime"
            name = f"{found['group']}:{found['name']}"
            yield Dependency("maven", name, _pinned(version) if version else None, version or written, number, scope)


def version_catalog(file: File) -> Iterator[Dependency]:
    """The libraries of `libs.versions.toml`."""
    root = toml_node(file)
    versions = root.get("versions")
    for _, node in root.get("libraries").entries():
        module, written = node.text, ""
        if module:
            group, _, rest = module.partition(":")
            name, _, written = rest.partition(":")
            module = f"{group}:{name}"
        else:
            module = node.get("module").text or f"{node.get('group').text}:{node.get('name').text}"
            written = _version(node.get("version"), versions)
        yield Dependency("maven", module, _pinned(written) if written else None, written, node.line)


def _version(node: Node, versions: Node) -> str:
    """A version as it is written, or under the name that it refers to."""
    reference = node.get("ref").text
    if reference:
        node = versions.get(reference)
    return node.text or next(
        (node.get(key).text for key in ("strictly", "require", "prefer") if node.get(key).text), ""
    )
