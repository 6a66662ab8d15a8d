"""Globs: path patterns as regular expressions that no pattern and no name can make slow.

Patterns come from scanned trees (.gitignore, CODEOWNERS) and are hostile: a plain translation of `*a*a*a*a*b` runs
for minutes on one long name. Here the part up to the next star is matched once, at its first place, in an atomic
group: a later place can never succeed where the first one fails, so nothing is lost.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property

MAX_PATTERN = 1000  # characters; longer ones match nothing anybody meant

_STAR, _DEEP, _FOLDERS = "*", "**", "**/"  # within a folder; across folders; any number of whole folders
_END = r"\Z"
_END_OR_BELOW = r"(?:/.*)?\Z"

_POSIX: dict[str, Callable[[str], bool]] = {
    "alnum": lambda c: c.isalnum(),
    "alpha": lambda c: c.isalpha(),
    "blank": lambda c: c in " \t",
    "cntrl": lambda c: ord(c) < 32 or ord(c) == 127,
    "digit": lambda c: c.isdigit(),
    "graph": lambda c: 32 < ord(c) < 127,
    "lower": lambda c: c.islower(),
    "print": lambda c: 32 <= ord(c) < 127,
    "punct": lambda c: 32 < ord(c) < 127 and not c.isalnum(),
    "space": lambda c: c in " \t\n\v\f\r",
    "upper": lambda c: c.isupper(),
    "xdigit": lambda c: c in "0123456789abcdefABCDEF",
}


def glob_pattern(glob: str) -> str:
    """A glob over a path as a regular expression: `*` stays within a folder, `**` crosses them."""
    tokens: list[str] = []
    at = 0
    while at < len(glob):
        if glob.startswith(_FOLDERS, at):
            tokens.append(_FOLDERS)
            at += 3
        elif glob.startswith(_DEEP, at):
            tokens.append(_DEEP)
            at += 2
        else:
            token, at = _token(glob, at)
            tokens.append(re.escape("[") if token is None else token)
            at = at if token is not None else at + 1
    return "(?s:" + _emit(tokens, _END) + ")"


@dataclass(frozen=True)
class GitPattern:
    """One line of a .gitignore or of a file that borrows its syntax.

    `literal` is the name that it stands for when it is no more than a name, `ending` what follows the star when it
    is no more than that (`*.log`): the common cases, which need no regular expression. Paths are matched as bytes
    decoded as Latin-1 (see `git_path`), as git compares bytes.
    """

    text: str
    negated: bool
    folders_only: bool
    tokens: tuple[str, ...]
    literal: str = ""
    ending: str = ""

    @cached_property
    def source(self) -> str:
        """The regular expression, to be used with `match`, of the paths that the pattern names."""
        return "(?s:" + _emit(self.tokens, _END) + ")"

    @cached_property
    def regex(self) -> re.Pattern[str]:
        return re.compile(self.source)

    @cached_property
    def covers(self) -> re.Pattern[str]:
        """As `regex`, but of everything below a folder that the pattern names too."""
        if self.folders_only:
            return re.compile("(?s:" + _emit(self.tokens, r"/.*\Z") + ")")
        return re.compile("(?s:" + _emit(self.tokens, _END_OR_BELOW) + ")")


def git_path(path: str) -> str:
    """A path in the form that git patterns are matched against: one character a byte."""
    return path if path.isascii() else path.encode("utf-8", "surrogateescape").decode("latin-1")


def git_pattern(line: str) -> GitPattern | None:
    """Read one line (bytes decoded as Latin-1) in the syntax of .gitignore; None for blanks, comments, nonsense."""
    line = _strip(line)
    if not line or line.startswith("#") or len(line) > MAX_PATTERN:
        return None
    negated = line.startswith("!")
    body = line[1:] if negated else line
    folders_only = body.endswith("/")
    body = body[:-1] if folders_only else body
    anchored = "/" in body
    body = body.removeprefix("/")
    if not body:
        return None
    tokens: list[str] = [] if anchored else [_FOLDERS]
    literal = ""
    at = 0
    while at < len(body):
        if body.startswith("**", at) and anchored and (at == 0 or body[at - 1] == "/"):
            if body.startswith("**/", at):
                if tokens[-1:] != [_FOLDERS]:
                    tokens.append(_FOLDERS)
                at += 3
                continue
            if at + 2 == len(body):
                tokens.append(_DEEP)
                break
        token, at = _token(body, at, git=True)
        if token is None:
            return None
        tokens.append(token)
    plain = not anchored and not any(char in body for char in "*?[\\")
    if plain:
        literal = body
    rest = body[1:]
    star = not anchored and body[0] == "*" and rest and not any(char in rest for char in "*?[\\")
    return GitPattern(line, negated, folders_only, tuple(tokens), literal, rest if star else "")


def git_patterns(data: bytes, limit: int = 5000) -> list[GitPattern]:
    """The patterns of a .gitignore-like file, in its order; what lies beyond the limit is left out."""
    lines = data.removeprefix(b"\xef\xbb\xbf").decode("latin-1").split("\n")
    found = (git_pattern(line.removesuffix("\r")) for line in lines[: limit * 4])
    return [pattern for pattern in found if pattern is not None][:limit]


def _strip(line: str) -> str:
    # Trailing spaces do not count unless a backslash keeps them.
    end = len(line)
    while end and line[end - 1] == " ":
        backslashes = 0
        while end - 2 - backslashes >= 0 and line[end - 2 - backslashes] == "\\":
            backslashes += 1
        if backslashes % 2:
            break
        end -= 1
    return line[:end]


def _token(text: str, at: int, *, git: bool = False) -> tuple[str | None, int]:
    """The next token and where it ends; None when a bracket or backslash is left open."""
    char = text[at]
    if char == "*":
        return _STAR, at + 1
    if char == "?":
        return "[^/]", at + 1
    if char == "\\" and git:
        return (re.escape(text[at + 1]), at + 2) if at + 1 < len(text) else (None, at)
    if char == "[":
        return _bracket(text, at)
    return re.escape(char), at + 1


def _bracket(text: str, start: int) -> tuple[str | None, int]:
    """A bracket expression as a set of explicit characters: nothing of it reaches the regular expression as is."""
    at = start + 1
    inverted = text[at : at + 1] in ("!", "^") and text[at : at + 1] != ""
    at += inverted
    chars: set[str] = set()
    previous = ""
    first = True
    while at < len(text) and (first or text[at] != "]"):
        first = False
        char = text[at]
        if char == "[" and text.startswith("[:", at) and ":]" in text[at + 2 :]:
            end = text.index(":]", at + 2)
            kind = _POSIX.get(text[at + 2 : end])
            if kind is None:
                return None, start
            chars.update(c for c in map(chr, range(128)) if kind(c))
            previous, at = "", end + 2
            continue
        if char == "-" and previous and at + 1 < len(text) and text[at + 1] != "]":
            at += 1
            if text[at] == "\\" and at + 1 < len(text):
                at += 1
            low, high = ord(previous), min(ord(text[at]), ord(previous) + 0x200)
            chars.update(map(chr, range(low, high + 1)))
            previous, at = "", at + 1
            continue
        if char == "\\":
            at += 1
            if at >= len(text):
                return None, start
            char = text[at]
        chars.add(char)
        previous, at = char, at + 1
    if at >= len(text):
        return None, start
    # A slash is never matched by a bracket.
    inside = "".join(re.escape(char) for char in sorted(chars - {"/"}))
    if inverted:
        return f"[^/{inside}]", at + 1
    return (f"[{inside}]" if inside else r"(?!)"), at + 1


def _emit(tokens: Iterable[str], end: str) -> str:
    """Join tokens; `end` closes the expression."""
    heads: list[str] = [""]  # what stands before each section: nothing, _DEEP or _FOLDERS
    sections: list[list[str]] = [[]]
    for token in tokens:
        if token in (_DEEP, _FOLDERS):
            heads.append(token)
            sections.append([])
        elif token != _STAR or sections[-1][-1:] != [_STAR]:
            sections[-1].append(token)
    out = []
    for number, (head, section) in enumerate(zip(heads, sections, strict=True)):
        last = number == len(sections) - 1
        lead = {"": "", _DEEP: ".*?", _FOLDERS: "(?:[^/]+/)*?"}[head]
        body = _section(section, end if last else None)
        out.append(lead + body if last or not head else f"(?>{lead}{body})")
    return "".join(out)


def _section(tokens: list[str], end: str | None) -> str:
    segments: list[str] = [""]
    for token in tokens:
        if token == _STAR:
            segments.append("")
        else:
            segments[-1] += token
    parts = [segments[0]]
    for number, segment in enumerate(segments[1:], 1):
        final = number == len(segments) - 1
        if final and end is not None:
            parts.append(f"[^/]*?{segment}")
        else:
            parts.append(f"(?>[^/]*?{segment})")
    return "".join(parts) + (end or "")


__all__ = ["GitPattern", "git_path", "git_pattern", "git_patterns", "glob_pattern"]
