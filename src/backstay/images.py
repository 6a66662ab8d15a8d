"""Container image references, split as a container runtime splits them."""

import re
from dataclasses import dataclass

from backstay.keys import image_key
from backstay.model import Asset, Attributes, Evidence, Kind

# A registry host with a port, or a path of lower-case names; then a tag, then a digest. Every part is bounded.
_REFERENCE = re.compile(
    r"((?:[A-Za-z0-9.-]{1,253}(?::\d{1,5})?/)?[a-z0-9][a-z0-9._/-]{0,254})"
    r"(?::([A-Za-z0-9_][\w.-]{0,127}))?(?:@(sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128}))?\Z"
)


@dataclass(frozen=True)
class Image:
    """An image reference; `tag` and `digest` are None when it has none."""

    name: str
    tag: str | None = None
    digest: str | None = None

    @property
    def pin(self) -> str | None:
        """The digest, or else a tag that is not meant to move; None when whatever is newest is taken."""
        return self.digest or (self.tag if self.tag not in MOVING else None)

    def asset(self, evidence: tuple[Evidence, ...]) -> Asset:
        key = image_key(self.name, self.digest or self.tag)
        attributes: Attributes = {"tag": self.tag, "digest": self.digest}
        return Asset(key, Kind.CONTAINER_IMAGE, self.name, attributes, evidence)


MOVING = frozenset({None, "latest", "main", "master", "edge", "nightly", "dev", "stable", "head", "HEAD"})


def parse_image(reference: str) -> Image | None:
    """Split a reference; None when it is none or holds a variable whose value is not known."""
    found = _REFERENCE.match(reference.strip())
    return (
        Image(found[1].removeprefix("docker.io/library/").removeprefix("docker.io/"), found[2], found[3])
        if found
        else None
    )
