"""Scripts: the source within the script tags of a Vue or Svelte component, at its own lines."""

import re

_TYPED = re.compile(rb"""\blang\s{0,9}=\s{0,9}["']?tsx?\b""")
_BLANK = bytes(10 if byte == 10 else 32 for byte in range(256))


def is_component(path: str) -> bool:
    """Whether a file is a component whose code stands in script tags."""
    return path.endswith((".vue", ".svelte"))


def scripts(source: bytes) -> tuple[bytes, bool]:
    """A component with all but its scripts blanked out, and whether these are TypeScript."""
    pieces: list[bytes] = []
    typed = False
    at, lowered = 0, source.lower()
    while True:
        opening = lowered.find(b"<script", at)
        begin = lowered.find(b">", opening) + 1 if opening >= 0 else 0
        if not begin:
            break
        typed = typed or _TYPED.search(source, opening, min(begin, opening + 1_000)) is not None
        end = lowered.find(b"</script", begin)
        end = len(source) if end < 0 else end
        pieces += [source[at:begin].translate(_BLANK), source[begin:end]]
        at = end
    pieces.append(source[at:].translate(_BLANK))
    return b"".join(pieces), typed
