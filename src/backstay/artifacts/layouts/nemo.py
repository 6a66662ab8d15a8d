"""NeMo files (`.nemo`): a tar with the weights, and a configuration that names the classes to build."""

from collections.abc import Sequence

from backstay.artifacts import targets
from backstay.artifacts.containers import names
from backstay.artifacts.exam import Exam
from backstay.artifacts.format import Layout, Member

_CONFIGURATION = "model_config.yaml"
_LARGE = 16 << 20


def matches(members: dict[str, Member]) -> bool:
    """The configuration that `restore_from` looks for."""
    return any(names.normal(name) == _CONFIGURATION for name in members)


def read(members: dict[str, Member], exam: Exam) -> Sequence[str]:
    """Judge what the configuration makes the loader build; the weights are left to their own reader."""
    exam.fact("framework", "NeMo")
    done: list[str] = []
    for name, member in members.items():
        if names.normal(name).rpartition("/")[2] != _CONFIGURATION:
            continue
        with exam.contained():
            content = member.open()
            with exam.inside(name) as inside:
                if content.size > _LARGE:
                    inside.gap("too large", f"a configuration of {content.size} bytes")
                    continue
                done.append(name)
                targets.judge(content.read(0, content.size).decode("utf-8", "replace"), inside, name)
    return done


LAYOUT = Layout("nemo", matches, read, (".nemo",), None)
