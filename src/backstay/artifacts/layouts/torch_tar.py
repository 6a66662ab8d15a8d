"""PyTorch tar files: what `torch.save` wrote before version 0.1.10, and `torch.load` still reads."""

from collections.abc import Sequence

from backstay.artifacts.containers import names
from backstay.artifacts.exam import Exam
from backstay.artifacts.format import Layout, Member
from backstay.artifacts.pickles import streams

_PARTS = ("storages", "tensors", "pickle")  # in the order in which they are loaded


def matches(members: dict[str, Member]) -> bool:
    """The three files that `torch.load` opens."""
    plain = {names.normal(name) for name in members}
    return plain.issuperset(_PARTS)


def read(members: dict[str, Member], exam: Exam) -> Sequence[str]:
    """Read the pickles that each of the files begins with or is."""
    exam.fact("framework", "PyTorch")
    done: list[str] = []
    for name, member in members.items():
        if names.normal(name) in (*_PARTS, "sys_info"):
            with exam.contained():
                content = member.open()
                with exam.inside(name) as inside:
                    done.append(name)
                    streams.read(content, inside)
    return done


LAYOUT = Layout("pytorch-tar", matches, read, (), True)
