"""Zip survey: what the headers of an archive say against each other, and what stands between its members."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from backstay.artifacts.containers import names
from backstay.artifacts.containers import zip_records as records
from backstay.artifacts.containers.zip_directory import Directory
from backstay.artifacts.containers.zip_records import Header
from backstay.artifacts.content import Content
from backstay.artifacts.exam import Exam
from backstay.artifacts.report import Sign

_USUAL_EXTRA = 96  # bytes: torch pads to 64, time stamps and ZIP64 sizes take 28
_PIECE = 1 << 16
_PADDING = 64 << 20
_STRETCHES = 2_000  # between members that are looked at


@dataclass(frozen=True)
class Oddity:
    """Something about the archive's structure, kept until it is known whether the archive matters."""

    sign: Sign
    subject: str
    message: str
    at: int = -1

    def note(self, exam: Exam) -> None:
        exam.note(self.sign, self.subject, self.message, self.at)


@dataclass(frozen=True)
class Entry:
    """A member: its central header, the local one where there is one, and a name that no other member has."""

    header: Header
    local: Header | None = field(repr=False)
    name: str
    is_double: bool = False


def local_header(content: Content, at: int, name: int = 64) -> Header | None:
    """The local header at a place of the archive. `name` is the length its name is expected to have."""
    data = content.glance(at, records.LOCAL_SIZE + name + _USUAL_EXTRA)
    if data[:4] != records.LOCAL:
        return None
    if records.reach(data) > len(data):
        data = content.glance(at, records.reach(data))
        if records.reach(data) > len(data):
            return None
    return records.local(data, at)


def entries(content: Content, directory: Directory, exam: Exam) -> list[Entry]:
    """The members of a directory, each with its local header; of those of one name the last keeps it, as in Python's
    zipfile, and the others are numbered."""
    last = {one.name: number for number, one in enumerate(directory.headers)}
    found: list[Entry] = []
    for number, one in enumerate(directory.headers):
        exam.step(5)
        name = one.name
        is_double = last[name] != number
        local = local_header(content, one.offset, len(one.raw))
        found.append(Entry(one, local, f"{name} (member {number + 1})" if is_double else name, is_double))
    return found


def oddities(entry: Entry) -> Iterator[Oddity]:
    """What is odd about one member, by its headers alone."""
    header, local, name = entry.header, entry.local, entry.header.name
    escape = names.escape(name)
    if escape:
        yield Oddity(Sign.ESCAPES, name, f"{escape}: unpacking writes there", header.offset)
    if "\0" in name:
        yield Oddity(Sign.DECEIVES, name, "a NUL in its name, where some readers end it", header.offset)
    if header.other and header.raw.isascii() and header.other != name:
        yield Oddity(Sign.DECEIVES, name, f"a second name, {header.other}, for some readers", header.offset)
    if header.method == 0 and header.packed != header.size and not header.is_encrypted:
        message = f"stored with {header.packed} bytes and said to have {header.size}"
        yield Oddity(Sign.DECEIVES, name, message, header.offset)
    if local is None:
        yield Oddity(Sign.IRREGULAR, name, "no local header where the directory says", header.offset)
        return
    if local.raw != header.raw and not header.flags & records.MASKED:
        same = names.normal(local.name) == names.normal(name) or not (local.raw.isascii() and header.raw.isascii())
        message = f"called {local.name} by its local header: readers see different names"
        yield Oddity(Sign.IRREGULAR if same else Sign.DECEIVES, name, message, header.offset)
    differ = [word for word, one in _differences(header, local) if one]
    if differ:
        message = f"local header and directory disagree on {', '.join(differ)}: readers see different content"
        yield Oddity(Sign.DECEIVES, name, message, header.offset)


def _differences(header: Header, local: Header) -> Iterator[tuple[str, bool]]:
    late = bool(local.flags & records.DESCRIBED)  # sizes and sum follow the data, the local header may have zeros

    def differ(here: int, there: int) -> bool:
        return here != there and not (late and here in (0, 0xFFFFFFFF))

    masked = bool(header.flags & records.MASKED)
    yield "the method", local.method != header.method
    yield (
        "encryption",
        (local.is_encrypted or local.flags & records.PATCHED)
        != (header.is_encrypted or header.flags & records.PATCHED),
    )
    yield "its compressed size", not masked and differ(local.packed, header.packed)
    yield "its size", not masked and differ(local.size, header.size)
    yield "the CRC", not masked and differ(local.crc, header.crc)


def overlaps(found: Sequence[Entry], exam: Exam) -> Iterator[Oddity]:
    """Members that share bytes: how a zip bomb multiplies what it holds."""
    shared, first, reached, owner, subject = 0, -1, -1, "", ""
    places = _places(found)
    for start, stop, one in places:
        if start < reached:
            shared += 1
            if shared == 1:
                first, subject = start, f"{owner} and {one.name}"
        if stop > reached:
            reached, owner = stop, one.name
    if shared:
        total = sum(one.header.size for one in found)
        bomb = total > exam.limits.free and total > exam.limits.ratio * max(1, reached - places[0][0])
        message = f"{shared} members share bytes with others, {total} bytes in all when unpacked"
        yield Oddity(Sign.EXHAUSTS if bomb else Sign.DECEIVES, subject, message, first)


def _places(found: Sequence[Entry]) -> list[tuple[int, int, Entry]]:
    """Where each member begins and its data ends, in order."""
    places = [(one.header.offset, one.local.data + one.header.packed, one) for one in found if one.local]
    return sorted(places, key=lambda place: place[:2])


def stretches(content: Content, found: Sequence[Entry], stop: int, exam: Exam) -> Iterator[tuple[int, int]]:
    """What stands between the members, as (from, to), the one in front of the first of them included; without data
    descriptors and zeros. `stop` is where the directory begins."""
    cursor, described, looked = 0, False, 0
    for start, end, one in [*_places(found), (stop, stop, None)]:
        if start > cursor and looked < _STRETCHES:
            exam.step()
            at = cursor
            if described:
                at += _descriptor(content, at, start)
            looked += start > at
            at = _filled(content, at, start, exam)
            if at < start:
                yield at, start
        cursor = max(cursor, end)
        described = one is not None and bool(one.header.flags & records.DESCRIBED)
    if looked >= _STRETCHES:
        exam.gap("too many stretches between members", f"more than {_STRETCHES}")


def _filled(content: Content, at: int, stop: int, exam: Exam) -> int:
    """Where the first byte stands that is not zero; `stop` when there is none, or none that was looked for."""
    for piece in content.chunks(at, min(stop, at + _PADDING), _PIECE):
        rest = piece.lstrip(b"\0")
        if rest:
            return at + len(piece) - len(rest)
        at += len(piece)
        exam.step(1 + len(piece) // 64)  # padding is rare: all of an archive is soon too much
    if at < stop:
        exam.gap("too much padding", f"more than {_PADDING} bytes")
    return stop


def _descriptor(content: Content, at: int, stop: int) -> int:
    """How long a data descriptor is that may stand here: with or without signature, with sizes of 4 or 8 bytes."""
    room = stop - at
    head = content.glance(at, 28)
    if head[:4] == records.DESCRIPTOR:
        wide = room >= 24 and (room == 24 or head[24:28] in (records.LOCAL, records.CENTRAL))
        return min(room, 24 if wide else 16)
    return room if room in (12, 20) else 0


def hidden(content: Content, start: int, stop: int, exam: Exam) -> Iterator[Header]:
    """Members that only their local headers tell of, from `start` on: those who read an archive from its beginning
    see them. Sizes that follow the data are found by the next header."""
    while start < stop:
        exam.step(10)
        header = local_header(content, start)
        if header is None:
            return
        if header.flags & records.DESCRIBED and not header.packed:
            packed = _reaches(content, header.data, stop) - header.data
            header = replace(header, packed=packed, size=max(header.size, packed))
        yield header
        start = header.end
        if header.flags & records.DESCRIBED:
            start += _descriptor(content, start, stop) if stop - start > 24 else 0
            head = content.glance(start, 4)
            if head != records.LOCAL:
                return


def _reaches(content: Content, at: int, stop: int) -> int:
    """Where data ends whose length nobody gives: at the next header, descriptor or directory, the first of them."""
    for one in (records.LOCAL, records.DESCRIPTOR, records.CENTRAL):  # each is looked for up to the last that was found
        place = content.find(one, at, stop)
        stop = place if place >= 0 else stop
    return stop


def doubles(found: Sequence[Entry]) -> dict[str, list[Entry]]:
    """Members that stand more than once, by the name that a disk would know them by; pickles by their name without
    case as well, as torch looks for `data.pkl`."""
    by: dict[str, list[Entry]] = {}
    for one in found:
        name = names.normal(one.header.name)
        by.setdefault(name.lower() if name[-4:].lower() == ".pkl" else name, []).append(one)
    return {name: several for name, several in by.items() if len(several) > 1}
