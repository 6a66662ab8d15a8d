"""Installation: what belongs to this machine's Backstay and not to a scan: the key of its digests."""

import os
import secrets
import stat
from pathlib import Path

_BYTES = 32


def state_folder() -> Path:
    """Where this user's Backstay keeps its state: `XDG_STATE_HOME/backstay`, else `~/.local/state/backstay`."""
    base = os.environ.get("XDG_STATE_HOME", "")
    return (Path(base) if Path(base).is_absolute() else Path.home() / ".local" / "state") / "backstay"


def digest_key(folder: Path | None = None) -> tuple[bytes, str]:
    """The key of the digests of secrets, made on first use, and a note when it could not be kept.

    With one key a secret has the same digest in every scan of this installation, and nobody without the key can
    try guesses against a report. A key that cannot be kept lasts for one scan.
    """
    try:
        path = (folder or state_folder()) / "digest.key"
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        try:
            return _create(path), ""
        except FileExistsError:
            return _load(path), ""
    except (OSError, RuntimeError, ValueError):
        return secrets.token_bytes(_BYTES), (
            "no key for digests could be kept in the state folder: the identities of secrets hold for this scan only"
        )


def _create(path: Path) -> bytes:
    key = secrets.token_bytes(_BYTES)
    # Written aside and linked into place: two scans that start together agree on one key, and none reads half of it.
    aside = path.with_name(f".digest.key.{secrets.token_hex(8)}")
    if path.exists():
        raise FileExistsError(path)
    fd = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        os.write(fd, key)
        os.fsync(fd)
    finally:
        os.close(fd)
    try:
        os.link(aside, path)
    finally:
        aside.unlink()
    return key


def _load(path: Path) -> bytes:
    fd = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0))
    try:
        if hasattr(os, "fchmod") and stat.S_IMODE(os.fstat(fd).st_mode) & 0o077:
            os.fchmod(fd, 0o600)
        key = os.read(fd, _BYTES + 1)
    finally:
        os.close(fd)
    if len(key) != _BYTES:
        raise ValueError("not a key")
    return key
