"""Lock: the digests and origins of model files as somebody accepted them, and what has changed since.

A lock is TOML, sorted by path, so that a review shows each change as a line:

    version = 1

    [[file]]
    path = "models/churn.safetensors"
    format = "safetensors"
    size = 1024
    sha256 = "..."
    origin = "https://huggingface.co/org/name@COMMIT"
"""

import re
import tomllib
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

NAME = "backstay-models.lock"
VERSION = 1
_DIGEST = re.compile(r"[0-9a-f]{64}\Z")
_MAX_FILES = 100_000


class LockError(ValueError):
    """A lock that cannot be used; the message says why, without content of the file."""


class Locked(msgspec.Struct, frozen=True, order=True):
    """One model file: `path` is relative to the lock's folder, with `/`; `origin` is empty when it is not known."""

    path: str
    format: str
    size: int
    sha256: str
    origin: str = ""


class Change(msgspec.Struct, frozen=True, order=True):
    """What is different: `what` is "changed", "missing" or "not in the lock", `detail` says from what to what."""

    path: str
    what: str
    detail: str = ""

    @property
    def text(self) -> str:
        return f"{self.what}: {self.detail}" if self.detail else self.what


def read(data: bytes) -> list[Locked]:
    """The entries of a lock. Raises LockError."""
    try:
        document = tomllib.loads(data.decode("utf-8"))
    except UnicodeDecodeError:
        raise LockError("is not UTF-8") from None
    except (tomllib.TOMLDecodeError, RecursionError):
        raise LockError("is not valid TOML") from None
    if document.get("version") != VERSION:
        raise LockError(f"has no version {VERSION}")
    rows = document.get("file", [])
    if not isinstance(rows, list) or len(rows) > _MAX_FILES:
        raise LockError("lists no files")
    entries = [_entry(row) for row in rows]
    if len({one.path for one in entries}) != len(entries):
        raise LockError("names a file twice")
    return sorted(entries)


def _entry(row: Any) -> Locked:
    try:
        entry = msgspec.convert(row, Locked)
    except msgspec.ValidationError:
        raise LockError("has an entry without path, format, size or sha256") from None
    if not _DIGEST.match(entry.sha256):
        raise LockError("has a digest that is none")
    if entry.path.startswith("/") or ".." in entry.path.split("/"):
        raise LockError("names a file outside its folder")
    return entry


def write(entries: Iterable[Locked]) -> str:
    """A lock of these files: the same files always give the same text."""
    parts = [f"# Written by `backstay models lock`; checked by `backstay models verify`.\nversion = {VERSION}\n"]
    for one in sorted(entries):
        lines = ["", "[[file]]", f"path = {_quoted(one.path)}", f"format = {_quoted(one.format)}", f"size = {one.size}"]
        lines.append(f"sha256 = {_quoted(one.sha256)}")
        if one.origin:
            lines.append(f"origin = {_quoted(one.origin)}")
        parts.append("\n".join(lines) + "\n")
    return "".join(parts)


def changes(locked: Iterable[Locked], present: Iterable[Locked]) -> Iterator[Change]:
    """How the files that are there differ from a lock, by path."""
    before = {one.path: one for one in locked}
    now = {one.path: one for one in present}
    for path in sorted(before.keys() | now.keys()):
        was, has = before.get(path), now.get(path)
        if has is None and was is not None:
            yield Change(path, "missing", f"was {was.sha256[:12]}")
        elif was is None and has is not None:
            yield Change(path, "not in the lock", f"is {has.sha256[:12]}")
        elif was is not None and has is not None and was.sha256 != has.sha256:
            sizes = "" if was.size == has.size else f", {was.size} to {has.size} bytes"
            yield Change(path, "changed", f"{was.sha256[:12]} to {has.sha256[:12]}{sizes}")


_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}


def _quoted(text: str) -> str:
    return (
        '"'
        + "".join(
            _ESCAPES.get(one) or (f"\\u{ord(one):04x}" if ord(one) < 32 or ord(one) == 127 else one) for one in text
        )
        + '"'
    )
