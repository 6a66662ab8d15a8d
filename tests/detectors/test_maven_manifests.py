"""Manifests of Java and Kotlin projects: versions, scopes, and XML and build files that mean harm."""

import time

import pytest

from backstay.detectors.packages import detect
from backstay.model import Asset, Relationship
from backstay.plugin import File, UnreadableError


def file(path: str, text: str) -> File:
    data = text.encode()
    return File(path, data, len(data), "0" * 64, "src")


def found(path: str, text: str) -> dict[str, tuple[object, object]]:
    """Version and scope by name."""
    facts = list(detect.detect(file(path, text)))
    scopes = {one.target: one.attributes["scope"] for one in facts if isinstance(one, Relationship)}
    return {one.name: (one.attributes["version"], scopes[one.key]) for one in facts if isinstance(one, Asset)}


POM = """<project xmlns="http://maven.apache.org/POM/4.0.0">
<parent><groupId>com.acme</groupId><version>7</version></parent>
<properties><a.version>1.2</a.version><b>${a.version}</b><loop>${loop}</loop></properties>
<dependencyManagement><dependencies>
  <dependency><groupId>g</groupId><artifactId>managed</artifactId><version>${b}</version></dependency>
</dependencies></dependencyManagement>
<dependencies>
  <dependency><groupId>g</groupId><artifactId>plain</artifactId><version>3.0.Final</version></dependency>
  <dependency><groupId>g</groupId><artifactId>managed</artifactId></dependency>
  <dependency><groupId>g</groupId><artifactId>ranged</artifactId><version>[1,2)</version></dependency>
  <dependency><groupId>g</groupId><artifactId>snapshot</artifactId><version>1-SNAPSHOT</version></dependency>
  <dependency>
    <groupId>${project.groupId}</groupId><artifactId>own</artifactId><version>${project.version}</version>
  </dependency>
  <dependency><groupId>g</groupId><artifactId>looped</artifactId><version>${loop}</version></dependency>
  <dependency><groupId>g</groupId><artifactId>tested</artifactId><scope>test</scope></dependency>
</dependencies>
<build><plugins><plugin><groupId>g</groupId><artifactId>plugin</artifactId></plugin></plugins></build>
</project>"""


def test_pom() -> None:
    assert found("pom.xml", POM) == {
        "g:plain": ("3.0.Final", "runtime"),
        "g:managed": ("1.2", "runtime"),
        "g:ranged": (None, "runtime"),
        "g:snapshot": (None, "runtime"),
        "com.acme:own": ("7", "runtime"),
        "g:looped": (None, "runtime"),
        "g:tested": (None, "development"),
    }


def test_gradle() -> None:
    text = """
    ext.aVersion = '1.0'
    dependencies {
        implementation 'g:plain:2.0'
        api("g:quoted:${aVersion}")
        runtimeOnly group: 'g', name: 'mapped', version: '3.1'
        testImplementation "g:tested"
        implementation(platform("g:bom:1.0"))
        implementation libs.other
        // implementation 'g:commented:1'
        implementation 'g:open:1.+'
    }
    """
    assert found("app/build.gradle", text) == {
        "g:plain": ("2.0", "runtime"),
        "g:quoted": ("1.0", "runtime"),
        "g:mapped": ("3.1", "runtime"),
        "g:tested": (None, "development"),
        "g:open": (None, "runtime"),
    }


def test_version_catalog() -> None:
    text = """
[versions]
one = "1.0"
rich = { strictly = "2.0" }
[libraries]
a = { module = "g:a", version.ref = "one" }
b = { group = "g", name = "b", version.ref = "rich" }
c = "g:c:3.0"
d = { module = "g:d" }
"""
    assert {name: version for name, (version, _) in found("gradle/libs.versions.toml", text).items()} == {
        "g:a": "1.0",
        "g:b": "2.0",
        "g:c": "3.0",
        "g:d": None,
    }


BOMB = (
    '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">'
    + "".join(f'<!ENTITY {new} "&{old};&{old};">' for old, new in zip("abcdefgh", "bcdefghi", strict=True))
    + "]><project>&i;</project>"
)
HOSTILE = {
    "entities": BOMB,
    "external": '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><project>&e;</project>',
    "type": '<!DOCTYPE project SYSTEM "http://example.com/x.dtd"><project/>',
    "deep": "<a>" * 10_000 + "</a>" * 10_000,
    "many": "<project>" + "<a/>" * 200_000 + "</project>",
    "broken": "<project><dependencies>",
    "empty": "",
    "encoding": '<?xml version="1.0" encoding="nonsense"?><project/>',
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_xml_is_refused_with_a_reason(name: str) -> None:
    with pytest.raises(UnreadableError):
        list(detect.detect(file("pom.xml", HOSTILE[name])))


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("build.gradle", "implementation(" * 50_000),
        ("build.gradle", ('implementation "' + "a" * 1_900 + "\n") * 500),
        ("build.gradle.kts", "implementation " * 100_000),
        ("build.gradle", "ext." * 100_000),
        ("build.gradle", "val x" + " " * 200_000),
        ("pom.xml", f"<project>{''.join(f'<p{n}>${{p{n + 1}}}</p{n}>' for n in range(5_000))}</project>"),
    ],
    ids=["calls", "quotes", "words", "dots", "blanks", "properties"],
)
def test_long_files_take_little_time(path: str, text: str) -> None:
    started = time.perf_counter()
    list(detect.detect(file(path, text)))
    assert time.perf_counter() - started < 3
