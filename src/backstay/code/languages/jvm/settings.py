"""Settings that are injected: `@Value("${openai.api-key:none}")` is the setting, by the variable that can hold it."""

import re

from backstay.code.facts import Attr, Call, Expr, Lit, Name

MAX_SETTING = 300  # characters
_PLACEHOLDER = re.compile(r"\$\{([\w.\-]{1,200})(?::([^{}]{0,200}))?\}")
_PARTS = re.compile(r"[.\-]")


def configured(annotations: list[Expr], kind: Expr | None) -> Expr | None:
    """The value that a field or parameter is given by its annotations; None when none says so.

    Frameworks look a key up in the environment as well, in capitals and with `_` for `.` and `-`.
    """
    for one in annotations:
        if not isinstance(one, Call) or not isinstance(one.func, Name):
            continue
        given = {name: value.value for name, value in one.keywords if isinstance(value, Lit)}
        if one.func.id == "Value":
            first = one.args[0] if one.args else None
            text = first.value if isinstance(first, Lit) else given.get("value")
            if isinstance(text, str) and len(text) <= MAX_SETTING:
                return _value(text, kind, one.line)
        elif one.func.id in ("ConfigProperty", "Property"):
            name, default = given.get("name"), given.get("defaultValue")
            if isinstance(name, str) and len(name) <= MAX_SETTING:
                return _variable(name, default if isinstance(default, str) else None, one.line)
    return None


def _value(text: str, kind: Expr | None, line: int) -> Expr | None:
    found = _PLACEHOLDER.fullmatch(text)
    if found is not None:
        return _variable(found.group(1), found.group(2), line)
    if text.startswith(("classpath:", "classpath*:")):
        return resource(text, line)
    if text.startswith("file:") and isinstance(kind, Name):
        return Call(kind, [Lit(text, line)], [], line, line)
    return None if "${" in text or "#{" in text else Lit(text, line)


def resource(path: str, line: int) -> Expr:
    """The text of a resource, which stands in a folder that the build gives the program to read from."""
    whole = "src/main/resources/" + path.rpartition(":")[2].lstrip("/")
    return Call(Attr(Name("System", line), "readResource", line), [Lit(whole, line)], [], line, line)


def _variable(key: str, default: str | None, line: int) -> Expr:
    args: list[Expr] = [Lit(_PARTS.sub("_", key).upper(), line)]
    if default is not None:
        args.append(Lit(default, line))
    return Call(Attr(Name("System", line), "getenv", line), args, [], line, line)
