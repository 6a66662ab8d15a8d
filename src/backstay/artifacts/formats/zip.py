"""Zip archives (PKWARE APPNOTE.TXT): every member, by whatever header some reader would find it."""

from collections.abc import Callable, Iterator

from backstay.artifacts.containers import names, payloads, tail, tar_records, zip_directory, zip_member, zip_survey
from backstay.artifacts.containers import zip_records as records
from backstay.artifacts.containers.zip_directory import Directory
from backstay.artifacts.containers.zip_survey import Entry, Oddity
from backstay.artifacts.content import Content
from backstay.artifacts.exam import Exam
from backstay.artifacts.format import Candidate, Format, Member, Role
from backstay.artifacts.layouts import read_members
from backstay.artifacts.report import Sign

_SUMMED = 32 << 20  # bytes of stored members whose CRC is computed, the smallest first
_LARGE = 1 << 20  # a wrong CRC of more bytes than this is more likely a fault of a disk
_LINK = 4096


def matches(candidate: Candidate) -> bool:
    """A local header in front, or the end of a directory that has members at the very end of the file: elsewhere it
    is that of an archive which stands as it is in another one."""
    if candidate.head.startswith(records.LOCAL):
        return len(candidate.head) > records.LOCAL_SIZE
    if candidate.size < records.END_SIZE or records.END not in candidate.tail:
        return False
    is_empty = candidate.head.startswith(records.END)
    return any(
        (one.entries or is_empty) and _closes(candidate, one.stop) for one in zip_directory.ends(candidate.content)
    )


def _closes(candidate: Candidate, stop: int) -> bool:
    """Whether nothing but padding stands behind; a tar archive is padded itself."""
    if stop >= candidate.size:
        return True
    rest = candidate.tail[stop - candidate.size :]
    return not rest.strip(b"\0\r\n ") and not tar_records.is_header(candidate.head[: tar_records.BLOCK])


def read(content: Content, exam: Exam) -> None:
    """Read the archive as each kind of reader would: by every directory, and by the headers that none names."""
    ends = zip_directory.ends(content)
    found: list[Directory] = []
    for end in ends:
        for start, shift in zip_directory.starts(content, end):
            if not any(_within(one, start, content) for one in found):
                found.append(zip_directory.read(content, end, start, shift, exam))
    if not found:
        _headless(content, exam)
        return
    first = _Archive(content, found[0], exam)
    first.read()
    for other in found[1:]:
        first.odd(Sign.DECEIVES, "second directory", "readers disagree on which members there are", other.start)
        archive = _Archive(content, other, exam)
        archive.read()
        archive.settle()
        first.matters |= archive.matters
    with exam.contained():
        first.between()
        tail.check(content, min(found[0].end.stop, content.size), exam)
    first.settle()


def _within(directory: Directory, start: int, content: Content) -> bool:
    """Whether a directory is one that was read, or stands in a member of it: an archive in an archive."""
    if directory.start <= start < directory.stop:
        return True
    return any(
        one.offset <= start < one.offset + records.LOCAL_SIZE + len(one.raw) + one.packed for one in directory.headers
    )


class _Archive:
    """One directory and its members."""

    def __init__(self, content: Content, directory: Directory, exam: Exam) -> None:
        self.content, self.directory, self.exam = content, directory, exam
        self.entries = zip_survey.entries(content, directory, exam)
        self.oddities: list[Oddity] = []
        self.matters = False
        self.unsummed = bool(self.entries) and all(one.header.crc == 0 for one in self.entries)

    def odd(self, sign: Sign, subject: str, message: str, at: int = -1) -> None:
        self.oddities.append(Oddity(sign, subject, message, at))

    def read(self) -> None:
        """Inspect the members, and keep what is odd about the structure."""
        for entry in self.entries:
            self.oddities += zip_survey.oddities(entry)
            if len(self.oddities) > self.exam.limits.observations:
                break
        self.oddities += zip_survey.overlaps(self.entries, self.exam)
        self._count()
        self._links()
        matters = True  # when the budget ends before all was seen
        with self.exam.contained():
            matters = read_members(self._members(), self.exam)
            self._sums()
            self._doubles()
        self.matters |= matters

    def settle(self) -> None:
        """Say what was odd, if the archive holds anything of a model: how others are packed is nobody's business."""
        for one in self.oddities:
            if self.matters or one.sign is Sign.EXHAUSTS:
                one.note(self.exam)

    def _members(self) -> Iterator[Member]:
        for entry in self.entries:
            if entry.name.endswith("/") and not entry.header.size and not entry.header.packed:
                continue
            yield Member(
                entry.name,
                entry.header.size,
                self._opener(entry),
                entry.local.data if entry.local else -1,
                entry.header.method == zip_member.STORED and not entry.header.is_encrypted,
            )

    def _opener(self, entry: Entry) -> Callable[[], Content]:
        return lambda: zip_member.opened(self.content, entry, self.exam, self._misfit)

    def _misfit(self, entry: Entry) -> None:
        header = entry.header
        if self.unsummed:
            self.odd(Sign.IRREGULAR, "no CRC", "its members have none: torch writes such archives when told to")
            self.unsummed = False
        elif header.size > _LARGE and not entry.name.endswith(".pkl"):
            self.odd(Sign.IRREGULAR, entry.name, "its CRC is wrong", header.offset)
        elif header.crc or any(one.header.crc for one in self.entries):
            message = "its CRC is wrong: Python's zipfile refuses it, and torch loads it"
            self.odd(Sign.DECEIVES, entry.name, message, header.offset)

    def _sums(self) -> None:
        """Compare the CRC of stored members with their content, as far as that costs little."""
        left = _SUMMED
        stored = [one for one in self.entries if one.header.method == zip_member.STORED and one.local is not None]
        for entry in sorted(stored, key=lambda one: (not one.name.endswith(".pkl"), one.header.packed)):
            if entry.header.is_encrypted or entry.local is None:
                continue
            left -= entry.header.packed
            if left < 0:
                return
            self.exam.step(5)
            part = self.content.part(entry.local.data, entry.header.packed)
            if part.size == entry.header.packed and zip_member.crc(part) != entry.header.crc:
                self._misfit(entry)

    def _count(self) -> None:
        directory = self.directory
        if not directory.whole:
            self.exam.gap("too many members", f"more than {self.exam.limits.members}")
            return
        number = len(directory.headers)
        if directory.end.entries not in (number, number % 65_536):
            message = f"{number} members in the directory, {directory.end.entries} by its end record"
            self.odd(Sign.DECEIVES, "directory", f"{message}: readers disagree on which there are", directory.start)
        elif directory.stop - directory.start != directory.end.length:
            message = f"{directory.stop - directory.start} bytes long, {directory.end.length} by its end record"
            self.odd(Sign.IRREGULAR, "directory", message, directory.start)
        if directory.end.disagrees:
            message = "its end record and the ZIP64 one disagree: readers see different directories"
            self.odd(Sign.DECEIVES, "directory", message, directory.end.at)

    def _links(self) -> None:
        for entry in self.entries:
            if entry.header.is_link and entry.header.size <= _LINK:
                with self.exam.contained():
                    target = self._opener(entry)().read(0, _LINK).decode("utf-8", "replace")
                    escape = names.link_escape(entry.name, target)
                    if escape:
                        message = f"{escape}, {target}: unpacking reads or writes there"
                        self.odd(Sign.ESCAPES, entry.name, message, entry.header.offset)

    def _doubles(self) -> None:
        for name, several in zip_survey.doubles(self.entries).items():
            self.exam.step(10)
            same = len({(one.header.crc, one.header.size) for one in several}) == 1
            sign = Sign.IRREGULAR if same else Sign.DECEIVES
            message = f"stands {len(several)} times" + (
                "" if same else " with different content: readers take one or other"
            )
            self.odd(sign, name, message, several[0].header.offset)

    def between(self) -> None:
        """Look at what stands in front of the members and between them."""
        for start, stop in zip_survey.stretches(self.content, self.entries, self.directory.start, self.exam):
            if self.content.glance(start, 4) == records.LOCAL:
                self._hidden(start, stop)
            elif start == 0:
                self._front(stop)
            else:
                self._stretch(start, stop)

    def _hidden(self, start: int, stop: int) -> None:
        for header in zip_survey.hidden(self.content, start, stop, self.exam):
            entry = Entry(header, header, header.name)
            found = ""
            with self.exam.contained():
                self.exam.enter()
                found = self.exam.inspect(self._opener(entry)(), f"{header.name} (not in the directory)")
            sign = Sign.DECEIVES if found else Sign.IRREGULAR
            message = "not in the directory: only readers that go from the beginning see it"
            self.odd(sign, header.name, message, header.offset)
            self.matters |= bool(found)

    def _front(self, stop: int) -> None:
        """What stands in front of an archive: a program that unpacks it, or another file that it hides in."""
        head = self.content.glance(0, 4096)
        program = payloads.kind(head)
        if program or head[:4] == b"Cr24":  # signed archives of browsers hold models too
            return
        message = f"{stop} bytes of another kind in front of the archive: other readers see another file"
        self.odd(Sign.DECEIVES, "data in front", message, 0)

    def _stretch(self, start: int, stop: int) -> None:
        program = payloads.kind(self.content.glance(start, 4096))
        if program:
            self.odd(Sign.PROGRAM, program, "between the members of the archive", start)
            return
        found = self.exam.inspect(self.content.part(start, stop - start), f"bytes {start} to {stop}")
        message = f"{stop - start} bytes that belong to no member" + (f" and are {found}" if found else "")
        self.odd(Sign.DECEIVES if found else Sign.IRREGULAR, "hidden data", message, start)
        self.matters |= bool(found)


def _headless(content: Content, exam: Exam) -> None:
    """Read an archive that has no directory from its beginning on."""
    exam.note(Sign.INCOMPLETE, "zip archive", "its directory is missing", content.size)
    exam.gap("truncated", "no directory of the zip archive")
    archive = _Archive(content, Directory(records.End(0, 0, 0, 0, 0, 0, (0, 0, 0)), 0, 0), exam)
    headers: list[records.Header] = []
    for header in zip_survey.hidden(content, 0, content.size, exam):
        if len(headers) >= exam.limits.members:
            break
        headers.append(header)
    archive.entries = [Entry(one, one, f"{one.name} (member {number + 1})") for number, one in enumerate(headers)]
    names_ = {one.name for one in headers}
    if len(names_) == len(headers):
        archive.entries = [Entry(one, one, one.name) for one in headers]
    read_members(archive._members(), exam)


FORMAT = Format("zip", matches, read, (".zip",), executable=None, role=Role.ARCHIVE)
