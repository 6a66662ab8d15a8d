"""Imports, as both languages write them: of a type, of what stands within a type, of a whole package."""

from backstay.code.facts import Assign, Attr, Expr, Import, Name, Statement


def imported(path: str, alias: str, line: int) -> list[Statement]:
    """`import a.b.C`; what stands within a type (`a.b.C.name`) is taken from it, so that a project's is found too."""
    parts = [part.strip() for part in path.split(".")]
    parts = [part for part in parts if part and part != "Companion"]
    if len(parts) < 2:
        return []
    if parts[-1] == "*":
        return [Import(".".join(parts[:-1]), "*", "", 0, line)]
    outer = next((at for at, part in enumerate(parts[:-1]) if part[:1].isupper()), None)
    if outer is None:
        name = parts[-1]
        return [Import(".".join(parts[:-1]), name, alias if alias != name else "", 0, line)]
    local = f"<import:{line}:{parts[outer]}>"
    value: Expr = Name(local, line)
    for part in parts[outer + 1 :]:
        value = Attr(value, part, line)
    return [
        Import(".".join(parts[:outer]), parts[outer], local, 0, line),
        Assign(Name(alias or parts[-1], line), value, None, "=", line, 0),
    ]


def bound(path: str, alias: str) -> str:
    """The name that an import binds in its file; empty for a whole package."""
    name = alias or path.rpartition(".")[2].strip()
    return "" if name == "*" else name
