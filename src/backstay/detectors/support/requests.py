"""Requests that commands send: `curl` to a provider's service, and downloads from the hub by URL or by git."""

import re
from collections.abc import Iterator

from backstay.detectors.support.facts import Seen, edge, owner_edge
from backstay.detectors.support.invocations import Invocation
from backstay.detectors.support.named_models import hub_url_asset, named_model, provider_of_url
from backstay.documents import DocumentError, read_json
from backstay.keys import provider_key
from backstay.model import Asset, Kind
from backstay.model import RelationshipKind as Edge
from backstay.plugin import Fact, File

MAX_BODY = 20_000
_CLIENTS = frozenset({"curl", "wget", "http", "https", "xh", "httpie"})
_FETCHERS = _CLIENTS | {"aria2c", "axel"}
_BODY = ("-d", "--data", "--data-raw", "--data-binary", "--json", "--post-data", "--body-data", "--data-ascii")
# A body with the script's variables in it is no JSON; the model may still stand there as it is.
_MODEL = re.compile(r'"(?:model|name)"\s{0,20}:\s{0,20}"([^"\\\n]{2,150})"')
_IN_PATH = re.compile(r"/(?:deployments|models|model)/([A-Za-z0-9][\w.@-]{1,100})")


def request_facts(file: File, one: Invocation, seen: Seen) -> Iterator[Fact]:
    """What a request reaches or brings; nothing for other programs."""
    program = one.words[0]
    if program == "git" and one.words[1:2] == ("clone",):
        yield from _brought(one, seen)
    elif program in _FETCHERS:
        yield from _brought(one, seen)
        if program in _CLIENTS:
            yield from _sent(file, one, seen)


def _brought(one: Invocation, seen: Seen) -> Iterator[Fact]:
    for word in one.words[1:]:
        asset = hub_url_asset(word.strip("\"'"), seen) if word.startswith("http") else None
        # A page of the hub that is read is no download.
        if asset is None or (one.words[0] != "git" and not re.search(r"/(?:resolve|raw)/", word)):
            continue
        kind = Edge.USES if asset.kind == Kind.MODEL else Edge.CONSUMES
        commit = re.search(r"/(?:resolve|raw)/([0-9a-f]{40})/", word)
        yield asset
        yield owner_edge(kind, asset.key, seen, api=_name(one), revision=commit[1] if commit else None)


def _sent(file: File, one: Invocation, seen: Seen) -> Iterator[Fact]:
    for word in one.words[1:]:
        provider = provider_of_url(word) if "/" in word[1:] or "." in word else ""
        if not provider or hub_url_asset(word, seen) or not re.match(r"https?://|[\w.-]+:\d|[\w-]+\.[\w.-]+/", word):
            continue
        seller = Asset(provider_key(provider), Kind.PROVIDER, provider, {}, seen)
        yield seller
        yield owner_edge(Edge.USES, seller.key, seen, api=_name(one))
        for text in _models(one, word):
            model = named_model(file, text, "ollama" if provider == "ollama" else "any", provider, seen)
            if model is not None:
                yield model
                yield owner_edge(Edge.USES, model.key, seen, api=_name(one))
                yield edge(seller.key, Edge.SERVES, model.key, seen)
        return


def _models(one: Invocation, url: str) -> list[str]:
    in_path = _IN_PATH.search(url)
    found = [in_path[1]] if in_path else []
    for body in one.values(_BODY):
        text = body[:MAX_BODY]
        if text.lstrip().startswith("{"):
            try:
                root = read_json(text)
            except DocumentError:
                found += _MODEL.findall(text)[:1]
                continue
            named = root.get("model").text or (root.get("name").text if "/api/" in url else "")
            found += [named] if named else []
    return list(dict.fromkeys(found))[:4]


def _name(one: Invocation) -> str:
    return " ".join(one.words[:2]) if one.words[0] == "git" else one.words[0]
