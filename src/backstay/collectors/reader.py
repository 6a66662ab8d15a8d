"""Reader: reads the files of one folder, each once, never through a link and never beyond the limits."""

import dataclasses
import hashlib
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from backstay.collectors import handles
from backstay.model import Skip
from backstay.plugin import File

_CHUNK = 1 << 18  # bytes hashed at once: what stays in the processor's own memory is hashed faster


@dataclass(frozen=True)
class Limits:
    """Bounds of a scan. Sizes in bytes, times in seconds.

    Up to `whole` a file is read whole, beyond it only its first `head` bytes are kept. `hash_total` bounds the
    hashing of large files by one reader, `hash_file` that of one file, `walk` the search for files.
    """

    whole: int = 10 << 20
    head: int = 1 << 20
    depth: int = 64
    files: int = 500_000
    walk: float = 600.0
    hash_file: float = 30.0
    hash_total: float = 120.0


class Reader:
    """Opens files below a root. Files of one folder should be read one after another: its handle is kept."""

    def __init__(self, root: Path, source: str, digest_key: bytes = b"", limits: Limits | None = None) -> None:
        self.root = root
        self._source = source
        self._digest_key = digest_key
        self._limits = limits or Limits()
        self._hash_left = self._limits.hash_total
        self._root: handles.Handle | None = None
        self._folder: handles.Handle | None = None
        self._folder_name = ""

    def read(self, path: str, real: str | None = None) -> File | Skip:
        """A file by the path it is shown with, and by its real path where that is different."""
        folder, _, name = (real or path).rpartition("/")
        try:
            fd, size = handles.open_file(self._open(folder), name)
        except handles.NotRegularError:
            return Skip(path, "not a regular file")
        except OSError as error:
            return Skip(path, "unreadable", handles.reason(error))
        except ValueError:
            return Skip(path, "unreadable", "invalid name")
        try:
            return self._file(path, fd, size, lambda: handles.open_file(self._open(folder), name)[0])
        except OSError as error:
            return Skip(path, "unreadable", handles.reason(error))
        finally:
            os.close(fd)

    def hashed(self, file: File, real: str | None = None) -> tuple[File, Skip | None]:
        """A truncated file with the digest of its whole content, or without it and why, when that takes too long."""
        folder, _, name = (real or file.path).rpartition("/")
        started = time.monotonic()
        deadline = started + min(self._limits.hash_file, self._hash_left)
        digest = hashlib.sha256()
        try:
            fd, _ = handles.open_file(self._open(folder), name)
            try:
                while chunk := os.read(fd, _CHUNK):
                    digest.update(chunk)
                    if time.monotonic() > deadline:
                        return file, Skip(file.path, "not hashed", f"{file.size} bytes take too long")
            finally:
                os.close(fd)
        except OSError as error:
            return file, Skip(file.path, "not hashed", handles.reason(error))
        finally:
            self._hash_left -= time.monotonic() - started
        return dataclasses.replace(file, sha256=digest.hexdigest()), None

    def size(self, real: str) -> int | None:
        """The size of a file by its real path, in bytes; None when it cannot be opened."""
        folder, _, name = real.rpartition("/")
        try:
            fd, size = handles.open_file(self._open(folder), name)
        except (OSError, ValueError):
            return None
        os.close(fd)
        return size

    def close(self) -> None:
        for handle in (self._folder, self._root):
            if handle is not None:
                handles.close(handle)
        self._folder = self._root = None

    def _file(self, path: str, fd: int, size: int, reopen: Callable[[], int]) -> File:
        limits = self._limits
        # One byte more than the size shows that the end was reached; a file may have grown, or its size be a lie.
        data = os.read(fd, min(size, limits.whole) + 1)
        if len(data) < min(size, limits.whole):
            data += handles.read_up_to(fd, min(size, limits.whole) + 1 - len(data))
        if len(data) > size:
            data += handles.read_up_to(fd, max(0, limits.whole + 1 - len(data)))
            size = max(size, len(data))
        if len(data) > limits.whole:
            size = max(size, os.fstat(fd).st_size)
            return File(path, data[: limits.head], size, "", self._source, True, self._digest_key, reopen)
        digest = hashlib.sha256(data).hexdigest()
        return File(path, data, len(data), digest, self._source, False, self._digest_key)

    def _open(self, folder: str) -> handles.Handle:
        if self._root is None:
            self._root = handles.open_root(self.root)
        if not folder:
            return self._root
        if self._folder is None or self._folder_name != folder:
            handle = self._root
            try:
                for name in folder.split("/"):
                    inner = handles.open_folder(handle, name)
                    if handle != self._root:
                        handles.close(handle)
                    handle = inner
            except OSError:
                if handle != self._root:
                    handles.close(handle)
                raise
            if self._folder is not None:
                handles.close(self._folder)
            self._folder, self._folder_name = handle, folder
        return self._folder
