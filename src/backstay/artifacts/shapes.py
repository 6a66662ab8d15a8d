"""Shapes: tells by their first and last bytes whether JSON files of a model's folder are what their names say."""

import re
from functools import cache

from backstay.artifacts.format import Candidate


def is_object(candidate: Candidate) -> bool:
    """Whether a file begins as a JSON object does."""
    return candidate.head[:64].lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{")


def has(candidate: Candidate, *keys: str) -> bool:
    """Whether a file has one of these keys, as far as its first and last bytes show."""
    pattern = _keys(keys)
    return bool(
        pattern.search(candidate.head) or (candidate.size > len(candidate.head) and pattern.search(candidate.tail))
    )


@cache
def _keys(keys: tuple[str, ...]) -> re.Pattern[bytes]:
    return re.compile(rb'"(?:' + b"|".join(re.escape(one.encode()) for one in keys) + rb')"[ \t\r\n]{0,20}:')
