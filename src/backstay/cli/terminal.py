"""Terminal: how wide it is and whether colour is wanted."""

import os
import shutil
import sys
from typing import TextIO

_WIDEST = 140  # longer lines are harder to read, however wide the window
_IN_A_PIPE = 100


def width() -> int:
    """Columns of the terminal, or of a page when the output goes elsewhere; COLUMNS overrides both."""
    if sys.stdout.isatty() or os.environ.get("COLUMNS", "").isdecimal():
        return min(shutil.get_terminal_size((_IN_A_PIPE, 24)).columns, _WIDEST)
    return _IN_A_PIPE


def color(refused: bool, stream: TextIO | None = None) -> bool:
    """Whether to colour: a terminal that can, no --no-color, and no NO_COLOR (any value but the empty one)."""
    out = stream or sys.stdout
    return out.isatty() and not refused and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
