"""What a bare name means while a C# file is read: a local, a member of the class around it, or something else."""

from dataclasses import dataclass, field

from backstay.code.facts import Attr, Expr, Name

INSTANCE, STATIC, TYPE = "instance", "static", "type"


@dataclass
class TypeContext:
    """A class being read: how it is named from outside, its members by kind, and whether others add members to it
    (`open`), whether it is a static class.

    `coloured` are the members named like their own type (`Kernel Kernel`): the bare name can mean either.
    """

    expr: Expr
    members: dict[str, str] = field(default_factory=dict)
    coloured: set[str] = field(default_factory=set)
    open: bool = False
    static: bool = False


class Locals:
    """The local names in scope, by block."""

    def __init__(self) -> None:
        self._count: dict[str, int] = {}
        self._blocks: list[list[str]] = []

    def enter(self) -> None:
        self._blocks.append([])

    def leave(self) -> None:
        for name in self._blocks.pop():
            self._count[name] -= 1

    def add(self, name: str) -> None:
        if self._blocks:
            self._blocks[-1].append(name)
            self._count[name] = self._count.get(name, 0) + 1

    def __contains__(self, name: str) -> bool:
        return self._count.get(name, 0) > 0


def meaning(name: str, line: int, types: list[TypeContext], static: bool, valued: bool) -> Expr | list[Expr]:
    """What a bare name that is no local stands for; several for one that is both a member and its type."""
    for depth, context in enumerate(reversed(types)):
        kind = context.members.get(name)
        if kind is None:
            continue
        if kind == TYPE:
            return Attr(context.expr, name, line)
        own = depth == 0 and not static
        member = Attr(Name("this", line) if own else context.expr, name, line)
        return [member, Name(name, line)] if name in context.coloured else member
    if types and types[-1].open and (valued or not name[:1].isupper()):
        # What nothing here binds is a value, or is spelled like one: a base class or another part has it.
        return Attr(types[-1].expr if static else Name("this", line), name, line)
    return Name(name, line)
