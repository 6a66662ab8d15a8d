"""NumPy archives (.npz): a zip of arrays, of which each header and each array of objects is read."""

from collections.abc import Sequence

from backstay.artifacts.containers import npy
from backstay.artifacts.exam import Exam
from backstay.artifacts.format import Layout, Member
from backstay.artifacts.formats import numpy


def matches(members: dict[str, Member]) -> bool:
    """Nothing but arrays by name."""
    return bool(members) and all(name.endswith(".npy") for name in members)


def read(members: dict[str, Member], exam: Exam) -> Sequence[str]:
    """Read the arrays; a member that is none is left to others."""
    exam.fact("framework", "NumPy")
    exam.fact("tensors", len(members))
    done: list[str] = []
    count = 0
    for name, member in members.items():
        with exam.contained():
            content = member.open()
            if content.read(0, 6) != npy.MAGIC:
                continue
            done.append(name)
            with exam.inside(name) as inside:
                array = npy.header(content, inside)
                count += array.count if array.is_possible and not array.has_objects else 0
                numpy.judge(array, content, inside)
    exam.fact("parameters", count)
    return done


LAYOUT = Layout("npz", matches, read, (".npz",), executable=None)
