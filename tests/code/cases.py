"""Cases: reads small programs and what is expected of them from a text file, where code is easier to read."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Case:
    name: str
    expected: str
    files: dict[str, str]


def cases(name: str, head: str) -> list[Case]:
    """The cases of a file beside this one: `### name: expected`, then `--- path` and code for each file.

    Without a path the code is that of `app.py`, and `head` stands before it.
    """
    found: list[Case] = []
    for block in Path(__file__).with_name(name).read_text(encoding="utf-8").split("\n### ")[1:]:
        title, _, rest = block.partition("\n")
        label, _, expected = title.rpartition(": ")
        if not rest.startswith("--- "):
            found.append(Case(label, expected, {"app.py": head + rest}))
            continue
        files: dict[str, str] = {}
        for part in ("\n" + rest).split("\n--- ")[1:]:
            path, _, source = part.partition("\n")
            files[path] = source + "\n"
        found.append(Case(label, expected, files))
    return found
