"""Words: how the HTML report spells kinds, places, numbers and links, safely and shortly."""

import re
import unicodedata
from urllib.parse import urlsplit

from markupsafe import Markup, escape

from backstay.display import printable
from backstay.model import Evidence, Risk, Severity

LONGEST = 600  # characters of any one text from the scanned tree; a hostile name must not fill the page

KINDS = {
    "container_image": "container image",
    "data_store": "data store",
    "experiment_run": "experiment run",
    "mcp_server": "MCP server",
    "model_file": "model file",
    "pipeline_step": "pipeline step",
    "vector_store": "vector store",
}

EDGES = {
    "calls": ("calls", "called by"),
    "canDeploy": ("can deploy", "deployable by"),
    "canInvoke": ("can invoke", "invocable by"),
    "canModify": ("can modify", "modifiable by"),
    "canRead": ("can read", "readable by"),
    "consumes": ("reads", "read by"),
    "contains": ("contains", "part of"),
    "delegatesTo": ("delegates to", "delegated to by"),
    "dependsOn": ("depends on", "needed by"),
    "derivedFrom": ("derived from", "source of"),
    "exposes": ("exposes", "exposed by"),
    "flowsTo": ("flows to", "fed by"),
    "guardedBy": ("guarded by", "guards"),
    "observedAs": ("observed as", "observation of"),
    "ownedBy": ("owned by", "owns"),
    "produces": ("produces", "produced by"),
    "runsAs": ("runs as", "identity of"),
    "serves": ("serves", "served by"),
    "storedIn": ("stored in", "stores"),
    "testedOn": ("tested on", "tests"),
    "trainedOn": ("trained on", "trains"),
    "uses": ("uses", "used by"),
}


def kind(name: str) -> str:
    """An asset kind as a reader says it."""
    return KINDS.get(name, name.replace("_", " "))


def edge(name: str, *, backwards: bool = False) -> str:
    """A relationship as a verb, from its source's side or, `backwards`, from its target's."""
    return EDGES.get(name, (name, name))[backwards]


def count(number: int, one: str, many: str = "") -> str:
    """`1 file`, `2 files`, `12,000 files`."""
    if not many:
        many = f"{one[:-1]}ies" if one.endswith("y") else f"{one}s"
    return f"{number:,} {one if number == 1 else many}"


def lines(texts: list[str]) -> Markup:
    """Texts as lines of a preformatted block."""
    return Markup("\n").join(clean(text) for text in texts)


def size(number: float) -> str:
    """Bytes as a person reads them: `640 B`, `1.2 MB`."""
    for unit in ("B", "kB", "MB", "GB"):
        if number < 1000 or unit == "GB":
            return f"{number:,.0f} {unit}" if number >= 10 or unit == "B" else f"{number:.1f} {unit}"
        number /= 1000
    return ""


def band(value: int) -> str:
    """The word for a risk from 0 to 100; the words also name the colours."""
    for least, word in ((80, "critical"), (60, "high"), (40, "medium"), (20, "low")):
        if value >= least:
            return word
    return "info"


def grade(value: int) -> str:
    """What a risk from 0 to 100 is called: the same words as on the terminal."""
    return {"medium": "moderate", "info": "slight"}.get(band(value), band(value)) if value else "nothing open"


def range_text(risk: Risk) -> str:
    """`57-88` with a dash, or nothing when no factor is unknown."""
    return f"{risk.low}\N{EN DASH}{risk.high}" if risk.low != risk.high else ""


def place(evidence: Evidence) -> str:
    """`path:line`, the URL, or nothing."""
    if not evidence.path:
        return evidence.url
    if not evidence.line:
        return evidence.path
    until = f"\N{EN DASH}{evidence.end_line}" if evidence.end_line > evidence.line else ""
    return f"{evidence.path}:{evidence.line}{until}"


def clean(text: str, limit: int = LONGEST) -> str:
    """Text from the scanned tree for a page: visible characters only, on one line, and not too many."""
    return printable(text, limit)


def width(text: str) -> int:
    """Columns that text takes: East Asian wide characters count two, combining ones none."""
    return sum(
        0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text
    )


def shorten(text: str, columns: int) -> str:
    """Text that fits: the middle goes, because a path's end and a name's start tell most."""
    text = clean(text, 200)
    if width(text) <= columns:
        return text
    head, tail = "", ""
    for char in text:
        if width(head + char) > (columns - 1) * 3 // 5:
            break
        head += char
    for char in reversed(text):
        if width(char + tail) > columns - 1 - width(head):
            break
        tail = char + tail
    return f"{head}\N{HORIZONTAL ELLIPSIS}{tail}"


def prose(text: str) -> Markup:
    """Text with `code` in backticks as markup; everything in it is escaped."""
    parts = clean(" ".join(text.split()), 4000).split("`")
    if len(parts) % 2 == 0:  # an odd backtick: leave the text as it is
        return escape("`".join(parts))
    return Markup().join(
        Markup("<code>{}</code>").format(part) if number % 2 else escape(part) for number, part in enumerate(parts)
    )


def breakable(text: str) -> Markup:
    """A path or name that may break after its separators, so that long ones do not widen a table."""
    return Markup("<wbr>").join(re.split(r"(?<=[/_@-])(?=\w)", clean(text)))


def link(url: str) -> Markup:
    """A URL as text, and as a link only when it is plainly an https address without a user."""
    shown = clean(url)
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        safe = parts.scheme == "https" and "@" not in parts.netloc and parts.port in (None, 443)
    except ValueError:
        return escape(shown)
    if not safe or not re.fullmatch(r"[a-z0-9-]+(\.[a-z0-9-]+)+", host) or not re.fullmatch(r"[!-~]+", url):
        return escape(shown)
    return Markup('<a href="{}" rel="noopener noreferrer nofollow">{}</a>').format(url, shown)


def severity_counts(severities: list[Severity]) -> list[tuple[Severity, int]]:
    """How many there are of each severity, worst first, those with none too."""
    return [(severity, severities.count(severity)) for severity in Severity]
