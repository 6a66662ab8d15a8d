"""Policy: what a global that a pickle reaches may do, by the allow-lists in `catalog/artifacts`.

The answer depends on the tables alone: it is the same on every machine, whatever is installed there.
"""

from enum import StrEnum

import msgspec


class Standing(StrEnum):
    """What the policy says of a module's name."""

    SAFE = "safe"  # an ordinary part of a model: harmless to import, and to call with whatever arguments
    WEIGH = "weigh"  # harmless or not by its arguments; `Entry.rule` says how to tell
    CODE = "code"  # makes functions or classes out of what the file holds
    DANGEROUS = "dangerous"  # runs commands or code, touches files, network or the interpreter; or no part of a model
    UNKNOWN = "unknown"  # a package that the policy does not know


class Entry(msgspec.Struct, frozen=True):
    """A standing with its reason: `reason` is a phrase ("runs a shell command"), `rule` the name of a weighing."""

    standing: Standing
    reason: str = ""
    rule: str = ""


def entry(module: str, name: str) -> Entry:
    """What is known of `name` in `module`; the name may be dotted (`os.system` in `random`)."""
    return Entry(Standing.UNKNOWN)
