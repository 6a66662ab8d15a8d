"""The lock of model files: what is written reads back, and every change is told."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backstay.artifacts.lock import Change, Locked, LockError, changes, read, write

DIGEST = "ab" * 32
OTHER = "cd" * 32
ENTRY = f'[[file]]\npath = "x"\nformat = "f"\nsize = 1\nsha256 = "{DIGEST}"\n'.encode()
_TEXT = st.text(st.characters(exclude_categories=["Cs"]))
_NAMES = _TEXT.filter(lambda text: text and not text.startswith("/") and ".." not in text.split("/"))


@given(st.dictionaries(_NAMES, st.tuples(_TEXT, st.integers(0, 2**62))))
def test_what_is_written_reads_back(files: dict[str, tuple[str, int]]) -> None:
    entries = [Locked(path, "pickle", size, DIGEST, origin) for path, (origin, size) in files.items()]
    assert read(write(entries).encode()) == sorted(entries)


def test_the_same_files_give_the_same_text() -> None:
    entries = [Locked("b.pt", "pytorch", 1, DIGEST), Locked("a.pt", "pytorch", 2, DIGEST)]
    assert write(entries) == write(reversed(entries))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b"\xff", "UTF-8"),
        (b"version = ", "TOML"),
        (b"version = 2", "version 1"),
        (b"version = 1\nfile = 3", "lists no files"),
        (b'version = 1\n[[file]]\npath = "x"', "without"),
        (b'version = 1\n[[file]]\npath = "x"\nformat = "f"\nsize = 1\nsha256 = "short"', "digest"),
        (f'version = 1\n[[file]]\npath = "../x"\nformat = "f"\nsize = 1\nsha256 = "{DIGEST}"'.encode(), "outside"),
        (f'version = 1\n[[file]]\npath = "/x"\nformat = "f"\nsize = 1\nsha256 = "{DIGEST}"'.encode(), "outside"),
        (b"version = 1\n" + 2 * ENTRY, "twice"),
    ],
)
def test_a_lock_that_cannot_be_used_says_why(text: bytes, reason: str) -> None:
    with pytest.raises(LockError, match=reason):
        read(text)


def test_every_change_is_told() -> None:
    locked = [Locked("same", "f", 1, DIGEST), Locked("grown", "f", 1, DIGEST), Locked("gone", "f", 1, DIGEST)]
    present = [Locked("same", "f", 1, DIGEST), Locked("grown", "f", 2, OTHER), Locked("new", "f", 1, OTHER)]
    assert list(changes(locked, present)) == [
        Change("gone", "missing", f"was {DIGEST[:12]}"),
        Change("grown", "changed", f"{DIGEST[:12]} to {OTHER[:12]}, 1 to 2 bytes"),
        Change("new", "not in the lock", f"is {OTHER[:12]}"),
    ]
