"""What Go modules say they depend on: go.mod."""

from collections.abc import Iterator

from backstay.detectors.support.dependencies import Dependency
from backstay.plugin import File

MAX_LINE = 1_000
_LOCAL = ("./", "../", "/", ".\\", "..\\")


def go_mod(file: File) -> Iterator[Dependency]:
    """The modules that a go.mod requires, as its replacements have them; those in folders of the project are none."""
    wanted: list[tuple[list[str], int, bool]] = []
    replaced: dict[str, list[str]] = {}
    for verb, words, line, comment in _directives(file.text):
        if verb == "require" and len(words) == 2:
            wanted.append((words, line, "indirect" in comment))
        elif verb == "replace" and "=>" in words:
            at = words.index("=>")
            replaced["@".join(words[:at])] = words[at + 1 :]
    for (name, version), line, indirect in wanted:
        other = replaced.get(f"{name}@{version}", replaced.get(name))
        if other is None:
            yield Dependency("golang", name, version, "", line, "runtime", not indirect)
        elif len(other) == 2:
            yield Dependency("golang", other[0], other[1], "", line, "runtime", not indirect)
        elif other and not other[0].startswith(_LOCAL):
            yield Dependency("golang", other[0], None, "", line, "runtime", not indirect)


def _directives(text: str) -> Iterator[tuple[str, list[str], int, str]]:
    """Each directive's verb, words, line and comment, those in parentheses with the verb before them."""
    group = ""
    for number, raw in enumerate(text.splitlines(), 1):
        code, _, comment = raw[:MAX_LINE].partition("//")
        words = [word.strip('"`') for word in code.split()]
        if not words:
            continue
        if group:
            if words == [")"]:
                group = ""
            else:
                yield group, words, number, comment
        elif words[-1] == "(":
            group = words[0]
        else:
            yield words[0], words[1:], number, comment
