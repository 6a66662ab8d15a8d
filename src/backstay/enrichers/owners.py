"""Owners enricher: who answers for each asset: by policy, CODEOWNERS, catalog, manifest, or else by history."""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from functools import cache

from backstay.enrichers.support.manifests import manifest_owners
from backstay.globs import GitPattern, git_path, git_pattern
from backstay.graph import Graph
from backstay.keys import owner_key
from backstay.model import Asset, Evidence, Kind, Level, Relationship, RelationshipKind
from backstay.people import Owner, owner
from backstay.plugin import Fact, Places, enricher
from backstay.scope import context_of

MAX_PATHS = 50  # places of one asset that are asked for owners
MAX_OWNERS = 5  # of one asset
_REPOSITORY = "."  # stands for the repository itself where a path is asked for

# Nobody here owns a provider or somebody else's package; who uses them has an owner.
_OUTSIDE = frozenset(
    {Kind.TEAM, Kind.IDENTITY, Kind.PROVIDER, Kind.REGISTRY, Kind.PACKAGE, Kind.CONTAINER_IMAGE, Kind.COMPUTE}
)
# The platforms use the first of these that exists and no other.
_CODEOWNERS = (".github/", "", "docs/", ".gitlab/", ".bitbucket/")
_RULE = re.compile(r"(\S+):(\d+) (?:\[([^\]]*)\] )?(!?)(.+)")
_COMPONENT = re.compile(r"(.+):(\d+) ")

Claim = tuple[Owner, Evidence]
Ask = Callable[[str], list[Claim]]


@enricher(order=60)
def enrich(graph: Graph, places: Places) -> Iterator[Fact]:
    sources: tuple[tuple[str, Ask], ...] = (
        ("policy", _policy(graph)),
        ("codeowners", _codeowners(graph)),
        ("catalog", _catalog(graph)),
        ("manifest", _manifests(places)),
    )
    unowned: list[tuple[Asset, list[str]]] = []
    for asset in graph.assets:
        if asset.kind in _OUTSIDE:
            continue
        paths = [_REPOSITORY] if asset.kind == Kind.REPOSITORY else _paths(asset)
        for name, ask in sources:
            claims = [claim for path in paths for claim in ask(path)]
            if claims:
                yield from _owned(asset, name, claims)
                break
        else:
            unowned.append((asset, paths))
    yield from _by_history(unowned, places)


def _paths(asset: Asset) -> list[str]:
    return list(dict.fromkeys(seen.path for seen in asset.evidence if seen.path))[:MAX_PATHS]


def _owned(asset: Asset, source: str, claims: Iterable[Claim]) -> Iterator[Fact]:
    first: dict[Owner, Evidence] = {}
    for who, seen in claims:
        first.setdefault(who, seen)
    for (kind, name), seen in list(first.items())[:MAX_OWNERS]:
        key = owner_key(kind, name)
        yield Asset(key, kind, name, {}, (seen,))
        yield Relationship(asset.key, RelationshipKind.OWNED_BY, key, {"from": source}, (seen,))
    yield _said(asset, source)


def _said(asset: Asset, source: str | None) -> Asset:
    return Asset(asset.key, asset.kind, asset.name, {"owner_source": source}, asset.evidence[:1])


def _policy(graph: Graph) -> Ask:
    @cache
    def ask(path: str) -> list[Claim]:
        context = context_of(graph.policy, [path])
        who = owner(context.owner, Kind.TEAM)
        note = f"owner of {context.path}"
        return [(who, Evidence("policy", level=Level.DECLARED, note=note))] if who else []

    return ask


def _codeowners(graph: Graph) -> Ask:
    """Ownership as the platforms decide it: within each section the last line that matches a path."""
    lines: dict[tuple[str, int], tuple[str, GitPattern, list[Owner]]] = {}
    for asset in (*graph.all(Kind.TEAM), *graph.all(Kind.IDENTITY)):
        for text in asset.items("patterns"):
            found = _RULE.fullmatch(text)
            pattern = git_pattern(git_path(found[5])) if found else None
            if not found or pattern is None:
                continue
            _, _, owners = lines.setdefault((found[1], int(found[2])), (found[3] or "", pattern, []))
            if not found[4]:
                owners.append((asset.kind, asset.name))
    files = {path for path, _ in lines}
    file = next((one for folder in _CODEOWNERS for one in files if one.lower() == f"{folder}codeowners"), "")
    rules = sorted(((line, *rule) for (path, line), rule in lines.items() if path == file), key=lambda one: one[0])
    rules.reverse()

    @cache
    def ask(path: str) -> list[Claim]:
        claims: list[Claim] = []
        decided: set[str] = set()
        here = git_path(path)
        for line, section, pattern, owners in rules:
            # `docs/*` means the files of docs and, unlike in .gitignore, nothing deeper.
            matcher = pattern.regex if pattern.text.endswith("/*") else pattern.covers
            if section not in decided and matcher.match(here):
                decided.add(section)
                seen = Evidence("codeowners", file, line, level=Level.DECLARED)
                claims += [(who, seen) for who in sorted(owners)]
        return claims

    return ask


def _catalog(graph: Graph) -> Ask:
    folders: dict[str, list[Claim]] = {}
    for asset in (*graph.all(Kind.TEAM), *graph.all(Kind.IDENTITY)):
        for text in asset.items("components"):
            found = _COMPONENT.match(text)
            if found:
                seen = Evidence("backstage-catalog", found[1], int(found[2]), level=Level.DECLARED)
                folders.setdefault(found[1].rpartition("/")[0], []).append(((asset.kind, asset.name), seen))

    def ask(path: str) -> list[Claim]:
        return next((folders[folder] for folder in _upwards(path) if folder in folders), [])

    return cache(ask)


def _manifests(places: Places) -> Ask:
    owners = cache(lambda: manifest_owners(places))  # read when the first asset needs it

    def ask(path: str) -> list[Claim]:
        return next((owners()[folder] for folder in _upwards(path) if folder in owners()), [])

    return cache(ask)


def _by_history(unowned: list[tuple[Asset, list[str]]], places: Places) -> Iterator[Fact]:
    """The one who committed most lately: a hint at an owner and marked as such. Who has none is known to have none."""
    wanted = sorted({path for _, paths in unowned for path in paths if path != _REPOSITORY})
    authors = places.authors(wanted) if wanted else {}
    for asset, paths in unowned:
        counts: Counter[str] = Counter()
        for path in authors if paths == [_REPOSITORY] else paths:
            counts.update(dict(authors.get(path, ())))
        best = min(counts.items(), key=lambda one: (-one[1], one[0]), default=None)
        who = owner(best[0]) if best else None
        if best is None or who is None:
            yield _said(asset, None)
            continue
        where = next((path for path in paths if path in authors), "")
        note = f"most commits lately ({best[1]})"
        seen = Evidence("git", where, level=Level.INFERRED, confidence=0.5, note=note)
        yield from _owned(asset, "git", [(who, seen)])


def _upwards(path: str) -> Iterator[str]:
    """The folders a path lies in, nearest first, down to the root's empty one."""
    folder = path.rpartition("/")[0]
    while folder:
        yield folder
        folder = folder.rpartition("/")[0]
    yield ""
