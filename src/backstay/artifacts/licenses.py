"""Licences: what the licence of a model restricts, by the id that its author declared."""

import re
from functools import cache
from typing import NamedTuple

from backstay.catalog.artifacts.folders import table

_SPLIT = re.compile(r"\s+(?:and|or|with)\s+|[()/,;]+", re.IGNORECASE)


class Terms(NamedTuple):
    """What is known of a licence; `source` is where it stands."""

    restrictions: tuple[str, ...]
    source: str


@cache
def _known() -> dict[str, Terms]:
    found: dict[str, Terms] = {}
    for row in table("licenses")["license"]:
        terms = Terms(tuple(sorted(row["restrictions"].split())), row["source"])
        found |= dict.fromkeys(row["ids"].split(), terms)
    return found


def terms(id: str) -> Terms | None:
    """What is known of one licence, by its SPDX id or its id on the Hugging Face hub; None when nothing is.

    Spelling is forgiven ("Apache 2.0", "LLAMA 3.1 Community License", "spdx:MIT", a URL that ends in the id).
    """
    name = id.strip().casefold()[:200].removeprefix("spdx:").removeprefix("license:").rstrip("/")
    name = name.rpartition("/")[2] if "://" in name else name
    plain = re.sub(r"[\s_]+", "-", name)
    for one in (plain, _stem(plain), plain.replace("-", "")):
        if one in _known():
            return _known()[one]
    return None


def _stem(name: str) -> str:
    name = re.sub(r"^(?:the-)|-?(?:software-|model-|use-)?(?:license|licence)(?:-agreement)?$|-community$", "", name)
    return re.sub(r"-(?:community|version)$|,?-v(?:ersion)?-?(?=\d)", "", name).strip("-")


def restrictions(id: str) -> tuple[str, ...]:
    """What a licence restricts, as sorted words of `licenses.toml` ("non-commercial", "use-based").

    Of an SPDX expression ("MIT AND CC-BY-NC-4.0") that of all its parts together. Empty for a licence that restricts
    nothing; ("unknown",) for one that nobody here knows, in which case somebody has to read it.
    """
    whole = terms(id)
    if whole is not None:
        return whole.restrictions
    parts = [one for one in _SPLIT.split(id[:1_000]) if one and one.strip()]
    found: set[str] = set()
    for one in parts if len(parts) > 1 else []:
        known = terms(one)
        found |= set(known.restrictions) if known else {"unknown"}
    return tuple(sorted(found)) if found or len(parts) > 1 else ("unknown",)


def kinds() -> frozenset[str]:
    """Every word that restrictions are made of."""
    return frozenset(word for one in _known().values() for word in one.restrictions) | {"unknown"}
