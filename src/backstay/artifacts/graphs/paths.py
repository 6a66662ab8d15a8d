"""Paths: where a path that stands in a graph leads, as the runtime that opens it would take it."""

import re

UNKNOWN = "\0"  # a piece of a text that only the one who runs the graph knows

_URL = re.compile(r"([A-Za-z][A-Za-z0-9+.-]{1,20})://")
_DRIVE = re.compile(r"[A-Za-z]:[/\\]")
_SEPARATOR = re.compile(r"[/\\]+")
_MEMORY = frozenset({"ram", "assets", "memmapped_package"})  # schemes that name nothing outside of the process or model
_SENSITIVE = re.compile(
    r"(?:^|[/\\])(?:etc|proc|sys|dev|root|boot|\.ssh|\.aws|\.gnupg|\.kube|\.docker|\.config|\.git|cron[a-z.]*|system32"
    r"|startup|site-packages|dist-packages|windows)(?:[/\\]|$)"
    r"|(?:^|[/\\])(?:\.env|\.netrc|\.bashrc|\.bash_profile|\.profile|\.zshrc|\.git-credentials|\.pypirc|passwd|shadow"
    r"|id_[a-z0-9]+|authorized_keys|credentials)$"
    r"|\.(?:so|dll|dylib|exe|bat|ps1|sh|service|pth|py)$",
    re.IGNORECASE,
)
_CHECKPOINT = re.compile(r"ckpt|checkpoint|model|weights|variables|pretrain|step", re.IGNORECASE)


def outside(path: str) -> str:
    """How a path leaves the folder of its model, in words; empty when it does not, or when its start is not known."""
    url = _URL.match(path)
    if url is not None:
        scheme = url[1].lower()
        return "" if scheme in _MEMORY else "a path of the machine" if scheme == "file" else "a network address"
    if path.startswith(("//", "\\\\")):
        return "a network share"
    if path.startswith(("/", "\\", "~")) or _DRIVE.match(path):
        return "an absolute path"
    if ".." in _SEPARATOR.split(path):
        return "a path out of its folder"
    return ""


def sensitive(path: str) -> bool:
    """Whether a path is one of the machine's own, or of credentials or programs: no data set stands there."""
    return _SENSITIVE.search(path) is not None


def checkpoint(path: str) -> bool:
    """Whether a path looks like that of weights."""
    return _CHECKPOINT.search(path) is not None and not sensitive(path)


def plain(path: str) -> str:
    """A path as it is shown: unknown pieces as an ellipsis."""
    return path.replace(UNKNOWN, "…")
