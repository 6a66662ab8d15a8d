"""Torch storages: compares the tensors' memory that a pickle of an archive asks for with the members that hold it."""

import re

from backstay.artifacts.containers import payloads
from backstay.artifacts.exam import Exam
from backstay.artifacts.format import Member
from backstay.artifacts.pickles.storages import Storage, precision
from backstay.artifacts.report import Sign

_HEAD = 1024
_FLOATS = ("Double", "Float", "Half", "BFloat16", "ComplexDouble", "ComplexFloat")
_PICKLES = (b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05")
_GLOBAL = re.compile(rb"\(*[ci][A-Za-z_][\w.]{0,80}\n[A-Za-z_][\w.]{0,80}\n")  # a pickle of protocol 0
_PACKED = ("QUInt4x2Storage", "QUInt2x4Storage")  # several items in a byte


def check(members: dict[str, Member], folder: str, storages: list[Storage], exam: Exam, end: str = "") -> list[str]:
    """Judge the storages that a pickle asks for; `folder` is where its archive has them, and `end` what their names
    end in. Gives the names of those that need no other reader."""
    done: list[str] = []
    for storage in storages:
        exam.step(5)
        name = f"{folder}{storage.key}{end}"
        member = members.get(name)
        if member is None:
            exam.note(Sign.INCOMPLETE, name, f"missing: tensors of {max(0, storage.items)} items lie in it")
            exam.gap("missing storage", name)
            continue
        if storage.size > member.size and storage.type not in _PACKED:
            message = f"{member.size} bytes, and tensors of {storage.size}: they reach beyond their memory"
            exam.note(Sign.TENSORS, name, message, member.offset)
        elif 0 <= storage.size < member.size:
            message = f"{member.size} bytes, and tensors of {storage.size}: the rest belongs to none"
            exam.note(Sign.IRREGULAR, name, message, member.offset)
        if not member.stored:
            exam.note(Sign.IRREGULAR, name, "compressed, as torch writes none", member.offset)
        if is_plain(member, exam):
            done.append(name)
    return done


def is_plain(member: Member, exam: Exam) -> bool:
    """Whether the first bytes of a storage are those of tensors: a program is noted, and a pickle or an archive is
    left to its own reader."""
    with exam.contained():
        head = member.open().glance(0, _HEAD)
        program = payloads.kind(head)
        if program:
            exam.note(Sign.PROGRAM, program, f"in the place of tensors, in {member.name}", max(member.offset, -1))
            return True
        return not head.startswith((*_PICKLES, b"PK\x03\x04")) and not _GLOBAL.match(head)
    return False


def tell(storages: list[Storage], exam: Exam) -> None:
    """The facts that storages show: how many parameters, of what precision."""
    floating = [one for one in storages if one.type.removesuffix("Storage") in _FLOATS and one.items > 0]
    counted = floating or [one for one in storages if one.items > 0]
    if counted:
        exam.fact("parameters", sum(one.items for one in counted))
    if storages:
        exam.fact("tensors", len(storages))
    found = precision(counted)
    if found:
        exam.fact("precision", found)
