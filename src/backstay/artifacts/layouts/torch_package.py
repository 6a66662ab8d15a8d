"""PyTorch packages (`torch.package`): pickles together with the Python source that they need."""

from collections.abc import Sequence

from backstay.artifacts.containers import sources, torch_storages
from backstay.artifacts.exam import Exam
from backstay.artifacts.format import Layout, Member
from backstay.artifacts.pickles import streams
from backstay.artifacts.pickles.storages import Storage

_MARK = ".data/extern_modules"


def _root(members: dict[str, Member]) -> str:
    found = next((name for name in members if name.endswith(_MARK) and name.count("/") <= 2), "?" + _MARK)
    return found[: -len(_MARK)]


def matches(members: dict[str, Member]) -> bool:
    """The list of the modules that the package takes from its surroundings."""
    return _root(members) != "?"


def read(members: dict[str, Member], exam: Exam) -> Sequence[str]:
    """Read the pickles with their storages; the source is code that importing the package runs."""
    top = _root(members)
    exam.fact("framework", "PyTorch")
    done: list[str] = []
    storages: list[Storage] = []
    for name, member in members.items():
        if name.endswith(".pkl"):
            with exam.contained():
                content = member.open()
                with exam.inside(name) as inside:
                    done.append(name)
                    found = _storages(streams.read(content, inside).persistent)
                    storages += found
                    done += torch_storages.check(members, f"{top}.data/", found, exam, ".storage")
    torch_storages.tell(storages, exam)
    done += sources.judge((member for name, member in members.items() if name.endswith(".py")), exam)
    return done


def _storages(persistent: list[object]) -> list[Storage]:
    """The storages among persistent ids; packages number them."""
    found: dict[str, Storage] = {}
    for one in persistent:
        if isinstance(one, tuple) and len(one) >= 5 and one[0] == "storage" and isinstance(one[2], int | str):
            items = one[4] if isinstance(one[4], int) else -1
            found.setdefault(str(one[2]), Storage(getattr(one[1], "name", ""), str(one[2]), "", items))
    return list(found.values())


LAYOUT = Layout("torch-package", matches, read, (), True)
