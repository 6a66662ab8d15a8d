"""Evidence: who saw something, where, and how surely."""

from enum import StrEnum

import msgspec


class Level(StrEnum):
    """How a fact is known, from strongest to weakest."""

    OBSERVED = "observed"  # the code, file or traffic itself shows it
    DECLARED = "declared"  # somebody wrote that it is so (manifest, card, CODEOWNERS)
    INFERRED = "inferred"  # concluded from other facts


class Evidence(msgspec.Struct, frozen=True, omit_defaults=True, order=True):
    """One sighting. Holds places, never content: a note says what kind of thing was seen there.

    `source` is the id of the plugin that saw it; `path` is relative to the scanned root, with `/`;
    lines count from 1, and 0 means the whole file. `member` is the part of an archive that it stands in, `offset` the
    byte there, or -1 where none can be named. `confidence` is the share of such sightings that are expected to hold,
    0 to 1.
    """

    source: str
    path: str = ""
    line: int = 0
    end_line: int = 0
    url: str = ""
    level: Level = Level.OBSERVED
    confidence: float = 1.0
    note: str = ""
    member: str = ""
    offset: int = -1


def first_place(evidence: tuple[Evidence, ...]) -> Evidence | None:
    """The first sighting that names a file, or the first of any; None when there is none."""
    return next((seen for seen in evidence if seen.path), evidence[0] if evidence else None)
