"""PyTorch files (`torch.save` since 1.6): a zip with a pickle, and the tensors' storages beside it."""

import re
from collections.abc import Sequence

from backstay.artifacts.containers import torch_storages
from backstay.artifacts.exam import Exam
from backstay.artifacts.format import Layout, Member
from backstay.artifacts.pickles import streams
from backstay.artifacts.pickles.storages import Storage

_PICKLE = re.compile(r"(?:[^/]+/)?data\.pkl", re.IGNORECASE)  # torch looks for names without regard to case
_LONG = 1000
_SMALL = 64  # bytes of the members that say how the archive was written
_MARKS = ("version", "byteorder", ".data/serialization_id", ".format_version", ".storage_alignment", ".data/version")


def root(members: dict[str, Member]) -> str:
    """The folder (with its slash, or empty) in which the pickle of a PyTorch archive stands, "?" when in none."""
    found = next((name for name in members if len(name) < _LONG and _PICKLE.fullmatch(name)), "?data.pkl")
    return found[: -len("data.pkl")]


def is_script(members: dict[str, Member], top: str) -> bool:
    """Whether an archive with this root has the constants or the code of TorchScript too."""
    return any(name.startswith((f"{top}constants.pkl", f"{top}code/", f"{top}bytecode.pkl")) for name in members)


def matches(members: dict[str, Member]) -> bool:
    """A `data.pkl`, in whatever folder, and nothing of what makes it a TorchScript archive or one for a server."""
    top = root(members)
    return top != "?" and not is_script(members, top) and "MAR-INF/MANIFEST.json" not in members


def read(members: dict[str, Member], exam: Exam) -> Sequence[str]:
    """Read the pickle and compare the storages with what it asks for."""
    exam.fact("framework", "PyTorch")
    done, storages = pickles(members, root(members), exam, ("data",))
    torch_storages.tell(storages, exam)
    return done


def pickles(members: dict[str, Member], top: str, exam: Exam, names: Sequence[str]) -> tuple[list[str], list[Storage]]:
    """Read the pickles of these names in a folder, each with the storages in the folder of its name; gives the members
    that were read, and all storages."""
    done = [f"{top}{mark}" for mark in _MARKS if f"{top}{mark}" in members and members[f"{top}{mark}"].size <= _SMALL]
    storages: list[Storage] = []
    for name in names:
        pickle = next((one for one in members if one.lower() == f"{top}{name}.pkl".lower()), "")
        if not pickle:
            continue
        with exam.contained():
            content = members[pickle].open()
            with exam.inside(pickle) as inside:
                done.append(pickle)
                found = streams.read(content, inside)
                storages += found.storages
                done += torch_storages.check(members, f"{top}{name}/", found.storages, exam)
    return done, storages


LAYOUT = Layout("pytorch", matches, read, (".pt", ".pth", ".ckpt", "pytorch_model.bin", ".pt.tar", ".pth.tar"), True)
