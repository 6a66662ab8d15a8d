"""People: how owners are written in CODEOWNERS, catalogs, manifests and policies, without keeping addresses."""

import re

from backstay.model import Kind

_MAX_NAME = 100
_NO_REPLY = re.compile(r"(?:\d+\+)?([^@]+)@users\.noreply\.")
_NAMED = re.compile(r"\s*([^<>()]{0,300}?)\s*<([^<>]{0,300})>")

Owner = tuple[Kind, str]


def owner(text: str, default: Kind = Kind.IDENTITY) -> Owner | None:
    """An owner as a team or identity and its name; None when the text names nobody.

    Reads `@org/team`, `@handle`, `group:default/name`, `user:name`, `Name <address>`, an address, or a plain name,
    which is of the `default` kind. Of an address only the part before the `@` is kept.
    """
    text = text.strip()
    named = _NAMED.match(text)
    if named:
        text = named[1] or named[2]
    else:
        text = text.partition(" (")[0].strip()
    kind = default
    if text.startswith("@@"):
        return None  # a role of GitLab, not somebody
    if text.startswith("@"):
        text = text[1:]
        kind = Kind.TEAM if "/" in text else Kind.IDENTITY
    elif text.lower().startswith(("group:", "user:")):
        prefix, _, rest = text.partition(":")
        kind = Kind.TEAM if prefix.lower() == "group" else Kind.IDENTITY
        text = rest.removeprefix("default/")
    elif "@" in text and " " not in text:
        hidden = _NO_REPLY.match(text)
        text = hidden[1] if hidden else text.partition("@")[0].partition("+")[0]
        kind = Kind.IDENTITY
    elif "@" in text:
        text = " ".join(word for word in text.split() if "@" not in word)
    text = text.strip()
    if not text or len(text) > _MAX_NAME or not text.isprintable():
        return None
    return kind, text
