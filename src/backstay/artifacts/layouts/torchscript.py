"""TorchScript archives (`torch.jit.save`): pickles, storages, and source for an interpreter of its own."""

from collections.abc import Sequence

from backstay.artifacts.containers import torch_storages, torchscript_code
from backstay.artifacts.exam import Exam
from backstay.artifacts.format import Layout, Member
from backstay.artifacts.layouts import pytorch

_SOURCE = 16 << 20


def matches(members: dict[str, Member]) -> bool:
    """The pickle of a PyTorch archive with that of its constants, or code beside it."""
    top = pytorch.root(members)
    return top != "?" and pytorch.is_script(members, top) and "MAR-INF/MANIFEST.json" not in members


def read(members: dict[str, Member], exam: Exam) -> Sequence[str]:
    """Read the pickles, and judge what the code calls."""
    top = pytorch.root(members)
    exam.fact("framework", "PyTorch")
    done, storages = pytorch.pickles(members, top, exam, ("data", "constants"))
    torch_storages.tell(storages, exam)
    for name, member in members.items():
        is_bytecode = name == f"{top}bytecode.pkl"
        if not is_bytecode and not (name.startswith(f"{top}code/") and name.endswith(".py")):
            continue
        with exam.contained():
            content = member.open()
            with exam.inside(name) as inside:
                if content.size > _SOURCE:
                    inside.gap("too large", f"TorchScript code of {content.size} bytes")
                    continue
                if is_bytecode:  # its pickle is left to the reader of pickles
                    torchscript_code.judge_bytecode(content.read(0, content.size), inside)
                    continue
                torchscript_code.judge(content.read(0, content.size), inside)
                done.append(name)
    return done


LAYOUT = Layout("torchscript", matches, read, (".torchscript", ".ptl"), True)
