"""Signatures: what a Sigstore bundle beside a model says was signed, compared with the files that are there.

This needs no key: it shows whether the files are those that somebody signed, not who did. Who signed is for the
maintained library (`backstay models verify --signature`).
"""

import base64
import binascii
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

MAX_SIZE = 64 << 20
_DIGEST = re.compile(r"[0-9a-f]{64}\Z")
# The predicate of OpenSSF model signing 1.0, and the media types of Sigstore bundles.
_PREDICATE = "https://model_signing/signature/"
_BUNDLE = "application/vnd.dev.sigstore.bundle"


class Signed(msgspec.Struct, frozen=True):
    """What was signed: SHA-256 digests by path relative to the signed folder, or of one file under the name "".

    `whole` says that they are all files of the folder but those below `ignored`. `method` is how the signer read them.
    """

    digests: dict[str, str]
    whole: bool = False
    ignored: tuple[str, ...] = ()
    method: str = "files"
    hash: str = "sha256"


def signed(data: bytes) -> Signed | None:
    """What a bundle signs; None when it is no Sigstore bundle. Raises ValueError for one that is broken."""
    if len(data) > MAX_SIZE or data.lstrip()[:1] != b"{" or _BUNDLE.encode() not in data[:10_000]:
        return None
    try:
        bundle = json.loads(data)
        envelope = bundle.get("dsseEnvelope")
        if envelope is not None:
            return _statement(json.loads(base64.b64decode(envelope["payload"], validate=True)))
        digest = bundle["messageSignature"]["messageDigest"]
        if digest["algorithm"] != "SHA2_256":
            raise ValueError("a digest that is not SHA-256")
        return Signed({"": base64.b64decode(digest["digest"], validate=True).hex()})
    except (
        KeyError,
        TypeError,
        AttributeError,
        binascii.Error,
        RecursionError,
        UnicodeError,
        json.JSONDecodeError,
    ) as error:
        raise ValueError(f"not a whole Sigstore bundle ({type(error).__name__})") from None


def _statement(statement: dict[str, Any]) -> Signed:
    if not str(statement.get("predicateType", "")).startswith(_PREDICATE):
        subjects = {str(one.get("name", "")): str(one["digest"].get("sha256", "")) for one in statement["subject"]}
        return Signed({name: digest for name, digest in subjects.items() if _DIGEST.match(digest)})
    predicate = statement["predicate"]
    serialization = predicate.get("serialization", {})
    method, algorithm = str(serialization.get("method", "files")), str(serialization.get("hash_type", "sha256"))
    digests: dict[str, str] = {}
    for resource in predicate["resources"]:
        name, digest = str(resource["name"]), str(resource["digest"])
        if name in digests:
            raise ValueError("a file is signed twice")
        digests[name] = digest
    ignored = tuple(str(one) for one in serialization.get("ignore_paths", []))
    return Signed(digests, whole=True, ignored=ignored, method=method, hash=algorithm)


def differences(what: Signed, present: Mapping[str, str]) -> Iterator[str]:
    """In words, how files (digests by path relative to the signed folder) differ from those that were signed.

    Only what was signed file by file with SHA-256 can be compared; a digest that is empty is not known.
    """
    if what.method != "files" or what.hash != "sha256":
        return
    for name, digest in sorted(what.digests.items()):
        here = present.get(name)
        if here is None:
            yield f"{name}: signed, and missing"
        elif here and here != digest:
            yield f"{name}: signed as {digest[:12]}, is {here[:12]}"
    if what.whole:
        for name in sorted(present.keys() - what.digests.keys()):
            if not any(name == one or name.startswith(one.rstrip("/") + "/") for one in what.ignored):
                yield f"{name}: not signed"
