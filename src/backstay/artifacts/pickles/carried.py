"""Carried code: what the code that a pickle makes into functions would do, by the names and constants it is made of."""

from typing import TYPE_CHECKING

from backstay.artifacts.pickles.constants import UnknownError
from backstay.artifacts.pickles.fold import literal
from backstay.artifacts.pickles.terms import Global, Group, Value
from backstay.artifacts.programs import names, source

if TYPE_CHECKING:
    from backstay.artifacts.pickles.judge import Verdicts

_COMPILING = "torch.fx."  # makes classes out of source
_MAKERS = ("CodeType", "_create_code", "code")


def weigh(judge: "Verdicts", function: Global, args: Value, at: int) -> None:
    """Judge a code object by its fields: tuples of texts are the names that it uses, the rest are its constants."""
    if function.module.startswith(_COMPILING):
        text = "\n".join(_texts(judge, args, 0))
        if text:
            source.judge(text.encode("utf-8", "replace"), judge.exam, function.path)
    if function.name.rpartition(".")[2] not in _MAKERS:
        return
    used: list[str] = []
    constants: list[object] = []
    for one in args.items or () if isinstance(args, Group) else ():
        try:
            value = literal(one, judge.constants)
        except UnknownError:
            constants += _known(judge, one)
            continue
        if isinstance(value, tuple) and value and all(isinstance(part, str) for part in value):
            used += value
        constants += value if isinstance(value, tuple) else [value]
    names.judge(used, constants, judge.exam, function.path, at)


def _texts(judge: "Verdicts", value: Value, depth: int) -> list[str]:
    """The texts with more than a name in them: source, in the order in which it is given."""
    if isinstance(value, Group):
        inner = value.items or () if depth < 4 else ()
        return [text for one in inner for text in _texts(judge, one, depth + 1)]
    try:
        text = literal(value, judge.constants)
    except UnknownError:
        return []
    return [text] if isinstance(text, str) and "\n" in text else []


def _known(judge: "Verdicts", value: Value) -> list[object]:
    """What is known of a container that holds other code objects, too."""
    found = []
    for one in value.items or () if isinstance(value, Group) else ():
        try:
            found.append(literal(one, judge.constants))
        except UnknownError:
            continue
    return found
