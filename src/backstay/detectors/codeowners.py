"""CODEOWNERS: the teams and people who own paths of a repository."""

import re
from collections.abc import Iterator

from backstay.keys import owner_key
from backstay.model import Asset, Kind, Level
from backstay.people import Owner, owner
from backstay.plugin import Fact, File, Selector, detector

MAX_LINES = 10_000
MAX_UNOWNED = 200

# Where GitHub, GitLab, Gitea and Bitbucket look; anywhere else it is a file of that name and no more.
_SELECTOR = Selector(
    paths=("codeowners", ".github/codeowners", "docs/codeowners", ".gitlab/codeowners", ".bitbucket/codeowners")
)
_TOKEN = re.compile(r"(?:\\.|[^\s\\])+")
_SECTION = re.compile(r"\^?\[([^\]]{1,100})\](?:\[\d+\])?")


@detector(_SELECTOR, Kind.TEAM, Kind.IDENTITY)
def detect(file: File) -> Iterator[Fact]:
    owned: dict[Owner, list[tuple[int, str]]] = {}
    unowned: list[str] = []
    section, defaults = "", list[Owner]()
    for number, line in enumerate(file.text.splitlines()[:MAX_LINES], 1):
        tokens = _tokens(line)
        if not tokens:
            continue
        header = _SECTION.match(line.strip())
        if header:
            section = f"[{header[1]}] "
            defaults = _owners(_tokens(line.strip()[header.end() :]))
            continue
        owners = _owners(tokens[1:]) or ([] if tokens[0].startswith("!") else defaults)
        rule = f"{file.path}:{number} {section}{tokens[0].removeprefix('!')}"
        if not owners and len(unowned) < MAX_UNOWNED:
            unowned.append(f"{file.path}:{number} {section}!{tokens[0].removeprefix('!')}")
        for one in owners:
            owned.setdefault(one, []).append((number, rule))
    for (kind, name), rules in owned.items():
        patterns = [rule for _, rule in rules] + unowned
        evidence = file.evidence("codeowners", rules[0][0], level=Level.DECLARED)
        yield Asset(owner_key(kind, name), kind, name, {"contact": f"@{name}", "patterns": patterns}, evidence)


def _tokens(line: str) -> list[str]:
    """A line's pattern and owners; a `#` that starts a word starts a comment."""
    tokens: list[str] = []
    for found in _TOKEN.finditer(line):
        if found[0].startswith("#"):
            break
        tokens.append(found[0])
    return tokens


def _owners(tokens: list[str]) -> list[Owner]:
    found = (owner(token) for token in tokens if "@" in token)
    return list(dict.fromkeys(one for one in found if one is not None))
