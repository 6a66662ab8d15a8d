"""Sketch: facts as short text, close to the source they were read from, so that tests can be read."""

from backstay.code.facts import (
    Assign,
    Attr,
    Call,
    Class,
    Comp,
    Do,
    Either,
    Expr,
    Function,
    Import,
    Item,
    Lambda,
    Lit,
    Map,
    Name,
    Narrow,
    Op,
    Opaque,
    Param,
    Seq,
    Star,
    Statement,
    Text,
)


def sketch(one: Expr | Statement | None) -> str:
    """One fact as text. `either(a, b)` are alternatives, `text(...)` is put together, `?` has no value we follow."""
    match one:
        case None:
            return "-"
        case Lit(value):
            return repr(value)
        case Name(id):
            return id
        case Attr(value, name):
            return f"{sketch(value)}.{name}"
        case Call(func, args, keywords):
            given = [sketch(arg) for arg in args] + [f"{n}={sketch(v)}" if n else f"**{sketch(v)}" for n, v in keywords]
            return f"{sketch(func)}({', '.join(given)})"
        case Item(value, index):
            return f"{sketch(value)}[{sketch(index)}]"
        case Text(parts):
            return f"text({_all(parts)})"
        case Seq(items):
            return f"[{_all(items)}]"
        case Map(keys, values):
            pairs = zip(keys, values, strict=True)
            return (
                "{"
                + ", ".join(f"{sketch(k)}: {sketch(v)}" if k is not None else f"**{sketch(v)}" for k, v in pairs)
                + "}"
            )
        case Op(op, left, right):
            return f"({sketch(left)} {op} {sketch(right)})"
        case Either(options):
            return f"either({_all(options)})"
        case Lambda(params, body):
            return f"lambda {', '.join(params)}: {sketch(body)}"
        case Comp(element, target, source, _, key, inner):
            made = f"{sketch(key)}: {sketch(element)}" if key is not None else sketch(element)
            return f"<{made} for {sketch(target)} in {sketch(source)}{' also ' + _all(inner) if inner else ''}>"
        case Star(value):
            return f"*{sketch(value)}"
        case Opaque(parts):
            return f"?({_all(parts)})"
        case Import(module, name, alias, level):
            said = f"from {'.' * level}{module} import {name}" if name else f"import {module}"
            return said + (f" as {alias}" if alias else "")
        case Assign(target, value, annotation, how):
            noted = f": {sketch(annotation)}" if annotation is not None else ""
            return f"{sketch(target)}{noted} {how} {sketch(value)}"
        case Do(value, how):
            return f"{how} {sketch(value)}".strip()
        case Narrow(name, value, how, line, until):
            return f"within {line}-{until} {name} {how} {sketch(value)}"
        case Function(name, params, decorators, body, returns=returns):
            marks = "".join(f"@{sketch(each)} " for each in decorators)
            gives = f" -> {sketch(returns)}" if returns is not None else ""
            return f"{marks}def {name}({', '.join(map(_param, params))}){gives}: {'; '.join(map(sketch, body))}".strip()
        case Class(name, bases, keywords, decorators, body):
            marks = "".join(f"@{sketch(each)} " for each in decorators)
            given = [sketch(base) for base in bases] + [f"{n}={sketch(v)}" for n, v in keywords]
            return f"{marks}class {name}({', '.join(given)}): {'; '.join(map(sketch, body))}".strip()


def _all(parts: list[Expr]) -> str:
    return ", ".join(sketch(part) for part in parts)


def _param(param: Param) -> str:
    noted = f": {sketch(param.annotation)}" if param.annotation is not None else ""
    default = f"={sketch(param.default)}" if param.default is not None else ""
    return f"{param.kind}{param.name}{noted}{default}"
