"""Names: what a member's name in an archive would do to somebody who unpacks it."""

import re

_DRIVE = re.compile(r"[A-Za-z]:")


def escape(name: str) -> str:
    """How a name leads out of the folder it is unpacked to, as a phrase; empty when it does not."""
    if name[:1] in ("/", "\\"):
        return "an absolute path"
    if _DRIVE.match(name):
        return "a path on a drive of its own"
    if ".." in name and ".." in name.replace("\\", "/").split("/"):
        return "leads out of its folder"
    return ""


def link_escape(name: str, target: str) -> str:
    """How a symbolic link called `name` leads out of the folder it is unpacked to; empty when it stays within."""
    if target[:1] in ("/", "\\") or _DRIVE.match(target):
        return "a link to an absolute path"
    depth = len(parts(name)) - 1
    for part in target.replace("\\", "/").split("/"):
        if part == "..":
            depth -= 1
            if depth < 0:
                return "a link that leads out of its folder"
        elif part not in ("", "."):
            depth += 1
    return ""


def parts(name: str) -> list[str]:
    """The folders and the file of a path, without those that name the place itself."""
    return [one for one in name.replace("\\", "/").split("/") if one not in ("", ".")]


def normal(name: str) -> str:
    """The name as a disk would know it: one kind of separator, none twice, up to the first NUL."""
    plain = name if "\0" not in name else name[: name.index("\0")]
    if "\\" not in plain and "//" not in plain and "./" not in plain:
        return plain.rstrip("/")
    return "/".join(parts(plain))
