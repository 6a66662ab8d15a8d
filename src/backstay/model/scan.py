"""Scan: one run over a source, with what was looked at, what was not, and why."""

from enum import StrEnum

import msgspec


class State(StrEnum):
    """A status of a plugin or of the whole scan."""

    COMPLETE = "complete"
    PARTIAL = "partial"
    SKIPPED = "skipped"
    FAILED = "failed"


class Skip(msgspec.Struct, frozen=True, omit_defaults=True):
    """A file or folder that was not read, or not wholly, with the reason as a fixed word and a detail.

    `by_choice` marks what the user or the defaults leave out on purpose (ignored, vendored): such a
    skip is shown but does not make a scan incomplete. `plugin` names who could not read it, if not all.
    """

    path: str
    reason: str
    detail: str = ""
    by_choice: bool = False
    plugin: str = ""


class PluginStatus(msgspec.Struct, frozen=True, omit_defaults=True):
    """How one plugin fared. `files` counts what it looked at, `yielded` the facts it gave."""

    plugin: str
    state: State
    files: int = 0
    yielded: int = 0
    reason: str = ""


class Coverage(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a scan saw: files found, read, left out by choice, not read for a reason, and bytes read."""

    found: int = 0
    read: int = 0
    left_out: int = 0
    unread: int = 0
    bytes: int = 0


class Source(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """What was scanned. `id` is stable over machines: a git remote without credentials, else the folder's name."""

    id: str
    name: str
    kind: str = "directory"
    commit: str = ""
    branch: str = ""
    remote: str = ""
    dirty: bool | None = None


class Scan(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """One run. Times are UTC, ISO 8601."""

    source: Source
    started: str
    seconds: float
    state: State
    coverage: Coverage
    reason: str = ""
    statuses: tuple[PluginStatus, ...] = ()
    skips: tuple[Skip, ...] = ()
    notes: tuple[str, ...] = ()
