"""PaddlePaddle: a program (`.pdmodel`, `__model__`, or JSON since Paddle 3) and its parameters (`.pdiparams`)."""

from collections.abc import Iterator

from backstay.artifacts.content import Content
from backstay.artifacts.documents import read_json
from backstay.artifacts.exam import Exam, MalformedError, StopError
from backstay.artifacts.format import Candidate, Format
from backstay.artifacts.graphs.contents import check_end
from backstay.artifacts.graphs.paddle_model import PRECISIONS, WIDTHS, PaddleModel, described
from backstay.artifacts.report import Sign
from backstay.artifacts.wire import protobuf
from backstay.artifacts.wire.protobuf import BYTES, VARINT, Message

_MAGIC = (b'"magic":"pir"', b'"magic": "pir"')
_MAX_DESCRIPTION = 1024  # bytes of a tensor's type and shape


def _is_program(candidate: Candidate) -> bool:
    if candidate.head[:1] == b"{":
        return any(one in candidate.head[:256] for one in _MAGIC)
    if not protobuf.may_be(candidate, (".pdmodel", "__model__")):
        return False
    try:
        for count, one in enumerate(protobuf.probe(candidate.content)):
            if one.number == 1 and (one.wire != BYTES or _block(one.message())):
                return one.wire == BYTES
            if count > 64:
                break
    except StopError:
        pass
    return False


def _block(message: Message) -> bool:
    """A BlockDesc: two numbers for itself and its parent, then variables or operations with a name."""
    numbers: set[int] = set()
    for count, one in enumerate(message):
        if one.number in (1, 2, 5):
            if one.wire != VARINT:
                return False
            numbers.add(one.number)
        elif one.number in (3, 4) and {1, 2} <= numbers:
            name = one.message().first(1 if one.number == 3 else 3)
            return one.wire == BYTES and name is not None and name.wire == BYTES and 0 < name.value < 1024
        if count > 64:
            break
    return False


def _read_program(content: Content, exam: Exam) -> None:
    exam.fact("framework", "paddle")
    if content.read(0, 1) == b"{":
        root = read_json(content, exam).root
        if not isinstance(root, dict):
            raise MalformedError("invalid program")
        PaddleModel(exam).read_json(root)
    else:
        PaddleModel(exam).read(protobuf.root(content, exam))
        check_end(content, (1, 4, 5), exam)


def _are_parameters(candidate: Candidate) -> bool:
    head = candidate.head[:24]
    return head[:16] == bytes(16) and 0 < int.from_bytes(head[16:20], "little") <= 64 and head[20:21] == b"\x08"


def _read_parameters(content: Content, exam: Exam) -> None:
    exam.fact("framework", "paddle")
    count = parameters = 0
    precision: dict[int, int] = {}
    for data_type, elements in _tensors(content, exam):
        count += 1
        parameters += elements
        precision[data_type] = precision.get(data_type, 0) + elements
    exam.fact("tensors", count)
    exam.fact("parameters", parameters)
    if precision:
        exam.fact("precision", PRECISIONS.get(max(precision, key=lambda one: precision[one]), "unknown"))


def _tensors(content: Content, exam: Exam) -> Iterator[tuple[int, int]]:
    """Type and elements of each tensor: a version, levels of detail, a version, a description and the data."""
    at = 0
    while at < content.size:
        exam.step(8)
        levels = int.from_bytes(content.glance(at + 4, 8), "little")
        at += 12
        for _ in range(min(levels, 64)):
            at += 8 + int.from_bytes(content.glance(at, 8), "little")
        head = content.glance(at, 8)
        size = int.from_bytes(head[4:8], "little")
        if levels > 64 or len(head) < 8 or not 0 < size <= _MAX_DESCRIPTION:
            raise MalformedError("invalid parameters", f"at byte {at}")
        message = Message(content, at + 8, min(content.size, at + 8 + size), protobuf.Walk(exam))
        data_type, elements = described(message)
        if data_type not in WIDTHS or elements < 0:
            raise MalformedError("invalid parameters", f"at byte {at}")
        at += 8 + size
        end = at + elements * WIDTHS[data_type]
        if end > content.size:
            exam.note(Sign.INCOMPLETE, "parameters", f"a tensor ends at byte {end}, the file at {content.size}", at)
            raise MalformedError("cut short", f"at byte {at}")
        at = end
        yield data_type, elements


FORMAT = Format(
    id="paddle",
    matches=_is_program,
    read=_read_program,
    suffixes=(".pdmodel", "__model__"),
    executable=None,
)
PARAMETERS = Format(
    id="paddle-parameters",
    matches=_are_parameters,
    read=_read_parameters,
    suffixes=(".pdiparams",),
)
