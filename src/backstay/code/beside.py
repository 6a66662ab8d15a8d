"""Beside: tools whose definition stands beside the function that runs them, in a pair or in a call of the project.

`return mcp.NewTool("search"), handler` and `register(mcp.Tool{Name: "search"}, func(...) {...})` say which code a tool
runs, whatever the project then does with the two.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from backstay.code.facts import Assign, Attr, Call, Do, Expr, Name, Seq, parts
from backstay.code.ledger import Made
from backstay.code.scopes import FunctionScope, Scope
from backstay.code.values import ClassValue, FunctionValue, options
from backstay.model import Kind

if TYPE_CHECKING:
    from backstay.code.observe import Observer

MAX_BESIDE = 12  # arguments or values among which a tool and its function are looked for


def join_beside(o: Observer) -> None:
    """Let each function that stands beside one tool be that tool's code; needs all calls to be observed."""
    for scope in o.graph.scopes:
        for group in _groups(o, scope):
            tools = {made.key: made for one in group for made in _tools(o, one, scope)}
            functions = (
                {id(one): one for expr in group for one in _functions(o, expr, scope)} if len(tools) == 1 else {}
            )
            if len(functions) == 1:
                o.bear(next(iter(functions.values())), next(iter(tools.values())))


def _groups(o: Observer, scope: Scope) -> Iterator[list[Expr]]:
    """Expressions that stand beside each other: the values a function gives back, the arguments of a call."""
    for statement in scope.body:
        if not isinstance(statement, Assign | Do) or statement.value is None:
            continue
        if isinstance(statement, Do) and statement.how == "return" and isinstance(statement.value, Seq):
            yield statement.value.items[:MAX_BESIDE]
        stack: list[Expr] = [statement.value]
        while stack:
            one = stack.pop()
            if isinstance(one, Call):
                given = [*one.args, *(value for _, value in one.keywords)]
                if 1 < len(given) <= MAX_BESIDE and _makes_tool(o, given) and _is_own(o, one, scope):
                    yield given
            stack.extend(parts(one))


def _makes_tool(o: Observer, given: list[Expr]) -> bool:
    return any(isinstance(one, Call) and any(made.kind == Kind.TOOL for made in o.made_by(one)) for one in given)


def _is_own(o: Observer, call: Call, scope: Scope) -> bool:
    """Whether a call is of the project's own function or class; what a library's mean, tables say."""
    return any(isinstance(one, FunctionValue | ClassValue) for one in options(o.resolver.value(call.func, scope)))


def _tools(o: Observer, expr: Expr, scope: Scope) -> list[Made]:
    held = o.made_by(expr) if isinstance(expr, Call) else []
    if isinstance(expr, Name):
        held = o.assets_of(o.resolver.value(expr, scope))
    return [made for made in held if made.kind == Kind.TOOL]


def _functions(o: Observer, expr: Expr, scope: Scope) -> list[FunctionScope]:
    if not isinstance(expr, Name | Attr):
        return []
    found = options(o.resolver.value(expr, scope))
    return [one.scope for one in found if isinstance(one, FunctionValue) and one.scope.function.params]
