"""TensorFlow shape: tells by a few fields whether bytes are a GraphDef, a MetaGraphDef or a SavedModel.

Protocol Buffers have no magic number, so the evidence is the structure: a node whose operation is a plain name.
"""

import re
from collections.abc import Callable

from backstay.artifacts.exam import StopError
from backstay.artifacts.format import Candidate
from backstay.artifacts.wire.protobuf import BYTES, Message, may_be, probe

_OPERATION = re.compile(
    rb"_?[A-Z][A-Za-z0-9_]*(?:>[A-Za-z0-9_]+)?"
)  # a function's name may be another; one node will do
_NAME = re.compile(rb"[A-Za-z0-9_.^][A-Za-z0-9_./\\>: ^#()\[\]$-]*")
_SUFFIXES = (".pb", ".meta", ".graphdef")
_FIELDS = 48  # fields of a message that are looked at before it is given up


def is_graph(candidate: Candidate) -> bool:
    """Whether this is a GraphDef."""
    return _ask(candidate, _graph)


def is_meta_graph(candidate: Candidate) -> bool:
    """Whether this is a MetaGraphDef."""
    return _ask(candidate, _meta_graph)


def is_saved_model(candidate: Candidate) -> bool:
    """Whether this is a SavedModel."""
    return _ask(candidate, lambda message: any(_meta_graph(one) for one in _parts(message, 2)))


def is_keras_metadata(candidate: Candidate) -> bool:
    """Whether this is the SavedMetadata of a Keras model."""
    return _ask(candidate, lambda message: any(_keras(one) for one in _parts(message, 1)))


def _ask(candidate: Candidate, question: Callable[[Message], bool]) -> bool:
    if not may_be(candidate, _SUFFIXES):
        return False
    try:
        return question(probe(candidate.content))
    except StopError:
        return False


def _parts(message: Message, number: int) -> list[Message]:
    """The first messages of a field; none when the stretch is no message."""
    found: list[Message] = []
    for count, one in enumerate(message):
        if one.number == number and one.wire == BYTES:
            found.append(one.message())
        if count >= _FIELDS:
            break
    return found


def _graph(message: Message) -> bool:
    """A node, or a library with a function that has one or a signature."""
    if any(_node(one) for one in _parts(message, 1)):
        return True
    return any(_function(one) for library in _parts(message, 2) for one in _parts(library, 1))


def _node(message: Message) -> bool:
    name = operation = b""
    for count, one in enumerate(message):
        if (one.number <= 7 and one.wire != BYTES) or count > 4096:
            return False
        if one.number == 1:
            name = one.bytes(1024)
        elif one.number == 2:
            operation = one.bytes(256)
    return _OPERATION.fullmatch(operation) is not None and (not name or _NAME.fullmatch(name) is not None)


def _function(message: Message) -> bool:
    if any(_node(one) for one in _parts(message, 3)):
        return True
    return any(
        _NAME.fullmatch(one.bytes(1024)) for part in _parts(message, 1) for one in [part.first(1)] if one
    ) and any(_parts(message, 4))


def _meta_graph(message: Message) -> bool:
    if any(_graph(one) for one in _parts(message, 2)):
        return True
    return any(_information(one) for one in _parts(message, 1)) and bool(_parts(message, 2) or _parts(message, 7))


def _information(message: Message) -> bool:
    """A MetaInfoDef: it names TensorFlow's version or lists operations."""
    version = message.first(5)
    if version is not None and version.wire == BYTES and re.fullmatch(rb"\d+\.\d+[\w.+-]*|unknown", version.bytes(64)):
        return True
    return any(_NAME.fullmatch(one.text(1, 256).encode()) for part in _parts(message, 2) for one in _parts(part, 1))


def _keras(message: Message) -> bool:
    found = message.first(4)
    return found is not None and found.wire == BYTES and found.bytes(16).startswith(b"_tf_keras")
