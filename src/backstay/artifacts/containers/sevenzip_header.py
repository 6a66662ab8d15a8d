"""7z headers (7zFormat.txt of the LZMA SDK): streams, coders and files of an archive, from untrusted bytes."""

import struct
import zlib
from dataclasses import dataclass, field

from backstay.artifacts.content import Content
from backstay.artifacts.exam import Exam, MalformedError, StopError

SIGNATURE = b"7z\xbc\xaf\x27\x1c"
START = 32  # bytes of the signature header: packed streams are counted from its end
(
    _END, _HEADER, _PROPERTIES, _EXTRA, _STREAMS, _FILES, _PACK, _UNPACK, _SUBSTREAMS, _SIZE, _CRC, _FOLDER,
    _UNPACK_SIZE, _NUMBERS, _EMPTY, _EMPTY_FILE, _ANTI, _NAMES,
) = range(18)  # fmt: skip
_ATTRIBUTES, _ENCODED = 0x15, 0x17
_CODERS = 32  # of a folder; more is refused by 7-Zip too


@dataclass(frozen=True)
class Coder:
    """One method with its properties, and how many streams go in and come out."""

    method: bytes
    properties: bytes
    takes: int = 1
    gives: int = 1


@dataclass
class Folder:
    """Coders that together unpack one run of bytes. `sizes` are those of each coder's output, `packed` the numbers of
    the packed streams that go in; `bonds` lead from a coder's input to another's output."""

    coders: list[Coder]
    bonds: dict[int, int]
    packed: list[int]
    sizes: list[int] = field(default_factory=list)
    crc: int | None = None
    first: int = 0  # of the packed streams of the archive

    @property
    def size(self) -> int:
        """Bytes of the output that no other coder takes."""
        bound = set(self.bonds.values())
        return next((size for number, size in enumerate(self.sizes) if number not in bound), 0)


@dataclass
class Streams:
    """Packed streams as (from, length) in the archive, folders, and for each folder the sizes and sums of its files."""

    packed: list[tuple[int, int]] = field(default_factory=list)
    folders: list[Folder] = field(default_factory=list)
    parts: list[list[tuple[int, int | None]]] = field(default_factory=list)


@dataclass(frozen=True)
class File:
    """A file's entry: whether bytes belong to it, and its attributes (of UNIX in the upper half)."""

    name: str
    has_stream: bool
    attributes: int = 0


class Reader:
    """Goes through the bytes of a header. Raises MalformedError at their end."""

    def __init__(self, data: bytes, exam: Exam) -> None:
        self.data, self.at, self._exam = data, 0, exam

    def byte(self) -> int:
        return self.take(1)[0]

    def take(self, length: int) -> bytes:
        if length < 0 or self.at + length > len(self.data):
            raise MalformedError("truncated", "7z header")
        self.at += length
        return self.data[self.at - length : self.at]

    def number(self) -> int:
        """A number of one to nine bytes; the leading ones of the first say how many follow."""
        first, mask, value = self.byte(), 0x80, 0
        self._exam.step()
        for place in range(8):
            if not first & mask:
                return value | (first & (mask - 1)) << 8 * place
            value |= self.byte() << 8 * place
            mask >>= 1
        return value

    def count(self, most: int) -> int:
        """A number of things of which each takes time: bounded."""
        value = self.number()
        if value > most:
            raise StopError("too many members", f"{value} in a 7z header")
        return value

    def bits(self, number: int) -> list[bool]:
        data = self.take((number + 7) // 8)
        return [bool(data[one >> 3] & 0x80 >> (one & 7)) for one in range(number)]

    def flags(self, number: int) -> list[bool]:
        """As `bits`, unless a byte before says that all are set."""
        return [True] * number if self.byte() else self.bits(number)

    def sums(self, number: int) -> list[int | None]:
        defined = self.flags(number)
        return [struct.unpack("<I", self.take(4))[0] if one else None for one in defined]


def start(content: Content) -> tuple[int, int, int]:
    """Where the header stands, its length, and its CRC. Raises MalformedError."""
    head = content.glance(0, START)
    if len(head) < START or head[:6] != SIGNATURE:
        raise MalformedError("truncated", "7z signature header")
    if zlib.crc32(head[12:32]) != int.from_bytes(head[8:12], "little"):
        raise MalformedError("invalid header", "its CRC is wrong")
    offset, length, crc = struct.unpack_from("<QQI", head, 12)
    return START + offset, length, crc


def header(data: bytes, exam: Exam) -> tuple[Streams, list[File] | None]:
    """What a header says. For an encoded one only the streams it is packed in, and no files: None."""
    reader = Reader(data, exam)
    kind = reader.byte()
    if kind == _ENCODED:
        return _streams(reader, exam), None
    if kind != _HEADER:
        raise MalformedError("invalid header", f"7z header of kind {kind}")
    streams, files = Streams(), list[File]()
    while (kind := reader.byte()) != _END:
        if kind == _PROPERTIES:
            while reader.byte() != _END:
                reader.take(reader.number())
        elif kind in (_EXTRA, _STREAMS):
            found = _streams(reader, exam)
            streams = found if kind == _STREAMS else streams
        elif kind == _FILES:
            files = _files(reader, exam)
        else:
            raise MalformedError("invalid header", f"7z property {kind}")
    return streams, files


def _streams(reader: Reader, exam: Exam) -> Streams:
    found = Streams()
    most = exam.limits.members
    while (kind := reader.byte()) != _END:
        if kind == _PACK:
            _packed(reader, found, most)
        elif kind == _UNPACK:
            _unpacked(reader, found, most)
        elif kind == _SUBSTREAMS:
            _parts(reader, found, most)
        else:
            raise MalformedError("invalid header", f"7z property {kind}")
    if not found.parts:
        found.parts = [[(one.size, one.crc)] for one in found.folders]
    return found


def _packed(reader: Reader, found: Streams, most: int) -> None:
    at = START + reader.number()
    number = reader.count(most)
    while (kind := reader.byte()) != _END:
        if kind == _SIZE:
            for _ in range(number):
                size = reader.number()
                found.packed.append((at, size))
                at += size
        elif kind == _CRC:
            reader.sums(number)
        else:
            raise MalformedError("invalid header", f"7z property {kind}")


def _unpacked(reader: Reader, found: Streams, most: int) -> None:
    if reader.byte() != _FOLDER:
        raise MalformedError("invalid header", "no 7z folders")
    number = reader.count(most)
    if reader.byte():
        raise StopError("unsupported archive", "7z folders outside the header")
    found.folders = [_folder(reader) for _ in range(number)]
    first = 0
    for folder in found.folders:
        folder.first = first
        first += len(folder.packed)
    while (kind := reader.byte()) != _END:
        if kind == _UNPACK_SIZE:
            for folder in found.folders:
                folder.sizes = [reader.number() for coder in folder.coders for _ in range(coder.gives)]
        elif kind == _CRC:
            for folder, crc in zip(found.folders, reader.sums(number), strict=True):
                folder.crc = crc
        else:
            raise MalformedError("invalid header", f"7z property {kind}")


def _folder(reader: Reader) -> Folder:
    coders: list[Coder] = []
    for _ in range(reader.count(_CODERS)):
        flags = reader.byte()
        method = reader.take(flags & 0x0F)
        takes, gives = (reader.count(_CODERS), reader.count(_CODERS)) if flags & 0x10 else (1, 1)
        properties = reader.take(reader.number()) if flags & 0x20 else b""
        coders.append(Coder(method, properties, takes, gives))
    taken, given = sum(one.takes for one in coders), sum(one.gives for one in coders)
    if not given:
        raise MalformedError("invalid header", "a 7z folder without output")
    bonds: dict[int, int] = {}
    for _ in range(given - 1):
        key = reader.number()
        bonds[key] = reader.number()
    number = taken - len(bonds)
    if number == 1:
        packed = [next((one for one in range(taken) if one not in bonds), 0)]
    else:
        packed = [reader.number() for _ in range(number)]
    return Folder(coders, bonds, packed)


def _parts(reader: Reader, found: Streams, most: int) -> None:
    numbers = [1] * len(found.folders)
    kind = reader.byte()
    if kind == _NUMBERS:
        numbers = [reader.count(most) for _ in found.folders]
        kind = reader.byte()
    if sum(numbers) > most:
        raise StopError("too many members", f"{sum(numbers)} in a 7z archive")
    sizes: list[list[int]] = []
    for folder, number in zip(found.folders, numbers, strict=True):
        some = [reader.number() for _ in range(number - 1)] if kind == _SIZE else []
        sizes.append([*some, folder.size - sum(some)] if number else [])
    if kind == _SIZE:
        kind = reader.byte()
    unknown = [number != 1 or folder.crc is None for folder, number in zip(found.folders, numbers, strict=True)]
    sums: list[int | None] = []
    while kind != _END:
        if kind != _CRC:
            raise MalformedError("invalid header", f"7z property {kind}")
        sums = reader.sums(sum(number for number, one in zip(numbers, unknown, strict=True) if one))
        kind = reader.byte()
    left = iter(sums)
    for folder, those, one in zip(found.folders, sizes, unknown, strict=True):
        found.parts.append([(size, next(left, None) if one else folder.crc) for size in those])


def _files(reader: Reader, exam: Exam) -> list[File]:
    number = reader.count(exam.limits.members)
    names, empty, attributes = list[str](), [False] * number, [0] * number
    while (kind := reader.byte()) != _END:
        inner = Reader(reader.take(reader.number()), exam)
        if kind == _EMPTY:
            empty = inner.bits(number)
        elif kind == _NAMES:
            if inner.byte():
                raise StopError("unsupported archive", "7z names outside the header")
            names = inner.data[1:].decode("utf-16-le", "replace").split("\0")
        elif kind == _ATTRIBUTES:
            defined = inner.flags(number)
            if inner.byte():
                continue
            attributes = [struct.unpack("<I", inner.take(4))[0] if one else 0 for one in defined]
    names += [f"file {one + 1}" for one in range(len(names), number)]
    return [File(names[one], not empty[one], attributes[one]) for one in range(number)]
