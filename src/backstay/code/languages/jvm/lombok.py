"""Lombok: the constructors and getters that a class gets from its annotations."""

from backstay.code.facts import Assign, Attr, Call, Do, Expr, Function, Name, Param, Statement

_CONSTRUCTORS = frozenset(("AllArgsConstructor", "RequiredArgsConstructor", "Data", "Value", "Builder", "SuperBuilder"))
_EVERY_FIELD = frozenset(("AllArgsConstructor", "Value", "Builder", "SuperBuilder"))
_GETTERS = frozenset(("Data", "Value", "Getter"))


def generated(decorators: list[Expr], body: list[Statement], line: int) -> list[Statement]:
    """What Lombok adds to a class with these annotations and this body.

    `@RequiredArgsConstructor` takes the fields that are final and have no value. A fact does not say what is final;
    a field without a value that no annotation fills is taken, as that is how injected fields are written.
    """
    names = {one.id for one in map(_name, decorators) if isinstance(one, Name)}
    if not names & (_CONSTRUCTORS | _GETTERS):
        return []
    fields = [
        one for one in body if isinstance(one, Assign) and isinstance(one.target, Name) and one.annotation is not None
    ]
    functions = {one.name for one in body if isinstance(one, Function)}
    out: list[Statement] = []
    if names & _CONSTRUCTORS and "__init__" not in functions:
        every = bool(names & _EVERY_FIELD)
        taken = [one for one in fields if every or one.value is None]
        if taken:
            out.append(_constructor(taken, line))
    if names & _GETTERS:
        for one in fields:
            if isinstance(one.target, Name) and not one.target.id.isupper():
                getter = f"get{one.target.id[:1].upper()}{one.target.id[1:]}"
                if getter not in functions:
                    out.append(_getter(getter, one.target.id, one.annotation, one.line))
    return out


def _name(decorator: Expr) -> Expr:
    return decorator.func if isinstance(decorator, Call) else decorator


def _constructor(fields: list[Assign], line: int) -> Function:
    params, body = [Param("this", None, None)], list[Statement]()
    words: list[str] = []
    for one in fields:
        if isinstance(one.target, Name) and not one.target.id.isupper():
            name = one.target.id
            words.append(name)
            params.append(Param(name, one.value, one.annotation))
            body.append(Assign(Attr(Name("this", line), name, line), Name(name, line), one.annotation, "=", line))
    return Function("__init__", params, [], body, line, line, None, sorted(words), texts=False)


def _getter(name: str, field: str, annotation: Expr | None, line: int) -> Function:
    body: list[Statement] = [Do(Attr(Name("this", line), field, line), "return", line)]
    return Function(name, [Param("this", None, None)], [], body, line, line, annotation, [field], texts=False)
