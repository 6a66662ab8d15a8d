"""Packages: by which name a Go file calls what it imports, as an import path does not always say it."""

import re
from collections.abc import Iterator

_WORDS = re.compile(r"[-._]")
_EXTRAS = frozenset(("go", "golang", "sdk", "client", "api", "lib"))


def local_name(path: str, used: set[str]) -> str:
    """The name that code uses for an imported package: of those that its path allows, the first that is used."""
    names = list(dict.fromkeys(_names(path)))
    return next((name for name in names if name in used), names[0])


def _names(path: str) -> Iterator[str]:
    """The names that a package of a path may have, likely ones first."""
    parts = [part for part in path.split("/") if part] or [path]
    last = parts[-1]
    if re.fullmatch(r"v[0-9]{1,4}", last) and len(parts) > 1:
        yield from _of(parts[-2])
    yield from _of(last)
    yield from (part for part in reversed(parts[:-1]) if part.isidentifier())


def _of(last: str) -> Iterator[str]:
    if re.fullmatch(r".+\.v[0-9]{1,4}", last):
        last = last.rpartition(".v")[0]
    pieces = [piece for piece in _WORDS.split(last) if piece]
    plain = [piece for piece in pieces if piece not in _EXTRAS]
    if last.isidentifier():
        yield last
    if plain:
        yield plain[0] if len(plain) == 1 else "".join(plain)
        yield plain[-1]
        yield plain[0]
    yield "".join(pieces) or last
    yield "_".join(pieces) or last
    yield from pieces
