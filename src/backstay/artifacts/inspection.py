"""Inspection: recognises what a file is, by its content, and runs every reader that it is for."""

from backstay.artifacts.content import Content
from backstay.artifacts.exam import Exam, Limits
from backstay.artifacts.format import Candidate, Format, Layout, Role
from backstay.artifacts.formats import FORMATS
from backstay.artifacts.layouts import LAYOUTS
from backstay.artifacts.report import Inspection, Sign

_KNOWN: tuple[Layout | Format, ...] = (*LAYOUTS, *FORMATS)


def inspect(content: Content, name: str, limits: Limits | None = None) -> Inspection:
    """Inspect one file. `name` is its file name without folders: it says what somebody expects of it, not what it is.

    Never raises. A file whose name promises a model and whose content is of no known format was not read, and says so.
    """
    exam = Exam(name.lower(), limits or Limits(), nested=_nested)
    with exam.contained():
        _nested(content, name, exam)
        _unwrap(exam)
        _compare(exam)
    return exam.report(content.size)


def _unwrap(exam: Exam) -> None:
    """What is in an archive is what the file is for: a compressed pickle is a pickle."""
    held = list(dict.fromkeys(exam.models))
    if not held or role(exam.format) is not Role.ARCHIVE:
        return
    exam.fact("container", exam.format)
    if len(held) == 1:
        exam.format = held[0]
    else:
        exam.fact("holds", held)


def _compare(exam: Exam) -> None:
    """A name that promises a format without code, on content that can carry some, misleads whoever goes by names."""
    promise = promised(exam.name)
    if promise and executable(promise) is False:
        hidden = next((one for one in exam.models if executable(one)), "")
        if hidden:
            exam.note(Sign.DISGUISED, hidden, f"named like {promise}, and loading it may run code")


def recognised(candidate: Candidate) -> list[Format]:
    """Every format whose reader would take this content."""
    return [one for one in FORMATS if one.matches(candidate)]


def executable(format: str) -> bool | None:
    """Whether loading a file of a format, by its id, may run code of it; None where that depends on what is in it."""
    return next((one.executable for one in _KNOWN if one.id == format), None)


def role(format: str) -> Role | None:
    """What files of a format, by its id, are to a model; None for an unknown id."""
    return (
        Role.MODEL
        if any(one.id == format for one in LAYOUTS)
        else next((one.role for one in FORMATS if one.id == format), None)
    )


def promised(name: str) -> str:
    """The id of the format that a file name (lower case) promises; empty when it promises none."""
    return next((one.id for one in _KNOWN if name.endswith(_promises(one))), "")


def _promises(one: Format | Layout) -> tuple[str, ...]:
    is_model = isinstance(one, Layout) or one.role is Role.MODEL
    return tuple(suffix for suffix in one.suffixes if is_model and suffix not in _VAGUE)


# Ends of names that many other things have: they promise nothing.
_VAGUE = (
    ".pck",
    ".pcl",
    ".msgpack",
    ".lite",
    ".pb",
    ".meta",
    ".pbtxt",
    ".xml",
    ".json",
    ".txt",
    ".bin",
    ".dat",
    ".data",
    ".model",
    ".yaml",
    ".py",
    ".zip",
    ".tar",
)

_POINTER = b"version https://git-lfs.github.com/spec/"  # the model itself is elsewhere

# Ends of names that promise a model.
PROMISING = tuple(sorted({suffix for one in _KNOWN for suffix in _promises(one)}))


def _nested(content: Content, name: str, exam: Exam) -> str:
    candidate = Candidate(content, name.lower().rpartition("/")[2])
    found = recognised(candidate)
    for one in found:
        if one.role is Role.MODEL and (exam.member or not exam.format):
            exam.become(one.id)
        with exam.contained():
            one.read(content, exam)
    if found and not exam.member and not exam.format:
        exam.format = found[0].id
    unread = not found and candidate.name.endswith(PROMISING) and (not exam.member or b"\0" in candidate.head)
    if unread and not _note(candidate):
        exam.gap("not recognised", "the content is of no known format")
    return found[0].id if found else ""


def _note(candidate: Candidate) -> bool:
    """Whether all of a file is text: paths of a Python installation (`.pth`), a tutorial in Portuguese (`.pt`)."""
    text = candidate.head
    if not text or candidate.binary or candidate.size > len(text) or text.startswith(_POINTER):
        return False
    try:
        return not any(character < " " and not character.isspace() for character in text.decode("utf-8"))
    except UnicodeDecodeError:
        return False
