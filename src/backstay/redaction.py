"""Redaction: provider keys never leave in a fact, wherever code or a command wrote one where a name belongs."""

import re
from functools import cache
from typing import TypeVar

import msgspec

from backstay import catalog
from backstay.model import Asset, Evidence, Relationship, Value
from backstay.secrecy import is_key_like

SHOWN = "***"
_Fact = TypeVar("_Fact", Asset, Relationship)


def redacted(fact: _Fact) -> _Fact:
    """A fact with `***` for every provider key in its keys, name, attributes and notes; the same one without any."""
    if isinstance(fact, Asset):
        texts = [fact.key, fact.name]
    else:
        texts = [fact.source, fact.target]
    for value in fact.attributes.values():
        texts += [value] if isinstance(value, str) else value if isinstance(value, list) else ()
    texts += [seen.note for seen in fact.evidence if seen.note]
    if not any(_hidden(text) != text for text in texts):
        return fact
    attributes = {name: _plain(value) for name, value in fact.attributes.items()}
    evidence = tuple(_evidence(seen) for seen in fact.evidence)
    if isinstance(fact, Asset):
        return msgspec.structs.replace(
            fact, key=_hidden(fact.key), name=_hidden(fact.name), attributes=attributes, evidence=evidence
        )
    return msgspec.structs.replace(
        fact, source=_hidden(fact.source), target=_hidden(fact.target), attributes=attributes, evidence=evidence
    )


def _plain(value: Value) -> Value:
    if isinstance(value, str):
        return _hidden(value)
    return [_hidden(one) for one in value] if isinstance(value, list) else value


def _evidence(seen: Evidence) -> Evidence:
    return msgspec.structs.replace(seen, note=_hidden(seen.note))


def _hidden(text: str) -> str:
    if len(text) < 20 or not _beginnings().search(text):
        return text
    for pattern, prefix in _keys():
        for found in reversed(list(pattern.finditer(text))):
            if is_key_like(found[0], prefix):
                text = text[: found.start()] + SHOWN + text[found.end() :]
    return text


@cache
def _beginnings() -> re.Pattern[str]:
    return re.compile("|".join(sorted({re.escape(one.prefix) for one in catalog.key_formats()})), re.IGNORECASE)


@cache
def _keys() -> list[tuple[re.Pattern[str], str]]:
    """Every format, in either case: the keys of models are in lower case, whatever they are called."""
    return [
        (re.compile(rf"(?<![A-Za-z0-9_])(?:{one.pattern.pattern})(?![A-Za-z0-9])", re.IGNORECASE), one.prefix)
        for one in catalog.key_formats()
    ]
