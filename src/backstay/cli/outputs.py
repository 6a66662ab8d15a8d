"""Outputs: which format goes where, and writing a file so that it is whole or not there at all."""

import os
import stat
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from backstay.cli.exits import CommandError
from backstay.display import printable
from backstay.plugin import Exporter

DEFAULT = "table"


@dataclass(frozen=True)
class Output:
    """A format and the file it goes to; None is stdout."""

    exporter: Exporter
    path: Path | None


def plan(formats: Sequence[str], files: Sequence[str], exporters: Sequence[Exporter]) -> list[Output]:
    """Pair formats and files in order. A file without a format has the format of its name. Raises CommandError."""
    known = {exporter.id: exporter for exporter in exporters}
    for name in formats:
        if name not in known:
            raise CommandError(f"unknown format {printable(name, 60)}; there are {', '.join(sorted(known))}")
    if files and not formats:
        formats = [_format_of(name, exporters) for name in files]
    formats = list(formats) or [DEFAULT]
    if not files and len(formats) == 1:
        files = ["-"]
    if len(files) != len(formats):
        given = f"{len(formats)} formats (-f) and {len(files)} files (-o)"
        raise CommandError(f"{given}: give each format its file, in the same order; `-o -` is stdout")
    if len(set(files)) != len(files):
        raise CommandError("the same file (-o) is given twice")
    _refuse_a_mix_up(dict(zip(formats, files, strict=True)), exporters)
    return [Output(known[name], None if file == "-" else Path(file)) for name, file in zip(formats, files, strict=True)]


def _format_of(file: str, exporters: Sequence[Exporter]) -> str:
    told = DEFAULT if file == "-" else _told(file, exporters)
    if not told:
        raise CommandError(f"the name {printable(file, 80)} tells no format; add -f")
    return told


def _told(file: str, exporters: Sequence[Exporter]) -> str:
    """The format that a file's name tells; empty when it tells none."""
    # The longest suffix wins: .cdx.json is CycloneDX, not the report.
    by_length = sorted(exporters, key=lambda exporter: (-len(exporter.suffix), exporter.id))
    return next((exporter.id for exporter in by_length if file.lower().endswith(exporter.suffix)), "")


def _refuse_a_mix_up(files: dict[str, str], exporters: Sequence[Exporter]) -> None:
    """Two formats whose files tell that they are the wrong way round. Raises CommandError.

    A name may differ from its format (a CycloneDX `bom.json`); it is a mix-up when the other one's name differs too.
    """
    for name, file in files.items():
        told = _told(file, exporters)
        if told != name and told in files and _told(files[told], exporters) != told:
            raise CommandError(
                f"{name} would be written to {printable(file, 80)}: the first -f goes with the first -o, and so on"
            )


def check(path: Path, root: Path) -> None:
    """Refuse a place that cannot or must not be written, before the scan costs anything. Raises CommandError.

    A link in the scanned folder may be a trap: `report.html` pointing at a start-up script. Links elsewhere are the
    user's own and are followed.
    """
    name = printable(str(path))
    if path.is_dir():
        raise CommandError(f"{name}: is a folder")
    if not path.parent.is_dir():
        raise CommandError(f"{name}: its folder does not exist")
    real_root, real_folder = root.resolve(), path.parent.resolve()
    absolute = Path(os.path.abspath(path))  # noqa: PTH100 - links in it must stay visible
    named_inside = absolute.is_relative_to(os.path.abspath(root)) or absolute.is_relative_to(real_root)  # noqa: PTH100
    really_inside = real_folder.is_relative_to(real_root)
    if (named_inside and not really_inside) or (really_inside and (real_folder / path.name).is_symlink()):
        raise CommandError(f"{name}: is or lies behind a link in the scanned folder; refusing to write through it")


def write(path: Path, text: str) -> None:
    """Write a file at once: readers see the old one or the new one. Raises CommandError."""
    data = encode(text)
    target = path.resolve()
    try:
        if target.exists() and not stat.S_ISREG(target.stat().st_mode):
            target.write_bytes(data)  # a device or pipe must not be replaced by a file
            return
        handle, name = tempfile.mkstemp(prefix=f".{target.name[:100]}.", dir=target.parent)
        try:
            with os.fdopen(handle, "wb") as stream:
                stream.write(data)
            Path(name).chmod(_mode(target))
            Path(name).replace(target)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise CommandError(
            f"{printable(str(path))}: cannot be written: {error.strerror or type(error).__name__}"
        ) from error


def write_stdout(text: str) -> None:
    """Print a document as UTF-8, whatever the locale: a format does not depend on the machine."""
    sys.stdout.flush()
    buffer = getattr(sys.stdout, "buffer", None)
    if buffer is None:  # replaced by a caller or a test
        sys.stdout.write(encode(text).decode())
    else:
        buffer.write(encode(text))
        buffer.flush()


def encode(text: str) -> bytes:
    # A lone surrogate (from a file name that is no UTF-8) becomes the escape that JSON uses for it as well.
    return text.encode("utf-8", "backslashreplace")


def _mode(target: Path) -> int:
    """The mode of the file that is replaced, or of a new file by the umask."""
    if target.exists():
        return stat.S_IMODE(target.stat().st_mode)
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask
