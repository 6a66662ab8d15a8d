"""Razor components: the C# in `@code` blocks and directives, as the class that the compiler makes of them."""

import re

_DIRECTIVE = re.compile(
    rb"[ \t]*@(?:(?P<using>using)[ \t]+(?P<namespace>[\w.=][\w. =]{0,200})|"
    rb"inject[ \t]+(?P<type>[\w.<>,? ]{1,200}?)[ \t]+(?P<name>@?[A-Za-z_]\w*)|"
    rb"inherits[ \t]+(?P<base>[\w.<>,?]{1,200})|(?P<code>(?:code|functions)\b))"
)


def component(name: str, source: bytes) -> tuple[list[str], bytes]:
    """The namespaces a component uses, and C# of the same lines: a class with what is injected and the code."""
    lines = source.split(b"\n")
    blank = [b""] * len(lines)
    usings: list[bytes] = []
    base = b"Microsoft.AspNetCore.Components.ComponentBase"
    at = 0
    while at < len(lines):
        found = _DIRECTIVE.match(lines[at])
        if found is None:
            at += 1
            continue
        if found["namespace"]:
            usings.append(b"using " + found["namespace"].strip() + b";")
        elif found["type"]:
            blank[at] = b"private " + found["type"].strip() + b" " + found["name"].lstrip(b"@") + b";"
        elif found["base"]:
            base = found["base"]
        elif found["code"]:
            at = _code(lines, at, found.end(), blank)
        at += 1
    word = re.sub(rb"\W", b"_", name.encode("utf-8", "replace"))
    blank[0] = b" ".join([*usings, b"partial class", word, b":", base, b"{", blank[0]])
    spaces = [one[6:-1].decode("ascii", "replace") for one in usings if b"=" not in one]
    return spaces, b"\n".join([*blank[:-1], blank[-1] + b" }"])


def _code(lines: list[bytes], start: int, column: int, out: list[bytes]) -> int:
    """Copies a code block; gives the line it ends on. Braces in texts are taken for what they look like in pairs."""
    depth = 0
    for at in range(start, len(lines)):
        line = lines[at]
        first = line.find(b"{", column) + 1 if not depth and at >= start else 0
        if not depth:
            if not first:
                if line[column:].strip():
                    return at  # no block after all
                column = 0
                continue
            depth = 1
        kept = first
        for index in range(first, len(line)):
            char = line[index : index + 1]
            depth += (char == b"{") - (char == b"}")
            if not depth:
                out[at] = line[kept:index]
                return at
        out[at] = line[kept:]
        column = 0
    return len(lines)
