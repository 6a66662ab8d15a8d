"""Zip directory: finds every central directory that some reader of a zip archive would go by."""

from dataclasses import dataclass, field

from backstay.artifacts.containers import zip_records as records
from backstay.artifacts.containers.zip_records import End, Header
from backstay.artifacts.content import Content
from backstay.artifacts.exam import Exam

REACH = 65_535 + records.END_SIZE + records.LOCATOR64_SIZE + records.END64_SIZE  # how far from the end readers look
_ENDS = 16  # end records that are looked at
_PIECE = 1 << 20


@dataclass
class Directory:
    """A central directory: its members in order, where it stands, and by how much its offsets are to be moved."""

    end: End
    start: int
    shift: int
    headers: list[Header] = field(default_factory=list)
    stop: int = 0  # where its last header ended
    whole: bool = True  # all was read that the end record tells of


def ends(content: Content) -> list[End]:
    """Every end record whose directory is where it says, the one that most readers take first."""
    base = max(0, content.size - REACH)
    data = content.glance(base, REACH)
    found: list[End] = []
    at = len(data)
    while len(found) < _ENDS and (at := data.rfind(records.END, 0, at)) >= 0:
        one = _end(content, data, at, base)
        if one is not None and starts(content, one):
            found.append(one)
    # A record whose comment ends with the file is the one that is meant.
    found.sort(key=lambda one: one.stop != content.size)
    return found


def starts(content: Content, end: End) -> list[tuple[int, int]]:
    """Where the directory of an end record may begin, each with the shift of its offsets: before the record, as
    readers do that allow for data in front of the archive, and at its offset, as others do."""
    places = [(end.foot - end.length, end.foot - end.length - end.offset), (end.offset, 0)]
    if end.disagrees:  # some readers go by the record that has no ZIP64
        _, length, offset = end.narrow
        places += [(end.at - length, end.at - length - offset), (offset, 0)]
    empty = end.entries == 0 and end.length == 0
    return [
        one
        for number, one in enumerate(places)
        if 0 <= one[0] <= end.at
        and one not in places[:number]
        and (content.glance(one[0], 4) == records.CENTRAL or (empty and one[1] == 0))
    ]


def read(content: Content, end: End, start: int, shift: int, exam: Exam) -> Directory:
    """The members of a directory, which ends where no further header stands or the end record begins."""
    found = Directory(end, start, shift)
    at, data, base = start, b"", start
    while True:
        header = records.central(data, at - base, shift)
        if header is None or header[1] > len(data):
            data, base = content.read(at, min(_PIECE, end.foot - at)), at
            header = records.central(data, 0, shift)
        if header is None or base + header[1] > end.foot:
            break
        if len(found.headers) >= exam.limits.members:
            found.whole = False
            break
        exam.step()
        found.headers.append(header[0])
        at = base + header[1]
    found.stop = at
    return found


def _end(content: Content, data: bytes, at: int, base: int) -> End | None:
    place = records.locator(data, at)
    far = b""
    if place >= 0:
        near = at - records.LOCATOR64_SIZE - records.END64_SIZE  # where it stands whatever is before the archive
        far = data[near : near + records.END64_SIZE] if near >= 0 else b""
        if far[:4] == records.END64:
            place = base + near
        else:
            far = content.glance(place, records.END64_SIZE)
    return records.end(data, at, base, far, place)
