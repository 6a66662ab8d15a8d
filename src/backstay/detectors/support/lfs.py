"""Git LFS pointers: small texts that stand for large files and name their size and SHA-256."""

import re

_POINTER = re.compile(
    r"\Aversion https://git-lfs\.github\.com/spec/v\d\r?\n(?:ext-\S[^\n]*\n)*"
    r"oid sha256:([0-9a-f]{64})\r?\nsize (\d{1,18})\r?\n?\Z"
)


def pointer(text: str) -> tuple[str, int] | None:
    """SHA-256 and size of the file that a pointer stands for; None when the text is none."""
    found = _POINTER.match(text) if len(text) < 1_024 else None
    return (found[1], int(found[2])) if found else None
