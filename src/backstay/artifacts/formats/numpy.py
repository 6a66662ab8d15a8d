"""NumPy array files (.npy): header, extent, and the pickle that an array of objects is."""

from backstay.artifacts.containers import npy, tail
from backstay.artifacts.content import Content
from backstay.artifacts.exam import Exam
from backstay.artifacts.format import Candidate, Format
from backstay.artifacts.pickles import streams
from backstay.artifacts.report import Sign


def matches(candidate: Candidate) -> bool:
    """NumPy's magic bytes."""
    return candidate.head.startswith(npy.MAGIC)


def read(content: Content, exam: Exam) -> None:
    """Read an array that is a file of its own."""
    array = npy.header(content, exam)
    exam.fact("framework", "NumPy")
    exam.fact("tensors", 1)
    if array.precision:
        exam.fact("precision", array.precision)
    if array.is_possible and not array.has_objects:
        exam.fact("parameters", array.count)
    judge(array, content, exam)


def judge(array: npy.Array, content: Content, exam: Exam) -> None:
    """Check the header against the extent of the content, and run the pickle of an object array."""
    if not array.is_possible:
        shape = " by ".join(str(one) for one in array.shape[:8])
        exam.note(Sign.TENSORS, "array", f"a shape that no array can have: {shape}", 0)
        return
    if array.has_objects:
        streams.read(content.part(array.data, content.size - array.data), exam)
        return
    if array.itemsize < 0:
        exam.gap("unknown element type", "its extent was not checked")
        return
    end = array.data + array.count * array.itemsize
    if end > content.size:
        exam.note(
            Sign.INCOMPLETE, "array", f"{end - content.size} bytes of {end - array.data} are missing", content.size
        )
        exam.gap("truncated", "array")
        return
    tail.check(content, end, exam)


FORMAT = Format("numpy", matches, read, (".npy",), executable=None)
