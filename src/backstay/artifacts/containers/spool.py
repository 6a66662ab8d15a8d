"""Spool: decompressed bytes as content, kept in memory at first and then on disk."""

import tempfile
from collections.abc import Callable, Iterator
from typing import IO

from backstay.artifacts.content import Content
from backstay.artifacts.exam import Exam, MalformedError, StopError
from backstay.artifacts.report import Sign

MEMORY = 8 << 20  # bytes of one spool that are kept in memory


class Spool(Content):
    """Bytes that are appended and read at random; beyond `MEMORY` they stand in a file that has no name."""

    def __init__(self) -> None:
        self.size = 0
        self._memory = bytearray()
        self._file: IO[bytes] | None = None

    def append(self, data: bytes) -> None:
        self.size += len(data)
        if self._file is None and self.size > MEMORY:
            self._file = file = tempfile.TemporaryFile(buffering=1 << 18)  # noqa: SIM115 - lives as long as the spool
            file.write(self._memory)
            self._memory = bytearray()
        if self._file is None:
            self._memory += data
        else:
            self._file.seek(0, 2)
            self._file.write(data)

    def read(self, at: int, length: int) -> bytes:
        if at < 0 or length <= 0:
            return b""
        if self._file is None:
            return bytes(self._memory[at : at + length])
        self._file.seek(at)
        return self._file.read(min(length, max(0, self.size - at)))


class Drawn(Content):
    """What pieces make up together, drawn from them only as far as it is read. `size` is what was promised: pieces
    that end early leave bytes missing, and those beyond are not drawn.

    `ended` is called once, with what is left of the pieces, when all that was promised is there or nothing more comes.
    A failure of the pieces is a gap at `member` and ends them.
    """

    def __init__(
        self,
        size: int,
        pieces: Iterator[bytes],
        exam: Exam,
        member: str,
        ended: Callable[["Drawn"], None] | None = None,
    ) -> None:
        self.size = size
        self.pieces = pieces
        self.failed = False
        self.over = False  # the last piece had more than was promised
        self._exam, self._member, self._ended = exam, member, ended
        self._spool = Spool()
        self._done = False

    @property
    def drawn(self) -> int:
        """How many bytes there are so far."""
        return self._spool.size

    def read(self, at: int, length: int) -> bytes:
        if at < 0 or length <= 0:
            return b""
        end = min(at + length, self.size)
        while self._spool.size < end and not self._done:
            self._draw()
        return self._spool.read(at, end - at)

    def draw(self) -> "Drawn":
        """All of it at once."""
        self.read(self.size - 1, 1)
        return self

    def _draw(self) -> None:
        try:
            piece = next(self.pieces, None)
        except (StopError, MalformedError) as error:
            piece, self.failed = None, True
            with self._exam.inside(self._member) as inside:
                inside.gap(error.reason, error.detail)
        if piece is not None:
            self.over = len(piece) > self.size - self._spool.size
            self._spool.append(piece[: self.size - self._spool.size])
        if piece is None or self._spool.size >= self.size:
            self._done = True
            if self._ended is not None:
                self._ended(self)


class Meter:
    """Counts what goes into a decompressor and what comes out. Raises StopError when the budget of the inspection is
    spent, and for a bomb, which is noted at `subject`."""

    def __init__(self, exam: Exam, subject: str) -> None:
        self._exam, self._subject = exam, subject
        self.taken = self.given = 0

    def begin(self) -> None:
        """Count a stream: a file may hold a million that are empty."""
        self._exam.step(50)

    def take(self, number: int) -> None:
        self.taken += number

    def give(self, number: int) -> None:
        self.given += number
        self._exam.expand(number)
        limits = self._exam.limits
        if self.given > limits.free and self.given > limits.ratio * max(1, self.taken):
            message = f"expands {self.given // max(1, self.taken)} times, to more than {self.given >> 20} MiB"
            self._exam.note(Sign.EXHAUSTS, self._subject, message)
            raise StopError("decompression bomb", f"more than {limits.ratio} times its compressed size")


def spooled(pieces: Iterator[bytes], exam: Exam) -> Spool:
    """All that pieces give, as far as they go: a failure is a gap of the member in hand."""
    spool = Spool()
    with exam.contained():
        for piece in pieces:
            spool.append(piece)
    return spool
