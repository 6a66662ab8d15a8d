"""Prompts in files: what makes a text one, its variables, and its asset. The text itself is never kept."""

import re

from backstay.keys import text_digest
from backstay.model import Asset, Attributes, Kind
from backstay.plugin import File

MAX_VARIABLES = 100
_DOUBLE = re.compile(r"\{\{[-~{]?\s*(?:#(?:each|if|with|unless)\s+|/\w+|else)?\s*\$?([A-Za-z_][\w.]{0,80})?")
_STATEMENT = re.compile(r"\{%-?\s*(?:if|elif|for\s+\w{1,60}\s+in)\s+(?:not\s+)?([A-Za-z_]\w{0,80})")
_SINGLE = re.compile(r"(?<!\{)\{([A-Za-z_]\w{0,60})\}(?!\})")
_DOLLAR = re.compile(r"\$\{([A-Za-z_]\w{0,60})\}|\$([A-Z][A-Z_]{2,40})\b")
_NOT_VARIABLES = frozenset(
    {"else", "end", "endif", "endfor", "this", "role", "user", "system", "assistant", "history", "media"}
)

# How prompts address their reader. A text under prompts/ without any of it, and without variables, is something else.
_ADDRESS = re.compile(
    r"\b(?:you are|you're|you will|you must|you should|your (?:task|job|role|goal|answer|response|output)|act as|"
    r"as an? (?:ai|expert|assistant)|(?:respond|reply|answer) (?:only|with|in|to|the|as|using|based)|"
    r"do not (?:include|use|make|answer|add)|given (?:the|a|an|this)|"
    r"following (?:text|context|question|document|conversation|code|information)|"
    r"step[- ]by[- ]step|"
    r"(?:summari[sz]e|classify|extract|translate|rewrite|generate|evaluate|write|analy[sz]e) "
    r"(?:the|an?|this|all|each|it)\b|"
    r"system prompt|assistant|output format|return (?:only|a json|json|the))\b",
    re.IGNORECASE,
)
_MARKUP = re.compile(r"\s*(?:<!doctype|<html|<\?xml|<svg|<div|<table|\{%-?\s*extends)", re.IGNORECASE)


def variables(text: str) -> list[str]:
    """Names of a template's variables, in order: `{{ x }}` and `{% if x %}`, else `{x}`, else `${x}` and `$NAME`."""
    text = text[:200_000]
    found = [name for name in _DOUBLE.findall(text) if name] + _STATEMENT.findall(text)
    loops = set(re.findall(r"\{%-?\s*for\s+(\w{1,60})\s+in", text))
    if not found:
        found = _SINGLE.findall(text)
    if not found:
        found = [a or b for a, b in _DOLLAR.findall(text)]
    names = dict.fromkeys(name.partition(".")[0] for name in found)
    return [name for name in names if name.lower() not in _NOT_VARIABLES and name not in loops][:MAX_VARIABLES]


def looks_like_prompt(text: str) -> bool:
    """Whether a text that stands where prompts stand is one: it addresses a reader, or is prose with variables."""
    head = text[:20_000]
    if len(head.strip()) < 20 or _MARKUP.match(head):
        return False
    words = re.findall(r"[^\W\d_]{2,}", head[:2_000])
    return bool(_ADDRESS.search(head)) or (len(words) >= 8 and bool(variables(head)))


def prompt(file: File, source: str, text: str, role: str, line: int = 1, local: str = "") -> Asset:
    """A prompt asset by its file, or by file and local name (`path#name`) where a file holds several."""
    name = f"{file.path}#{local}" if local else file.path
    key = file.urn(Kind.PROMPT, file.path, local) if local else file.urn(Kind.PROMPT, file.path)
    attributes: Attributes = {
        "role": role,
        "variables": variables(text),
        "length": len(text.strip()),
        "digest": text_digest(text.strip()),
    }
    return Asset(key, Kind.PROMPT, name, attributes, file.evidence(source, line))
