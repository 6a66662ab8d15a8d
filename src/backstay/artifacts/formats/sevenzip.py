"""7z archives: the members of those that Python's own decompressors can unpack; of RAR archives only that they are."""

import zlib
from collections.abc import Callable, Iterator

from backstay.artifacts.containers import names, sevenzip_header, tail
from backstay.artifacts.containers.sevenzip_coders import unpacked
from backstay.artifacts.containers.sevenzip_header import File, Folder, Streams
from backstay.artifacts.containers.spool import Drawn, Meter
from backstay.artifacts.content import Content
from backstay.artifacts.exam import Exam, MalformedError, StopError
from backstay.artifacts.format import Candidate, Format, Member, Role
from backstay.artifacts.layouts import read_members
from backstay.artifacts.report import Sign

_UNIX, _LINK, _TYPE = 0x8000, 0o120000, 0o170000
_ENCODINGS = 4  # headers that are packed in headers
_LINK_SIZE = 4096


def matches(candidate: Candidate) -> bool:
    """7-Zip's signature."""
    return candidate.head.startswith(sevenzip_header.SIGNATURE)


def read(content: Content, exam: Exam) -> None:
    """Read the header, then every member."""
    at, length, crc = sevenzip_header.start(content)
    if length > exam.limits.text:
        raise StopError("too large", f"a 7z header of {length} bytes")
    data = content.read(at, length)
    if len(data) < length:
        exam.note(Sign.INCOMPLETE, "7z archive", f"{length - len(data)} bytes of its header are missing", content.size)
        raise MalformedError("truncated", "7z header")
    if not length:
        return
    if zlib.crc32(data) != crc:
        exam.note(Sign.IRREGULAR, "7z header", "its CRC is wrong", at)
    for _ in range(_ENCODINGS):
        streams, files = sevenzip_header.header(data, exam)
        if files is not None:
            break
        data = _decoded(content, streams, exam)
    else:
        raise MalformedError("nested too deeply", "7z headers")
    archive = _Archive(content, streams, exam)
    matters = read_members(archive.members(files), exam)
    for sign, subject, message in archive.odd if matters else []:
        exam.note(sign, subject, message)
    tail.check(content, at + length, exam)


def _decoded(content: Content, streams: Streams, exam: Exam) -> bytes:
    if not streams.folders:
        raise MalformedError("invalid header", "an encoded 7z header without content")
    if streams.folders[0].size > exam.limits.text:
        raise StopError("too large", f"a 7z header of {streams.folders[0].size} bytes")
    return b"".join(unpacked(content, streams, 0, Meter(exam, "7z header")))


class _Archive:
    def __init__(self, content: Content, streams: Streams, exam: Exam) -> None:
        self.content, self.streams, self.exam = content, streams, exam
        self.odd: list[tuple[Sign, str, str]] = []
        self._folder = (-1, Drawn(0, iter(()), exam, ""))

    def members(self, files: list[File]) -> Iterator[Member]:
        """The members that have content, by names that no other has."""
        places = self._places()
        taken: dict[str, int] = {}
        for number, file in enumerate(files):
            self.exam.step(5)
            escape = names.escape(file.name)
            if escape:
                self.odd.append((Sign.ESCAPES, file.name, f"{escape}: unpacking writes there"))
            if not file.has_stream:
                continue
            folder, start, size, crc = next(places, (-1, 0, 0, None))
            if folder < 0:
                self.exam.gap("invalid header", "more 7z files than streams")
                return
            if file.attributes & _UNIX and file.attributes >> 16 & _TYPE == _LINK:
                self._link(file.name, folder, start, size)
                continue
            plain = names.normal(file.name)
            name = file.name if plain not in taken else f"{file.name} (member {number + 1})"
            if plain in taken and taken[plain] != crc:
                self.odd.append((Sign.DECEIVES, file.name, "stands twice with different content"))
            taken[plain] = crc if crc is not None else -1
            yield Member(name, size, self._opener(name, folder, start, size, crc))

    def _places(self) -> Iterator[tuple[int, int, int, int | None]]:
        """Folder, first byte in it, length and sum of each stream in order."""
        for number, parts in enumerate(self.streams.parts):
            start = 0
            for size, crc in parts:
                if size < 0:
                    raise MalformedError("invalid header", "7z sizes")
                yield number, start, size, crc
                start += size

    def _opener(self, name: str, folder: int, start: int, size: int, crc: int | None) -> Callable[[], Content]:
        def opened() -> Content:
            part = self._drawn(folder).part(start, size)
            if crc is not None and part.size <= 1 << 20:
                data = part.read(0, part.size)
                if len(data) == size and zlib.crc32(data) != crc:
                    self.odd.append((Sign.IRREGULAR, name, "its CRC is wrong"))
            return part

        return opened

    def _drawn(self, number: int) -> Content:
        """The content of a folder; only that of the last is kept, as members follow one another."""
        if self._folder[0] != number:
            folder: Folder = self.streams.folders[number]
            pieces = unpacked(self.content, self.streams, number, Meter(self.exam, "7z"))
            self._folder = (number, Drawn(folder.size, pieces, self.exam, f"folder {number + 1}"))
        return self._folder[1]

    def _link(self, name: str, folder: int, start: int, size: int) -> None:
        target = self._drawn(folder).read(start, min(size, _LINK_SIZE)).decode("utf-8", "replace")
        escape = names.link_escape(name, target)
        if escape:
            self.odd.append((Sign.ESCAPES, name, f"{escape}, {target}: unpacking reads or writes there"))


def _is_rar(candidate: Candidate) -> bool:
    return candidate.head.startswith((b"Rar!\x1a\x07\x00", b"Rar!\x1a\x07\x01\x00"))


def _rar(content: Content, exam: Exam) -> None:
    exam.gap("unsupported archive", "RAR")


FORMATS = (
    Format("7z", matches, read, (".7z",), executable=None, role=Role.ARCHIVE),
    Format("rar", _is_rar, _rar, (".rar",), executable=None, role=Role.ARCHIVE),
)
