"""Directory collector: finds the files of one folder, and says of each that it leaves out why."""

import os
import time
from collections import Counter
from collections.abc import Callable, Iterable
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from backstay.collectors import git, git_index, handles, leave_out
from backstay.collectors.reader import Limits, Reader
from backstay.globs import git_path
from backstay.model import Skip, Source

_SHOWN = 10  # files of one folder left out for one reason that are named one by one


class Entry(NamedTuple):
    """A file to read. `path` is relative to the root with `/` and always text; `real` is what the system calls it."""

    path: str
    real: str


class Walk(NamedTuple):
    """What a walk found: files by path, what was left out or could not be listed, and how many files that were."""

    entries: list[Entry]
    skips: list[Skip]
    left_out: int


class Directory:
    """One folder as a source, or `only` one file of it. Without `trust_repo` its own ignore files are not honoured.

    `problem` says why the root cannot be scanned at all; it is empty when it can.
    """

    def __init__(
        self,
        root: Path,
        exclude: Iterable[str] = (),
        include_vendored: bool = False,
        *,
        trust_repo: bool = True,
        limits: Limits | None = None,
        only: str = "",
    ) -> None:
        self.only = only
        self.limits = limits or Limits()
        self.problem = ""
        try:
            self.root = root.resolve(strict=True)
            handles.close(handles.open_root(self.root))
        except (OSError, RuntimeError, ValueError) as error:
            self.root = Path(os.path.abspath(root)) if "\0" not in str(root) else Path("/")  # noqa: PTH100 - no links
            self.problem = handles.reason(error) if isinstance(error, OSError) else "not a path"
        self.exclude = tuple(exclude)
        self.include_vendored = include_vendored
        self.trust_repo = trust_repo
        self.repository = None if self.problem else git.locate(self.root)

    @cached_property
    def source(self) -> Source:
        """The source's identity and git facts, without `dirty`, which takes longer to tell."""
        name = shown(self.root.name) or "root"
        if self.repository is None:
            return Source(id=name, name=name)
        found = git.facts(self.repository)
        inside = shown(self.repository.prefix(self.root).rstrip("/"))
        base = git.source_id(found.remote)
        identity = f"{base}/{inside}" if base and inside else base or name
        return Source(id=identity, name=name, commit=found.commit, branch=found.branch, remote=found.remote)

    def reader(self, digest_key: bytes = b"") -> Reader:
        """A new reader of this folder's files."""
        return Reader(self.root, self.source.id, digest_key, self.limits)

    def walk(self, progress: Callable[[int], None] | None = None) -> Walk:
        """Find every file, in the order of paths. `progress` is told the number found so far."""
        if self.problem:
            return Walk([], [Skip(".", "unreadable", self.problem)], 0)
        if self.only:
            return Walk([Entry(shown(self.only), self.only)], [], 0)
        walker = _Walker(self, progress)
        walker.run()
        entries = walker.unambiguous()
        return Walk(entries, sorted(walker.skips, key=lambda skip: (skip.path, skip.reason)), walker.left_out)

    @cached_property
    def tracked(self) -> frozenset[str]:
        """Paths of the files that git tracks here and of their folders, as `git_path` makes them."""
        if self.repository is None:
            return frozenset()
        try:
            entries = git_index.entries(self.repository)
        except git_index.MalformedIndexError:
            return frozenset()
        prefix = git_path(self.repository.prefix(self.root))
        found = set()
        for entry in entries:
            path = entry.path.decode("latin-1")
            if path.startswith(prefix):
                path = path[len(prefix) :]
                while path and path not in found:
                    found.add(path)
                    path = path.rpartition("/")[0]
        return frozenset(found)


class _Stop(Exception):  # noqa: N818 - ends the walk, is no error
    """A bound of the whole walk is reached."""


class _Walker:
    def __init__(self, directory: Directory, progress: Callable[[int], None] | None) -> None:
        self.entries: list[Entry] = []
        self.skips: list[Skip] = []
        self.left_out = 0
        self._directory = directory
        self._limits = directory.limits
        self._progress = progress
        self._deadline = time.monotonic() + self._limits.walk
        self._exclusions = leave_out.exclusions(directory.exclude)
        self._patterns_left = leave_out.MAX_PATTERNS
        self._seen: set[tuple[int, int]] = set()

    def run(self) -> None:
        try:
            handle = handles.open_root(self._directory.root)
            try:
                self._folder(handle, "", "", self._above(), 0, False)
            finally:
                handles.close(handle)
        except _Stop:
            pass
        except OSError as error:
            self._skip("", "unreadable", handles.reason(error))

    def unambiguous(self) -> list[Entry]:
        """The files by path. Of two that are shown by the same name only the first is kept: a path is an identity."""
        self.entries.sort()
        kept: list[Entry] = []
        for entry in self.entries:
            if kept and kept[-1].path == entry.path:
                self._skip(entry.path, "ambiguous name", "another file is shown by the same name")
            else:
                kept.append(entry)
        return kept

    def _above(self) -> tuple[leave_out.PatternList, ...]:
        """The ignore files that apply from outside the root: the repository's own, and those of folders above."""
        repository = self._directory.repository
        if repository is None or not self._directory.trust_repo:
            return ()
        inside = repository.prefix(self._directory.root).rstrip("/")
        found = []
        for file, folder in (
            (repository.common / "info" / "exclude", ""),
            *((repository.top / above / ".gitignore", above) for above in _chain(inside)),
        ):
            data = git.read(file, leave_out.MAX_BYTES)
            read = leave_out.read_patterns(data, "", ".gitignore", above=inside[len(folder) :].lstrip("/"))
            if read:
                found.append(read[0])
        return tuple(found)

    def _folder(
        self,
        handle: handles.Handle,
        path: str,
        real: str,
        levels: tuple[leave_out.PatternList, ...],
        depth: int,
        ignored: bool,
    ) -> None:
        mark = handles.identity(handle)
        if mark in self._seen:
            self._skip(path, "link loop", "the same folder again", by_choice=True)
            return
        self._seen.add(mark)
        if time.monotonic() > self._deadline:
            self._skip(path, "time limit", f"the search took more than {self._limits.walk:g} s")
            raise _Stop
        listing = self._list(handle, path)
        names = frozenset(entry.name for entry in listing)
        if depth and not self._directory.include_vendored and (reason := leave_out.listing_reason(names)):
            self._leave_out(path, reason)
            return
        levels = self._levels(handle, path, names, levels)
        choices: Counter[str] = Counter()
        named: list[Skip] = []
        prefix, real_prefix = (path + "/" if path else ""), (real + "/" if real else "")
        for entry in sorted(listing, key=lambda one: one.name):
            name = entry.name
            inner, inner_real = prefix + (name if name.isascii() else shown(name)), real_prefix + name
            if entry.is_symlink():
                self._link(handle, name, inner, inner_real, path)
                continue
            folder = entry.is_dir(follow_symlinks=False)
            if not folder and not entry.is_file(follow_symlinks=False):
                self._leave_out(inner, "not a regular file")
                continue
            reason, detail = self._reason(name, inner_real, folder, names, levels, ignored)
            hidden = detail == "tracked"
            if reason:
                if folder:
                    self._leave_out(inner, reason, detail)
                else:
                    choices[reason] += 1
                    named.append(Skip(inner, reason, detail, by_choice=True))
            elif folder:
                self._enter(handle, name, inner, inner_real, levels, depth, hidden)
            else:
                self._add(inner, inner_real)
        self._group(path, choices, named)

    def _enter(
        self,
        parent: handles.Handle,
        name: str,
        path: str,
        real: str,
        levels: tuple[leave_out.PatternList, ...],
        depth: int,
        ignored: bool,
    ) -> None:
        if depth >= self._limits.depth:
            self._skip(path, "nested too deeply", f"more than {self._limits.depth} folders")
            return
        try:
            handle = handles.open_folder(parent, name)
        except OSError as error:
            self._skip(path, "unreadable", handles.reason(error))
            return
        try:
            self._folder(handle, path, real, levels, depth + 1, ignored)
        except OSError as error:
            self._skip(path, "unreadable", handles.reason(error))
        finally:
            handles.close(handle)

    def _list(self, handle: handles.Handle, path: str) -> "list[os.DirEntry[str]]":
        room = self._limits.files - len(self.entries)
        found: list[os.DirEntry[str]] = []
        with os.scandir(handle) as listing:
            for entry in listing:
                # Folders count too: a tree of nothing but folders has to end as well.
                if len(found) + len(self._seen) > room:
                    self._skip(path, "too many files", f"more than {self._limits.files}")
                    raise _Stop
                found.append(entry)
        return found

    def _levels(
        self,
        handle: handles.Handle,
        path: str,
        names: frozenset[str],
        levels: tuple[leave_out.PatternList, ...],
    ) -> tuple[leave_out.PatternList, ...]:
        if not self._directory.trust_repo:
            return levels
        for name in (".gitignore", ".backstayignore"):
            if name not in names:
                continue
            try:
                data = handles.read_bytes(handle, name, leave_out.MAX_BYTES + 1)
            except OSError:
                continue  # git does not follow a link here either; what is no file is reported as such
            if len(data) > leave_out.MAX_BYTES or not self._patterns_left:
                self._skip(f"{path}/{name}".lstrip("/"), "too large", "not honoured as an ignore file")
                continue
            read = leave_out.read_patterns(data, path, name, self._patterns_left)
            if read:
                self._patterns_left -= read[1]
                levels = (*levels, read[0])
        return levels

    def _reason(
        self,
        name: str,
        real: str,
        folder: bool,
        siblings: frozenset[str],
        levels: tuple[leave_out.PatternList, ...],
        ignored: bool,
    ) -> tuple[str, str]:
        """Why an entry is left out, with a detail; no reason and "tracked" when only git's index speaks for it."""
        path = git_path(real)
        key = name if name.isascii() else git_path(name)
        if self._exclusions and self._exclusions.decide(path, key, folder):
            return "excluded", ""
        if name in leave_out.VERSION_CONTROL:
            return "version control", ""
        if not self._directory.include_vendored:
            reason = leave_out.folder_reason(name, siblings) if folder else leave_out.file_reason(name)
            if reason:
                return reason, ""
        if ignored:
            return ("", "tracked") if path in self._directory.tracked else ("ignored", ".gitignore")
        origin, matched = leave_out.ignored(levels, path, key, folder, lambda one: one in self._directory.tracked)
        if origin:
            return "ignored", origin
        return "", "tracked" if matched and folder else ""

    def _link(self, handle: handles.Handle, name: str, path: str, real: str, folder: str) -> None:
        """Links are never followed: what they point to inside the root is read at its own place."""
        where = self._directory.root / real
        try:
            target = shown(handles.link_target(handle, name))[:200]
            resolved = Path(os.path.realpath(where, strict=True))
        except FileNotFoundError:
            self._leave_out(path, "broken link")
            return
        except (OSError, ValueError) as error:
            reason = "link loop" if "symbolic" in handles.reason(OSError(*error.args)) else "broken link"
            self._leave_out(path, reason)
            return
        if not resolved.is_relative_to(self._directory.root):
            self._leave_out(path, "link out of the root")
        elif where.is_relative_to(resolved):
            self._leave_out(path, "link loop", f"to {target}")
        else:
            self._leave_out(path, "link", f"to {target}, read there")

    def _add(self, path: str, real: str) -> None:
        self.entries.append(Entry(path, real))
        if self._progress and len(self.entries) % 1000 == 0:
            self._progress(len(self.entries))

    def _group(self, path: str, choices: Counter[str], named: list[Skip]) -> None:
        """Name few files one by one and many by their number: a report is to be read."""
        self.left_out += len(named)
        self.skips += [skip for skip in named if choices[skip.reason] <= _SHOWN]
        for reason, number in choices.items():
            if number > _SHOWN:
                self.skips.append(Skip(path or ".", reason, f"{number} files", by_choice=True))

    def _leave_out(self, path: str, reason: str, detail: str = "") -> None:
        self.left_out += 1
        self._skip(path, reason, detail, by_choice=True)

    def _skip(self, path: str, reason: str, detail: str = "", *, by_choice: bool = False) -> None:
        self.skips.append(Skip(path or ".", reason, detail, by_choice=by_choice))


def shown(name: str) -> str:
    """A file name as text that can be encoded: bytes that are no UTF-8 are written as `\\xff`."""
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        return os.fsencode(name).decode("utf-8", "backslashreplace")
    return name


def _chain(inside: str) -> list[str]:
    """The folders from the top of the work tree to above the root: `a/b/c` gives "", `a`, `a/b`."""
    if not inside:
        return []
    parts = inside.split("/")
    return ["/".join(parts[:number]) for number in range(len(parts))]
