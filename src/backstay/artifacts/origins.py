"""Origins: where a model file was downloaded from, as far as the tools that downloaded it left word."""

import re
from collections.abc import Callable

_CACHE = re.compile(
    r"(?:^|/)(?P<kind>models|datasets|spaces)--(?P<name>[\w.-]+?(?:--[\w.-]+?)?)/snapshots/(?P<rev>[0-9a-f]{40})/"
)
_COMMIT = re.compile(r"[0-9a-f]{40}\Z")
_KINDS = {"models": "", "datasets": "datasets/", "spaces": "spaces/"}
_MAX_UP = 8


def origin(path: str, read: Callable[[str], bytes | None]) -> str:
    """Where a file came from: `https://huggingface.co/ORG/NAME@COMMIT`, `huggingface@COMMIT`, or "" for unknown.

    `path` is absolute or relative with `/`; `read` gives the start of another file beside it, or None. The layouts are
    those of huggingface_hub: its cache (`models--ORG--NAME/snapshots/COMMIT/`), and `.cache/huggingface/download/`
    in a folder that was downloaded to, whose metadata files hold the commit in their first line.
    """
    found = _CACHE.search(path)
    if found:
        name = found["name"].replace("--", "/", 1)
        return f"https://huggingface.co/{_KINDS[found['kind']]}{name}@{found['rev']}"
    folder, _, inside = path.rpartition("/")
    for _ in range(_MAX_UP):
        prefix = f"{folder}/" if folder else ""
        told = read(f"{prefix}.cache/huggingface/download/{inside}.metadata")
        if told is not None:
            commit = told[:200].split(b"\n")[0].strip().decode("ascii", "replace")
            return f"huggingface@{commit}" if _COMMIT.match(commit) else ""
        if not folder:
            return ""
        folder, _, last = folder.rpartition("/")
        inside = f"{last}/{inside}"
    return ""
