"""Facts: what a language front-end says of one file; small, plain data that can be kept and sent.

A module is a list of statements in source order; branches and loops are flattened into it, because what matters
here is which values can meet, not in which order. Lines count from 1.
"""

from collections.abc import Iterator
from typing import Union

import msgspec


class _Expr(msgspec.Struct, array_like=True, gc=False, eq=False):
    pass


class Lit(_Expr, tag=1):
    """A literal: text, number, bool or None."""

    value: str | int | float | bool | None
    line: int
    end_line: int = 0


class Name(_Expr, tag=2):
    id: str
    line: int


class Attr(_Expr, tag=3):
    """`value.name`."""

    value: "Expr"
    name: str
    line: int


class Call(_Expr, tag=4):
    """`func(args, name=value)`; a keyword with an empty name is `**value`, a Star among args is `*value`."""

    func: "Expr"
    args: list["Expr"]
    keywords: list[tuple[str, "Expr"]]
    line: int
    end_line: int


class Item(_Expr, tag=5):
    """`value[index]`."""

    value: "Expr"
    index: "Expr"
    line: int


class Text(_Expr, tag=6):
    """Text put together from parts: an f-string, a concatenation, a template literal."""

    parts: list["Expr"]
    line: int
    end_line: int


class Seq(_Expr, tag=7):
    """A list, tuple or set."""

    items: list["Expr"]
    line: int


class Map(_Expr, tag=8):
    """A dictionary; a key of None is a `**` spread of the value."""

    keys: list[Union["Expr", None]]
    values: list["Expr"]
    line: int


class Op(_Expr, tag=9):
    """A binary operation other than text concatenation, by its sign."""

    op: str
    left: "Expr"
    right: "Expr"
    line: int


class Either(_Expr, tag=10):
    """One of several values: a conditional expression, `or`, `and`."""

    options: list["Expr"]
    line: int


class Lambda(_Expr, tag=11):
    params: list[str]
    body: "Expr"
    line: int


class Comp(_Expr, tag=12):
    """A comprehension: `element` for `target` in `source` (a dictionary's has `key`).

    `inner` are its conditions and what further clauses run over.
    """

    element: "Expr"
    target: "Expr"
    source: "Expr"
    line: int
    key: Union["Expr", None] = None
    inner: list["Expr"] = []


class Star(_Expr, tag=13):
    """`*value` in a call or list."""

    value: "Expr"
    line: int


class Opaque(_Expr, tag=14):
    """Something that has no value we follow; its parts are kept because calls may hide in them."""

    parts: list["Expr"]
    line: int


Expr = Lit | Name | Attr | Call | Item | Text | Seq | Map | Op | Either | Lambda | Comp | Star | Opaque


def parts(expr: Expr) -> Iterator[Expr]:
    """The expressions directly within one."""
    match expr:
        case Call(func, args, keywords):
            yield func
            yield from args
            yield from (value for _, value in keywords)
        case Attr(value) | Star(value):
            yield value
        case Item(value, index):
            yield value
            yield index
        case Text(inner) | Opaque(inner) | Seq(inner) | Either(inner):
            yield from inner
        case Map(keys, values):
            yield from (key for key in keys if key is not None)
            yield from values
        case Op(_, left, right):
            yield left
            yield right
        case Lambda(_, body):
            yield body
        case Comp(element, _, source, _, key, inner):
            yield source
            yield from inner
            if key is not None:
                yield key
            yield element


def decorating(decorator: Expr) -> Expr:
    """What a decorator names, whether it is called with arguments or not."""
    return decorator.func if isinstance(decorator, Call) else decorator


class Param(msgspec.Struct, array_like=True, gc=False, eq=False):
    """A parameter; `kind` is "" for an ordinary one, "*" or "**" for the collecting ones."""

    name: str
    default: Expr | None
    annotation: Expr | None
    kind: str = ""


class Import(msgspec.Struct, array_like=True, gc=False, eq=False, tag=1):
    """`from module import name as alias`; `name` is empty for `import module`, `level` counts leading dots."""

    module: str
    name: str
    alias: str
    level: int
    line: int


class Assign(msgspec.Struct, array_like=True, gc=False, eq=False, tag=2):
    """A target gets a value: `how` is "=", "+=", "with", "for" (an element of value) or ":" (annotation only).

    `branch` is how many conditions and loops it stands in: above 0, earlier values may remain.
    """

    target: Expr
    value: Expr | None
    annotation: Expr | None
    how: str
    line: int
    branch: int = 0


class Do(msgspec.Struct, array_like=True, gc=False, eq=False, tag=3):
    """An expression for its effect, or a value that is handed back (`how`: "", "return", "yield")."""

    value: Expr
    how: str
    line: int


class Function(msgspec.Struct, array_like=True, eq=False, tag=4):
    """A function. `words` are the names and attributes its code mentions, inner functions included.

    `globals` are the names it declares to be the module's. `texts` says that it holds a literal which is long,
    or has a digit in it as the ids of models have.
    """

    name: str
    params: list[Param]
    decorators: list[Expr]
    body: list["Statement"]
    line: int
    end_line: int
    returns: Expr | None = None
    words: list[str] = []
    globals: list[str] = []
    texts: bool = True


class Class(msgspec.Struct, array_like=True, eq=False, tag=5):
    name: str
    bases: list[Expr]
    keywords: list[tuple[str, Expr]]
    decorators: list[Expr]
    body: list["Statement"]
    line: int
    end_line: int


class Narrow(msgspec.Struct, array_like=True, gc=False, eq=False, tag=6):
    """From `line` to `until`, a name has one of `value` (`how` "in"), that value ("=="), or none of it ("not")."""

    name: str
    value: Expr
    how: str
    line: int
    until: int


Statement = Import | Assign | Do | Function | Class | Narrow


class Module(msgspec.Struct, array_like=True, eq=False):
    """One file. `main` says that it runs when started as a script; `broken` counts places that did not parse.

    `loops` are the first and last lines of its loops, which are flattened otherwise.
    """

    path: str
    language: str
    body: list[Statement]
    main: bool = False
    broken: int = 0
    notebook: bool = False
    loops: list[tuple[int, int]] = []
