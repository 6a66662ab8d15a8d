"""Sources: judges the Python files that an archive brings along and that its loader runs."""

from collections.abc import Iterable

from backstay.artifacts.exam import Exam
from backstay.artifacts.format import Member
from backstay.artifacts.programs import source


def judge(members: Iterable[Member], exam: Exam) -> list[str]:
    """Judge each as what the model brings; gives the names of those that were read."""
    done: list[str] = []
    for member in members:
        with exam.contained():
            content = member.open()
            with exam.inside(member.name) as inside:
                done.append(member.name)
                if content.size > source.MAX_SOURCE:
                    inside.gap("too large", f"code of {content.size} bytes")
                source.judge(content.read(0, source.MAX_SOURCE), inside, member.name)
    return done
