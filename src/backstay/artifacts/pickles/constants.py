"""Constants: reads the value of a constant of a pickle from the place where its opcode stands."""

import codecs
import struct
import warnings
from typing import TypeAlias

from backstay.artifacts.content import Content
from backstay.artifacts.exam import Exam
from backstay.artifacts.pickles.opcodes import BYTES, COUNTED, LONGS, TEXTS

Constant: TypeAlias = str | bytes | int | float | bool | None

LONGEST = 65_536  # bytes of text that are read for their value


class UnknownError(Exception):
    """A value that nobody can tell without running what is in the file."""


class Constants:
    """Values by position. Those read last are kept: names of modules are asked for again and again."""

    def __init__(self, content: Content, exam: Exam) -> None:
        self._content, self._exam = content, exam
        self._seen: dict[int, Constant] = {}

    def value(self, at: int) -> Constant:
        """The constant at a position. Raises UnknownError when it is too long, or no text in its encoding."""
        if at in self._seen:
            return self._seen[at]
        self._exam.step(20)  # reading anywhere costs more than going on
        value = self._read(at)
        if len(self._seen) >= 4_096:
            self._seen.clear()
        if not isinstance(value, str | bytes) or len(value) <= 1_024:
            self._seen[at] = value
        return value

    def grows(self, at: int) -> bool:
        """Whether the constant is a bytearray, to which items may be added."""
        return self._content.read(at, 1) == b"\x96"

    def stretch(self, at: int) -> tuple[int, int]:
        """Where the bytes of a constant begin and how many they are. Raises UnknownError when it is no text or bytes
        that say their length."""
        head = self._content.read(at, 16)
        width = COUNTED.get(head[0], 0) if head else 0
        if not width:
            raise UnknownError
        return at + 1 + width, int.from_bytes(head[1 : 1 + width], "little")

    def _read(self, at: int) -> Constant:
        head = self._content.read(at, 16)
        if not head:
            raise UnknownError
        op = head[0]
        if op in COUNTED:
            return self._counted(op, head, at)
        match chr(op):
            case "N":
                return None
            case "\x88" | "\x89":
                return op == 0x88
            case "K" | "M":
                return int.from_bytes(head[1:2] if op == ord("K") else head[1:3], "little")
            case "J":
                return int.from_bytes(head[1:5], "little", signed=True)
            case "G" if len(head) >= 9:
                number: float = struct.unpack(">d", head[1:9])[0]
                return number
            case "I" | "F" | "L" | "S" | "V" | "P":
                return self._line(chr(op), at)
        raise UnknownError

    def _counted(self, op: int, head: bytes, at: int) -> Constant:
        width = COUNTED[op]
        length = int.from_bytes(head[1 : 1 + width], "little")
        if length > LONGEST:
            raise UnknownError
        data = self._content.read(at + 1 + width, length)
        if op in LONGS:
            return int.from_bytes(data[:64], "little", signed=True)
        if op in BYTES:
            return data
        try:
            return data.decode("utf-8", "surrogatepass")
        except UnicodeDecodeError:
            if op in TEXTS:
                return data.decode("latin-1")
            raise UnknownError from None

    def _line(self, op: str, at: int) -> Constant:
        line = self._content.read(at + 1, LONGEST)
        end = line.find(b"\n")
        if end < 0 and len(line) == LONGEST:
            raise UnknownError
        line = line[:end] if end >= 0 else line
        if op == "V":
            return raw_unicode(line)
        if op == "P":
            return line.decode("latin-1")
        if op == "S":
            return quoted(line)
        if op == "F":
            try:
                return float(line.partition(b"\0")[0])
            except ValueError:
                raise UnknownError from None
        if op == "I" and line in (b"00", b"01"):
            return line == b"01"
        return integer(line)


def integer(line: bytes) -> int:
    """A number in text, in every spelling that one of CPython's two unpicklers takes: any base by its prefix, signs,
    blanks, underscores, a trailing L, and whatever follows a NUL. Raises UnknownError when it is none."""
    text = line.partition(b"\0")[0].strip().rstrip(b"L")
    if len(text) > 4_000:
        raise UnknownError
    for base in (10, 0, 8):
        try:
            return int(text, base)
        except ValueError:
            continue
    raise UnknownError


def raw_unicode(line: bytes) -> str:
    r"""Text of protocol 0: Latin-1 with `\uXXXX` and `\UXXXXXXXX`."""
    try:
        return codecs.raw_unicode_escape_decode(line)[0]
    except UnicodeDecodeError:
        raise UnknownError from None


def quoted(line: bytes) -> str:
    """A string of Python 2 in quotes, with its escapes."""
    if len(line) < 2 or line[0] != line[-1] or line[0] not in b"\"'":
        raise UnknownError
    try:
        with warnings.catch_warnings(action="ignore"):  # of escapes that are none, which stand for themselves
            data, _ = codecs.escape_decode(line[1:-1])
    except ValueError:
        raise UnknownError from None
    return data.decode("latin-1")
