"""Handles: folders and files opened step by step from the root, so that no link can lead out of it.

On POSIX a handle is a file descriptor, and every step is opened relative to the one before and never through a link;
paths longer than the system allows work as well. Elsewhere a handle is a path, and each step is checked for being a
link before it is taken.
"""

import os
import stat
from pathlib import Path

Handle = int | str

_DESCRIPTORS = os.open in os.supports_dir_fd and os.scandir in os.supports_fd
_NO_FOLLOW = getattr(os, "O_NOFOLLOW", 0)
_CLOSE = getattr(os, "O_CLOEXEC", 0)
_FOLDER = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | _CLOSE
# Without O_NONBLOCK a FIFO that takes a file's place after it was listed would hold us for ever.
_FILE = os.O_RDONLY | _NO_FOLLOW | getattr(os, "O_NONBLOCK", 0) | _CLOSE | getattr(os, "O_BINARY", 0)


class NotRegularError(OSError):
    """What was opened is no regular file."""


def open_root(root: Path) -> Handle:
    """A handle on the root, which may itself be a link: the user named it."""
    if _DESCRIPTORS:
        return os.open(root, _FOLDER)
    if not root.is_dir():
        raise NotADirectoryError(str(root))
    return str(root)


def open_folder(parent: Handle, name: str) -> Handle:
    """A handle on a folder in a folder. Raises OSError, also when it is a link."""
    if isinstance(parent, int):
        return os.open(name, _FOLDER | _NO_FOLLOW, dir_fd=parent)
    path = os.path.join(parent, name)  # noqa: PTH118 - names may hold what Path would normalise away
    _refuse_link(path)
    return path


def open_file(parent: Handle, name: str) -> tuple[int, int]:
    """A descriptor of a regular file in a folder, and its size. Raises OSError, also when it is a link or no such."""
    if isinstance(parent, int):
        fd = os.open(name, _FILE, dir_fd=parent)
    else:
        path = os.path.join(parent, name)  # noqa: PTH118 - as above
        _refuse_link(path)
        fd = os.open(path, _FILE)
    state = os.fstat(fd)
    if not stat.S_ISREG(state.st_mode):
        os.close(fd)
        raise NotRegularError("not a regular file")
    return fd, state.st_size


def identity(handle: Handle) -> tuple[int, int]:
    """Device and inode: tells whether two handles are on one folder."""
    state = os.stat(handle)  # noqa: PTH116 - the handle may be a descriptor
    return state.st_dev, state.st_ino


def link_target(parent: Handle, name: str) -> str:
    """Where a link points, as it is written."""
    if isinstance(parent, int):
        return os.readlink(name, dir_fd=parent)
    return os.readlink(os.path.join(parent, name))  # noqa: PTH115, PTH118 - as above


def close(handle: Handle) -> None:
    if isinstance(handle, int):
        os.close(handle)


def read_bytes(parent: Handle, name: str, limit: int) -> bytes:
    """The start of a regular file, at most `limit` bytes."""
    fd, _ = open_file(parent, name)
    try:
        return read_up_to(fd, limit)
    finally:
        os.close(fd)


def read_up_to(fd: int, limit: int) -> bytes:
    """Read to the end of a file or to the limit."""
    first = os.read(fd, limit)
    if len(first) == limit:
        return first
    chunks, left = [first], limit - len(first)
    while left > 0:
        more = os.read(fd, left)
        if not more:
            break
        chunks.append(more)
        left -= len(more)
    return b"".join(chunks) if len(chunks) > 1 else first


def _refuse_link(path: str) -> None:
    if os.path.islink(path) or getattr(os.path, "isjunction", lambda _: False)(path):  # noqa: PTH114 - as above
        raise OSError("is a link")


def reason(error: OSError) -> str:
    """The system's words for an error, without the path that str(error) would add."""
    return error.strerror or str(error.args[0] if error.args else type(error).__name__)
