"""Git history: who committed to which files lately, from the object database alone."""

import re
import time
from collections import Counter
from collections.abc import Iterable

from backstay.collectors import git, git_index

MAX_COMMITS = 500
MAX_CHANGES = 200  # files of one commit; what touches more is a move or a format run and tells nothing of ownership
_PERSON = re.compile(r"([^<>]{0,200})<([^<>]{0,200})>")
_BOTS = ("[bot]", "dependabot", "renovate", "github-actions")

Authors = dict[str, list[tuple[str, int]]]


def authors(
    repository: git.Repository, commit: str, prefix: str, paths: Iterable[str], seconds: float = 2.0
) -> tuple[Authors, int]:
    """For each path the names of those who committed to it, most commits first, and the number of commits seen.

    Follows first parents from a commit, at most `MAX_COMMITS` and for `seconds`. Names only: no address is kept.
    """
    from dulwich.diff_tree import tree_changes  # noqa: PLC0415 - heavy, and most scans need no history
    from dulwich.object_store import DiskObjectStore  # noqa: PLC0415 - as above
    from dulwich.objects import Commit, ObjectID  # noqa: PLC0415 - as above

    if not commit or (repository.common / "objects" / "info" / "alternates").exists():
        return {}, 0  # alternates name folders elsewhere on this machine
    wanted = {(prefix + path).encode("utf-8", "surrogateescape"): path for path in paths}
    counts: dict[str, Counter[str]] = {}
    deadline = time.monotonic() + seconds
    store = DiskObjectStore(str(repository.common / "objects"), loose_object_size_limit=16 << 20)
    seen = 0
    try:
        here = store[ObjectID(commit.encode("ascii"))]
        while isinstance(here, Commit) and seen < MAX_COMMITS and time.monotonic() < deadline:
            parent = store[here.parents[0]] if here.parents else None
            before = parent.tree if isinstance(parent, Commit) else None
            name = _name(here.author)
            changed: list[str] = []
            for number, change in enumerate(tree_changes(store, before, here.tree)):
                if number >= MAX_CHANGES and before is not None:
                    changed.clear()
                    break
                found = wanted.get((change.new.path if change.new else None) or b"")
                if found is not None:
                    changed.append(found)
            if name:
                for path in changed:
                    counts.setdefault(path, Counter())[name] += 1
            seen += 1
            if not isinstance(parent, Commit):
                break
            here = parent
    except KeyError:
        pass  # a shallow clone ends where its history was cut off
    finally:
        store.close()
    return {path: sorted(found.items(), key=lambda one: (-one[1], one[0])) for path, found in counts.items()}, seen


def staged(
    repository: git.Repository, commit: str, tracked: Iterable[git_index.Tracked], seconds: float = 3.0
) -> bool | None:
    """Whether the index differs from a commit; None when the commit cannot be read in time."""
    from dulwich.object_store import DiskObjectStore  # noqa: PLC0415 - heavy, see above
    from dulwich.objects import Commit, ObjectID  # noqa: PLC0415 - as above

    if not commit or (repository.common / "objects" / "info" / "alternates").exists():
        return None
    left = {entry.path: (entry.mode, entry.sha1) for entry in tracked}
    deadline = time.monotonic() + seconds
    store = DiskObjectStore(str(repository.common / "objects"), loose_object_size_limit=16 << 20)
    try:
        head = store[ObjectID(commit.encode("ascii"))]
        if not isinstance(head, Commit):
            return None
        for number, entry in enumerate(store.iter_tree_contents(head.tree)):
            if number % 256 == 0 and time.monotonic() > deadline:
                return None
            if left.pop(entry.path or b"", None) != (entry.mode, bytes.fromhex((entry.sha or b"").decode("ascii"))):
                return True
    except KeyError:
        return None
    finally:
        store.close()
    return bool(left)


def _name(author: bytes) -> str:
    found = _PERSON.match(author.decode("utf-8", "replace"))
    if not found:
        return ""
    name = found[1].strip() or found[2].partition("@")[0].strip()
    if any(bot in name.lower() for bot in _BOTS):
        return ""
    # Some write their address where the name belongs.
    return name.partition("@")[0] if "@" in name else name
