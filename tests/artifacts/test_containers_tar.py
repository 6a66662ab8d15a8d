"""Tar archives: members of every dialect are read, what reaches out of the folder is accused."""

import io
import tarfile

import pytest
from containers_samples import EVIL, GOOD, gaps, inspected, signs, subjects, tar_of, torch_zip, zip_of
from hypothesis import given, settings
from hypothesis import strategies as st

from backstay.artifacts.containers import tar_records
from backstay.artifacts.content import Bytes
from backstay.artifacts.exam import Exam, Limits
from backstay.artifacts.formats.tar import _Archive
from backstay.artifacts.report import Sign, State

NAMES = st.text(st.characters(codec="utf-8", exclude_characters="\0\\/:."), min_size=1, max_size=60)


def members(data: bytes) -> dict[str, bytes]:
    exam = Exam("a.tar")
    archive = _Archive(Bytes(data), exam)
    found = {one.name: one.open().read(0, one.size) for one in archive.members()}
    assert not exam.gaps and not archive.odd
    return found


@given(
    st.dictionaries(NAMES, st.binary(max_size=2000), min_size=1, max_size=6),
    st.sampled_from([tarfile.PAX_FORMAT, tarfile.GNU_FORMAT]),
)
@settings(max_examples=60, deadline=None)
def test_reads_what_tarfile_wrote(files: dict[str, bytes], format: int) -> None:
    assert members(tar_of(files, format)) == files


def test_long_names_of_each_dialect() -> None:
    name = "a" * 90 + "/" + "b" * 90 + "/x.pkl"
    for format in (tarfile.USTAR_FORMAT, tarfile.PAX_FORMAT, tarfile.GNU_FORMAT):
        assert members(tar_of({name: b"1"}, format)) == {name: b"1"}
    longest = "c" * 300
    for format in (tarfile.PAX_FORMAT, tarfile.GNU_FORMAT):
        assert members(tar_of({longest: b"1"}, format)) == {longest: b"1"}


def test_a_pickle_in_a_tar_is_read() -> None:
    report = inspected(tar_of({"x/model.pkl": EVIL, "y.txt": b"text"}), "models.tar")
    assert signs(report) == {Sign.EXECUTES} and report.observations[0].member == "x/model.pkl"


def test_a_zip_that_stands_in_a_tar_as_it_is_deceives_nobody() -> None:
    report = inspected(tar_of({"a.txt": b"a", "model.pt": zip_of(*torch_zip())}), "model.tar")
    assert report.state is State.CLEAN and report.model and not report.observations


@pytest.mark.parametrize("name", ["../x.pkl", "/tmp/x.pkl", "a/../../x.pkl"])
def test_names_that_escape(name: str) -> None:
    assert subjects(inspected(tar_of({name: GOOD}), "a.tar"), Sign.ESCAPES) == [name]


def test_links_that_escape_and_what_is_written_through_them() -> None:
    report = inspected(tar_of({"w/x.pkl": GOOD}, links={"w": "/etc"}), "a.tar")
    assert set(subjects(report, Sign.ESCAPES)) == {"w", "w/x.pkl"}
    report = inspected(tar_of({"v/x.pkl": GOOD}, links={"latest": "v/x.pkl"}), "a.tar")
    assert report.state is State.CLEAN


def test_devices() -> None:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        device = tarfile.TarInfo("disk")
        device.type = tarfile.BLKTYPE
        archive.addfile(device)
        model = tarfile.TarInfo("x.pkl")
        model.size = len(GOOD)
        archive.addfile(model, io.BytesIO(GOOD))
    assert subjects(inspected(out.getvalue(), "a.tar"), Sign.ESCAPES) == ["disk"]


def test_of_two_members_of_one_name_both_are_read() -> None:
    first, second = tar_of({"x.pkl": EVIL})[:1024], tar_of({"x.pkl": GOOD})
    assert signs(inspected(first + second, "a.tar")) == {Sign.EXECUTES, Sign.DECEIVES}
    assert inspected(second[:1024] + second, "a.tar").state is State.CLEAN


def test_sizes_that_differ_by_header() -> None:
    """A pax record says one size and the header another: readers go on in different places (CVE-2025-62518)."""
    inner = tar_of({"hidden.pkl": EVIL})[:1024]
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as archive:
        member = tarfile.TarInfo("x.pkl")
        member.size, member.pax_headers = len(inner), {"size": "0"}
        archive.addfile(member, io.BytesIO(inner))
        last = tarfile.TarInfo("y.pkl")
        last.size = len(GOOD)
        archive.addfile(last, io.BytesIO(GOOD))
    report = inspected(out.getvalue(), "a.tar")
    assert signs(report) >= {Sign.DECEIVES, Sign.EXECUTES}


def test_an_archive_behind_the_end_of_an_archive() -> None:
    report = inspected(tar_of({"x.pkl": GOOD}) + tar_of({"y.pkl": EVIL}), "a.tar")
    assert signs(report) == {Sign.DECEIVES, Sign.EXECUTES}


def test_truncated_broken_and_long_archives() -> None:
    data = tar_of({"x.pkl": EVIL, "y.pkl": GOOD * 300})
    report = inspected(data[:1600], "a.tar")
    assert "truncated" in gaps(report) and Sign.EXECUTES in signs(report)
    broken = bytearray(data)
    broken[1024 + 148 : 1024 + 154] = b"000001"
    assert "invalid header" in gaps(inspected(bytes(broken), "a.tar"))
    many = b"".join(tar_of({f"m{number}": b"x"})[:1024] for number in range(50))
    assert "too many members" in gaps(inspected(many, "a.tar", Limits(members=20)))


@given(st.binary(max_size=600))
def test_numbers_and_pax_records_of_any_bytes(data: bytes) -> None:
    tar_records.pax(data)
    tar_records.header(data[:512].ljust(512, b"\0"))


def test_numbers() -> None:
    assert tar_records.number(b"0000644\0") == 0o644
    assert tar_records.number(b"\x80" + (1 << 40).to_bytes(11, "big")) == 1 << 40
    assert tar_records.number(b"12x4567\0") is None


def test_the_tar_that_torch_wrote_first() -> None:
    parts = {"sys_info": GOOD, "pickle": GOOD, "tensors": EVIL, "storages": GOOD}
    report = inspected(tar_of(parts), "model.pt")
    assert report.format == "pytorch-tar" and signs(report) == {Sign.EXECUTES}
    assert inspected(tar_of(parts | {"tensors": GOOD}), "model.pt").state is State.CLEAN
