"""Encoding: make a report and the documents built from it safe to write, whatever names the scanned tree holds."""

import math
import re
from itertools import chain
from typing import Any
from urllib.parse import quote, urlsplit, urlunsplit

import msgspec

from backstay.model import Report

# What a terminal or an editor acts upon without showing it: DEL and C1 controls, soft hyphen, directional
# and zero-width characters, line and paragraph separators, tags. msgspec escapes C0 controls by itself.
_INVISIBLE = re.compile(
    "[\x7f-\x9f\xad\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f"
    "\ufeff\uffa0\ufff0-\uffff\U000e0000-\U000e0fff]"
)
_LARGEST = 2**63 - 1  # what a reader in any language can hold as an integer


def encodable(report: Report) -> Report:
    """The same report with nothing in it that JSON cannot hold.

    Lone surrogates (from file names that are not UTF-8) become a visible `\\udc80`; an attribute that is
    not a finite number, or an integer beyond 64 bits, becomes text. A report without these is returned as it is.
    """
    attributes = chain((one.attributes for one in report.assets), (one.attributes for one in report.relationships))
    odd = any(_odd(value) for one in attributes for value in one.values())
    if not odd:
        try:
            msgspec.json.encode(report)
        except UnicodeEncodeError:
            odd = True
    return msgspec.convert(_clean(msgspec.to_builtins(report)), Report) if odd else report


def document(content: object) -> str:
    """Indented JSON, the same for the same content, with every invisible character as an escape sequence."""
    encoded = msgspec.json.encode(content, order="deterministic" if isinstance(content, msgspec.Struct) else None)
    text = msgspec.json.format(encoded, indent=2).decode()
    return _INVISIBLE.sub(_escape, text) + "\n"


def relative_uri(path: str) -> str:
    """A path of the source as a relative URI: percent-encoded, never absolute or climbing, `.` for an empty one."""
    parts = [quote(part, safe="") for part in path.split("/") if part not in ("", ".", "..")]
    return "/".join(parts) or "."


def absolute_uri(url: str) -> str:
    """A web address without user and query, fit for a URI field; empty when it is none."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return ""
    if parts.scheme not in ("http", "https", "ssh", "git") or not re.fullmatch(r"[A-Za-z0-9.-]{1,253}", host):
        return ""
    place = f"{host}:{port}" if port else host
    return urlunsplit((parts.scheme, place, quote(parts.path, safe="/%:@+,;=~!$&'()*"), "", ""))


def repository_uri(remote: str) -> str:
    """A git remote as a URI without its user, also from the short form `user@host:path`; empty when it is neither."""
    short = re.fullmatch(r"(?:[\w.-]+@|(?=[\w-]+\.))([A-Za-z0-9.-]+):(?!/)([^\s:]+)", remote)
    return absolute_uri(f"ssh://{short[1]}/{short[2]}" if short else remote)


def utc(moment: str) -> str:
    """An ISO 8601 moment in UTC with the `Z` that JSON Schema's date-time and SARIF ask for; empty when it is none."""
    text = re.sub(r"\+00:00$", "Z", moment)
    return text if re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?Z", text) else ""


def _odd(value: object) -> bool:
    if isinstance(value, float):
        return not math.isfinite(value)
    return isinstance(value, int) and abs(value) > _LARGEST


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode()
    if isinstance(value, dict):
        return {_clean(name): _clean(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_clean(one) for one in value]
    return _number_text(value) if _odd(value) else value


def _number_text(value: float) -> str:
    # Never str() of a huge integer: it costs quadratic time, and Python refuses it beyond 4,300 digits.
    if isinstance(value, int):
        return f"{'-' if value < 0 else ''}integer of {value.bit_length()} bits"
    return str(value)


def _escape(match: re.Match[str]) -> str:
    units = match.group().encode("utf-16-be")
    return "".join(f"\\u{units[at]:02x}{units[at + 1]:02x}" for at in range(0, len(units), 2))
