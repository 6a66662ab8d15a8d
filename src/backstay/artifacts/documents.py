"""Documents: JSON within a model file, read whole within bounds, with the keys that stand in an object twice."""

import json
from dataclasses import dataclass, field
from typing import Any

from backstay.artifacts.content import Content
from backstay.artifacts.exam import Exam, MalformedError, StopError

# What a parsed text takes in memory, in bytes: an item of a list or an object, the containers themselves, a key with
# its place, and a string (which has two quotes). A text of empty objects takes forty times its size.
_COSTS = ((",", 40), ("[", 90), ("{", 250), (":", 150), ('"', 30))
_MAX_MEMORY = 512 << 20


@dataclass
class Document:
    """A parsed JSON text: plain dicts, lists and scalars; of a key that stands twice the last value is kept."""

    root: Any
    duplicates: list[str] = field(default_factory=list)


def read_json(content: Content, exam: Exam) -> Document:
    """Parse JSON (UTF-8, with or without byte order mark). Raises StopError when it is too large, MalformedError when
    it is none, and RecursionError when it is nested too deeply."""
    if content.size > exam.limits.text:
        raise StopError("too large", f"JSON of {content.size} bytes")
    return parse_json(content.read(0, content.size))


def parse_json(data: bytes) -> Document:
    """Parse the bytes of a JSON text in UTF-8, UTF-16 or UTF-32. Raises as `read_json` does."""
    document = Document(None)

    def pairs(items: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(items)
        if len(found) != len(items) and len(document.duplicates) < 100:
            seen: set[str] = set()
            for key, _ in items:
                if key in seen:
                    document.duplicates.append(key)
                seen.add(key)
        return found

    try:
        # By the encoding that `json.loads` would find: UTF-16 is a way past readers that know UTF-8 alone.
        text = data.decode(json.detect_encoding(data), "surrogatepass")
        if len(text) > _MAX_MEMORY // 250 and sum(text.count(sign) * cost for sign, cost in _COSTS) > _MAX_MEMORY:
            raise StopError("too large", "JSON of too many values")
        document.root = json.loads(text, object_pairs_hook=pairs)
    except UnicodeDecodeError:
        raise MalformedError("invalid JSON", "not UTF-8") from None
    except json.JSONDecodeError as error:
        raise MalformedError("invalid JSON", f"at character {error.pos}") from None
    except ValueError:  # a number with too many digits
        raise MalformedError("invalid JSON", "a number") from None
    return document
