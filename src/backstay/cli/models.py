"""Models: inspect model files, record their digests, and check that nothing has changed since."""

import argparse
import json
import sys
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path

from backstay.artifacts.lock import NAME, Change, Locked, LockError, changes, read, write
from backstay.artifacts.origins import origin
from backstay.artifacts.report import STATES, Sign, State
from backstay.cli import outputs
from backstay.cli.exits import CLEAN, FINDINGS, INCOMPLETE, CommandError
from backstay.cli.terminal import color
from backstay.display import printable
from backstay.inspected import Inspected, inspected
from backstay.model import Kind, Value

_MAX_LOCK = 32 << 20
_MAX_TOLD = 10  # entries of one sign in the table
_COLORS = {State.MALICIOUS: "31;1", State.CODE: "33", State.UNKNOWN: "33", State.CLEAN: "32"}
_THRESHOLDS = {"malicious": State.MALICIOUS, "code": State.CODE, "unknown": State.UNKNOWN, "none": None}


def run(options: argparse.Namespace) -> int:
    return {"inspect": _inspect, "lock": _lock, "verify": _verify}[options.action](options)


def _inspect(options: argparse.Namespace) -> int:
    paths = _existing(options.paths or ["."])
    named = {str(path) for path in paths}
    rows = []
    for one in inspected(paths, hashing=not options.no_hash, jobs=options.jobs, tell=_progress(options)):
        if one.asset is not None or one.skips or one.path in named:
            rows.append(one)
    if options.format == "json":
        outputs.write_stdout(json.dumps({"files": [_row(one) for one in rows]}, indent=1) + "\n")
    else:
        outputs.write_stdout(_table(rows, colored=color(options.no_color)))
    least = _THRESHOLDS[options.fail_on]
    if least is not None and any(one.asset and state(one) >= least for one in rows):
        return FINDINGS
    return INCOMPLETE if any(one.skips for one in rows) and not options.allow_partial else CLEAN


def state(one: Inspected) -> State:
    """The verdict on a model file: the worst of what was seen; what was not read wholly is at best unknown."""
    known = one.asset.attributes if one.asset else {}
    worst = max((STATES[sign] for sign in Sign if known.get(sign.value)), default=State.CLEAN)
    return max(worst, State.UNKNOWN) if one.skips or known.get("not_read") else worst


def _row(one: Inspected) -> dict[str, Value | dict[str, Value]]:
    row: dict[str, Value | dict[str, Value]] = {"path": one.path, "size": one.size, "sha256": one.sha256 or None}
    row["verdict"] = state(one).word if one.asset or one.skips else "not a model file"
    if one.asset:
        known = one.asset.attributes
        row["coverage"] = known.get("coverage", "whole")
        row |= {name: value for name, value in known.items() if name not in ("path", "size", "sha256", "verdict")}
        row["kind"] = str(one.asset.kind)
    if one.skips:
        row["not_read"] = [f"{skip.reason}: {skip.detail}" if skip.detail else skip.reason for skip in one.skips]
        row.setdefault("coverage", "none")
        if row["coverage"] == "whole":
            row["coverage"] = "partial"
    return row


def _table(rows: Iterable[Inspected], *, colored: bool) -> str:
    lines: list[str] = []
    counts: Counter[str] = Counter()
    for one in sorted(rows, key=lambda one: -state(one)):
        row = _row(one)
        word = str(row["verdict"])
        counts[word] += 1
        verdict = f"\033[{_COLORS[state(one)]}m{word}\033[0m" if colored and one.asset else word
        about = [str(row.get("format", ""))] if one.asset and one.asset.kind == Kind.MODEL_FILE else []
        about += [f"holds {' and '.join(one.asset.items('holds'))}"] if one.asset and one.asset.items("holds") else []
        about += [f"{row[name]} {name}" for name in ("parameters",) if name in row]
        about += [str(row[name]) for name in ("precision", "quantisation", "architecture") if name in row]
        known = printable(f" ({', '.join(filter(None, about))})") if any(about) else ""
        lines.append(f"{printable(one.path)}: {verdict}{known}")
        for name in [*(sign.value for sign in Sign), "not_read"]:
            seen = row.get(name)
            if isinstance(seen, list):
                told = _grouped(seen)
                lines += [f"    {name.replace('_', ' ')}: {printable(text, 400)}" for text in told[:_MAX_TOLD]]
                more = len(told) - _MAX_TOLD
                lines += [f"    {name.replace('_', ' ')}: {more} more"] if more > 0 else []
    said = ", ".join(f"{number} {word}" for word, number in counts.items())
    lines.append(f"{sum(counts.values())} files: {said}" if counts else "no model files")
    return "".join(f"{line}\n" for line in lines)


def _grouped(entries: Iterable[str]) -> list[str]:
    """One entry for each thing that was seen: the first, and how many more there are of it."""
    groups: dict[str, list[str]] = {}
    for entry in entries:
        groups.setdefault(entry.partition(": ")[0], []).append(entry)
    return [one[0] + (f" and {len(one) - 1} more" if len(one) > 1 else "") for one in groups.values()]


def _lock(options: argparse.Namespace) -> int:
    root, file = _places(options)
    before: dict[str, Locked] = {one.path: one for one in _read(file)} if file.exists() else {}
    present = _present(root, options)
    kept = [
        Locked(one.path, one.format, one.size, one.sha256, _origin(root, one, before.get(one.path))) for one in present
    ]
    outputs.write(file, write(kept))
    if not options.quiet:
        changed = sum(1 for _ in changes(before.values(), kept))
        said = f", {changed} changed" if before else ""
        print(f"backstay: locked {len(kept)} model files{said}: {printable(str(file))}", file=sys.stderr)
    return CLEAN


def _verify(options: argparse.Namespace) -> int:
    root, file = _places(options)
    code = CLEAN
    if options.signature:
        from backstay.cli.signatures import verify

        code = verify(options, root)
        if not file.exists():
            return code
    if not file.exists():
        raise CommandError(f"{printable(str(file))}: no such lock; `backstay models lock` writes one")
    locked = _read(file)
    found: list[Change] = list(changes(locked, _present(root, options)))
    outputs.write_stdout("".join(f"{printable(one.path)}: {printable(one.text)}\n" for one in found))
    if not options.quiet:
        said = f"{len(found)} of {len(locked)} differ" if found else f"{len(locked)} model files are as locked"
        print(f"backstay: {said}", file=sys.stderr)
    return FINDINGS if found else code


def _present(root: Path, options: argparse.Namespace) -> list[Locked]:
    """The model files below a folder. Raises CommandError when one cannot be hashed: a lock must not leave it out."""
    found = []
    for one in inspected([root], jobs=options.jobs, tell=_progress(options)):
        inner = Path(one.path).relative_to(root).as_posix()
        if any(skip.reason in ("unreadable", "not hashed", "timed out") for skip in one.skips):
            raise CommandError(f"{printable(one.path)}: cannot be read; nothing is concluded without it")
        if one.asset is not None and one.asset.kind == Kind.MODEL_FILE:
            attributes = one.asset.attributes
            size = attributes.get("size")
            found.append(
                Locked(
                    inner,
                    one.asset.text("format"),
                    size if isinstance(size, int) else one.size,
                    one.asset.text("sha256"),
                )
            )
    return found


def _origin(root: Path, one: Locked, before: Locked | None) -> str:
    """Where a file is from: what the lock already says of the same content, else what its downloader left word of."""
    if before is not None and before.sha256 == one.sha256 and before.origin:
        return before.origin

    def beside(path: str) -> bytes | None:
        try:
            with Path(path).open("rb") as file:
                return file.read(1_000)
        except (OSError, ValueError):
            return None

    return origin((root.resolve() / one.path).as_posix(), beside)


def _places(options: argparse.Namespace) -> tuple[Path, Path]:
    root = _existing([options.directory])[0]
    if not root.is_dir():
        raise CommandError(f"{printable(str(root))}: is not a folder")
    return root, Path(options.lock) if options.lock else root / NAME


def _read(file: Path) -> list[Locked]:
    try:
        with file.open("rb") as opened:
            data = opened.read(_MAX_LOCK + 1)
        if len(data) > _MAX_LOCK:
            raise LockError("is too large")
        return read(data)
    except OSError as error:
        raise CommandError(f"{printable(str(file))}: {error.strerror}") from None
    except LockError as error:
        raise CommandError(f"{printable(str(file))}: {error}") from None


def _existing(paths: Iterable[str]) -> list[Path]:
    found = [Path(path) for path in paths]
    for path in found:
        if not path.exists():
            raise CommandError(f"{printable(str(path))}: no such file or folder")
    return found


def _progress(options: argparse.Namespace) -> Callable[[int, int], None] | None:
    if options.quiet or not sys.stderr.isatty():
        return None

    def tell(done: int, total: int) -> None:
        end = "\n" if done == total else ""
        print(f"\rinspecting {done}/{total}", end=end, file=sys.stderr, flush=True)

    return tell
