"""ggml: recognises the forerunners of GGUF and holds their header against their file.

From convert-llama-ggml-to-gguf.py and whisper.cpp: no version, versioned (ggmf), aligned (ggjt), LoRA (ggla).
"""

import struct

from backstay.artifacts.content import Content
from backstay.artifacts.exam import Exam, StopError
from backstay.artifacts.format import Candidate, Format
from backstay.artifacts.report import Sign
from backstay.artifacts.weights.ggml import REMOVED, TYPES, tensor_bytes
from backstay.artifacts.weights.tensors import Tensor, check_extents, check_programs, product, summarise
from backstay.artifacts.wire.cursor import Cursor

_MAGICS = {b"lmgg": "ggml", b"fmgg": "ggmf", b"tjgg": "ggjt", b"algg": "ggla"}
_VERSIONS = {"ggmf": (1,), "ggjt": (1, 2, 3), "ggla": (1,)}
_MOST_WORDS = 2_000_000
_LONGEST = 1 << 20
_FIELDS = ("vocabulary", "embedding", "multiple", "heads", "layers", "rotation", "file type")


def _matches(candidate: Candidate) -> bool:
    head = candidate.head
    name = _MAGICS.get(head[:4])
    if name is None or len(head) < 16:
        return False
    number = int.from_bytes(head[4:8], "little")
    if name in _VERSIONS:
        return number in _VERSIONS[name]
    # A text that begins with the four letters has no zeros; the numbers of a header have.
    return number > 0 and len(head) >= 32 and all(head[at + 2 : at + 4] == b"\0\0" for at in range(8, 32, 4))


def _read(content: Content, exam: Exam) -> None:
    cursor = Cursor(content, 4)
    name = _MAGICS[content.read(0, 4)]
    exam.fact("framework", "ggml")
    if name in _VERSIONS:
        exam.fact("framework_version", f"{name} {cursor.number('I')}")
    if name == "ggml":
        if int.from_bytes(content.read(4, 4), "little") > _MOST_WORDS:
            words = int.from_bytes(content.read(4, 4), "little")
            exam.note(Sign.TENSORS, "header", f"{words} words: a loader allocates or reads beyond them", 4)
            raise StopError("invalid header", f"{words} words")
        # Every program had a header of its own. That of whisper.cpp is the one still in use.
        if not _is_whisper(content.read(0, 64)):
            exam.gap("not followed", "tensors of an unversioned ggml file")
            return
        _whisper(cursor, exam)
    elif name == "ggla":
        cursor.skip(8)
    else:
        _vocabulary(cursor, exam)
    tensors = _tensors(cursor, name in ("ggjt", "ggla"), exam)
    summarise(tensors, exam)
    begin = tensors[0].start if tensors else content.size
    check_extents(tensors, begin, content, exam, 1 << 62)  # between them stand their own headers
    check_programs(tensors, content, exam)


def _is_whisper(head: bytes) -> bool:
    """Eleven numbers, the tenth of which is the number of mel bands, which comes again before the filters."""
    if len(head) < 56:
        return False
    numbers = struct.unpack("<13i", head[4:56])
    return numbers[9] in (80, 128) and numbers[11] == numbers[9] and numbers[12] == 201 and numbers[1] == 1500


def _whisper(cursor: Cursor, exam: Exam) -> None:
    exam.fact("architecture", "whisper")
    cursor.skip(11 * 4)
    bands, bins = cursor.number("i"), cursor.number("i")
    cursor.skip(4 * bands * bins)
    words = cursor.number("i")
    if not 0 <= words < _MOST_WORDS or words * 4 > cursor.left:
        exam.note(Sign.TENSORS, "vocabulary", f"{words} words: a loader allocates or reads beyond them", cursor.at)
        raise StopError("invalid vocabulary", f"{words} words")
    for _ in range(words):
        exam.step()
        _word(cursor, 0, exam)


def _word(cursor: Cursor, after: int, exam: Exam) -> None:
    length = cursor.number("I")
    if length > _LONGEST:
        exam.note(Sign.TENSORS, "vocabulary", f"a word of {length} bytes: a loader reads beyond it", cursor.at)
        raise StopError("invalid vocabulary", f"a word of {length} bytes")
    cursor.skip(length + after)


def _vocabulary(cursor: Cursor, exam: Exam) -> None:
    at = cursor.at
    values = dict(zip(_FIELDS, (cursor.number("i") for _ in _FIELDS), strict=True))
    words = values["vocabulary"]
    if not 0 < words < _MOST_WORDS or not 0 < values["layers"] < 10_000 or words * 8 > cursor.left:
        exam.note(
            Sign.TENSORS, "header", f"{words} words and {values['layers']} layers: a loader allocates for them", at
        )
        raise StopError("invalid header", f"{words} words")
    for _ in range(words):
        exam.step()
        _word(cursor, 4, exam)


def _tensors(cursor: Cursor, aligned: bool, exam: Exam) -> list[Tensor]:
    found: list[Tensor] = []
    while cursor.left >= 12:
        exam.step()
        at = cursor.at
        dimensions, length, kind = (cursor.number("i") for _ in range(3))
        if not 0 <= dimensions <= 4 or not 0 < length < 1024:
            exam.note(Sign.TENSORS, f"tensor {len(found)}", f"{dimensions} dimensions, a name of {length} bytes", at)
            raise StopError("invalid tensor", f"at byte {at}")
        shape = tuple(cursor.number("I") for _ in range(dimensions))
        name = cursor.take(length).decode("utf-8", "replace")
        if kind not in TYPES:
            if kind not in REMOVED:
                exam.note(Sign.TENSORS, name, f"is of type {kind}, which does not exist", at)
            raise StopError("unknown tensor type", str(kind))
        size = tensor_bytes(kind, shape)
        if size < 0 or product(shape) > 1 << 48:
            exam.note(Sign.TENSORS, name, f"the shape {list(shape)} does not fit its type {TYPES[kind][0]}", at)
            raise StopError("invalid tensor", name)
        start = (cursor.at + 31) // 32 * 32 if aligned else cursor.at
        found.append(Tensor(name, TYPES[kind][0], shape, start, start + size))
        if start + size > cursor.content.size:
            break
        cursor.at = start + size
    return found


FORMAT = Format("ggml", _matches, _read, suffixes=(".ggml", ".ggjt"))
