"""What a C# file says of itself at first sight: usings, namespaces, top-level types, found by searching its bytes."""

import re

from backstay.code.language import Heading

MAX_NAMES = 2_000  # of one file; generated code has hundreds
GLOBAL = 1  # the level of a `global using`: it counts for every file of the project
_USING = re.compile(
    rb"[ \t]*(global[ \t]+)?using[ \t]+(?:static[ \t]+|unsafe[ \t]+)?"
    rb"(?:(?P<alias>[A-Za-z_]\w*)[ \t]*=[ \t]*)?(?:global::)?(?P<path>[A-Za-z_][\w.]*)[ \t]*[;<]"
)
_NAMESPACE = re.compile(rb"[ \t]*namespace[ \t]+([A-Za-z_][\w.]*)")
_TYPE = re.compile(
    rb"[ \t]*(?:\[[^\]\n]{0,200}\][ \t]*){0,3}"
    rb"(?:(?:public|internal|private|protected|file|static|sealed|abstract|partial|readonly|ref|unsafe)[ \t]+){0,6}"
    rb"(?:class|struct|interface|enum|record(?:[ \t]+(?:class|struct))?|delegate[ \t]+[\w<>,.?\[\]]{1,200})[ \t]+"
    rb"@?([A-Za-z_]\w*)"
)
_WORDS = (b"class ", b"struct ", b"interface ", b"enum ", b"record ", b"delegate ")


def source_heading(source: bytes) -> Heading:
    """The heading of a .cs file. A type in another namespace than the first is named in full.

    Nested types are told from top-level ones by their indentation: where a type's body begins is not looked for.
    """
    imports: dict[tuple[str, int], None] = {}
    package = current = ""
    within = -1  # indentation of the namespace that the next types stand in
    names: dict[str, None] = {}
    limit: int | None = None  # indentation of top-level types of the namespace being read
    for line in _lines(source):
        found = _USING.match(line)
        if found:
            path = found["path"].decode("ascii", "replace")
            imports[path, 0] = None
            if found["alias"] and "." in path:
                imports[path.rpartition(".")[0], 0] = None
            if found[1] and not found["alias"]:
                imports[path, GLOBAL] = None
            continue
        indent = len(line) - len(line.lstrip(b" \t"))
        found = _NAMESPACE.match(line)
        if found:
            name = found[1].decode("ascii", "replace")
            current = f"{current}.{name}" if 0 <= within < indent else name
            package, within, limit = package or current, indent, None
            continue
        found = _TYPE.match(line)
        if found and len(names) < MAX_NAMES:
            if limit is None or indent < limit:
                limit = indent
            if indent == limit:
                name = found[1].decode("ascii", "replace")
                names[name if current == package else f"{current}.{name}"] = None
    return Heading(list(imports), package, list(names))


def _lines(source: bytes) -> list[bytes]:
    """The lines that may matter, each cut to a length: usings, namespaces and types, in order."""
    starts: set[int] = set()
    for word in (b"using ", b"using\t", b"namespace ", *_WORDS):
        at = source.find(word)
        while at >= 0:
            starts.add(source.rfind(b"\n", 0, at) + 1)
            end = source.find(b"\n", at)
            # The rest of the line says nothing new.
            at = source.find(word, end) if end >= 0 else -1
    return [source[start : _end(source, start)] for start in sorted(starts)]


def _end(source: bytes, start: int) -> int:
    end = source.find(b"\n", start, start + 1_000)
    return end if end >= 0 else start + 1_000
