"""Detector of providers that a project's starter dependencies connect it to."""

import re
from collections.abc import Iterator

from backstay.detectors.support import maven_manifests
from backstay.detectors.support.facts import owner_edge
from backstay.keys import provider_key
from backstay.model import Asset, Kind, Level
from backstay.model import RelationshipKind as Edge
from backstay.plugin import Fact, File, Selector, detector
from backstay.starters import provider_spelled

_ID = "java-starters"
CONFIDENCE = 0.8  # a starter connects by itself, but a build may have one for each of its profiles
_STARTER = re.compile(
    r"org\.springframework\.ai:spring-ai-(?:starter-model-([\w-]{2,40})|([\w-]{2,40})-spring-boot-starter)|"
    r"dev\.langchain4j:langchain4j-([\w-]{2,40})-spring-boot-starter|"
    r"io\.quarkiverse\.langchain4j:quarkus-langchain4j-([\w-]{2,40})"
)
_STORES = frozenset(("redis", "elasticsearch", "opensearch", "mongodb", "pinecone", "snowflake", "oracle"))
_SELECTOR = Selector(names=frozenset(("pom.xml", "build.gradle", "build.gradle.kts")))


@detector(_SELECTOR, Kind.PROVIDER)
def detect(file: File) -> Iterator[Fact]:
    read = maven_manifests.pom if file.name.lower() == "pom.xml" else maven_manifests.gradle
    seen: set[str] = set()
    for one in read(file):
        found = _STARTER.fullmatch(one.name)
        named = next(filter(None, found.groups()), "") if found is not None else ""
        provider = provider_spelled(named) if named not in _STORES else ""
        if not provider or provider in seen or one.scope != "runtime":
            continue
        seen.add(provider)
        evidence = file.evidence(_ID, one.line, level=Level.DECLARED, confidence=CONFIDENCE)
        asset = Asset(provider_key(provider), Kind.PROVIDER, provider, {}, evidence)
        yield asset
        yield owner_edge(Edge.USES, asset.key, evidence)
