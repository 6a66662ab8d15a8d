"""Walking facts: every call of a scope, with the name its result is given."""

from collections.abc import Iterator

from backstay.code.facts import (
    Assign,
    Attr,
    Call,
    Class,
    Do,
    Either,
    Expr,
    Function,
    Import,
    Lit,
    Map,
    Name,
    parts,
)
from backstay.code.scopes import Scope


def calls(scope: Scope) -> Iterator[tuple[Call, str]]:
    """Each call that stands in a scope itself (not in functions within), with the variable its result is assigned to.

    The variable is empty when there is none. Decorators and defaults belong to the scope that holds the definition.
    """
    for statement in scope.body:
        match statement:
            case Assign(target=target, value=value, how=how) if value is not None:
                variable = _variable(target) if how != "for" else ""  # a loop names an element
                carriers = set(map(id, _carriers(value)))
                for call in expression_calls(value):
                    yield call, variable if id(call) in carriers else ""
                if not isinstance(target, Name):
                    yield from ((call, "") for call in expression_calls(target))
            case Do(value=value):
                yield from ((call, "") for call in expression_calls(value))
            case Function():
                for decorator in statement.decorators:
                    yield from ((call, "") for call in expression_calls(decorator))
                for param in statement.params:
                    for part in (param.default, param.annotation):
                        if part is not None:
                            yield from ((call, "") for call in expression_calls(part))
            case Class():
                for part in (*statement.decorators, *statement.bases, *(value for _, value in statement.keywords)):
                    yield from ((call, "") for call in expression_calls(part))
            case Import() | Assign():
                pass


def _variable(target: Expr) -> str:
    if isinstance(target, Name):
        return "" if target.id.startswith("<") else target.id  # a front-end's own name for what is taken apart
    return target.name.lstrip("#") if isinstance(target, Attr) else ""


def _carriers(value: Expr) -> Iterator[Call]:
    """The calls whose result, or a method's result of it, is the value: both in `X().compile()`, one in `f(X())`."""
    if isinstance(value, Either):
        for one in value.options:
            yield from _carriers(one)
    while isinstance(value, Call | Attr):
        if isinstance(value, Call):
            yield value
            value = value.func
        else:
            value = value.value


def expression_calls(expr: Expr) -> Iterator[Call]:
    """Every call within an expression, inner ones first."""
    stack: list[tuple[Expr, bool]] = [(expr, False)]
    while stack:
        one, done = stack.pop()
        if done:
            if isinstance(one, Call):
                yield one
            continue
        stack.append((one, True))
        stack.extend((part, False) for part in reversed(list(parts(one))))


def keyed(scope: Scope) -> Iterator[tuple[Call, str]]:
    """Each call that a scope hands over under a key of a dictionary or object literal, with that key."""
    for statement in scope.body:
        found = statement.value if isinstance(statement, Assign | Do) else None
        stack: list[Expr] = [found] if found is not None else []
        while stack:
            one = stack.pop()
            stack.extend(parts(one))
            if isinstance(one, Map):
                for key, value in zip(one.keys, one.values, strict=False):
                    if isinstance(key, Lit) and isinstance(key.value, str):
                        yield from ((call, key.value) for call in _carriers(value))
