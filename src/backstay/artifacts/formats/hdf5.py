"""HDF5: Keras models and weights, and any other file of datasets, by their structure alone.

The reader follows the HDF5 File Format Specification 3.0; it never reads the data of a tensor but for samples.
"""

from backstay.artifacts.containers import payloads, tail
from backstay.artifacts.content import Content
from backstay.artifacts.exam import Exam, StopError
from backstay.artifacts.format import HEAD, Candidate, Format, Role
from backstay.artifacts.hdf5 import superblock
from backstay.artifacts.hdf5.objects import Walk
from backstay.artifacts.hdf5.source import SIGNATURE
from backstay.artifacts.hdf5.superblock import Superblock
from backstay.artifacts.hdf5.survey import Survey
from backstay.artifacts.keras_store import Store
from backstay.artifacts.report import Sign

_SUFFIXES = (".h5", ".hdf5", ".weights")
_WEIGHTS = (".weights.h5", ".keras")
# Files that are HDF5 and hold measurements, not models.
_DATA = (".mat", ".nc", ".nc4", ".he5", ".h5ad", ".loom", ".cxi", ".nxs", ".hdf", ".h5t", ".mnc", ".cool")


def _signed(candidate: Candidate) -> bool:
    head = candidate.head
    if SIGNATURE in head and any(head.startswith(SIGNATURE, at) for at in superblock.places(len(head))):
        return True
    return candidate.size > HEAD and candidate.name.endswith(_SUFFIXES) and superblock.find(candidate.content) >= 0


def _matches(candidate: Candidate) -> bool:
    return not candidate.name.endswith(_DATA) and _signed(candidate)


def _matches_data(candidate: Candidate) -> bool:
    return candidate.name.endswith(_DATA) and _signed(candidate)


def _read(content: Content, exam: Exam) -> None:
    head = superblock.read(content, exam)
    source = head.source
    if source.base:
        _user_block(content, source.base, exam)
    _end(head, exam)
    walk, survey, store = Walk(source), Survey(source, exam, head.end), Store(exam)
    try:
        for thing in walk.things(head.root):
            survey.add(thing)
            store.add(thing)
    except StopError as error:
        exam.gap(error.reason, error.detail)
    finally:
        if head.driver:
            exam.note(Sign.IRREGULAR, "driver", "the file is one of several that a driver of HDF5 joins")
            exam.gap("missing parts", "the other files of its driver")
        for path in walk.cycles[:20]:
            exam.note(Sign.IRREGULAR, path, "a group that contains itself")
        if store.found:
            exam.become("keras-hdf5")
        survey.settle(strict=store.found or exam.name.endswith(_WEIGHTS))
        store.settle()


def _user_block(content: Content, size: int, exam: Exam) -> None:
    """Bytes in front of the superblock, which HDF5 passes over and every other reader sees first."""
    block = content.read(0, min(size, HEAD)).rstrip(b"\x00")
    program = payloads.kind(block)
    if program:
        exam.note(Sign.PROGRAM, program, "stands in front of the HDF5 file, in its user block", 0)
    elif block:
        exam.note(Sign.IRREGULAR, "user block", f"{size} bytes in front of the HDF5 file", 0)


def _end(head: Superblock, exam: Exam) -> None:
    """Hold the declared end against the real one."""
    source, end = head.source, head.end
    if end > source.size:
        missing = end - source.size
        exam.note(Sign.INCOMPLETE, "end of file", f"the file ends {missing} bytes early: HDF5 does not open it")
        exam.gap("truncated", f"{missing} bytes are missing")
    else:
        tail.check(source.content, source.base + end, exam)


FORMAT = Format("hdf5", _matches, _read, (".h5", ".hdf5"), None)
DATA = Format("hdf5-data", _matches_data, _read, (), None, Role.ARCHIVE)
