"""llamafile: an executable for six systems (an APE of Cosmopolitan Libc) that is a zip of GGUF weights as well."""

from backstay.artifacts.containers import payloads
from backstay.artifacts.containers.zip_directory import ends
from backstay.artifacts.content import Content
from backstay.artifacts.exam import Exam
from backstay.artifacts.format import Candidate, Format
from backstay.artifacts.report import Sign

_NAMES = b".gguf"
_DIRECTORY = 1 << 20


def matches(candidate: Candidate) -> bool:
    """A portable executable, by the name of a llamafile or with GGUF weights in its directory."""
    if payloads.kind(candidate.head[:64]) != "portable executable":
        return False
    if candidate.name.endswith(".llamafile"):
        return True
    return any(
        _NAMES in candidate.content.read(one.foot - min(one.length, _DIRECTORY), min(one.length, _DIRECTORY)).lower()
        for one in ends(candidate.content)
    )


def read(content: Content, exam: Exam) -> None:
    """Say that it is a program by design; the reader of zip archives inspects the weights in it."""
    exam.fact("framework", "llama.cpp")
    exam.note(Sign.CARRIES, "llamafile", "a program that is run as it is, with its weights within", 0)


FORMAT = Format("llamafile", matches, read, (".llamafile",), executable=True)
