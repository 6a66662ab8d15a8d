"""Archives of all kinds, mutated, cut off and made up: every inspection ends, and no reader fails."""

import bz2
import gzip
import io
import lzma
import time
import zipfile

import pytest
from containers_samples import ELF, EVIL, GOOD, Part, honest_zip, inspected, npy, storage, tar_of, torch_zip, zip_of
from hypothesis import given, settings
from hypothesis import strategies as st

from backstay.artifacts.content import Bytes, Content
from backstay.artifacts.exam import Limits
from backstay.artifacts.inspection import inspect
from backstay.artifacts.report import Inspection

TORCH = honest_zip({"a/data.pkl": storage(), "a/data/0": bytes(16), "a/version": b"3\n"})
SEEDS = {
    "stored.zip": TORCH,
    "deflated.zip": honest_zip(
        {"a/data.pkl": storage(), "a/data/0": bytes(16), "b.txt": b"text" * 99}, zipfile.ZIP_DEFLATED
    ),
    "late.zip": zip_of(*torch_zip(EVIL, flags=8, local={"packed": 0, "size": 0, "crc": 0})),
    "deep.zip": honest_zip({"a.zip": honest_zip({"b.zip": TORCH}), "x.tar": tar_of({"x.pkl": EVIL})}),
    "arrays.npz": honest_zip(
        {"x.npy": npy("'<f8'", "(2,)", bytes(16)), "y.npy": npy("'|O'", "(1,)", GOOD)}, zipfile.ZIP_DEFLATED
    ),
    "ustar.tar": tar_of({"x.pkl": EVIL, "model.pt": TORCH}, links={"l": "x.pkl"}),
    "long.tar": tar_of({"n" * 200 + ".pkl": EVIL}),
    "x.pkl.gz": gzip.compress(EVIL) + gzip.compress(GOOD),
    "x.pkl.bz2": bz2.compress(EVIL),
    "x.pkl.xz": lzma.compress(EVIL),
    "script.zip": honest_zip({"s/data.pkl": GOOD, "s/constants.pkl": GOOD, "s/code/x.py": b"torch.save(x)\n"}),
    "x.mar": honest_zip({"MAR-INF/MANIFEST.json": b'{"model": {"handler": "h.py"}}', "h.py": b"import os\n"}),
    "program.pt": ELF + TORCH,
}
LIMITS = Limits(expansion=1 << 20, free=1 << 16, steps=300_000, members=200)
CHANGES = st.lists(st.tuples(st.integers(0, 1 << 20), st.binary(min_size=1, max_size=4)), min_size=1, max_size=6)


def ended(data: bytes, name: str) -> Inspection:
    report = inspected(data, name, LIMITS)
    assert "reader failed" not in {one.reason for one in report.gaps}, report.gaps
    return report


@given(st.sampled_from(sorted(SEEDS)), CHANGES)
@settings(max_examples=400, deadline=None)
def test_mutated_archives(name: str, changes: list[tuple[int, bytes]]) -> None:
    data = bytearray(SEEDS[name])
    for at, new in changes:
        place = at % len(data)
        data[place : place + len(new)] = new
    ended(bytes(data), name)


@given(st.sampled_from(sorted(SEEDS)), st.sampled_from(sorted(SEEDS)), st.integers(0, 1 << 20), st.integers(0, 1 << 20))
@settings(max_examples=200, deadline=None)
def test_archives_that_are_cut_and_joined(one: str, other: str, start: int, stop: int) -> None:
    first, second = SEEDS[one], SEEDS[other]
    ended(first[: start % (len(first) + 1)] + second[stop % (len(second) + 1) :], one)


BEGINNINGS = [
    b"PK\x03\x04",
    b"PK\x05\x06",
    b"7z\xbc\xaf\x27\x1c",
    b"\x1f\x8b\x08\0",
    b"BZh9",
    b"\xfd7zXZ\0",
    b"\x04\x22\x4d\x18",
    b"\x28\xb5\x2f\xfd",
    b"\x50\x2a\x4d\x18",
    b"x\x9c",
    b"\x93NUMPY\1\0",
    b"MZqFpD='",
    b"8\0\0\0ET12eh00",
]


@given(st.sampled_from(BEGINNINGS), st.binary(max_size=400))
@settings(max_examples=400, deadline=None)
def test_made_up_files(start: bytes, rest: bytes) -> None:
    ended(start + rest, "model.bin")


class Sparse(Content):
    """Some bytes in front and behind of very many zeros."""

    def __init__(self, head: bytes, size: int, tail: bytes) -> None:
        self.head, self.tail, self.size = head, tail, size

    def read(self, at: int, length: int) -> bytes:
        length = min(length, self.size - at)
        if at < 0 or length <= 0:
            return b""
        found = bytearray(length)
        for start, data in ((0, self.head), (self.size - len(self.tail), self.tail)):
            low, high = max(at, start), min(at + length, start + len(data))
            if low < high:
                found[low - at : high - at] = data[low - start : high - start]
        return bytes(found)


@pytest.mark.parametrize("tail", [b"", TORCH, b"x"])
def test_large_files_of_nothing_end_soon(tail: bytes) -> None:
    before = time.process_time()
    for head in (TORCH, npy("'<f8'", "(1,)", bytes(8)), gzip.compress(GOOD), tar_of({"x.pkl": GOOD}), b"\0" * 600):
        inspect(Sparse(head, 1 << 33, tail), "model.pt")
    assert time.process_time() - before < 20


def test_a_hundred_thousand_members() -> None:
    data = zip_of(*[Part(f"m{number}", b"x") for number in range(30_000)])
    before = time.process_time()
    inspect(Bytes(data), "a.zip")
    assert time.process_time() - before < 20


def test_many_members_of_one_place() -> None:
    """Each header is small and points at the same data: a directory as long as its members are many."""
    parts = [
        Part("archive/data.pkl", GOOD),
        *[Part(f"archive/{n}.pkl", packed=b"", central={"offset": 0, "packed": 5, "size": 5}) for n in range(5_000)],
    ]
    before = time.process_time()
    ended(zip_of(*parts), "model.pt")
    assert time.process_time() - before < 10


def test_an_archive_that_holds_itself_many_times() -> None:
    inner = TORCH
    for _ in range(4):
        inner = honest_zip({f"{number}.zip": inner for number in range(8)}, zipfile.ZIP_DEFLATED)
    before = time.process_time()
    report = ended(inner, "model.zip")
    assert "too many members" in {one.reason for one in report.gaps} and time.process_time() - before < 10


def test_descriptors_are_closed() -> None:
    import gc
    import os
    from pathlib import Path

    open_files = len(list(Path("/proc/self/fd").iterdir())) if Path("/proc/self/fd").exists() else 0
    noise = os.urandom(1 << 20) * 10
    for _ in range(3):
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("a/data.pkl", GOOD)
            archive.writestr("a/x.pkl", noise)
        inspected(out.getvalue())
    gc.collect()
    assert not open_files or len(list(Path("/proc/self/fd").iterdir())) <= open_files


def test_many_members_without_sizes_that_nothing_lists() -> None:
    parts = [
        Part(f"h{number}", b"x" * 50, flags=8, local={"packed": 0, "size": 0}, listed=False) for number in range(20_000)
    ]
    before = time.process_time()
    inspected(zip_of(*parts, *torch_zip()))
    assert time.process_time() - before < 20


def test_long_names_and_many_links_in_a_tar() -> None:
    long = "/".join(["d"] * 100_000)
    before = time.process_time()
    ended(tar_of({long + ".pkl": GOOD, "x.pkl": EVIL}, links={f"l{number}": "x.pkl" for number in range(300)}), "a.tar")
    assert time.process_time() - before < 5
