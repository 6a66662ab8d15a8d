"""fastText: holds the sizes in a fastText model against its file.

From src/fasttext.cc, args.cc, dictionary.cc, densematrix.cc and quantmatrix.cc of facebookresearch/fastText (versions
11 and 12): the loader allocates whatever these sizes say.
"""

from backstay.artifacts.containers import tail
from backstay.artifacts.content import Content
from backstay.artifacts.exam import Exam, StopError
from backstay.artifacts.format import Candidate, Format
from backstay.artifacts.report import Sign
from backstay.artifacts.wire.cursor import Cursor

_MAGIC = (793_712_314).to_bytes(4, "little")
_MODELS = {1: "cbow", 2: "skipgram", 3: "supervised"}
_LONGEST_WORD = 1 << 16
_MOST_WORDS = 1 << 27


def _matches(candidate: Candidate) -> bool:
    head = candidate.head
    return head[:4] == _MAGIC and 1 <= int.from_bytes(head[4:8], "little") < 100


def _read(content: Content, exam: Exam) -> None:
    exam.fact("framework", "fasttext")
    cursor = Cursor(content, 4)
    version = cursor.number("i")
    if version not in (11, 12):
        raise StopError("unknown version", str(version))
    values = [cursor.number("i") for _ in range(12)]
    cursor.skip(8)
    dimension, kind = values[0], values[7]
    exam.fact("architecture", _MODELS.get(kind, ""))
    if not 0 < dimension < 1 << 20:
        exam.note(Sign.TENSORS, "dim", f"{dimension} dimensions: a loader allocates for them", 8)
        raise StopError("invalid header", "dimensions")
    _words(cursor, exam)
    quantised = cursor.number("b") != 0
    elements = _matrix("input", quantised, cursor, exam)
    output_quantised = cursor.number("b") != 0
    elements += _matrix("output", quantised and output_quantised, cursor, exam)
    exam.fact("parameters", elements)
    exam.fact("precision", "PQ" if quantised else "F32")
    if quantised:
        exam.fact("quantisation", "product quantisation")
    tail.check(content, cursor.at, exam)


def _words(cursor: Cursor, exam: Exam) -> None:
    at = cursor.at
    size, words, labels = (cursor.number("i") for _ in range(3))
    cursor.skip(8)
    pruned = cursor.number("q")
    if not 0 <= size <= _MOST_WORDS or words < 0 or labels < 0 or words + labels != size or size * 10 > cursor.left:
        message = f"{words} words and {labels} labels in a dictionary of {size}: a loader allocates or reads beyond it"
        exam.note(Sign.TENSORS, "dictionary", message, at)
        raise StopError("invalid dictionary", str(size))
    for _ in range(size):
        exam.step(4)
        _word(cursor)
        cursor.skip(9)
    if pruned > 0:
        if pruned * 8 > cursor.left:
            exam.note(Sign.TENSORS, "dictionary", f"{pruned} pruned entries in {cursor.left} bytes", at)
            raise StopError("invalid dictionary", str(pruned))
        cursor.skip(pruned * 8)


def _word(cursor: Cursor) -> None:
    """Step over a text up to the zero at its end."""
    length = 0
    while length < _LONGEST_WORD:
        piece = cursor.content.read(cursor.at, 256)
        end = piece.find(b"\0")
        if end >= 0:
            cursor.skip(end + 1)
            return
        if not piece:
            raise StopError("truncated", f"at byte {cursor.at}")
        cursor.skip(len(piece))
        length += len(piece)
    raise StopError("too large", f"a word of more than {_LONGEST_WORD} bytes")


def _matrix(subject: str, quantised: bool, cursor: Cursor, exam: Exam) -> int:
    """Step over a matrix; gives the number of its elements."""
    at = cursor.at
    if not quantised:
        rows, columns = cursor.number("q"), cursor.number("q")
        _hold(subject, rows, columns, rows * columns * 4, cursor, exam, at)
        return rows * columns
    normed = cursor.number("b") != 0
    rows, columns = cursor.number("q"), cursor.number("q")
    codes = cursor.number("i")
    _hold(subject, rows, columns, codes, cursor, exam, at)
    _quantiser(subject, cursor, exam)
    if normed:
        _hold(subject, rows, 1, rows, cursor, exam, at)
        _quantiser(subject, cursor, exam)
    return rows * columns


def _quantiser(subject: str, cursor: Cursor, exam: Exam) -> None:
    at = cursor.at
    dimension, parts, length, last = (cursor.number("i") for _ in range(4))
    if (
        not 0 < dimension < 1 << 20
        or not 0 < parts <= dimension
        or not 0 < length <= dimension
        or not 0 < last <= length
    ):
        exam.note(Sign.TENSORS, subject, f"a quantiser of {parts} parts for {dimension} dimensions", at)
        raise StopError("invalid matrix", subject)
    _hold(subject, dimension, 256, dimension * 256 * 4, cursor, exam, at)


def _hold(subject: str, rows: int, columns: int, size: int, cursor: Cursor, exam: Exam, at: int) -> None:
    if rows < 0 or columns < 0 or size < 0 or size > 1 << 43:
        message = f"{rows} rows of {columns} columns: a loader's sizes overflow"
        exam.note(Sign.TENSORS, subject, message, at)
        raise StopError("invalid matrix", subject)
    if size > cursor.left:
        if size > 1 << 30 and cursor.left * 1000 < size:
            message = f"{rows} rows of {columns} columns in {cursor.left} bytes: a loader allocates for them"
            exam.note(Sign.TENSORS, subject, message, at)
        else:
            exam.note(Sign.INCOMPLETE, subject, f"{size - cursor.left} bytes of the matrix are missing", at)
        raise StopError("truncated", f"at byte {cursor.at}")
    cursor.skip(size)


FORMAT = Format("fasttext", _matches, _read, suffixes=(".ftz",))
