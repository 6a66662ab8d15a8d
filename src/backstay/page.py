"""Page: a plugin's documentation, its facts (front matter) and its tests (examples), in one Markdown file.

    +++
    title = "..."            # TOML front matter
    +++
    Prose: what is wrong, why it matters, how to mend it.

    ## Found
    ### A short name of the example
    ```python app.py
    ...
    ```
    ## Not found
    ...

Each `###` heading starts an example; its fenced blocks are files (`LANGUAGE PATH` after the fence), or, with
the language `expect` and no path, what must come out, one a line. A block of the language `base64` is a binary file.
"""

import base64
import re
import tomllib
from dataclasses import dataclass, field
from importlib import resources
from typing import Any

_FENCE = re.compile(r"^(`{3,})(\w[\w+-]*)?[ \t]*(\S.*)?$")


@dataclass(frozen=True)
class Example:
    """One example: `files` and binary `blobs` by path, the lines of its `expect` block, and whether something is to be
    found."""

    name: str
    found: bool
    files: dict[str, str] = field(default_factory=dict)
    blobs: dict[str, bytes] = field(default_factory=dict)
    expect: tuple[str, ...] = ()


@dataclass(frozen=True)
class Page:
    """A parsed page: front matter, prose up to the first examples, and the examples."""

    meta: dict[str, Any]
    prose: str
    examples: tuple[Example, ...]


def load(package: str, stem: str) -> Page:
    """The page of a plugin. Raises FileNotFoundError when there is none and ValueError when it is malformed."""
    text = resources.files(package).joinpath(f"{stem}.md").read_text(encoding="utf-8")
    try:
        return parse(text)
    except ValueError as error:
        raise ValueError(f"{package}/{stem}.md: {error}") from error


def parse(text: str) -> Page:
    """Parse a page's text; raises ValueError (or its subclass TOMLDecodeError) when it is malformed."""
    if not text.startswith("+++\n"):
        raise ValueError("a page starts with +++ and TOML front matter")
    front, mark, body = text[4:].partition("\n+++\n")
    if not mark:
        raise ValueError("the front matter is not closed by +++")
    prose, examples = _split(body)
    return Page(tomllib.loads(front), prose.strip(), tuple(examples))


def _split(body: str) -> tuple[str, list[Example]]:
    prose: list[str] = []
    examples: list[Example] = []
    section: bool | None = None
    name, files, blobs, expect = "", dict[str, str](), dict[str, bytes](), list[str]()
    fence, language, target, block = "", "", "", list[str]()

    def finish() -> None:
        if section is not None and (files or blobs or expect):
            examples.append(Example(name or "example", section, dict(files), dict(blobs), tuple(expect)))
        files.clear()
        blobs.clear()
        expect.clear()

    for line in body.splitlines():
        if fence:
            if line.strip() == fence:
                if target == "expect":
                    expect.extend(one.strip() for one in block if one.strip())
                elif target and language == "base64":
                    blobs[target] = base64.b64decode("".join(block), validate=True)
                elif target:
                    files[target] = "\n".join(block) + "\n"
                fence = ""
            else:
                block.append(line)
            if section is None:
                prose.append(line)
            continue
        opened = _FENCE.match(line)
        if opened:
            fence, language, block = opened[1], opened[2] or "", []
            target = "expect" if opened[2] == "expect" else (opened[3] or "").strip()
            if section is not None and not target:
                raise ValueError(f"a fenced block in an example names its file: {line!r}")
            if section is None:
                prose.append(line)
        elif line.startswith("## "):
            finish()
            section = {"found": True, "not found": False}.get(line[3:].strip().lower())
            name = ""
            if section is None:
                prose.append(line)
        elif line.startswith("### ") and section is not None:
            finish()
            name = line[4:].strip()
        elif section is None:
            prose.append(line)
    if fence:
        raise ValueError("a fenced block is not closed")
    finish()
    return "\n".join(prose), examples
