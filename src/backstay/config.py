"""Config: finds, reads and checks the user's policy, and writes one out again.

A scanned tree may bring a policy of its own, so the file is hostile input: it is bounded before it is parsed,
every key and value is checked, and what such a policy does is said in the report (`describe`).
"""

import datetime
import difflib
import json
import re
import stat
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

import msgspec

from backstay.display import printable
from backstay.model.policy import (
    Allow,
    Context,
    Criticality,
    Data,
    Environment,
    Exposure,
    FailOn,
    Override,
    Policy,
    Waiver,
)
from backstay.scope import MAX_LENGTH, is_pattern

FILE = "backstay.toml"
PYPROJECT = "pyproject.toml"

MAX_BYTES = 256 * 1024
# tomllib takes quadratic time over a dotted key: 60,000 parts on one line cost a minute, 1,000 cost nothing.
MAX_LINE = 2_000
MAX_ITEMS = 1_000  # of one list; a thousand waivers is no policy any more
MAX_TEXT = 1_000
MAX_WILDCARDS = 10

_VALUES: dict[str, tuple[str, ...]] = {
    "fail-on": get_args(FailOn),
    "criticality": get_args(Criticality),
    "exposure": get_args(Exposure),
    "data": get_args(Data),
    "environment": get_args(Environment),
}
_NESTED: dict[str, type[msgspec.Struct]] = {"allow": Allow, "context": Context, "waivers": Waiver}
_TYPES = {
    "array": "a list",
    "str": "text",
    "int": "a number",
    "float": "a number",
    "object": "a table",
    "bool": "true or false",
    "date": "a date such as 2027-01-31",
    "datetime": "a date with a time",
    "time": "a time",
    "null": "nothing",
}


class ConfigError(Exception):
    """A policy that cannot be used. The message names the file, the key and what is allowed, safe to print."""


@dataclass(frozen=True)
class Origin:
    """Where a policy came from, in words; `repository` when the scanned tree itself brought it."""

    name: str
    repository: bool = False
    ignored: str = ""  # the scanned tree's own policy file that was not used


def find_policy(root: Path, explicit: Path | None = None, trust_repo: bool = True) -> tuple[Policy, Origin]:
    """The policy for a scan of `root`: the explicit file, else the tree's backstay.toml, else its pyproject.toml.

    Without `trust_repo` the tree's own files do not count. Raises ConfigError.
    """
    own = next((name for name in (FILE, PYPROJECT) if _brings_policy(root / name)), "")
    if explicit is not None:
        return load_policy(explicit), Origin(printable(str(explicit)), ignored=own)
    if own and trust_repo:
        path = root / own
        if not path.resolve().is_relative_to(root.resolve()):
            raise ConfigError(f"{own}: is a link that leaves the scanned folder")
        return load_policy(path), Origin(own if own == FILE else f"{PYPROJECT} [tool.backstay]", repository=True)
    return Policy(), Origin("built-in defaults", ignored=own)


def load_policy(path: Path) -> Policy:
    """Read a policy: [tool.backstay] of a file named pyproject.toml, else the whole file. Raises ConfigError."""
    name = printable(path.name)
    raw = _parse(_read(path, name), name)
    if path.name == PYPROJECT:
        raw = _tools(raw).get("backstay", {})
        name += " [tool.backstay]"
        if not isinstance(raw, dict):
            raise ConfigError(f"{name}: expected a table")
    raw = _normal(raw, name)
    _check_keys(raw, name)
    try:
        policy = msgspec.convert(raw, Policy)
    except msgspec.ValidationError as error:
        raise ConfigError(f"{name}: {_explained(str(error))}") from error
    _check_values(policy, name)
    return policy


def describe(policy: Policy, origin: Origin) -> tuple[str, ...]:
    """Notes for the report: what the policy may do to the result, one sentence; none for the defaults."""
    notes = []
    if origin.ignored:
        notes.append(f"the scanned tree's own {origin.ignored} was not used")
    off = sum(value == "off" for value in policy.severity.values())
    allow = policy.allow
    names = (allow.providers, allow.models, allow.mcp_servers, allow.hosts, allow.imports)
    parts = (
        _count(len(policy.waivers), "waiver"),
        _count(off, "rule") and _count(off, "rule") + " switched off",
        _count(len(policy.severity) - off, "severity", "severities")
        and _count(len(policy.severity) - off, "severity", "severities") + " changed",
        _count(len(policy.exclude), "excluded pattern"),
        "vendored trees included" if policy.include_vendored else "",
        _count(len(policy.context), "context"),
        _count(sum(map(len, names)), "allowed name"),
        f"fails on {policy.fail_on}" if policy.fail_on else "",
    )
    said = ", ".join(part for part in parts if part)
    if said or policy != Policy():
        notes.append(f"policy from {origin.name}: {said or 'nothing set'}")
    return tuple(notes)


def to_toml(policy: Policy) -> str:
    """A policy as TOML that reads back as the same policy; what has its default is left out."""
    lines = [
        f"{key} = {_toml(value)}"
        for key, value in (
            ("fail-on", policy.fail_on),
            ("exclude", policy.exclude),
            ("include-vendored", policy.include_vendored),
        )
        if value
    ]
    for header, tables in (
        ("[allow]", [policy.allow]),
        ("[severity]", [policy.severity]),
        ("[[context]]", policy.context),
        ("[[waivers]]", policy.waivers),
    ):
        for table in tables:
            content = list(_table(table))
            if content or header.startswith("[["):
                lines += ["", header, *content]
    return "\n".join(lines).strip() + "\n" if lines else ""


def _table(table: object) -> Iterator[str]:
    if isinstance(table, Mapping):
        for name, value in sorted(table.items()):
            yield f"{_toml(name)} = {_toml(value)}"
    elif isinstance(table, msgspec.Struct):
        for field in msgspec.structs.fields(table):
            value = getattr(table, field.name)
            if value != field.default:
                yield f"{field.encode_name} = {_toml(value)}"


def _toml(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime.date):
        return value.isoformat()
    if isinstance(value, tuple):
        return "[" + ", ".join(_toml(item) for item in value) + "]"
    # A JSON string is a TOML basic string but for DEL and for surrogate pairs, which TOML spells out.
    return json.dumps(str(value), ensure_ascii=False).replace("\x7f", "\\u007f")


def _brings_policy(path: Path) -> bool:
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            return False  # a pipe or device of that name would hang the reader
        if path.name == FILE:
            return True
        with path.open("rb") as stream:
            data = stream.read(MAX_BYTES + 1)
        if b"backstay" not in data:
            return False  # most are not worth parsing, and a broken one is not our business
        try:
            return "backstay" in _tools(_parse(_read(path, path.name), path.name))
        except ConfigError:
            return b"tool.backstay" in data
    except OSError:
        return False


def _tools(pyproject: dict[str, Any]) -> dict[str, Any]:
    tools = pyproject.get("tool")
    return tools if isinstance(tools, dict) else {}


def _read(path: Path, name: str) -> bytes:
    try:
        with path.open("rb") as stream:
            data = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise ConfigError(f"{name}: cannot be read: {error.strerror or type(error).__name__}") from error
    if len(data) > MAX_BYTES:
        raise ConfigError(f"{name}: larger than {MAX_BYTES // 1024} KiB")
    if any(len(line) > MAX_LINE for line in data.splitlines()):
        raise ConfigError(f"{name}: has a line longer than {MAX_LINE} characters")
    return data


def _parse(data: bytes, name: str) -> dict[str, Any]:
    try:
        return tomllib.loads(data.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise ConfigError(f"{name}: is not UTF-8 text") from error
    except RecursionError as error:
        raise ConfigError(f"{name}: is nested too deeply") from error
    except ValueError as error:  # TOMLDecodeError, and numbers too long to convert
        raise ConfigError(f"{name}: is not valid TOML: {printable(str(error))}") from error


def _normal(raw: dict[str, Any], name: str) -> dict[str, Any]:
    """Keys of the policy's own tables with `-` for `_`; keys of [severity] are rule ids and stay."""

    def keys(table: dict[str, Any], where: str) -> dict[str, Any]:
        out: dict[str, Any] = {}
        for key, value in table.items():
            spelled = key.replace("_", "-")
            if spelled in out:
                raise ConfigError(f"{name}: {printable(where + spelled)} is given twice")
            out[spelled] = value
        return out

    out = keys(raw, "")
    for key in _NESTED:
        value = out.get(key)
        if isinstance(value, dict):
            out[key] = keys(value, f"{key}.")
        elif isinstance(value, list):
            out[key] = [
                keys(item, f"{key}[{at}].") if isinstance(item, dict) else item for at, item in enumerate(value)
            ]
    return out


def _check_keys(raw: dict[str, Any], name: str) -> None:
    for where, table, kind in _tables(raw):
        allowed = [field.encode_name for field in msgspec.structs.fields(kind)]
        for key in table:
            if key not in allowed:
                close = difflib.get_close_matches(key[:100], allowed, 1)
                hint = f"; did you mean `{close[0]}`?" if close else ""
                raise ConfigError(
                    f"{name}: unknown key `{printable(key, 80)}`{where}{hint} (allowed: {', '.join(sorted(allowed))})"
                )
    for key, value in raw.items():
        if isinstance(value, list | dict) and len(value) > MAX_ITEMS:
            raise ConfigError(f"{name}: {key} has more than {MAX_ITEMS} entries")
    severity = raw.get("severity")
    for rule, value in severity.items() if isinstance(severity, dict) else ():
        if value not in get_args(Override):
            raise ConfigError(
                f"{name}: severity.{printable(str(rule), 80)}: must be one of {', '.join(get_args(Override))}"
            )


def _tables(raw: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any], type[msgspec.Struct]]]:
    yield "", raw, Policy
    for key, kind in _NESTED.items():
        value = raw.get(key)
        if isinstance(value, dict):
            yield f" in [{key}]", value, kind
        elif isinstance(value, list):
            yield from (
                (f" in [[{key}]] number {at}", item, kind) for at, item in enumerate(value, 1) if isinstance(item, dict)
            )


def _check_values(policy: Policy, name: str) -> None:
    for at, waiver in enumerate(policy.waivers, 1):
        where = f"{name}: [[waivers]] number {at}"
        if not waiver.rule.strip() or not waiver.reason.strip():
            raise ConfigError(f"{where}: `rule` and `reason` must not be empty")
        _check_globs(where, waiver.path, waiver.asset)
        _check_paths(where, waiver.path)
        _check_texts(where, waiver.rule, waiver.reason, waiver.owner)
    for at, context in enumerate(policy.context, 1):
        where = f"{name}: [[context]] number {at}"
        _check_globs(where, context.path)
        _check_paths(where, context.path)
        _check_texts(where, context.owner)
    _check_globs(f"{name}: exclude", *policy.exclude)
    _check_paths(f"{name}: exclude", *policy.exclude)
    for field in msgspec.structs.fields(Allow):
        names = getattr(policy.allow, field.name)
        if len(names) > MAX_ITEMS:
            raise ConfigError(f"{name}: allow.{field.encode_name} has more than {MAX_ITEMS} entries")
        _check_globs(f"{name}: allow.{field.encode_name}", *names)


def _check_globs(where: str, *globs: str) -> None:
    for glob in globs:
        if not glob.strip():
            raise ConfigError(f"{where}: a pattern must not be empty")
        if len(glob) > MAX_LENGTH:
            raise ConfigError(f"{where}: a pattern is longer than {MAX_LENGTH} characters")
        if len(re.findall(r"\*+|\?", glob)) > MAX_WILDCARDS:
            raise ConfigError(f"{where}: the pattern `{printable(glob, 60)}` has more than {MAX_WILDCARDS} wildcards")


def _check_paths(where: str, *globs: str) -> None:
    for glob in globs:
        if not is_pattern(glob):
            raise ConfigError(f"{where}: `{printable(glob, 60)}` is not a path pattern (negation is not supported)")


def _check_texts(where: str, *texts: str) -> None:
    if any(len(text) > MAX_TEXT for text in texts):
        raise ConfigError(f"{where}: a text is longer than {MAX_TEXT} characters")


def _explained(message: str) -> str:
    """msgspec's message in a policy author's words: the key first, then what was expected there."""
    what, _, where = message.partition(" - at `$")
    key = where.removesuffix("`").lstrip(".")
    field = re.sub(r"\[.*?\]", "", key).rpartition(".")[2]
    if what.startswith("Invalid enum value") and field in _VALUES:
        what = "must be one of " + ", ".join(value for value in _VALUES[field] if value)
    elif "missing required field" in what:
        what = "lacks " + what.rpartition("field ")[2]
    elif what.startswith("Expected"):
        what = re.sub(r"`([^`]*)`", lambda found: _named(found[1]), what.replace("Expected", "expected", 1))
    elif "date" in what:
        what = "expected a date such as 2027-01-31"
    return printable(f"{key}: {what}" if key else what)


def _named(types: str) -> str:
    return " or ".join(_TYPES.get(one, one) for one in types.split(" | ") if one != "null")


def _count(number: int, one: str, many: str = "") -> str:
    return "" if not number else f"{number} {one if number == 1 else many or one + 's'}"
