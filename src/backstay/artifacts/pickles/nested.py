"""Nested: finds the bytes that a stream hands to a loader of its own."""

from backstay.artifacts.content import Bytes, Content
from backstay.artifacts.exam import Exam
from backstay.artifacts.pickles.constants import Constants, UnknownError
from backstay.artifacts.pickles.fold import literal
from backstay.artifacts.pickles.terms import Call, Global, Group, Known, Value


def bytes_of(value: Value, content: Content, constants: Constants, exam: Exam) -> Content | None:
    """The bytes that a term stands for, without copying them where they stand in the file as they are; None when that
    is not known. Raises StopError when they are too many to be decoded."""
    if isinstance(value, Known):
        return Bytes(value.value) if isinstance(value.value, bytes) else None
    try:
        if isinstance(value, int):
            start, length = constants.stretch(value)
            return content.part(start, length)
        return _encoded(value, content, constants, exam)
    except UnknownError:
        return None


def _encoded(value: Value, content: Content, constants: Constants, exam: Exam) -> Content | None:
    """Bytes as protocols below 3 have them: `_codecs.encode(text, "latin1")`."""
    if not isinstance(value, Call) or not isinstance(value.callable, Global) or value.callable.path != "_codecs.encode":
        return None
    args = value.args.items or [] if isinstance(value.args, Group) else []
    if len(args) != 2 or not isinstance(args[0], int) or literal(args[1], constants) not in ("latin1", "latin-1"):
        return None
    start, length = constants.stretch(args[0])
    exam.expand(length)
    try:
        return Bytes(content.read(start, length).decode("utf-8", "surrogatepass").encode("latin-1"))
    except UnicodeError:
        return None
