"""Zip archives: every member is seen that some reader would see, tampering is accused, and honest archives are not."""

import io
import zipfile
import zlib

import pytest
from containers_samples import EVIL, GOOD, Part, gaps, honest_zip, inspected, signs, subjects, torch_zip, zip_of
from hypothesis import given, settings
from hypothesis import strategies as st

from backstay.artifacts.containers import zip_directory, zip_member, zip_survey
from backstay.artifacts.content import Bytes
from backstay.artifacts.exam import Exam, Limits
from backstay.artifacts.format import Candidate
from backstay.artifacts.formats.zip import matches
from backstay.artifacts.report import Sign, State


def members(data: bytes) -> dict[str, bytes]:
    """What our own walk reads of an archive."""
    content, exam = Bytes(data), Exam("a.zip")
    end = zip_directory.ends(content)[0]
    directory = zip_directory.read(content, end, *zip_directory.starts(content, end)[0], exam)
    found = {}
    for entry in zip_survey.entries(content, directory, exam):
        part = zip_member.opened(content, entry, exam, lambda entry: pytest.fail("a wrong CRC"))
        found[entry.name] = part.read(0, part.size)
    assert not exam.gaps and not exam.observations
    return found


NAMES = st.text(st.characters(codec="utf-8", exclude_characters="\0\\/:."), min_size=1, max_size=30)


@given(
    st.dictionaries(NAMES, st.binary(max_size=3000), max_size=6),
    st.sampled_from([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA]),
)
@settings(max_examples=60, deadline=None)
def test_reads_what_zipfile_wrote(files: dict[str, bytes], method: int) -> None:
    assert members(honest_zip(files, method)) == files


@given(st.lists(st.binary(max_size=200).map(b"#".__add__), min_size=1, max_size=5), st.booleans())
@settings(max_examples=30, deadline=None)
def test_reads_what_zipfile_wrote_to_a_pipe(contents: list[bytes], wide: bool) -> None:
    class Pipe(io.RawIOBase):
        def __init__(self) -> None:
            self.written = bytearray()

        def writable(self) -> bool:
            return True

        def write(self, data: object) -> int:
            before = len(self.written)
            self.written += bytes(data)  # type: ignore[call-overload]
            return len(self.written) - before

    pipe = Pipe()
    with zipfile.ZipFile(pipe, "w") as archive:
        for number, data in enumerate(contents):
            with archive.open(f"m{number}", "w", force_zip64=wide) as member:
                member.write(data)
    report = inspected(bytes(pipe.written), "a.zip")
    assert members(bytes(pipe.written)) == {f"m{number}": data for number, data in enumerate(contents)}
    assert not report.observations and not report.gaps


def test_an_honest_torch_archive_is_clean() -> None:
    report = inspected(zip_of(*torch_zip()))
    assert (report.format, report.state, report.complete) == ("pytorch", State.CLEAN, True)
    assert not report.observations


def test_a_call_in_an_archive_is_found() -> None:
    for method in (0, 8):
        report = inspected(zip_of(*torch_zip(EVIL, method=method)))
        assert signs(report) == {Sign.EXECUTES}
        assert report.observations[0].member == "archive/data.pkl"


@pytest.mark.parametrize("local", [{"name": "archive/datap.kl"}, {"name": "other"}])
def test_cve_2025_1944_names_that_differ(local: dict[str, int | str]) -> None:
    """The name in the local header differs: zipfile refuses to read the member, torch loads it."""
    report = inspected(zip_of(*torch_zip(EVIL, local=local)))
    assert signs(report) == {Sign.EXECUTES, Sign.DECEIVES}


@pytest.mark.parametrize("flag", [0x1, 0x20, 0x40, 0x2000])
@pytest.mark.parametrize("where", ["local", "central", "both"])
def test_cve_2025_1945_flag_bits(flag: int, where: str) -> None:
    """Bits that say "encrypted" or "patched", which zipfile obeys and torch does not look at."""
    parts = torch_zip(EVIL)
    if where != "central":
        parts[0].local = {"flags": flag}
    if where != "local":
        parts[0].central = {"flags": flag}
    report = inspected(zip_of(*parts))
    assert Sign.EXECUTES in signs(report)
    if where != "both" and flag != 0x2000:
        assert Sign.DECEIVES in signs(report)


@pytest.mark.parametrize("method", [0, 8])
def test_cve_2025_10156_wrong_crc(method: int) -> None:
    """A wrong CRC, at which zipfile gives up and torch does not look."""
    report = inspected(zip_of(*torch_zip(EVIL, method=method, local={"crc": 1}, central={"crc": 1})))
    assert signs(report) == {Sign.EXECUTES, Sign.DECEIVES}


def test_archives_that_torch_wrote_without_crc_are_not_accused() -> None:
    parts = torch_zip()
    for one in parts:
        one.local = one.central = {"crc": 0}
    report = inspected(zip_of(*parts))
    assert report.state is State.CLEAN and signs(report) == {Sign.IRREGULAR}


@pytest.mark.parametrize("field", ["packed", "size", "method", "crc"])
def test_headers_that_disagree(field: str) -> None:
    report = inspected(zip_of(*torch_zip(GOOD, method=8, local={field: 12})))
    assert signs(report) == {Sign.DECEIVES}


@pytest.mark.parametrize("size", [0, 3, 1000])
def test_sizes_that_lie(size: int) -> None:
    lie: dict[str, int | str] = {"size": size}
    report = inspected(zip_of(*torch_zip(GOOD * 100 + EVIL, method=8, local=lie, central=lie)))
    assert Sign.DECEIVES in signs(report)


def test_of_two_members_of_one_name_both_are_read() -> None:
    for first, second in ((EVIL, GOOD), (GOOD, EVIL)):
        report = inspected(zip_of(Part("archive/data.pkl", first), *torch_zip(second)))
        assert signs(report) == {Sign.EXECUTES, Sign.DECEIVES}
    assert inspected(zip_of(Part("archive/data.pkl", GOOD), *torch_zip(GOOD))).state is State.CLEAN


@pytest.mark.parametrize("name", ["archive/DATA.PKL", "archive//data.pkl", "./archive/data.pkl", "archive\\data.pkl"])
def test_names_that_are_the_same_to_some_reader(name: str) -> None:
    report = inspected(zip_of(*torch_zip(), Part(name, EVIL)))
    assert signs(report) >= {Sign.EXECUTES, Sign.DECEIVES}


@pytest.mark.parametrize("name", ["../x.pkl", "a/../../x", "/etc/x", "\\x", "C:\\x", "a\\..\\..\\x"])
def test_names_that_escape(name: str) -> None:
    report = inspected(zip_of(*torch_zip(), Part(name, b"x")))
    assert subjects(report, Sign.ESCAPES) == [name]


def test_links_that_escape() -> None:
    link = 0o120777
    report = inspected(zip_of(*torch_zip(), Part("archive/a", b"../../x", mode=link)))
    assert subjects(report, Sign.ESCAPES) == ["archive/a"]
    assert inspected(zip_of(*torch_zip(), Part("archive/a", b"version", mode=link))).state is State.CLEAN


def test_a_nul_in_a_name() -> None:
    assert Sign.DECEIVES in signs(inspected(zip_of(*torch_zip(), Part("archive/x\0.pkl", GOOD))))


def test_members_that_only_local_headers_tell_of() -> None:
    for data, sign in ((EVIL, Sign.DECEIVES), (b"nothing", Sign.IRREGULAR)):
        parts = torch_zip()
        parts.insert(1, Part("archive/hidden.pkl", data, listed=False))
        assert sign in signs(inspected(zip_of(*parts)))
    first = [Part("archive/data.pkl", EVIL, listed=False), *torch_zip()]
    assert signs(inspected(zip_of(*first))) == {Sign.EXECUTES, Sign.DECEIVES}


def test_data_in_front_of_an_archive() -> None:
    png = b"\x89PNG\r\n\x1a\n" + bytes(100) + b"IEND\xaeB`\x82"
    for shift in (True, False):
        report = inspected(zip_of(*torch_zip(EVIL), before=png, shift=shift), "picture.png")
        assert signs(report) == {Sign.EXECUTES, Sign.DECEIVES}
    assert inspected(zip_of(Part("a.txt", b"text"), before=png), "picture.png").state is State.CLEAN


def test_two_directories() -> None:
    """Offsets count from the beginning of the file for some readers and of the archive for others."""
    inner = zip_of(*torch_zip(EVIL))
    outer = zip_of(*torch_zip(GOOD), before=inner, shift=False)
    report = inspected(outer)
    assert signs(report) >= {Sign.EXECUTES, Sign.DECEIVES}


def test_an_archive_in_a_comment_and_after_the_end() -> None:
    for data in (
        zip_of(*torch_zip(), comment=zip_of(*torch_zip(EVIL))),
        zip_of(*torch_zip()) + zip_of(*torch_zip(EVIL)),
    ):
        assert signs(inspected(data)) >= {Sign.EXECUTES, Sign.DECEIVES}


def test_archives_in_archives() -> None:
    inner = zip_of(*torch_zip())
    report = inspected(zip_of(Part("model.pt", inner)), "bundle.zip")
    assert report.state is State.CLEAN and report.model and not report.observations
    report = inspected(zip_of(Part("model.pt", zip_of(*torch_zip(EVIL)))), "bundle.zip")
    assert report.observations[0].member == "model.pt!archive/data.pkl"


def test_a_cyclic_archive_ends_by_its_depth() -> None:
    data = zip_of(*torch_zip())
    for _ in range(10):
        data = zip_of(Part("r.zip", data, method=8))
    report = inspected(data, "r.zip")
    assert gaps(report) == {"nested too deeply"} and report.state is not State.CLEAN


def test_members_that_share_bytes() -> None:
    parts = torch_zip()
    zeros = b"\0" * (1 << 20)
    size = len(zip_of(*parts)) - sum(46 + len(one.name) for one in parts) - 22
    parts += [Part("archive/bomb", zeros, method=8)]
    parts += [
        Part(f"archive/b{n}", packed=b"", central={"offset": size, "packed": 1000, "size": len(zeros)})
        for n in range(99)
    ]
    report = inspected(zip_of(*parts), limits=Limits(free=1 << 20))
    assert signs(report) >= {Sign.EXHAUSTS}


def test_a_bomb_is_stopped() -> None:
    limits = Limits(free=1 << 20, expansion=8 << 20)
    report = inspected(zip_of(*torch_zip(), Part("archive/x.pkl", b"\0" * (4 << 20), method=8)), limits=limits)
    assert signs(report) == {Sign.EXHAUSTS} and gaps(report) >= {"decompression bomb"}
    noise = bytes(range(256)) * 4096
    many = [Part(f"archive/{number}.pkl", noise * 2, method=8) for number in range(10)]
    report = inspected(zip_of(*torch_zip(), *many), limits=Limits(free=64 << 20, expansion=8 << 20))
    assert "too much to decompress" in gaps(report) and report.state is not State.CLEAN


def test_too_many_members() -> None:
    report = inspected(zip_of(*[Part(f"m{number}", b"x") for number in range(200)]), limits=Limits(members=100))
    assert "too many members" in gaps(report)


def test_what_cannot_be_read_is_a_gap() -> None:
    crc: dict[str, int | str] = {"crc": 5}
    report = inspected(zip_of(*torch_zip(bytes(range(40, 140)), flags=1, local=crc, central=crc)))
    assert "encrypted" in gaps(report) and report.state is State.UNKNOWN and report.model
    report = inspected(zip_of(*torch_zip(GOOD), Part("archive/x", b"abc", method=98)))
    assert "unsupported compression" in gaps(report)


def test_a_truncated_archive_is_read_as_far_as_it_goes() -> None:
    data = zip_of(Part("archive/data.pkl", EVIL), Part("archive/data/0", bytes(1000)))
    report = inspected(data[:700])
    assert signs(report) == {Sign.EXECUTES, Sign.INCOMPLETE} and "truncated" in gaps(report)


def test_counts_that_lie() -> None:
    assert Sign.DECEIVES in signs(inspected(zip_of(*torch_zip(), count=1)))


def test_late_sizes_as_torch_writes_them() -> None:
    """torch has zeros in local headers, 64 bytes of padding in an extra field, and descriptors behind the data."""
    parts = torch_zip()
    for one in parts:
        one.flags, one.extra = 0x808, b"FB" + (20).to_bytes(2, "little") + b"Z" * 20
        one.local = {"crc": 0, "packed": 0, "size": 0}
        one.describe = (
            b"PK\x07\x08" + zlib.crc32(one.data).to_bytes(4, "little") + len(one.data).to_bytes(4, "little") * 2
        )
    report = inspected(zip_of(*parts))
    assert report.state is State.CLEAN and not report.observations


def test_ordinary_files_are_not_taken() -> None:
    for data in (b"", b"PK", b"\x89PNG\r\n\x1a\n" + b"PK\x05\x06" + bytes(18), b"%PDF-1.7 PK\x05\x06", bytes(5000)):
        assert not matches(Candidate(Bytes(data), "a"))


def test_end_records_that_disagree() -> None:
    """A ZIP64 record that leads to one directory, and a record without that leads to another."""
    honest = zip_of(*torch_zip(GOOD))
    other = zip_of(*torch_zip(EVIL))
    start = len(honest) + other.index(b"PK\x01\x02")
    middle = honest[:-22] + other[:-22]
    first = honest.index(b"PK\x01\x02")
    foot = len(middle)
    wide = b"PK\x06\x06" + (44).to_bytes(8, "little") + bytes(4) + bytes(8) + (3).to_bytes(8, "little") * 2
    wide += (len(honest) - 22 - first).to_bytes(8, "little") + first.to_bytes(8, "little")
    locator = b"PK\x06\x07" + bytes(4) + foot.to_bytes(8, "little") + (1).to_bytes(4, "little")
    narrow = b"PK\x05\x06" + bytes(4) + (3).to_bytes(2, "little") * 2
    narrow += (
        (len(other) - 22 - (start - len(honest))).to_bytes(4, "little") + (start - 22).to_bytes(4, "little") + bytes(2)
    )
    report = inspected(middle + wide + locator + narrow)
    assert Sign.DECEIVES in signs(report)
