"""Layouts: reads the members of an archive by what kind of model they make up together, and the rest one by one."""

from collections.abc import Iterable

from backstay.artifacts.containers import payloads
from backstay.artifacts.content import Content
from backstay.artifacts.exam import Exam
from backstay.artifacts.format import Layout, Member
from backstay.artifacts.layouts import (
    keras,
    mojo,
    nemo,
    numpy_archive,
    pytorch,
    skops,
    torch_export,
    torch_model_archive,
    torch_package,
    torch_tar,
    torchscript,
)
from backstay.artifacts.programs import marshalled
from backstay.artifacts.report import Sign

# Each is known by its members; the first that fits reads them.
LAYOUTS: tuple[Layout, ...] = (
    keras.LAYOUT,
    mojo.LAYOUT,
    nemo.LAYOUT,
    numpy_archive.LAYOUT,
    pytorch.LAYOUT,
    skops.LAYOUT,
    torch_export.LAYOUT,
    torch_model_archive.LAYOUT,
    torch_package.LAYOUT,
    torch_tar.LAYOUT,
    torchscript.LAYOUT,
)  # fmt: skip

_BYTECODE = 4 << 20


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
            content = member.open()
            if layout is not None:
                _program(content, member, exam)
            found |= bool(exam.inspect(content, member.name))
    return found


def _program(content: Content, member: Member, exam: Exam) -> None:
    """A program in a model's archive, which its layout did not ask for."""
    kind = payloads.kind(content.read(0, 4096))
    if kind == "Python bytecode" and content.size <= _BYTECODE:
        marshalled.judge(content.read(0, content.size), exam, member.name, member.offset, strict=False)
    elif kind in ("script", "Python bytecode"):
        exam.note(Sign.CARRIES, member.name, f"a {kind} beside the model", member.offset)
    elif kind:
        exam.note(Sign.PROGRAM, member.name, f"{kind} in the archive of a model", member.offset)
