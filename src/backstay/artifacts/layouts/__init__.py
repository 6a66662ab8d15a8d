"""Layouts: reads the members of an archive by what kind of model they make up together, and the rest one by one."""

from collections.abc import Iterable

from backstay.artifacts.exam import Exam
from backstay.artifacts.format import Layout, Member
from backstay.artifacts.layouts import (
    keras,
    skops,
)

# Each is known by its members; the first that fits reads them.
LAYOUTS: tuple[Layout, ...] = (
    keras.LAYOUT,
    skops.LAYOUT,
)  # fmt: skip


def read_members(members: Iterable[Member], exam: Exam) -> bool:
    """Inspect the members of an archive; gives whether any of them is a model or part of one."""
    named: dict[str, Member] = {}
    for member in members:
        exam.enter()
        named.setdefault(member.name, member)  # the archive's reader reports duplicates
    layout = next((one for one in LAYOUTS if one.matches(named)), None)
    done: set[str] = set()
    if layout is not None:
        exam.become(layout.id)
        with exam.contained():
            done.update(layout.read(named, exam))
    found = layout is not None
    for member in named.values():
        if member.name in done:
            continue
        with exam.contained():
            found |= bool(exam.inspect(member.open(), member.name))
    return found
