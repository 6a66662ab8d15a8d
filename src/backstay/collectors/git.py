"""Git facts: commit, branch, remote, and what the index tracks, read from git's files without running git.

Nothing of the repository's configuration is obeyed: no filters, hooks, fsmonitor, includes or alternates; the only
value read from it is the remote's URL. All of it is hostile input.
"""

import os
import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from backstay.collectors import handles

_HEX = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?\Z")
_REMOTE = re.compile(r'\[\s*remote\s+"([^"\\]{1,200})"\s*\]', re.IGNORECASE)
_SCP = re.compile(r"(?:[^@/:\s]+@)?([A-Za-z0-9][A-Za-z0-9.-]+):(?![/\\:])(\S+)\Z")
_MAX_UP = 40  # folders looked at above the root


@dataclass(frozen=True)
class Repository:
    """Where a work tree's git data lies: `top` is the work tree, `folder` its own data, `common` the shared data."""

    top: Path
    folder: Path
    common: Path

    def prefix(self, root: Path) -> str:
        """The scanned root's path inside the work tree, with a trailing `/`; empty when they are the same."""
        relative = root.relative_to(self.top).as_posix()
        return "" if relative == "." else relative + "/"


@dataclass(frozen=True)
class Facts:
    """What git says of the checked-out state; each is empty when unknown."""

    commit: str = ""
    branch: str = ""
    remote: str = ""


def locate(root: Path) -> Repository | None:
    """The repository whose work tree holds a folder; None when there is none, or none that can be believed."""
    for folder in (root, *root.parents)[:_MAX_UP]:
        marker = folder / ".git"
        if marker.is_symlink():
            return None
        if marker.is_dir():
            return Repository(folder, marker, marker) if (marker / "HEAD").exists() else None
        if marker.is_file():
            return _linked(folder, marker)
    return None


def facts(repository: Repository) -> Facts:
    """Commit, branch and remote."""
    head = read(repository.folder / "HEAD").decode("utf-8", "replace").strip()
    remote = _remote(repository)
    if not head.startswith("ref:"):
        return Facts(head if _HEX.match(head) else "", "", remote)
    name = head[4:].strip()
    if not name.startswith("refs/") or ".." in name or "\\" in name or not name.isprintable():
        return Facts("", "", remote)
    return Facts(_resolve(repository, name), name.removeprefix("refs/heads/"), remote)


def source_id(remote: str) -> str:
    """A remote's URL as `host/org/name`, the same for ssh and https; empty when it has no host."""
    scp = _SCP.match(remote)
    if scp and "://" not in remote:
        host, path = scp[1], scp[2]
    else:
        try:
            parts = urlsplit(remote)
            host, path = parts.hostname or "", parts.path
        except ValueError:
            return ""
    path = path.strip("/").removesuffix(".git")
    return f"{host.lower()}/{path}" if host and path else ""


def without_credentials(url: str) -> str:
    """A remote's URL without user, password, query and fragment; empty for what is no URL, such as a local path."""
    if _SCP.match(url) and "://" not in url:
        return url.rpartition("@")[2]
    try:
        parts = urlsplit(url)
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return ""
    if parts.scheme not in ("http", "https", "ssh", "git", "git+ssh") or not parts.hostname:
        return ""  # a path of this machine or a helper program is nobody's business
    return f"{parts.scheme}://{parts.hostname}{port}{parts.path}"


def read(path: Path, limit: int = 1 << 20) -> bytes:
    """The start of one of git's files; empty when it cannot be read or is no regular file."""
    try:
        folder = handles.open_root(path.parent)
    except OSError:
        return b""
    try:
        return handles.read_bytes(folder, path.name, limit)
    except OSError:
        return b""
    finally:
        handles.close(folder)


def _linked(top: Path, marker: Path) -> Repository | None:
    """A worktree or submodule, whose `.git` file names a folder elsewhere.

    A hostile file may name anybody's repository, so the folder has to point back at this work tree.
    """
    text = read(marker, 4096).decode("utf-8", "surrogateescape").strip()
    if not text.startswith("gitdir:"):
        return None
    folder = Path(os.path.normpath(top / text[7:].strip()))
    if not folder.is_dir() or folder.is_symlink():
        return None
    back = read(folder / "gitdir", 4096).decode("utf-8", "surrogateescape").strip()
    if back:
        common = Path(os.path.normpath(folder / (read(folder / "commondir", 4096).decode("utf-8", "replace").strip())))
        if _same(folder / back, marker) and folder.is_relative_to(common / "worktrees"):
            return Repository(top, folder, common)
        return None
    for key, value in _values(folder / "config", re.compile(r"\[\s*core\s*\]", re.IGNORECASE)):
        if key == "worktree" and _same(folder / value, top):
            return Repository(top, folder, folder)
    return None


def _same(first: Path, second: Path) -> bool:
    try:
        return first.samefile(second)
    except OSError:
        return False


def _resolve(repository: Repository, name: str) -> str:
    for folder in dict.fromkeys((repository.folder, repository.common)):
        value = read(folder / name, 200).decode("ascii", "replace").strip()
        if _HEX.match(value):
            return value
    wanted = b" " + name.encode("utf-8", "replace")
    for line in read(repository.common / "packed-refs", 32 << 20).splitlines():
        if line.endswith(wanted):
            value = line.partition(b" ")[0].decode("ascii", "replace")
            return value if _HEX.match(value) else ""
    return ""


def _remote(repository: Repository) -> str:
    """The URL of origin, or else of the first remote."""
    urls: dict[str, str] = {}
    for section, key, value in _settings(repository.common / "config"):
        found = _REMOTE.match(section)
        if found and key == "url":
            urls.setdefault(found[1], value)
    url = urls.get("origin") or next(iter(urls.values()), "")
    return without_credentials(url) if url.isprintable() and len(url) < 1000 else ""


def _values(path: Path, section: re.Pattern[str]) -> list[tuple[str, str]]:
    return [(key, value) for name, key, value in _settings(path) if section.match(name)]


def _settings(path: Path) -> list[tuple[str, str, str]]:
    """Section header, key and value of a configuration's plain lines. Includes are not followed."""
    found: list[tuple[str, str, str]] = []
    section = ""
    for raw in read(path).decode("utf-8", "replace").splitlines():
        line = raw.strip()
        if line.startswith("["):
            section, _, line = line.partition("]")
            section += "]"
            line = line.strip()
        key, equals, value = line.partition("=")
        if equals and not line.startswith(("#", ";")):
            value = value.strip()
            if value.startswith('"') and value.endswith('"') and len(value) > 1:
                value = value[1:-1].replace('\\"', '"').replace("\\\\", "\\")
            found.append((section, key.strip().lower(), value))
    return found
