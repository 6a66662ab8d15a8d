"""Scope: which paths, names and contexts the globs of a policy mean; linear whatever a hostile policy holds."""

import fnmatch
import re
from collections.abc import Iterable
from functools import lru_cache

import msgspec

from backstay.globs import GitPattern, git_path, git_pattern
from backstay.model import Policy
from backstay.model.policy import Context

MAX_LENGTH = 300  # characters of one pattern


def is_pattern(glob: str) -> bool:
    """Whether a policy may hold this path pattern: as in .gitignore, but neither a comment nor a negation."""
    return len(glob) <= MAX_LENGTH and not glob.startswith("!") and _path_pattern(glob) is not None


def path_matches(glob: str, path: str) -> bool:
    """Whether a path, or a folder it lies in, fits a pattern as .gitignore reads it.

    `*` and `?` stay within a folder, `**` as a whole segment crosses them; a pattern without an inner `/` fits at
    any depth; a trailing `/` asks for a folder. Case counts. A pattern that is none fits nothing.
    """
    pattern = _path_pattern(glob)
    return pattern is not None and not pattern.negated and bool(pattern.covers.match(git_path(path)))


def name_matches(glob: str, name: str) -> bool:
    """Whether a whole name fits a glob; `*` stands for anything, `/` included. Upper and lower case are the same."""
    return len(glob) <= MAX_LENGTH and bool(_name_pattern(glob.lower()).match(name.lower()))


def context_of(policy: Policy, paths: Iterable[str]) -> Context:
    """What a policy says of files at these paths: of the contexts that fit one of them, the last word on each field."""
    paths = tuple(dict.fromkeys(paths))
    said: dict[str, str] = {}
    for context in policy.context:
        if any(path_matches(context.path, path) for path in paths):
            for field in ("owner", "criticality", "exposure", "data", "environment"):
                if value := getattr(context, field):
                    said[field] = value
                    said["path"] = context.path
    return msgspec.convert(said, Context)


@lru_cache(maxsize=4096)
def _path_pattern(glob: str) -> GitPattern | None:
    return git_pattern(glob.encode("utf-8", "surrogateescape").decode("latin-1"))


@lru_cache(maxsize=4096)
def _name_pattern(glob: str) -> re.Pattern[str]:
    return re.compile(fnmatch.translate(glob))
