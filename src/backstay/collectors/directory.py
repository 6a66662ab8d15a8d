"""Directory collector: finds and reads the files of one folder."""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from backstay.model import Skip, Source
from backstay.plugin import File


@dataclass(frozen=True)
class Entry:
    """A file to read: path relative to the root with `/`, and size in bytes."""

    path: str
    size: int


class Directory:
    def __init__(self, root: Path, exclude: tuple[str, ...] = (), include_vendored: bool = False) -> None:
        self.root = root
        self.source = Source(id=root.resolve().name, name=root.resolve().name)
        self.digest_key = b""

    def walk(self) -> tuple[list[Entry], list[Skip]]:
        out = []
        for top, dirs, files in os.walk(self.root):
            dirs[:] = sorted(d for d in dirs if d not in (".git", ".venv", "node_modules", "__pycache__"))
            for name in sorted(files):
                p = Path(top) / name
                out.append(Entry(p.relative_to(self.root).as_posix(), p.stat().st_size))
        return out, []

    def read(self, path: str) -> File | Skip:
        data = (self.root / path).read_bytes()
        return File(path, data, len(data), hashlib.sha256(data).hexdigest(), self.source.id)
