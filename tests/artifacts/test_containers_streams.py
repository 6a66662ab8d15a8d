"""Compressed files: what is in them is read, one stream or several, whole or cut off, and bombs are stopped."""

import bz2
import gzip
import lzma
import zlib
from collections.abc import Callable

import lz4.frame  # type: ignore[import-untyped]
import pytest
import zstandard
from containers_samples import ELF, EVIL, GOOD, gaps, inspected, signs, tar_of, torch_zip, zip_of
from hypothesis import given, settings
from hypothesis import strategies as st

from backstay.artifacts.containers import streams
from backstay.artifacts.containers.spool import MEMORY, Drawn, Meter, Spool, spooled
from backstay.artifacts.content import Bytes
from backstay.artifacts.exam import Exam, Limits
from backstay.artifacts.format import Candidate
from backstay.artifacts.formats import compressed
from backstay.artifacts.report import Sign, State

PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "zlib": zlib.compress,
    "bzip2": bz2.compress,
    "xz": lzma.compress,
    "lzma": lambda data: lzma.compress(data, lzma.FORMAT_ALONE),
    "lz4": lambda data: bytes(lz4.frame.compress(data)),
    "zstd": zstandard.compress,
}
SEVERAL = ("gzip", "bzip2", "xz", "lz4", "zstd")


def unpacked(kind: str, data: bytes) -> bytes:
    exam = Exam("a")
    spool = spooled(streams.one(Bytes(data), 0, len(data), streams.DECODERS[kind](), Meter(exam, kind)), exam)
    assert not exam.gaps
    return spool.read(0, spool.size)


@given(st.sampled_from(sorted(PACKERS)), st.binary(max_size=3000), st.integers(1, 400))
@settings(max_examples=150, deadline=None)
def test_decompresses_what_the_libraries_compressed(kind: str, data: bytes, times: int) -> None:
    assert unpacked(kind, PACKERS[kind](data * times)) == data * times


@pytest.mark.parametrize("kind", PACKERS)
def test_a_pickle_in_a_compressed_file(kind: str) -> None:
    report = inspected(PACKERS[kind](EVIL), "model.joblib")
    assert report.model and signs(report) == {Sign.EXECUTES}


@pytest.mark.parametrize("kind", SEVERAL)
def test_several_streams(kind: str) -> None:
    pack = PACKERS[kind]
    report = inspected(pack(EVIL[:10]) + pack(EVIL[10:]), "model.pkl.z")
    assert signs(report) == {Sign.EXECUTES} and not report.gaps


@pytest.mark.parametrize("kind", PACKERS)
def test_a_truncated_stream_is_read_as_far_as_it_goes(kind: str) -> None:
    noise = b"".join(zlib.crc32(bytes([one, two])).to_bytes(4, "big") for one in range(200) for two in range(250))
    data = PACKERS[kind](EVIL + noise)
    report = inspected(data[: len(data) - 40], "model.pkl")
    assert "truncated" in gaps(report)
    assert kind == "bzip2" or Sign.EXECUTES in signs(report)  # bzip2 gives nothing of an unfinished block


def test_what_stands_behind_a_stream() -> None:
    report = inspected(gzip.compress(GOOD) + ELF, "model.pkl.gz")
    assert signs(report) == {Sign.PROGRAM}
    assert inspected(gzip.compress(GOOD) + bytes(1000), "model.pkl.gz").state is State.CLEAN


@pytest.mark.parametrize("kind", PACKERS)
def test_a_bomb_is_stopped(kind: str) -> None:
    data = PACKERS[kind](GOOD + bytes(32 << 20))
    report = inspected(data, "model.pkl", Limits(free=1 << 20))
    assert Sign.EXHAUSTS in signs(report) and "decompression bomb" in gaps(report)


def test_the_budget_is_of_all_members_together() -> None:
    noise = b"".join(zlib.crc32(number.to_bytes(4, "big")).to_bytes(4, "big") for number in range(200_000))
    report = inspected(
        tar_of({"a.gz": gzip.compress(noise), "b.gz": gzip.compress(noise)}), "a.tar", Limits(expansion=1_000_000)
    )
    assert gaps(report) == {"too much to decompress"}


def test_a_million_empty_streams_end() -> None:
    report = inspected(gzip.compress(b"") * 50_000, "a.gz", Limits(steps=100_000))
    assert gaps(report) == {"too many steps"}


def test_a_compressed_archive() -> None:
    report = inspected(gzip.compress(tar_of({"model.pt": zip_of(*torch_zip(EVIL))})), "model.tar.gz")
    assert report.observations[0].member == "model.tar!model.pt!archive/data.pkl"


@pytest.mark.parametrize("name", ["model.pt", "x.lzma", "a.zlib"])
@given(data=st.binary(max_size=300))
@settings(max_examples=80, deadline=None)
def test_weak_marks_need_something_known_behind_them(name: str, data: bytes) -> None:
    for start in (b"x\x9c", b"x\x01", b"]\x00\x00\x80\x00" + b"\xff" * 8 + b"\0"):
        candidate = Candidate(Bytes(start + data), name)
        assert not any(one.matches(candidate) for one in compressed.FORMATS if one.id in ("zlib", "lzma"))


def test_a_spool_goes_to_disk_and_is_read_anywhere() -> None:
    spool, whole = Spool(), bytes(range(256)) * 4096
    for _ in range(MEMORY // len(whole) + 2):
        spool.append(whole)
    assert spool.size > MEMORY
    assert spool.read(spool.size - 3, 10) == whole[-3:] and spool.read(5, 3) == whole[5:8]
    spool.append(b"end")
    assert spool.read(spool.size - 3, 3) == b"end" and spool.read(-1, 4) == b"" and spool.read(spool.size, 1) == b""


def test_pieces_are_drawn_as_far_as_they_are_read() -> None:
    given_: list[int] = []

    def pieces() -> object:
        for number in range(100):
            given_.append(number)
            yield bytes([number]) * 10

    drawn = Drawn(1000, pieces(), Exam("a"), "m")  # type: ignore[arg-type]
    assert drawn.read(15, 10) == b"\1" * 5 + b"\2" * 5 and len(given_) == 3
    assert drawn.draw().read(999, 5) == bytes([99]) and len(given_) == 100
