"""Headings: a Go file's package, imports and top-level names, found by its lines alone."""

import re

from backstay.code.language import Heading

MAX_NAMES = 10_000
_LONG = 400  # characters of a line that are looked at
_PACKAGE = re.compile(r"package\s+(\w+)")
_QUOTED = re.compile(r'["`]([^"`\s]+)["`]')
_NAMES = re.compile(r"[^\W\d]\w*(?:\s*,\s*[^\W\d]\w*)*")
_RECEIVER = re.compile(r"func\s*\(\s*(?:[^\W\d]\w*\s+)?\**\s*\(?\s*\**\s*([^\W\d]\w*)")
_FUNCTION = re.compile(r"func\s+([^\W\d]\w*)")
_MAJOR = re.compile(r"/v(?:[2-9]|[1-9][0-9]{1,3})(?=/|\Z)")
_DOTTED = re.compile(r"\.v[0-9]{1,4}(?=/|\Z)")


def plain_path(module: str) -> str:
    """An import path without its major version: `x/y/v2/z` is `x/y/z`, and `gopkg.in/yaml.v3` is `gopkg.in/yaml`."""
    module = module[:_LONG]
    if module.startswith("gopkg.in/"):
        module = _DOTTED.sub("", module)
    return _MAJOR.sub("", module)


def receiver(name: str) -> str:
    """How a heading says that a file holds methods of a type."""
    return f"({name})"


def heading(path: str, source: bytes) -> Heading:
    """The imports, package and top-level names of a file, and the types it holds methods of.

    Reads lines as gofmt writes them: declarations begin a line, and the names of a group share its first indent.
    """
    reader = _Lines()
    for raw in source.split(b"\n"):
        if len(reader.names) > MAX_NAMES:
            break
        if raw[:1] in (b"", b"}", b"/", b"\r") and not reader.group:
            continue
        reader.line(raw[:_LONG].decode("utf-8", "replace").rstrip())
    return Heading(list(dict.fromkeys(reader.imports)), reader.package, list(dict.fromkeys(reader.names)))


class _Lines:
    """Reads one line after the other; `group` is the keyword whose parentheses are open."""

    def __init__(self) -> None:
        self.package = ""
        self.imports: list[tuple[str, int]] = []
        self.names: list[str] = []
        self.group = ""
        self._indent = ""
        self._declared = False

    def line(self, line: str) -> None:
        if self.group:
            self._grouped(line)
            return
        word, _, rest = line.partition(" ")
        if word == "package" and not self.package:
            found = _PACKAGE.match(line)
            self.package = found[1] if found else ""
        elif word in ("import", "import("):
            self._opened("import", rest if word == "import" else "(")
        elif word in ("type", "var", "const"):
            self._opened(word, rest)
            self._declared = True
        elif word in ("func", "func("):
            self._declared = True
            found = _FUNCTION.match(line)
            of = None if found else _RECEIVER.match(line)
            if found and found[1] not in ("main", "init"):
                self.names.append(found[1])
            elif of:
                self.names.append(receiver(of[1]))

    def _opened(self, keyword: str, rest: str) -> None:
        rest = rest.lstrip()
        if not rest.startswith("("):
            self._entry(keyword, rest)
            return
        inner = rest[1:].strip()
        if inner.endswith(")"):
            self._entry(keyword, inner[:-1])
        else:
            self.group, self._indent = keyword, ""
            if inner and not inner.startswith("//"):
                self._entry(keyword, inner)

    def _grouped(self, line: str) -> None:
        stripped = line.lstrip()
        if line.startswith(")") or (self.group == "import" and stripped.startswith(")")):
            self.group = ""
            return
        if not stripped or stripped.startswith(("//", "/*", "*")):
            return
        indent = line[: len(line) - len(stripped)]
        self._indent = self._indent or indent
        if self.group == "import" or indent == self._indent:
            self._entry(self.group, stripped)

    def _entry(self, keyword: str, text: str) -> None:
        if keyword == "import":
            found = None if self._declared else _QUOTED.search(text)
            if found and found[1] != "C":
                self.imports.append((plain_path(found[1]), 0))
            return
        names = _NAMES.match(text)
        if names:
            self.names += [name for name in re.split(r"\s*,\s*", names[0]) if name != "_"]
