"""Real files: what libraries wrote, committed beside the generator, with what the manifest says of each."""

import tomllib
from pathlib import Path

from corpus.sample import Label, Sample

FOLDER = Path(__file__).resolve().parents[1] / "benign"


def real() -> list[Sample]:
    """The files of `tests/artifacts/benign` by its MANIFEST.toml."""
    manifest = FOLDER / "MANIFEST.toml"
    entries = tomllib.loads(manifest.read_text("utf-8"))["file"] if manifest.exists() else []
    return [Sample(FOLDER / one["path"], Label(one["label"]), one["library"], one["version"], "") for one in entries]
