"""Git index: what a work tree tracks, and whether its files still are what is committed."""

import hashlib
import os
import stat
import struct
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from backstay.collectors import git, handles

MAX_INDEX = 256 << 20  # bytes
MAX_BLOB = 64 << 20  # bytes of a file that is hashed to compare it
_HEADER = struct.Struct(">4sLL")
_ENTRY = struct.Struct(">10L20sH")
_NAME_MASK, _EXTENDED, _ASSUME_VALID, _STAGE = 0x0FFF, 0x4000, 0x8000, 0x3000
_SKIP_WORKTREE = 0x4000  # of the extended flags: a sparse checkout leaves it out on purpose
_REGULAR, _LINK, _SUBMODULE = 0o100000, 0o120000, 0o160000


class Tracked(NamedTuple):
    """An entry of the index. `mtime` is in whole seconds and nanoseconds, `size` is modulo 2**32."""

    path: bytes
    mtime: tuple[int, int]
    size: int
    mode: int
    sha1: bytes
    unchecked: bool


class MalformedIndexError(ValueError):
    """The index is malformed or of a form that is not read here."""


def entries(repository: git.Repository) -> list[Tracked]:
    """All entries of the index; empty when there is none. Raises MalformedIndexError when it cannot be read."""
    data = git.read(repository.folder / "index", MAX_INDEX)
    if not data:
        return []
    try:
        return list(_parse(data))
    except (struct.error, IndexError, ValueError) as error:
        raise MalformedIndexError("malformed index") from error


def _parse(data: bytes) -> Iterator[Tracked]:
    magic, version, count = _HEADER.unpack_from(data)
    if magic != b"DIRC" or version not in (2, 3, 4):
        raise MalformedIndexError("unknown index version")
    at, previous = _HEADER.size, b""
    for _ in range(count):
        fields = _ENTRY.unpack_from(data, at)
        flags, start, extended = fields[11], at, 0
        at += _ENTRY.size
        if flags & _EXTENDED:
            (extended,) = struct.unpack_from(">H", data, at)
            at += 2
        if version == 4:
            strip, at = _varint(data, at)
            end = data.index(b"\0", at)
            path = previous[: len(previous) - strip] + data[at:end]
            previous, at = path, end + 1
        else:
            length = flags & _NAME_MASK
            end = at + length if length < _NAME_MASK else data.index(b"\0", at)
            path = data[at:end]
            at = start + ((end - start + 8) & ~7)
        if (b".." in path and b".." in path.split(b"/")) or path.startswith(b"/"):
            raise MalformedIndexError("a path leads out of the work tree")
        unchecked = bool(flags & (_ASSUME_VALID | _STAGE) or extended & _SKIP_WORKTREE)
        yield Tracked(path, (fields[2], fields[3]), fields[9], fields[6], fields[10], unchecked)


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = data[at] & 0x7F
    while data[at] & 0x80:
        at += 1
        value = ((value + 1) << 7) | (data[at] & 0x7F)
        if value > 1 << 20:
            raise MalformedIndexError("malformed path")
    return value, at + 1


def dirty(repository: git.Repository, seconds: float = 5.0) -> bool | None:
    """Whether a tracked file differs from the index; None when that cannot be told in time or for sure.

    Compared by time and size, then by content. A file whose content differs may still be clean where git would
    convert it (line ends, large-file storage): conversions are not run here, so that is unknown.
    """
    deadline = time.monotonic() + seconds
    converts = b"filter" in git.read(repository.top / ".gitattributes")
    verdict: bool | None = False
    try:
        tracked = entries(repository)
    except MalformedIndexError:
        return None
    if not tracked:
        return None
    top = os.fsencode(repository.top)
    for number, entry in enumerate(tracked):
        if number % 64 == 0 and time.monotonic() > deadline:
            return None
        if entry.unchecked or entry.mode & 0o170000 == _SUBMODULE:
            continue
        path = top + b"/" + entry.path
        try:
            state = os.lstat(path)
        except (OSError, ValueError):
            return True
        if stat.S_IFMT(state.st_mode) != entry.mode & 0o170000:
            return True
        seconds_, nanoseconds = divmod(state.st_mtime_ns, 10**9)
        same_time = seconds_ & 0xFFFFFFFF == entry.mtime[0] and entry.mtime[1] in (0, nanoseconds)
        if same_time and state.st_size & 0xFFFFFFFF == entry.size:
            continue
        same = _same_content(path, entry, state.st_size)
        if same is False and not converts:
            return True
        if not same:
            verdict = None
    return verdict


def _same_content(path: bytes, entry: Tracked, size: int) -> bool | None:
    if entry.mode & 0o170000 == _LINK:
        content = os.readlink(path)  # noqa: PTH115 - the path is bytes
    elif size > MAX_BLOB:
        return None
    else:
        file = Path(os.fsdecode(path))
        try:
            folder = handles.open_root(file.parent)
        except OSError:
            return None
        try:
            content = handles.read_bytes(folder, file.name, MAX_BLOB)
        except OSError:
            return None
        finally:
            handles.close(folder)
    if _blob(content) == entry.sha1:
        return True
    return b"\r\n" in content and _blob(content.replace(b"\r\n", b"\n")) == entry.sha1


def _blob(content: bytes) -> bytes:
    # git's own identity of a file's content, no security rests on it
    return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).digest()
