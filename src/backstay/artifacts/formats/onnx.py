"""ONNX: a ModelProto: operations, subgraphs, functions, and tensors inside and outside of the file."""

import re

from backstay.artifacts.content import Content
from backstay.artifacts.exam import Exam, StopError
from backstay.artifacts.format import Candidate, Format
from backstay.artifacts.graphs.contents import check_end
from backstay.artifacts.graphs.onnx_model import Model
from backstay.artifacts.wire import protobuf
from backstay.artifacts.wire.protobuf import BYTES, VARINT, Message

_OPERATION = re.compile(rb"[A-Za-z_][A-Za-z0-9_.:-]{0,199}")
_OWN = frozenset({2, 3, 4, 6, 7, 8, 14, 20, 25, 26})
_FIELDS = 64  # fields of a message that are looked at before it is given up


def _matches(candidate: Candidate) -> bool:
    if not protobuf.may_be(candidate, (".onnx",)):
        return False
    message = protobuf.probe(candidate.content)
    try:
        return _model(message)
    except StopError:
        return False


def _model(message: Message) -> bool:
    """A graph or function with a node or tensor, beside a version or a set of operators."""
    graph = version = operators = producer = False
    for count, one in enumerate(message):
        if one.number == 1:
            version |= one.wire == VARINT and one.value < 1_000
        elif one.number == 2:
            producer |= one.wire == BYTES
        elif one.number == 8:
            operators |= one.wire == BYTES and _operators(one.message())
        elif one.number == 7 and one.wire == BYTES:
            graph |= _graph(one.message())
        elif one.number == 25 and one.wire == BYTES:
            graph |= any(_node(part.message()) for part in one.message().fields((7,)))
        if graph and (version or operators or producer):
            return True
        if count >= _FIELDS:
            break
    return False


def _operators(message: Message) -> bool:
    version = message.first(2)
    return version is not None and version.wire == VARINT and version.value < 100_000


def _graph(message: Message) -> bool:
    return any(_node(one.message()) if one.number == 1 else _tensor(one.message()) for one in message.fields((1, 5)))


def _node(message: Message) -> bool:
    operation = message.first(4)
    if operation is None or operation.wire != BYTES or not _OPERATION.fullmatch(operation.bytes(256)):
        return False
    return all(one.wire == BYTES for one in message.fields((1, 2, 3, 5, 7)))


def _tensor(message: Message) -> bool:
    kind = message.first(2)
    return kind is not None and kind.wire == VARINT and 0 < kind.value < 64


def _read(content: Content, exam: Exam) -> None:
    exam.fact("framework", "onnx")
    Model(exam).read(protobuf.root(content, exam))
    check_end(content, _OWN, exam, numbers=(1, 5))


FORMAT = Format(id="onnx", matches=_matches, read=_read, suffixes=(".onnx",), executable=None)
