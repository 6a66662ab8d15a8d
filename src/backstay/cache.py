"""Cache: what an earlier scan concluded of files, used again while neither they nor Backstay have changed.

A file's entry is found by a digest of its content and can be read only by who has that content: facts hold literals,
and what was deleted from a source, a secret above all, must not live on in a cache. The key is derived from the
content's SHA-256, which is stored nowhere here, and the key stream is SHAKE256 of it. It is derived from the key of
this installation's digests as well, so that nobody else can test guesses against a cache, or make one.
"""

import contextlib
import hashlib
import os
import secrets
import sys
import time
from collections.abc import Iterable
from importlib import metadata, resources
from importlib.util import find_spec
from pathlib import Path

import msgspec

from backstay import __version__
from backstay.examine import Examined
from backstay.model import Asset, Relationship, Skip

MAX_BYTES = 1 << 30  # of one cache; what is larger is not read
MAX_SOURCES = 40  # caches kept, the latest
_MAGIC = b"backstay cache 1\n"
_DIGEST = 20
_ABANDONED = 86_400  # seconds after which what a killed scan had half written is removed


class Conclusion(msgspec.Struct, array_like=True):
    """What an analyzer said of all files together."""

    assets: list[Asset]
    relationships: list[Relationship]
    skips: list[Skip]
    yielded: int

    @property
    def lasting(self) -> bool:
        """Whether nothing in it speaks of one run alone, such as a file that changed meanwhile."""
        return not any(skip.reason in PASSING for skip in self.skips)


class _Stored(msgspec.Struct, array_like=True):
    """The content of a cache: for each path a digest and a sealed entry, and for each analyzer likewise."""

    files: dict[str, tuple[bytes, bytes]]
    joined: dict[str, tuple[bytes, bytes]]


_EXAMINED = msgspec.msgpack.Decoder(Examined)
_CONCLUSION = msgspec.msgpack.Decoder(Conclusion)
_STORED = msgspec.msgpack.Decoder(_Stored)


class Cache:
    """The cache of one source. `mark` stands for everything but the files that conclusions depend on.

    Nothing here raises: a cache that cannot be read is empty, and one that cannot be written is not.
    """

    def __init__(self, path: Path, mark: bytes) -> None:
        self._path, self._mark = path, mark
        # The mark itself is a key: the file says only which one it was.
        self._head = _MAGIC + hashlib.blake2b(mark, digest_size=_DIGEST, person=b"backstay mark").digest()
        self._old = self._load()
        self._files: dict[str, tuple[bytes, bytes]] = {}
        self._joined: dict[str, tuple[bytes, bytes]] = {}
        self._changed = False

    @property
    def filled(self) -> bool:
        """Whether there was anything to be known."""
        return bool(self._old.files)

    def find(self, path: str, sha256: str) -> Examined | None:
        """What was said of a file of this content at this path."""
        found = self._old.files.get(path)
        data = self._open(found, f"{path}\0{sha256}") if found is not None else None
        try:
            return _EXAMINED.decode(data) if data is not None else None
        except msgspec.MsgspecError:
            return None

    def keep(self, one: Examined) -> None:
        """Keep what was said of a file. What failed is tried again next time."""
        if not one.sha256 or any(skip.reason in PASSING for skip in one.skips):
            return
        old = self._old.files.get(one.path) if one.known else None
        if old is None:
            self._changed = True
            old = self._seal(msgspec.msgpack.encode(one), f"{one.path}\0{one.sha256}")
        self._files[one.path] = old

    def find_joined(self, analyzer: str, tree: str) -> Conclusion | None:
        """What an analyzer said of all files, when they were as they are now."""
        found = self._old.joined.get(analyzer)
        data = self._open(found, f"{analyzer}\0{tree}") if found is not None else None
        try:
            return _CONCLUSION.decode(data) if data is not None else None
        except msgspec.MsgspecError:
            return None

    def keep_joined(self, analyzer: str, tree: str, joined: Conclusion) -> None:
        """Keep what an analyzer said of all files."""
        sealed = self._seal(msgspec.msgpack.encode(joined), f"{analyzer}\0{tree}")
        self._changed = self._changed or self._old.joined.get(analyzer) != sealed
        self._joined[analyzer] = sealed

    def write(self) -> None:
        """Store what was kept, for the next scan; other processes see the old cache or the new one."""
        if not self._changed and len(self._files) == len(self._old.files):
            return
        data = msgspec.msgpack.encode(_Stored(self._files, self._joined))
        head = self._head + self._sum(data)
        if len(data) > MAX_BYTES:
            return
        aside = self._path.with_name(f".{self._path.name}.{secrets.token_hex(8)}")
        with contextlib.suppress(OSError):
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            try:
                fd = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
                with os.fdopen(fd, "wb") as file:
                    file.write(head)
                    file.write(data)
                aside.replace(self._path)
            finally:
                aside.unlink(missing_ok=True)
            self._prune()

    def _load(self) -> _Stored:
        empty = _Stored({}, {})
        try:
            fd = os.open(self._path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0))
            with os.fdopen(fd, "rb") as file:
                if os.fstat(fd).st_size > MAX_BYTES:
                    return empty
                head = file.read(len(self._head) + _DIGEST)
                if not head.startswith(self._head):
                    return empty
                data = file.read()
            if self._sum(data) != head[-_DIGEST:]:
                return empty
            return _STORED.decode(data)
        except (OSError, msgspec.MsgspecError):
            return empty

    def _prune(self) -> None:
        """Remove the caches that were not written for longest."""
        found = sorted(self._path.parent.glob("*.cache"), key=lambda one: one.stat().st_mtime)
        for old in found[:-MAX_SOURCES]:
            old.unlink(missing_ok=True)
        for aside in self._path.parent.glob(".*.cache.*"):
            if aside.stat().st_mtime < time.time() - _ABANDONED:
                aside.unlink(missing_ok=True)

    def _sum(self, data: bytes) -> bytes:
        return hashlib.blake2b(data, digest_size=_DIGEST, key=self._mark[:64]).digest()

    def _seal(self, data: bytes, secret: str) -> tuple[bytes, bytes]:
        return self._name(secret), self._mixed(data, secret)

    def _open(self, sealed: tuple[bytes, bytes], secret: str) -> bytes | None:
        return self._mixed(sealed[1], secret) if sealed[0] == self._name(secret) else None

    def _name(self, secret: str) -> bytes:
        key = secret.encode("utf-8", "surrogateescape")
        return hashlib.blake2b(key, digest_size=_DIGEST, key=self._mark[:64], person=b"backstay name").digest()

    def _mixed(self, data: bytes, secret: str) -> bytes:
        """The data under the key stream of a secret; the same call makes and undoes it."""
        # The mark is part of the key: another version says other things of the same content.
        key = b"backstay entry" + self._mark + secret.encode("utf-8", "surrogateescape")
        stream = hashlib.shake_256(key).digest(len(data))
        mixed = int.from_bytes(data, "little") ^ int.from_bytes(stream, "little")
        return mixed.to_bytes(len(data), "little")


# Reasons that speak of this run and not of the file.
PASSING = frozenset(("timed out", "crashed the reader", "out of memory", "plugin failed", "changed or unreadable"))


def cache_folder() -> Path:
    """Where this user's caches are: `XDG_CACHE_HOME/backstay`, else `~/.cache/backstay`; never in a scanned folder."""
    base = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(base) if Path(base).is_absolute() else Path.home() / ".cache") / "backstay"


def opened(root: Path, parts: Iterable[str | bytes]) -> Cache | None:
    """The cache of a root. `parts` are what conclusions depend on beside files and program; None without a place.

    There is none inside the root either: what is scanned must not bring its own, and a scan writes nothing there.
    """
    try:
        if cache_folder().resolve().is_relative_to(root.resolve()):
            return None
        name = hashlib.blake2b(os.fsencode(root.resolve()), digest_size=_DIGEST).hexdigest()
        return Cache(cache_folder() / f"{name}.cache", _mark(parts))
    except (OSError, RuntimeError, ValueError):
        return None


def tree_digest(paths: Iterable[str], digests: dict[str, bytes]) -> str:
    """What tells one state of a source from another: every path, and the digest of what was read of it."""
    state = hashlib.sha256()
    for path in sorted(paths):
        state.update(path.encode("utf-8", "surrogateescape") + b"\0" + digests.get(path, b"") + b"\0")
    return state.hexdigest()


def _mark(parts: Iterable[str | bytes]) -> bytes:
    state = hashlib.blake2b(digest_size=32)
    for part in (__version__, *parts, *_program()):
        data = part if isinstance(part, bytes) else part.encode("utf-8", "surrogateescape")
        state.update(len(data).to_bytes(8, "little") + data)
    return state.digest()


def _program() -> Iterable[str]:
    """What there is of us: every module, page and table with its size and time, what runs them, and others' plugins."""
    folder = resources.files("backstay")
    if not isinstance(folder, Path):
        raise ValueError("not in a folder")
    yield sys.version
    yield from _files(folder)
    # Installing anything, a grammar or a plugin say, touches the folder that it is installed in.
    for installed in sys.path:
        if installed.endswith(("site-packages", "dist-packages")) and Path(installed).is_dir():
            yield f"{installed} {Path(installed).stat().st_mtime_ns}"
    for point in sorted(metadata.entry_points(group="backstay.plugins"), key=lambda one: one.name):
        yield f"{point.name} {point.value} {point.dist.version if point.dist else ''}"
        # A plugin that is being worked on keeps its version.
        spec = find_spec(point.value.partition(":")[0].partition(".")[0])
        for place in (spec.submodule_search_locations or [spec.origin or ""]) if spec else ():
            yield from _files(Path(place))


def _files(place: Path) -> Iterable[str]:
    """Every file below a folder, or the one file that it is, with its size and time."""
    if place.is_file():
        yield f"{place} {place.stat().st_size} {place.stat().st_mtime_ns}"
    for inner, folders, files in os.walk(place):
        folders[:] = sorted(one for one in folders if one != "__pycache__")
        for name in sorted(files):
            found = Path(inner, name).stat()
            yield f"{inner}/{name} {found.st_size} {found.st_mtime_ns}"
